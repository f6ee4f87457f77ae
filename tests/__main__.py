"""`python3 -m local test`: the tests, by level.

Without an option all but what takes long: what tests the tests, what measures, and many more examples by chance.
Every other option is one of pytest's, such as `-k plan` or `--cov`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from local.setup import ROOT


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options; `pytest` are those that are left for pytest."""
    parser = argparse.ArgumentParser(prog="python3 -m local test", description=__doc__, allow_abbrev=False)
    level = parser.add_mutually_exclusive_group()
    level.add_argument("--fast", action="store_true", help="the first level alone: pure, and within half a minute")
    level.add_argument("--long", action="store_true", help="everything, what takes long too")
    options, for_pytest = parser.parse_known_args(arguments)
    options.pytest = for_pytest
    return options


def main(arguments: Sequence[str]) -> int:
    """Run pytest. Return its exit status."""
    options = parse(arguments)
    level = ["tests/unit"] * options.fast + ["--long"] * options.long
    workers = ["--numprocesses=3", "--dist=loadfile"]
    # Without bytecode every worker, and every program that a test starts, would compile all modules again.
    writing = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.call([sys.executable, "-m", "pytest", *workers, *level, *options.pytest], cwd=ROOT, env=writing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
