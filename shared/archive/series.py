"""The series of every call: its merged history, kept in `usage-derived` and made again whenever in doubt.

Of reports with personal data only the columns are kept; their rows stay where they are, and are put together when asked
for.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from shared import events
from shared.archive.blob_store import BlobStore
from shared.archive.layout import DERIVED, Partition, SeriesName, snapshot_prefix
from shared.archive.series_state import (
    LateColumns,
    ListedSnapshot,
    SeriesState,
    by_month,
    fingerprint,
    listed_snapshots,
    merge,
    missing_from,
    table_of,
)
from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.domain.call import Call
from shared.domain.dates import month_before
from shared.domain.errors import AccessRefused, ArchiveUnavailable, DamagedBlob, SeriesUnfinished
from shared.report.table import Table, columns_of

_ATTEMPTS = 5
_MOST_LISTINGS = 3
"""Months; to see more of them, everything is listed at once."""
_MOST_AT_ONCE = 2_000
"""Snapshots that are merged for one reader, and a month: ten seconds or twenty. Clients give up after some minutes."""

Contents = Mapping[str, bytes]
"""Bodies of snapshots that need not be read again, by the names of their blobs."""


class SeriesArchive:
    """The series of all calls of an archive."""

    def __init__(self, store: BlobStore, snapshots: SnapshotArchive, most_at_once: int = _MOST_AT_ONCE) -> None:
        """For a reader, the months that a series lacks are merged up to about `most_at_once` snapshots."""
        self._store = store
        self._snapshots = snapshots
        self._most_at_once = most_at_once

    def keep_up(self, snapshot: Snapshot, content: bytes | None = None) -> None:
        """Merge a snapshot that was just archived; `content` is its body, if it is at hand.

        Never raises: a failure is an event, and the next pull or reader of the call tries again.
        """
        day = snapshot.refresh_date
        first = _since(snapshot.call, snapshot.metadata.pulled_at.date()) if snapshot.call.date else day
        try:
            _, trouble = self._current(snapshot.call, first, day, {} if content is None else {snapshot.blob: content})
        except ArchiveUnavailable as error:
            trouble = str(error)
        except Exception as error:
            # A defect of ours in what can be made again must not touch what cannot.
            events.log_unexpected(f"The series of {snapshot.call} cannot be made.")
            trouble = f"{type(error).__name__} in the app itself."
        if trouble:
            events.emit(
                events.SERIES_BEHIND, logging.WARNING, call=str(snapshot.call), blob=snapshot.blob, detail=trouble
            )

    def table(self, call: Call, today: date) -> Table:
        """Return the series with all that is archived by now, merging what it lacks; `today` in UTC.

        What was merged is kept for the next reader; failing to is an event. Of a report with personal data the table
        has the columns and no rows. Raise ArchiveUnavailable, and SeriesUnfinished where there is more to merge than
        one reader waits for, and a part of it was kept.
        """
        state, trouble = self._current(call, _since(call, today), today, {}, self._most_at_once)
        if trouble:
            events.emit(events.SERIES_BEHIND, logging.WARNING, call=str(call), detail=trouble)
        return state.table

    def renew(self, call: Call) -> bool:
        """Make the series anew, as snapshots that are in it were replaced or deleted; return whether it was another.

        Raise ArchiveUnavailable.
        """
        for _ in range(_ATTEMPTS):
            stored, etag = self._stored(call)
            state = self._rebuilt(call, {})
            if state == stored or not (etag or state.fingerprints):
                return False
            if not state.fingerprints:
                self._store.delete(DERIVED, _name(call), with_versions=False)
                return True
            if self._keep(call, state, etag):
                return True
        raise ArchiveUnavailable(f"Others keep writing the series of {call}.")

    def as_of(self, call: Call, instant: datetime) -> Table:
        """Return the series as it would have been at that instant, from every snapshot known then; keep nothing."""
        listed = [each for each in self._listed(call) if each.snapshot.metadata.pulled_at <= instant]
        return merge(SeriesState(), self._parts(listed, {}), {}).table

    def _current(
        self, call: Call, first: date, last: date, contents: Contents, most: float = math.inf
    ) -> tuple[SeriesState, str]:
        """Return the series with all of these months and between, and why that could not be kept, if so.

        Raises SeriesUnfinished if only some of them were merged, about `most` snapshots, and that was kept.
        """
        for _ in range(_ATTEMPTS):
            stored, etag = self._stored(call)
            window = _window(stored, first, last)
            months = by_month(self._listed(call, window))
            merged = [month for month in stored.fingerprints if month.startswith(tuple(window))]
            missing = {
                month: missing_from(stored.fingerprints.get(month), months.get(month, ()))
                for month in {*merged, *months}
            }
            some = _first(missing, months, most)
            state = self._caught_up(call, stored, months, some, contents)
            if gone := sorted(month for month, lacking in missing.items() if lacking is None):
                return state, f"Not all that is in the series of {', '.join(gone)} is still in the archive."
            if state is stored:
                return state, ""
            lacking = [
                month for month in missing if state.fingerprints.get(month) != fingerprint(months.get(month, ()))
            ]
            try:
                if self._keep(call, state, etag):
                    if lacking:
                        raise SeriesUnfinished(len(lacking))
                    return state, ""
            except ArchiveUnavailable as error:
                if lacking:  # as the next reader could not go on
                    state = self._caught_up(call, stored, months, missing, contents)
                return state, str(error)
        return state, "Others keep writing it."

    def _caught_up(
        self,
        call: Call,
        stored: SeriesState,
        months: Mapping[str, Sequence[ListedSnapshot]],
        missing: Mapping[str, Sequence[ListedSnapshot] | None],
        contents: Contents,
    ) -> SeriesState:
        stale = [month for month, lacking in missing.items() if lacking is None or lacking]
        if not stale:
            return stored
        listed = [each for month in stale for each in missing[month] or months.get(month, ())]
        fingerprints = {month: fingerprint(months.get(month, ())) for month in stale}
        try:
            return merge(stored, self._parts(listed, contents), fingerprints)
        except LateColumns:
            return self._rebuilt(call, contents)

    def _rebuilt(self, call: Call, contents: Contents) -> SeriesState:
        listed = self._listed(call)
        fingerprints = {month: fingerprint(each) for month, each in by_month(listed).items()}
        return merge(SeriesState(), self._parts(listed, contents), fingerprints)

    def _listed(self, call: Call, months: Sequence[str] = ("",)) -> list[ListedSnapshot]:
        container, partition = self._snapshots.container(call), Partition.of(call)
        blobs = (blob for month in months for blob in self._store.list(container, snapshot_prefix(partition, month)))
        return listed_snapshots(call, ((blob.name, blob.metadata) for blob in blobs))

    def _parts(self, listed: Sequence[ListedSnapshot], contents: Contents) -> Iterator[tuple[Snapshot, Table]]:
        snapshots = sorted((each.snapshot for each in listed), key=lambda snapshot: snapshot.order)
        to_read = [each for each in snapshots if not self._is_told(each) and each.blob not in contents]
        bodies = self._snapshots.contents(to_read)
        for snapshot in snapshots:
            if self._is_told(snapshot):
                yield snapshot, Table(columns_of(snapshot.metadata.columns))
            else:
                yield snapshot, self._part(snapshot, contents.get(snapshot.blob) or next(bodies))

    def _is_told(self, snapshot: Snapshot) -> bool:
        """Whether the metadata tell all that goes into the series."""
        return self._snapshots.is_personal(snapshot.call) and bool(snapshot.metadata.columns)

    def _part(self, snapshot: Snapshot, body: bytes) -> Table:
        try:
            table = table_of(snapshot, body)
        except ValueError as error:
            raise DamagedBlob(snapshot.blob) from error
        return Table(table.columns) if self._snapshots.is_personal(snapshot.call) else table

    def _stored(self, call: Call) -> tuple[SeriesState, str | None]:
        """Return what is kept and its ETag.

        A series that is missing, not to be read or not to be trusted has nothing merged in it.
        """
        try:
            stored = self._store.get(DERIVED, _name(call))
        except AccessRefused:
            stored = None
        if not stored:
            return SeriesState(), None
        try:
            return SeriesState.from_blob(stored.content, stored.metadata), stored.etag
        except (KeyError, ValueError):
            return SeriesState(), stored.etag

    def _keep(self, call: Call, state: SeriesState, etag: str | None) -> bool:
        return self._store.replace_if(DERIVED, _name(call), state.content, state.to_metadata(), etag)


def _first(
    missing: Mapping[str, Sequence[ListedSnapshot] | None], months: Mapping[str, Sequence[ListedSnapshot]], most: float
) -> Mapping[str, Sequence[ListedSnapshot] | None]:
    """Return the first months, up to about `most` snapshots to merge; all if one is to be made anew."""
    if None in missing.values():
        return missing
    some: dict[str, Sequence[ListedSnapshot] | None] = {}
    for month in sorted(missing):
        if most > 0:
            some[month] = missing[month]
            most -= len(missing[month] or ())
    return some


def _name(call: Call) -> str:
    return str(SeriesName(Partition.of(call)))


def _window(stored: SeriesState, first: date, last: date) -> list[str]:
    """Return the beginnings of the refresh dates that a series may lack: those months and all since its newest."""
    if not stored.fingerprints:
        return [""]
    newest = max(stored.fingerprints)
    begin, end = min(newest, f"{first:%Y-%m}"), max(newest, f"{last:%Y-%m}")
    months = [end]
    while months[-1] > begin and len(months) <= _MOST_LISTINGS:
        months.append(_before(months[-1]))
    return months if len(months) <= _MOST_LISTINGS else [""]


def _before(month: str) -> str:
    return f"{month_before(date.fromisoformat(month + '-01')):%Y-%m}"


def _since(call: Call, today: date) -> date:
    """Return how far back a series may lack snapshots: single days come up to 28 days late, and a month later yet."""
    before = month_before(today)
    return month_before(before) if call.date else before
