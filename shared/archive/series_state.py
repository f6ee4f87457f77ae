"""What a series is made of: a table, and a seal over the snapshots that are merged in it. Pure.

The seals go into the metadata of the series, month by month. That is how a series tells that it is behind, and they
are a witness against which `verify` holds the archive.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from shared.archive.snapshot import Snapshot, from_blob
from shared.domain.call import Call
from shared.report.table import Table, arranged, joined, merged, parse, pinned, split

SERIES = "series/"
"""What the names of all series begin with."""

_RULES = "2"
"""Raise this when the same snapshots give other bytes than before: every series is then made anew."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class Listed(NamedTuple):
    """A snapshot with its blob's metadata as it is, known to this version of the app or not."""

    snapshot: Snapshot
    metadata: Mapping[str, str]


class History(NamedTuple):
    """A table, and what is merged in it."""

    content: bytes = b""
    """The table as CSV."""
    seals: Mapping[str, str] = {}
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
            "merged": " ".join(f"{month}:{seal}" for month, seal in sorted(self.seals.items())),
        }

    @classmethod
    def from_blob(cls, content: bytes, metadata: Mapping[str, str]) -> History:
        """The reverse. Raises KeyError or ValueError for a blob that is damaged or was made under other rules."""
        if metadata["rules"] != _RULES or metadata["sha256"] != hashlib.sha256(content).hexdigest():
            raise ValueError("not a series of this version")
        return cls(content, seals_of(metadata), datetime.fromisoformat(metadata["pulled_at"]))


class LateColumns(Exception):
    """The series has to be made anew."""


def series_name(call: Call) -> str:
    """The name of the blob that holds the series of a call (of all dates, for a `date=` call)."""
    return f"{SERIES}report={call.report}/period={call.key}/{call.report}_{call.key}_series.csv"


def listed(call: Call, blobs: Iterable[tuple[str, Mapping[str, str]]]) -> list[Listed]:
    """The snapshots of a call among blobs, given with their names and metadata; oldest first."""
    read = ((from_blob(call, name, metadata), metadata) for name, metadata in blobs)
    found = [Listed(snapshot, metadata) for snapshot, metadata in read if snapshot]
    return sorted(found, key=lambda each: each.snapshot.order)


def by_month(found: Iterable[Listed]) -> dict[str, list[Listed]]:
    """The snapshots by the month of their refresh dates, as `YYYY-MM`."""
    months = defaultdict(list)
    for each in found:
        months[f"{each.snapshot.refresh_date:%Y-%m}"].append(each)
    return months


def seals_of(metadata: Mapping[str, str]) -> dict[str, str]:
    """The seals in the metadata of a series, by month. Raises KeyError or ValueError if there are none."""
    parts = [each.split(":") for each in metadata["merged"].split(" ")]
    return {month: f"{int(number)}:{digest}" for month, number, digest in parts}


def count(of_seal: str) -> int:
    """How many snapshots a seal is of."""
    return int(of_seal.partition(":")[0])


def seal(found: Sequence[Listed]) -> str:
    """How many snapshots there are, and a digest of all that a listing says of them."""
    lines = sorted(f"{each.snapshot.blob} {sorted(each.metadata.items())}" for each in found)
    return f"{len(found)}:{hashlib.sha256(chr(0).join(lines).encode()).hexdigest()[:12]}"


def lacking(found: Sequence[Listed], sealed: str | None) -> Sequence[Listed] | None:
    """What is to be merged of a month's snapshots into a series that has this seal of it.

    The one that it lacks; all of them when it lacks more, as a seal does not tell which. None when the series has
    merged what is not there (any more): nothing that was archived ever changes or goes.
    """
    sealed = sealed or seal([])
    if seal(found) == sealed:
        return []
    if len(found) <= count(sealed):
        return None
    if len(found) > count(sealed) + 1:
        return found
    for number, each in reversed([*enumerate(found)]):
        if seal([*found[:number], *found[number + 1 :]]) == sealed:
            after = found[number + 1 : number + 2]
            later = any(other.snapshot.refresh_date == each.snapshot.refresh_date for other in after)
            return found if later else [each]
    return None


def merge(history: History, parts: Iterable[tuple[Snapshot, Table]], seals: Mapping[str, str]) -> History:
    """`history` with more snapshots merged into it, given oldest first; `seals` replace those of their months.

    A snapshot must come together with, or after, all other revisions of its refresh date. Columns are in the order in
    which they were pulled; raises LateColumns when a snapshot comes after others that were pulled later, and its
    columns do not fit in. Of a long history only the days that change are read, so that a pull does not grow with it.
    """
    before, after = b"", history.content
    if after:
        parts = list(parts)
        before, after = split(after, [part for _, part in parts])
    table, headers = parse(after), []
    known = table.columns
    for snapshot, part in parts:
        table = merged(table, part)
        headers.append((snapshot.origin.pulled_at, snapshot.order, part.columns))
    new = []
    for pulled_at, _, columns in sorted(headers):
        if pulled_at > history.pulled_at:
            new.append(columns)
        elif columns != known[: len(columns)]:
            raise LateColumns
    last = max([history.pulled_at, *(pulled_at for pulled_at, *_ in headers)])
    content = joined(before, arranged(table, pinned(known, *new)).to_csv())
    return History(content, {**history.seals, **seals}, last)
