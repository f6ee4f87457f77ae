"""`/restatements`: the days of which Microsoft said something else later, over all reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby

from shared.archive.archive import Archive
from shared.archive.layout import Partition
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call, calls_in
from shared.domain.catalogue import Catalogue
from shared.domain.errors import BadArgument
from shared.views.idle import Cell
from shared.web import query
from shared.web.archive_cache import ArchiveCache
from shared.web.http import Request, Response
from shared.web.query import Parameters
from shared.web.rfc9110 import send
from shared.web.rows import FORMATS, represent

LONGEST_RANGE = timedelta(days=366)
_USUAL_RANGE = timedelta(days=60)
_WORKERS = 8
"""Listings side by side."""
_COLUMNS = (
    *("Refresh Date", "Call", "Report", "Title", "Period", "Revisions", "First Pulled At", "Last Pulled At"),
    *("Rows Before", "Rows Now"),
)


class Restatements:
    """What answers them. Every method raises RequestError, ArchiveUnavailable."""

    def __init__(self, archive: Archive, catalogue: Catalogue, cache: ArchiveCache, now: datetime) -> None:
        self._archive = archive
        self._catalogue = catalogue
        self._cache = cache
        self._now = now

    def answer(self, request: Request, *, personal: bool) -> Response:
        """Answer with a row for each call and day that was restated, the newest first."""
        parameters = Parameters(request.query, query.OF_RESTATEMENTS, of_call=False)
        form = parameters.format(FORMATS, request.headers.get("accept", ""))
        as_of = parameters.as_of(self._now)
        first, end = self._days(parameters, (as_of or self._now).date())
        calls = [call for call in self._archived(first, end) if personal or not self._is_personal(call)]
        listed = partial(self._restated, first=first, end=end, as_of=as_of)
        with ThreadPoolExecutor(_WORKERS) as pool:
            rows = [row for found in pool.map(listed, calls) for row in found]
        rows.sort(key=lambda row: str(row[1]))
        rows.sort(key=lambda row: str(row[0]), reverse=True)
        facts = {"from": first.isoformat(), "to": end.isoformat()}
        headers = {"Cache-Control": "private, no-store" if personal else "private, no-cache"}
        return send(request, represent(_COLUMNS, rows, facts, form, "restatements", headers))

    def _days(self, parameters: Parameters, today: date) -> tuple[date, date]:
        first, end = parameters.days()
        end = end or today + timedelta(days=1)
        first = first or end - min(_USUAL_RANGE, end - date.min)
        if end - first > LONGEST_RANGE:
            raise BadArgument(f"from and to are at most {LONGEST_RANGE.days} days apart.")
        return first, end

    def _archived(self, first: date, end: date) -> Iterator[Call]:
        """Yield the calls that have a refresh date among these days."""
        dates = self._cache.coverage().dates
        for call in calls_in(self._catalogue):
            held = dates.get(Partition.of(call))
            if held and held.last and held.first and held.first < end and first <= held.last:
                yield call

    def _is_personal(self, call: Call) -> bool:
        return self._catalogue.reports[call.report].personal_data

    def _restated(self, call: Call, first: date, end: date, as_of: datetime | None) -> list[list[Cell]]:
        """Return a row for each day of a call that has several revisions."""
        listed = (each for month in _months(first, end) for each in self._archive.snapshots.all(call, as_of, month))
        wanted = [each for each in listed if first <= each.refresh_date < end]
        days = [[*revisions] for _, revisions in groupby(wanted, key=lambda each: each.refresh_date)]
        return [self._row(revisions) for revisions in days if len(revisions) > 1]

    def _row(self, revisions: list[Snapshot]) -> list[Cell]:
        *_, before, now = revisions
        return [
            *(now.refresh_date.isoformat(), str(now.call), now.call.report),
            *(self._catalogue.reports[now.call.report].title, now.call.key, now.revision),
            *(revisions[0].metadata.pulled_at.isoformat(), now.metadata.pulled_at.isoformat()),
            *(before.metadata.rows, now.metadata.rows),
        ]


def _months(first: date, end: date) -> Iterable[str]:
    """Return the months of these days, as YYYY-MM, oldest first."""
    days = range(first.toordinal(), end.toordinal())
    return dict.fromkeys(f"{date.fromordinal(day):%Y-%m}" for day in days)
