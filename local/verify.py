"""`python3 -m local verify`: whether the archive in a folder is what it says."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from local.child import ChildError
from local.environment import environment, identity
from local.stack import Stack
from shared.app import App
from shared.catalogue import catalogue
from shared.errors import UsageArchiveError
from shared.settings import read
from shared.verify import everything, manifest
from shared.verify import verify as findings_in


def share(text: str) -> tuple[int, int]:
    """`n/t` as an option gives it."""
    match = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", text, re.ASCII)
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= of:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share n/t such as 3/7, the third of seven")
    return number, of


def verify(options: argparse.Namespace) -> int:
    """Print what is wrong with the archive in `options.archive`, a line for each finding.

    `options.sample` is the share to read, as from `share`; `options.manifest` a file to write, or None. Answers 0 if
    all is well, 1 if there are findings, 2 if it could not be found out.
    """
    folder = options.archive.resolve()
    try:
        if not (folder / "blobs").is_dir():
            raise FileNotFoundError(f"there is no archive in {folder}")
        with Stack(folder, users=1) as stack, environment(identity(stack.settings)):
            return _verify(App(read(stack.settings)), options.sample, options.manifest)
    except (ChildError, UsageArchiveError, OSError) as error:
        print(f"The archive could not be verified: {error}", file=sys.stderr)
        return 2


def _verify(app: App, sample: tuple[int, int], manifest_file: Path | None) -> int:
    started = datetime.now(UTC)
    blobs = list(everything(app.archive))
    if manifest_file:
        manifest_file.write_text("".join(manifest(blobs, catalogue())), "ascii")
    number = 0
    for finding in findings_in(blobs, catalogue(), started, sample):
        number += 1
        print(finding)
    seconds = (datetime.now(UTC) - started).total_seconds()
    read_them = "all" if sample == (1, 1) else "share {} of {}".format(*sample)
    print(f"{len(blobs)} blobs listed, {read_them} read, {seconds:.1f} s: {number or 'no'} findings.")
    return 1 if number else 0
