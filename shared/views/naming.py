"""Whether a report says whose its rows are."""

from __future__ import annotations

from itertools import islice

from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.domain.catalogue import Report
from shared.report.csv_records import records, same
from shared.report.names import CONCEALED, NAMED, Names
from shared.report.rows import Rows

NAMING = ("user id", "user principal name", "owner principal name")
"""Columns that say whose a row is."""
_ROWS_AT_ONCE = 512


def names_people(report: Report) -> bool:
    """Whether a report says whose its rows are."""
    return report.personal_data and any(same(name) in NAMING for header in report.headers for name in header)


def is_concealed(snapshots: SnapshotArchive, snapshot: Snapshot) -> bool:
    """Whether the addresses in a snapshot are concealed, or some of them. Nobody's display name matters.

    Raise ArchiveUnavailable, DamagedBlob.
    """
    if snapshot.metadata.names != "mixed":
        return snapshot.metadata.names == CONCEALED
    rows = records(snapshots.pieces(snapshot))
    addresses = Names([name if same(name) in NAMING else "" for name in next(rows, [])])
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        addresses.add(Rows.of(some))
    return addresses.verdict != NAMED
