"""`python -m tests.readers`: every reader over every archive in trouble, and what it gives.

Readers that are large, or other versions of those that the tests use, are installed when first asked for, in the
folder of temporary files.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.readers.matrix import READERS, matrix


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(prog="python -m tests.readers", description=__doc__)
    parser.add_argument("--only", action="append", choices=[each.name for each in READERS], metavar="READER")
    parser.add_argument("--verbose", action="store_true", help="say what each reader said or gave instead")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print the matrix. Return 1 if a reader of the tables gave what is wrong without saying so."""
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="usage-archive-") as folder:
        found = matrix(Path(folder), [each for each in READERS if not options.only or each.name in options.only])
    print(found)
    for line in found.told() if options.verbose else ():
        print(line)
    return 1 if found.wrong_in_tables else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
