"""The options that several commands have, and the types of their values."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from local.setup import HOME

PROGRAM = "py -m local" if sys.platform == "win32" else "python3 -m local"
"""How a person begins a command: on Windows `python3` is a shop for Python."""


def add_users(parser: argparse.ArgumentParser) -> None:
    """Add `--users`."""
    parser.add_argument("--users", type=natural, metavar="N", help="people in the simulated tenant (default 250)")


def add_archive(parser: argparse._ActionsContainer) -> None:
    """Add `--archive`, the folder of an archive."""
    folder = HOME / "archive"
    parser.add_argument("--archive", type=Path, default=folder, metavar="DIR", help="where the archive is kept")


def add_azurite(parser: argparse.ArgumentParser) -> None:
    """Add `--azurite`."""
    parser.add_argument(
        "--azurite", action="store_true", help="the archive and the queues are kept by Microsoft's storage emulator"
    )


def natural(text: str) -> int:
    """Return a whole number of 0 or more. Raise ArgumentTypeError for anything else."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def port(text: str) -> int:
    """Return the number of a port; 0 is any that is free. Raise ArgumentTypeError for anything else."""
    number = natural(text)
    if number > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: they go up to 65535")
    return number


def instant(text: str) -> datetime:
    """Return a time in UTC, which is assumed where none is named. Raise ArgumentTypeError for anything else."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2028-02-29T07:15Z") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
