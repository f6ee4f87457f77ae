"""`python3 -m local verify`: whether an archive, in a folder or in Azure, is what it says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.child import ChildError
from local.parsers import verify as parse
from local.place import Opener, opened
from shared.app import utc_now
from shared.archive.archive import Archive
from shared.archive.layout import DeltaLogName, ExpiredBefore, ManifestName, TableName
from shared.archive.layout import parse as parse_name
from shared.domain.catalogue import catalogue
from shared.domain.errors import UsageArchiveError
from shared.verification.archive import everything, manifest
from shared.verification.portion import Portion
from shared.verification.processes import MANY
from shared.verification.processes import verify as findings_in
from shared.verification.quarantine import quarantined


def main(arguments: Sequence[str]) -> int:
    """Verify. Return the exit status."""
    return verify(parse(arguments))


def verify(options: argparse.Namespace, many: int = MANY) -> int:
    """Print what is wrong with an archive, a line for each finding, and a line for each quarantined body.

    It is that of the blob service at `options.url`, or without one that in the folder `options.archive`, of plain files
    or, with `options.azurite`, kept by Azurite.
    `options.sample` is the share to read, as from `share`; `options.since` the time (UTC) since when blobs were pulled
    that are read, or None; `options.manifest` a file to write, or None; `options.make_tables` whether tables are made
    again that are not what they should be. From so `many` blobs on, several processes read them. Answers 0 if all is
    well, 1 if there are findings, 2 if it could not be found out.
    """
    try:
        with opened(options) as archive:
            return _verify(archive, options, many)
    except (ChildError, UsageArchiveError, OSError) as error:
        print(f"The archive could not be verified: {error}", file=sys.stderr)
        return 2


def _verify(archive: Opener, options: argparse.Namespace, many: int) -> int:
    started, portion = utc_now(), Portion(options.sample, options.since)
    manifest_file: Path | None = options.manifest
    blobs = list(everything(archive()))
    if manifest_file:
        manifest_file.write_text("".join(manifest(blobs, catalogue())), "ascii")
    number, tables = 0, set[TableName | ManifestName | DeltaLogName]()
    for finding in findings_in(archive, blobs, catalogue(), started, portion, many):
        number += 1
        print(finding)
        name = parse_name(finding.name)
        tables |= {name} if isinstance(name, TableName | ManifestName | DeltaLogName) else set()
    if tables and options.make_tables:
        made = Archive(archive(), catalogue()).tables.make_again(tables, started.date())
        others = sum(not isinstance(each, TableName) for each in tables)
        print(f"{made} tables and {others} manifests and logs of Delta tables are made again.")
    if unfit := sum(int(blob.metadata.get("unfit", 0)) for blob in blobs if blob.name.endswith(".parquet")):
        example = "such as the period `ALL` of Copilot's reports"
        print(f"{unfit} cells in tables do not fit the type of their column, {example}: they are text in `_unfit`.")
    for line in quarantined(blobs, catalogue()):
        print(line)
    if kept := [name.first_kept for blob in blobs if isinstance(name := parse_name(blob.name), ExpiredBefore)]:
        print(f"expired: what tells of people and is of days before {max(kept)}.")
    seconds = (utc_now() - started).total_seconds()
    read_them = "all" if portion.share == (1, 1) else "share {} of {}".format(*portion.share)
    read_them += f" since {portion.since:%Y-%m-%dT%H:%MZ}" if portion.since else ""
    print(f"{len(blobs)} blobs listed, {read_them} read, {seconds:.1f} s: {number or 'no'} findings.")
    return 1 if number else 0
