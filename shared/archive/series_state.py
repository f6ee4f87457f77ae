"""What a series is made of: a table, and a fingerprint of the snapshots that are merged in it. Pure.

The fingerprints go into the metadata of the series, month by month. They tell when a series is behind, and `verify`
compares the archive with them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from shared.archive.snapshot import Snapshot, read_snapshot
from shared.domain.call import Call
from shared.domain.outcome import Flag
from shared.report.csv_records import records
from shared.report.table import Table, arranged, joined, merged, of_records, parse, pinned, split

_RULES, FORMER_RULES = "three", "2"
"""Raise this when the same snapshots give other bytes than before: every series is then made anew.

No single character makes one of the other, as `verify` takes either.
"""
_NEVER = datetime.min.replace(tzinfo=UTC)


class ListedSnapshot(NamedTuple):
    """A snapshot, and its blob's metadata as they are, whether this version of the app knows them or not."""

    snapshot: Snapshot
    metadata: Mapping[str, str]


class SeriesState(NamedTuple):
    """A table, and what is merged in it."""

    content: bytes = b""
    """The table as CSV."""
    fingerprints: Mapping[str, str] = {}
    """By month of refresh date, as `YYYY-MM`: how many snapshots, and a digest of their names and metadata."""
    pulled_at: datetime = _NEVER
    """Of the snapshot that was pulled last."""

    @property
    def table(self) -> Table:
        return parse(self.content)

    def to_metadata(self) -> dict[str, str]:
        """As blob metadata. 20 years fit into the 8 KB that a blob may have."""
        return {
            "rules": _RULES,
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "pulled_at": self.pulled_at.isoformat(),
            "merged": " ".join(f"{month}:{each}" for month, each in sorted(self.fingerprints.items())),
        }

    @classmethod
    def from_blob(cls, content: bytes, metadata: Mapping[str, str]) -> SeriesState:
        """Read what `to_metadata` wrote. Raise KeyError or ValueError for a blob that is damaged or of other rules.

        A series of the rules before is read where those of today would have given the same.
        """
        if metadata["sha256"] != hashlib.sha256(content).hexdigest() or metadata["rules"] not in (_RULES, FORMER_RULES):
            raise ValueError("not a series of this version")
        if is_outdated(content, metadata):
            raise ValueError("the rules of today give another series")
        return cls(content, fingerprints_of(metadata), datetime.fromisoformat(metadata["pulled_at"]))


class LateColumns(Exception):
    """The series has to be made anew."""


def listed_snapshots(call: Call, blobs: Iterable[tuple[str, Mapping[str, str]]]) -> list[ListedSnapshot]:
    """Return the snapshots of a call among blobs, given with their names and metadata; oldest first."""
    read = ((read_snapshot(call, name, metadata), metadata) for name, metadata in blobs)
    listed = [ListedSnapshot(snapshot, metadata) for snapshot, metadata in read if snapshot]
    return sorted(listed, key=lambda each: each.snapshot.order)


def table_of(snapshot: Snapshot, body: bytes) -> Table:
    """Return what a snapshot gives a series. Raise ValueError if its body is not CSV in UTF-8."""
    return table_of_records(snapshot, records(body))


def table_of_records(snapshot: Snapshot, lines: Iterable[Sequence[str]]) -> Table:
    """Return what a snapshot gives a series that has these records, the header first."""
    return of_records(lines, snapshot.refresh_date, is_dated=Flag.UNDATED in snapshot.metadata.flags)


def is_outdated(content: bytes, metadata: Mapping[str, str]) -> bool:
    """Whether a series of the former rules is another than today's, by its form. Raise ValueError if it is no CSV."""
    return metadata.get("rules") == FORMER_RULES and parse(content).to_csv() != content


def by_month(listed: Iterable[ListedSnapshot]) -> dict[str, list[ListedSnapshot]]:
    """Return the snapshots by the month of their refresh dates, as `YYYY-MM`."""
    months = defaultdict(list)
    for each in listed:
        months[f"{each.snapshot.refresh_date:%Y-%m}"].append(each)
    return months


def fingerprints_of(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the fingerprints in the metadata of a series, by month. Raise KeyError or ValueError if there are none."""
    parts = [each.split(":") for each in metadata["merged"].split(" ")]
    return {month: f"{int(number)}:{digest}" for month, number, digest in parts}


def count(of_fingerprint: str) -> int:
    """Return how many snapshots a fingerprint is of."""
    return int(of_fingerprint.partition(":")[0])


def fingerprint(listed: Sequence[ListedSnapshot]) -> str:
    """Return how many snapshots there are, and a digest of all that a listing says of them."""
    lines = sorted(f"{each.snapshot.blob} {sorted(each.metadata.items())}" for each in listed)
    return f"{len(listed)}:{hashlib.sha256(chr(0).join(lines).encode()).hexdigest()[:12]}"


def missing_from(merged: str | None, listed: Sequence[ListedSnapshot]) -> Sequence[ListedSnapshot] | None:
    """Return which of a month's snapshots a series with the fingerprint `merged` lacks; [] if it lacks none.

    If it lacks more than one, these are all of the month, as a fingerprint does not tell which. None: it has merged
    one that is not there (any more).
    """
    merged = merged or fingerprint([])
    if fingerprint(listed) == merged:
        return []
    if len(listed) <= count(merged):
        return None
    if len(listed) > count(merged) + 1:
        return listed
    for number, each in reversed([*enumerate(listed)]):
        if fingerprint([*listed[:number], *listed[number + 1 :]]) == merged:
            after = listed[number + 1 : number + 2]
            is_followed = any(other.snapshot.refresh_date == each.snapshot.refresh_date for other in after)
            return listed if is_followed else [each]
    return None


def merge(state: SeriesState, parts: Iterable[tuple[Snapshot, Table]], fingerprints: Mapping[str, str]) -> SeriesState:
    """Return `state` with more snapshots merged into it, oldest first; `fingerprints` replace those of their months.

    A snapshot must come together with, or after, all other revisions of its refresh date. Columns are in the order in
    which they were pulled; raises LateColumns when a snapshot comes after others that were pulled later, and its
    columns do not fit in. Of a long history only the days that change are read, so that a pull does not grow with it.
    """
    before, after = b"", state.content
    if after:
        parts = list(parts)
        before, after = split(after, [part for _, part in parts])
    table, headers = parse(after), []
    merged_columns = table.columns

    def noted() -> Iterator[Table]:
        for snapshot, part in parts:
            headers.append((snapshot.metadata.pulled_at, snapshot.order, part.columns))
            yield part

    table = merged(table, noted())
    new = []
    for pulled_at, _, columns in sorted(headers):
        if pulled_at > state.pulled_at:
            new.append(columns)
        elif columns != merged_columns[: len(columns)]:
            raise LateColumns
    last = max([state.pulled_at, *(pulled_at for pulled_at, *_ in headers)])
    content = joined(before, arranged(table, pinned(merged_columns, *new)).to_csv())
    return SeriesState(content, {**state.fingerprints, **fingerprints}, last)
