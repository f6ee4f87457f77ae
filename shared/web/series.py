"""`/reports/{call}/series`: the history of a call as one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime
from typing import NamedTuple

from shared.archive.archive import Archive
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.catalogue import Report
from shared.domain.errors import TooLarge
from shared.report.csv_records import BOM
from shared.report.table import REFRESH_DATE, Table, columns_of, concatenated, days_between, last_days, parse
from shared.web import formats, query
from shared.web.http import Response
from shared.web.negotiation import MEDIA_TYPES
from shared.web.query import EVERY, SeriesQuery
from shared.web.report_request import ReportRequest
from shared.web.representation import CSV, JSON, LARGEST, Representation, from_bytes
from shared.web.rfc9110 import send

_FORMATS = ("csv", "json", "svg", "excel")


def series(request: ReportRequest, archive: Archive, graph_version: str) -> Response:
    """Answer with the series of a call. Raises RequestError, ArchiveUnavailable.

    `graph_version` is the one that Graph is asked for, whatever the path says.
    """
    parameters = request.parameters(query.OF_SERIES)
    call, report = request.call(parameters, is_history=True)
    wanted = query.parse_series(parameters, _FORMATS, request.accept, request.now)
    reader = _SeriesReader(archive, graph_version, request.today)
    if report.personal_data:
        csv = reader.concatenate(call, report, wanted)
        content = _Content(lambda: csv, lambda: parse(csv))
    else:
        table = reader.table(call, report, wanted.as_of).between(wanted.first, wanted.end).thinned(wanted.every)
        content = _Content(table.to_csv, lambda: table)
    headers = {"Cache-Control": request.cache_control}
    return send(request.http, _represent(content, wanted, call, report, headers))


class _Content(NamedTuple):
    """A series as CSV or as a table, whichever the format needs."""

    csv: Callable[[], bytes]
    table: Callable[[], Table]


class _SeriesReader:
    """Reads series from the archive. Every method raises ArchiveUnavailable."""

    def __init__(self, archive: Archive, graph_version: str, today: date) -> None:
        self._archive = archive
        self._graph_version = graph_version
        self._today = today

    def table(self, call: Call, report: Report, as_of: datetime | None) -> Table:
        """Return the whole series, of a personal report its columns alone.

        Where nothing is archived it has the columns that Graph documents.
        """
        table = self._archive.series.as_of(call, as_of) if as_of else self._archive.series.table(call, self._today)
        if table.columns != (REFRESH_DATE,):
            return table
        return Table(
            columns_of(report.columns_of(report.graph_version(self._graph_version), call.version, call.report_type))
        )

    def concatenate(self, call: Call, report: Report, wanted: SeriesQuery) -> bytes:
        """Return the rows of a personal report, of which no series is kept, as CSV. Raises TooLarge."""
        by_day = {
            each.refresh_date.isoformat(): each for each in self._archive.snapshots.last_revisions(call, wanted.as_of)
        }
        columns = self.table(call, report, wanted.as_of).columns  # after the snapshots: theirs are all among them
        days = days_between(by_day, wanted.first, wanted.end)
        selected = _thin(by_day, days, wanted.every)
        if _size(selected) > LARGEST:
            raise _too_large(by_day, days, wanted.every)
        bodies = self._archive.snapshots.contents(selected)
        return b"".join(concatenated(columns, zip((each.refresh_date for each in selected), bodies, strict=True)))


def _represent(
    content: _Content, wanted: SeriesQuery, call: Call, report: Report, headers: Mapping[str, str]
) -> Representation:
    """Return the series in the format that is wanted."""
    name = f"{call.report}_{call.key}_series"
    if wanted.format == "csv":
        bom = BOM.encode() if wanted.bom else b""
        return from_bytes(bom + content.csv(), CSV, headers, f"{name}.csv")
    if wanted.format == "excel":
        return from_bytes(formats.excel.harmless(content.csv()), CSV, headers, f"{name}_excel.csv")
    if wanted.format == "json":
        return from_bytes(formats.table_json.to_json(content.table()), JSON, headers)
    title = f"{report.name} ({'single days' if call.date else call.key})"
    return from_bytes(formats.chart.line_chart(content.table(), title), MEDIA_TYPES["svg"], headers)


def _too_large(by_day: Mapping[str, Snapshot], days: Set[str], every: str) -> TooLarge:
    """Return the error, which says what to ask for instead."""
    snapshots = _thin(by_day, days, every)
    rarer = EVERY[EVERY.index(every) + 1 :]
    fits = next((each for each in rarer if _size(_thin(by_day, days, each)) <= LARGEST), None)
    if fits:
        instead = f"every={fits}, or a shorter range"
    elif any(_size([each]) <= LARGEST for each in snapshots):
        instead = "a shorter range with from and to"
    else:
        instead = "one snapshot of those that /snapshots lists, with Accept-Encoding: gzip"
    return TooLarge(
        f"These are {_size(snapshots)} bytes, and one answer can carry {LARGEST}: ask for {instead}.", every=fits
    )


def _thin(by_day: Mapping[str, Snapshot], days: Set[str], every: str) -> list[Snapshot]:
    """Return the snapshots of the days, of each `week` or `month` the last one, oldest first."""
    return [by_day[day] for day in sorted(last_days(days, every))]


def _size(snapshots: Sequence[Snapshot]) -> int:
    """Return how many bytes Graph sent of all of them."""
    return sum(each.metadata.size for each in snapshots)
