"""`python3 -m local check`: lint, format, types, and the prose of the pages."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from local.options import PROGRAM
from local.setup import ROOT

_WINDOWS = ("--platform", "win32", "--cache-dir", ".mypy_cache/win32")
_TOOLS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("mypy", *_WINDOWS, "-p", "local", "-p", "shared", "-p", "simulator"),
    ("docs.prose",),
)
"""The second mypy finds modules, functions and signals that Windows does not have."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options, of which there are none."""
    return argparse.ArgumentParser(prog=f"{PROGRAM} check", description=__doc__).parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Run the tools up to the first that finds something. Return the exit status."""
    parse(arguments)
    return next((status for tool in _TOOLS if (status := subprocess.call([sys.executable, "-m", *tool], cwd=ROOT))), 0)
