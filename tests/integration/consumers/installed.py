"""Clients that want an environment of their own, installed in `.local/clients` from their locks when first used."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from local.setup import HOME

LOCKS = Path(__file__).parent / "clients"
LARGE = Path(tempfile.gettempdir()) / "usage-archive-clients"
"""Where those are that take a gigabyte."""


def python(client: str, interpreter: str = sys.executable, home: Path = HOME / "clients") -> Path:
    """The Python of an environment with what `{client}.lock` names; skips the test if the interpreter is not here."""
    lock, folder = LOCKS / f"{client}.lock", home / client
    program = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not _is_installed(folder, lock):
        shutil.rmtree(folder, ignore_errors=True)
        if not shutil.which(interpreter) or _run([interpreter, "-m", "venv", str(folder)]):
            pytest.skip(f"{interpreter} is not here")
        pip = [str(program), "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--require-hashes"]
        assert not _run([*pip, "-r", str(lock)])
        _stamp(folder).write_text(_digest(lock), "utf-8")
    return program


def packages(client: str, npm: Sequence[str]) -> Path:
    """The folder with the packages for Node.js that the lock in the folder of the client names."""
    lock, folder = LOCKS / client / "package-lock.json", HOME / "clients" / client
    if not _is_installed(folder, lock):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(lock.parent, folder)
        assert not _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        _stamp(folder).write_text(_digest(lock), "utf-8")
    return folder / "node_modules"


def _is_installed(folder: Path, lock: Path) -> bool:
    return _stamp(folder).is_file() and _stamp(folder).read_text("utf-8") == _digest(lock)


def _stamp(folder: Path) -> Path:
    return folder / "installed"


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _run(command: Sequence[str], cwd: Path | None = None) -> int:
    """The exit status. pyenv's python3.10 wants to be told that it is meant."""
    return subprocess.run(command, cwd=cwd, env=os.environ | {"PYENV_VERSION": "3.10"}).returncode
