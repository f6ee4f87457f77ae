"""`python3 -m local bench`: the questions of the bench, asked; or the last answers, put into the documentation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench.questions import QUESTIONS


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(prog="python3 -m local bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer rounds: under two minutes")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=QUESTIONS,
        metavar="QUESTION",
        help="such as series; more than once for more",
    )
    parser.add_argument("--write", action="store_true", help="put the last answers into docs/performance.md instead")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Ask, or write. Return the exit status: 1 if a target was missed."""
    options = parse(arguments)
    from bench import table  # which needs what is set up, as `--help` does not

    return table.write() if options.write else table.run(quick=options.quick, only=options.only)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
