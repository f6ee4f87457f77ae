"""The commands of `python3 -m local`, once the environment is ready.

Each command is a module that reads its own arguments: `parse` says what they are, `main` does it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NamedTuple

from local.options import PROGRAM


class Command(NamedTuple):
    """Where a command is, and what it does, in a line."""

    module: str
    help: str


COMMANDS = {
    "run": Command("local.run", "run the app here, with a simulated tenant, and serve the dashboard"),
    "verify": Command("local.verify", "check every byte, name, revision and series of an archive"),
    "person": Command("local.person", "print all that an archive says of one person"),
    "pseudonyms": Command("local.pseudonyms", "since when hashes stand for people; --rotate for other ones"),
    "erase": Command("local.erase", "take a person out of an archive, and keep them out; or a tenant that left"),
    "adopt": Command("local.adopt", "copy an archive of one tenant to its place among many"),
    "export": Command("local.export", "take the tables of an archive home, as Parquet or CSV"),
    "doctor": Command("local.doctor", "what the live service does, next to what was assumed"),
    "services": Command("local.services", "start storage and the simulated Graph alone, for func start"),
    "test": Command("tests.__main__", "run the tests; --fast the first level, --long those that take long too"),
    "check": Command("local.check", "lint, format and types"),
    "bench": Command("bench.__main__", "measure speed, size and requests, next to limits and to others"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Return the exit status."""
    return dispatch(PROGRAM, COMMANDS, sys.argv[1:] if arguments is None else arguments)


def dispatch(program: str, commands: Mapping[str, Command], arguments: Sequence[str]) -> int:
    """Run the command that the first argument names with the others. Print the list of commands if it names none."""
    name, *others = arguments or [""]
    if name in commands:
        return int(import_module(commands[name].module).main(others))
    is_help = name in ("-h", "--help")
    lines = [f"usage: {program} COMMAND ...", "", *(f"  {each:<15} {it.help}" for each, it in commands.items())]
    if name and not is_help:
        lines += ["", f"There is no command {name}."]
    print("\n".join(lines), file=sys.stdout if is_help else sys.stderr)
    return 0 if is_help else 2


if __name__ == "__main__":
    try:
        status = main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    os._exit(status)  # not waiting for a pull that Ctrl-C left behind in its thread, as the real host does not
