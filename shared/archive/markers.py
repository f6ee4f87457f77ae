"""Markers: what the names of snapshots cannot tell, written down as the names of empty blobs.

A marker is written once, and all of a kind are found with one listing. They can be made again: lost days from the
records of runs, changes of names from the metadata of snapshots. The first run is awaited from the next question on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from shared.archive.blob_store import BlobStore
from shared.archive.layout import (
    AWAITED,
    CONCEALMENT_CHANGES,
    DERIVED,
    EXPIRED,
    LOST,
    AwaitedRun,
    ConcealmentChange,
    ExpiredBefore,
    LostRange,
    Partition,
    parse,
)
from shared.domain.dates import stretches

Marker = LostRange | ConcealmentChange | AwaitedRun


class Markers:
    """The markers of an archive. Every method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def write(self, marker: Marker) -> None:
        """Write a marker down, unless it is there."""
        self._store.create(DERIVED, str(marker), b"", {})

    def lost(self, partition: Partition | None = None) -> list[LostRange]:
        """Return the lost ranges, of one partition or of all."""
        parsed = self._parsed(f"{LOST}{partition}/" if partition else LOST)
        return [marker for marker in parsed if isinstance(marker, LostRange)]

    def concealment_changes(self, partition: Partition | None = None) -> list[ConcealmentChange]:
        """Return where names changed, in one partition or in all, by partition, oldest first."""
        parsed = self._parsed(f"{CONCEALMENT_CHANGES}{partition}/" if partition else CONCEALMENT_CHANGES)
        return [marker for marker in parsed if isinstance(marker, ConcealmentChange)]

    def mark_expired(self, first_kept: date) -> None:
        """Write down that nothing of people is kept of refresh dates before this one, in place of what was said so far.

        It never says less than before.
        """
        there = {each for each in self._parsed(EXPIRED) if isinstance(each, ExpiredBefore)}
        now = max({*there, ExpiredBefore(first_kept)})
        if now not in there:
            self._store.create(DERIVED, str(now), b"", {})
        for former in there - {now}:
            self._store.delete(DERIVED, str(former), with_versions=False)

    def awaited_since(self, now: datetime) -> datetime:
        """Return since when somebody asked for the first run; `now` if nobody did, which is written down."""
        for marker in self._parsed(AWAITED):
            if isinstance(marker, AwaitedRun):
                return marker.since
        first = AwaitedRun(now.replace(microsecond=0))
        self.write(first)
        return first.since

    def _parsed(self, prefix: str) -> Iterator[object]:
        return (parse(blob.name) for blob in self._store.list(DERIVED, prefix))


def lost_ranges(partition: Partition, days: Iterable[date]) -> Iterator[LostRange]:
    """Yield the markers of these lost days: one for each stretch without a break."""
    for first, last in stretches(days):
        yield LostRange(partition, first, last)
