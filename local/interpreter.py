"""Finds the Python to run the app with: 3.13, as Azure does, or what comes nearest to it on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_PREFERRED = ("3.13", "3.14")
_RUNNING = "{}.{}".format(*sys.version_info)
# Says which Python it is, if that is one that an environment can be made of: CPython with its GIL, and venv.
_PROBE = (
    "import ensurepip, sys, sysconfig, venv;"
    "assert sys.implementation.name == 'cpython' and not sysconfig.get_config_var('Py_GIL_DISABLED');"
    "print('{}.{}'.format(*sys.version_info))"
)


def find() -> tuple[list[str], str] | None:
    """The command that starts it, and its version; None if no Python can make an environment.

    The environment variable USAGE_ARCHIVE_PYTHON, such as `3.12`, asks for one version and no other.
    """
    wanted = os.environ.get("USAGE_ARCHIVE_PYTHON")
    for version in [wanted] if wanted else dict.fromkeys((*_PREFERRED, _RUNNING)):
        for command in _candidates(version):
            if _version(command) == version:
                return command, version
    return None


def _candidates(version: str) -> Iterator[list[str]]:
    if version == _RUNNING:
        # Not sys.executable, which may be the very environment that is about to be made anew.
        yield [getattr(sys, "_base_executable", sys.executable)]
    if sys.platform == "win32":
        yield ["py", f"-{version}"]
    elif found := shutil.which(f"python{version}"):
        yield [found]
    # Where pyenv, uv and the installers keep their versions side by side.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    uv = Path.home() / ".local" / "share" / "uv" / "python"
    for versions in dict.fromkeys([Path(sys.base_prefix).parent, pyenv / "versions", uv]):
        for found_here in sorted(versions.glob(f"*{version}*/bin/python{version}")):
            yield [str(found_here)]


def _version(command: list[str]) -> str:
    try:
        probe = subprocess.run([*command, "-c", _PROBE], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return probe.stdout.strip()
