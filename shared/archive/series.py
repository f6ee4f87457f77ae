"""The series of every call: its merged history, kept in `usage-derived` and made again whenever in doubt.

`series/report=R/period=P/R_P_series.csv` is the table. Of reports with personal data only the columns are kept; their
rows stay where they are, and are put together when asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared import events
from shared.archive.azure_blob_store import DERIVED, PERSONAL
from shared.archive.series_state import (
    History,
    LateColumns,
    Listed,
    by_month,
    lacking,
    listed,
    merge,
    seal,
    series_name,
)
from shared.archive.snapshot import Snapshot, prefix
from shared.archive.snapshots import Archive
from shared.domain.call import Call
from shared.domain.errors import ArchiveUnavailable
from shared.report.table import Table, columns_of, parse

_READERS = 8
_ATTEMPTS = 5
_MOST_LISTINGS = 3
"""Months; to see more of them, everything is listed at once."""


class Series(NamedTuple):
    """The series of all calls of an archive."""

    archive: Archive

    def keep_up(self, snapshot: Snapshot) -> None:
        """Merge a snapshot that was just archived. Never raises: what fails is an event, and made good later."""
        day = snapshot.refresh_date
        first = _since(snapshot.call, snapshot.origin.pulled_at.date()) if snapshot.call.date else day
        try:
            _, trouble = self._current(snapshot.call, first, day)
        except ArchiveUnavailable as error:
            trouble = str(error)
        except Exception as error:
            # A defect of ours in what can be made again must not touch what cannot.
            events.defect(f"The series of {snapshot.call} cannot be made.")
            trouble = f"{type(error).__name__} in the app itself."
        if trouble:
            events.emit(
                events.SERIES_BEHIND, logging.WARNING, call=str(snapshot.call), blob=snapshot.blob, detail=trouble
            )

    def table(self, call: Call, today: date) -> Table:
        """The series with all that is archived by now, merging what it lacks; `today` in UTC.

        Of a report with personal data it has the columns and no rows. Raises ArchiveUnavailable.
        """
        history, trouble = self._current(call, _since(call, today), today)
        if trouble:
            events.emit(events.SERIES_BEHIND, logging.WARNING, call=str(call), detail=trouble)
        return history.table

    def as_of(self, call: Call, instant: datetime) -> Table:
        """The series as it would have been at that instant. Reads every snapshot known then; keeps nothing."""
        found = [each for each in self._listed(call) if each.snapshot.origin.pulled_at <= instant]
        return merge(History(), self._parts(found), {}).table

    def rebuild(self, call: Call) -> Table:
        """Make the series anew from the snapshots alone, and keep it whatever the old one said."""
        for _ in range(_ATTEMPTS):
            held = self.archive.stored(DERIVED, series_name(call))
            history = self._rebuilt(call)
            if not history.seals or self._keep(call, history, held.etag if held else None):
                return history.table
        raise ArchiveUnavailable(f"Others keep writing the series of {call}.")

    def last_revisions(self, call: Call, as_of: datetime | None = None) -> list[Snapshot]:
        """The newest revision of every refresh date, oldest first: what to concatenate where no rows are kept."""
        return list({each.refresh_date: each for each in self.archive.snapshots(call, as_of)}.values())

    def _current(self, call: Call, first: date, last: date) -> tuple[History, str]:
        """The series with all that is archived of these months and between, and why that could not be kept, if so."""
        for _ in range(_ATTEMPTS):
            held, etag = self._held(call)
            window = _window(held, first, last)
            months = by_month(self._listed(call, window))
            known = [month for month in held.seals if month.startswith(tuple(window))]
            lacks = {month: lacking(months.get(month, []), held.seals.get(month)) for month in {*known, *months}}
            gone = sorted(month for month, lack in lacks.items() if lack is None)
            history = self._caught_up(call, held, months, lacks)
            if gone:
                return history, f"Not all that is in the series of {', '.join(gone)} is still in the archive."
            if history is held or self._keep(call, history, etag):
                return history, ""
        return history, "Others keep writing it."

    def _caught_up(
        self,
        call: Call,
        held: History,
        months: Mapping[str, Sequence[Listed]],
        lacks: Mapping[str, Sequence[Listed] | None],
    ) -> History:
        stale = [month for month, lack in lacks.items() if lack is None or lack]
        if not stale:
            return held
        missing = [each for month in stale for each in lacks[month] or months.get(month, ())]
        try:
            return merge(held, self._parts(missing), {month: seal(months.get(month, ())) for month in stale})
        except LateColumns:
            return self._rebuilt(call)

    def _rebuilt(self, call: Call) -> History:
        found = self._listed(call)
        return merge(History(), self._parts(found), {month: seal(each) for month, each in by_month(found).items()})

    def _listed(self, call: Call, months: Sequence[str] = ("",)) -> list[Listed]:
        container = self.archive.container(call).container_name
        entries = (entry for month in months for entry in self.archive.entries(container, prefix(call) + month))
        return listed(call, ((entry.name, entry.metadata) for entry in entries))

    def _parts(self, found: Sequence[Listed]) -> Iterator[tuple[Snapshot, Table]]:
        snapshots = sorted((each.snapshot for each in found), key=lambda snapshot: snapshot.order)
        if not snapshots:
            return
        with ThreadPoolExecutor(min(_READERS, len(snapshots))) as pool:
            yield from zip(snapshots, pool.map(self._part, snapshots), strict=True)

    def _part(self, snapshot: Snapshot) -> Table:
        personal = self.archive.container(snapshot.call).container_name == PERSONAL
        if personal and snapshot.origin.columns:
            return Table(columns_of(snapshot.origin.columns))
        try:
            table = parse(self.archive.content(snapshot), snapshot.refresh_date)
        except ValueError as error:
            raise ArchiveUnavailable(f"The snapshot {snapshot.blob} is damaged.") from error
        return Table(table.columns) if personal else table

    def _held(self, call: Call) -> tuple[History, str | None]:
        """What is kept and its ETag; nothing is merged in a series that is not there or not to be trusted."""
        held = self.archive.stored(DERIVED, series_name(call))
        if not held:
            return History(), None
        try:
            return History.from_blob(held.content, held.metadata), held.etag
        except (KeyError, ValueError):
            return History(), held.etag

    def _keep(self, call: Call, history: History, etag: str | None) -> bool:
        return self.archive.keep_derived(series_name(call), history.content, history.to_metadata(), etag)


def _window(held: History, first: date, last: date) -> list[str]:
    """The beginnings of the refresh dates that a series may lack: those months and all since its newest."""
    if not held.seals:
        return [""]
    newest = max(held.seals)
    begin, end = min(newest, f"{first:%Y-%m}"), max(newest, f"{last:%Y-%m}")
    months = [end]
    while months[-1] > begin and len(months) <= _MOST_LISTINGS:
        months.append(_before(months[-1]))
    return months if len(months) <= _MOST_LISTINGS else [""]


def _before(month: str) -> str:
    return f"{_month_before(date.fromisoformat(month + '-01')):%Y-%m}"


def _since(call: Call, today: date) -> date:
    """So far back a series may lack snapshots: single days are pulled up to 28 days later, and merged a month later."""
    before = _month_before(today)
    return _month_before(before) if call.date else before


def _month_before(day: date) -> date:
    """The last day of it."""
    return day.replace(day=1) - timedelta(days=1)
