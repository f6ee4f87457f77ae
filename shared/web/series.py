"""`/reports/{call}/series`: the history of a call as one table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from shared import __version__
from shared.archive.archive import Archive
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.catalogue import Report
from shared.domain.errors import BadArgument, TooLarge
from shared.report.aggregation import aggregated
from shared.report.compression import join
from shared.report.csv_records import BOM
from shared.report.history import Concatenation, History, pieces, with_header
from shared.report.pseudonymous import kind_of
from shared.report.table import REFRESH_DATE, Column, Table, columns_of, days_between, last_days
from shared.web import formats, query
from shared.web.http import Response
from shared.web.in_flight import InFlight
from shared.web.negotiation import MEDIA_TYPES
from shared.web.query import EVERY, SeriesQuery
from shared.web.report_request import ReportRequest
from shared.web.representation import CSV, JSON, LARGEST, Representation, from_bytes, streamed
from shared.web.rfc9110 import send

if TYPE_CHECKING:
    from shared.views.pseudonyms import Pseudonyms

_FORMATS = ("csv", "json", "svg", "excel", "parquet")
_SMALLER = 4
"""Parquet is smaller than CSV by this at least, for reports of people."""


def series(request: ReportRequest, archive: Archive, graph_version: str, in_flight: InFlight) -> Response:
    """Answer with the series of a call. Raises RequestError, ArchiveUnavailable.

    `graph_version` is the one that Graph is asked for, whatever the path says.
    """
    parameters = request.parameters(query.OF_SERIES)
    call, report = request.call(parameters, is_history=True)
    wanted = query.parse_series(parameters, _FORMATS, request.accept, request.now)
    reader = _SeriesReader(archive, graph_version, request.today)
    headers = {"Cache-Control": request.cache_control}
    if report.personal_data:
        if wanted.of != "last":
            raise BadArgument(f"of={wanted.of} is of numbers of days; {report.name} has rows of people or things.")
        people = reader.people(call, report, wanted)
        if pseudonyms := request.pseudonyms:
            people = people.told(report, pseudonyms)
        return send(request.http, _represent_people(people, wanted, call, headers), in_flight)
    days = reader.table(call, report, wanted.as_of).between(wanted.first, wanted.end)
    table = aggregated(days, wanted.every, wanted.of)
    form = _form(wanted, call)
    content = join(_pieces(table, wanted, call))
    return send(request.http, from_bytes(content, form.media_type, headers, form.file_name), in_flight)


class _Form(NamedTuple):
    """How a series is sent."""

    media_type: str
    file_name: str


def _form(wanted: SeriesQuery, call: Call) -> _Form:
    name = f"{call.report}_{call.key}_series"
    return {
        "csv": _Form(CSV, f"{name}.csv"),
        "excel": _Form(CSV, f"{name}_excel.csv"),
        "json": _Form(JSON, ""),
        "svg": _Form(MEDIA_TYPES["svg"], ""),
        "parquet": _Form(MEDIA_TYPES["parquet"], f"{name}.parquet"),
    }[wanted.format]


def _pieces(content: History, wanted: SeriesQuery, call: Call) -> Iterator[bytes]:
    """Yield a series in the format that is wanted."""
    if wanted.format == "csv":
        yield BOM.encode() if wanted.bom else b""
        yield from pieces(content)
    elif wanted.format == "excel":
        yield from formats.excel.pieces(with_header(content))
    elif wanted.format == "parquet":
        yield from formats.parquet.pieces(call.report, content, are_means=wanted.of == "mean" and wanted.every != "day")
    elif wanted.format == "json":
        yield from formats.table_json.pieces(content)
    else:
        title = f"{call.report} ({'single days' if call.date else call.key})"
        yield formats.chart.line_chart(content, title)


class _People(NamedTuple):
    """The series of a personal report, of which none is kept: what is put together for one answer."""

    columns: tuple[Column, ...]
    by_day: Mapping[str, Snapshot]
    """The newest revisions of all refresh dates."""
    days: Set[str]
    """Those that are wanted, before they are thinned."""
    read: Callable[[Sequence[Snapshot]], Iterable[bytes]]
    tag: Callable[[Sequence[str]], str] = lambda parts: hashlib.sha256("\0".join(parts).encode()).hexdigest()
    """Returns what names the bytes that are made of parts."""

    def told(self, report: Report, pseudonyms: Pseudonyms) -> _People:
        """Return the same without who it is."""

        def read(snapshots: Sequence[Snapshot]) -> Iterator[bytes]:
            for snapshot, content in zip(snapshots, self.read(snapshots), strict=True):
                yield pseudonyms.body(report, snapshot.refresh_date, content)

        columns = tuple(column for column in self.columns if column == REFRESH_DATE or kind_of(report, column))
        return self._replace(columns=columns, read=read, tag=lambda parts: pseudonyms.tag(*parts))

    def thinned(self, every: str) -> list[Snapshot]:
        """Return the snapshots of the days, of each `week` or `month` the last one, oldest first."""
        return [self.by_day[day] for day in sorted(last_days(self.days, every))]

    def history(self, every: str) -> Concatenation:
        """Return their rows."""
        selected = self.thinned(every)
        dates = [each.refresh_date for each in selected]
        return Concatenation(self.columns, lambda: zip(dates, self.read(selected), strict=True))

    def first_that_fits(self, every: str, size: Callable[[Sequence[Snapshot]], int]) -> str | None:
        """Return the first `every` that is rarer, and with which one answer can carry it."""
        rarer = EVERY[EVERY.index(every) + 1 :]
        return next((each for each in rarer if size(self.thinned(each)) <= LARGEST), None)


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

    def people(self, call: Call, report: Report, wanted: SeriesQuery) -> _People:
        """Return the series of a personal report, before anything of it is read. Raises TooLarge."""
        by_day = {
            each.refresh_date.isoformat(): each for each in self._archive.snapshots.last_revisions(call, wanted.as_of)
        }
        columns = self.table(call, report, wanted.as_of).columns  # after the snapshots: theirs are all among them
        days = days_between(by_day, wanted.first, wanted.end)
        people = _People(columns, by_day, days, self._archive.snapshots.contents)
        if _size(people.thinned(wanted.every)) > LARGEST * (_SMALLER if wanted.format == "parquet" else 1):
            raise _too_large(people, wanted)
        return people


def _represent_people(people: _People, wanted: SeriesQuery, call: Call, headers: Mapping[str, str]) -> Representation:
    """Return the series of a personal report, which is made when it is sent. Its ETag names what it is made of."""
    selected, form = people.thinned(wanted.every), _form(wanted, call)
    of_names = formats.table_json.bytes_of_names(people.columns) if wanted.format == "json" else 0

    def size(snapshots: Sequence[Snapshot]) -> int:
        return _size(snapshots) + of_names * sum(each.metadata.rows for each in snapshots)

    made_of = [__version__, wanted.format, str(wanted.bom), *people.columns]
    made_of += [f"{each.refresh_date} {each.metadata.sha256}" for each in selected]
    estimate = {"svg": 0, "parquet": size(selected) // _SMALLER}.get(wanted.format, size(selected))
    largest = max((each.metadata.size for each in selected), default=0)
    history = people.history(wanted.every)
    plain, gzip = streamed(lambda: _pieces(history, wanted, call), estimate, working=2 * largest)
    smaller = {"format": "csv"} if of_names else {}
    if estimate > LARGEST and (fits := people.first_that_fits(wanted.every, size)):
        smaller = {"every": fits, **smaller}
    return Representation(
        tag=people.tag(made_of),
        media_type=form.media_type,
        plain=plain,
        gzip=gzip,
        headers=headers,
        file_name=form.file_name,
        smaller=smaller,
    )


def _too_large(people: _People, wanted: SeriesQuery) -> TooLarge:
    """Return the error, which says what to ask for instead."""
    snapshots = people.thinned(wanted.every)
    fits = people.first_that_fits(wanted.every, _size)
    if fits:
        instead = f"every={fits}, a shorter range, or month=YYYY-MM with format=parquet"
    elif any(_size([each]) <= LARGEST for each in snapshots):
        instead = "a shorter range with from and to, or month=YYYY-MM with format=parquet"
    else:
        instead = "one snapshot of those that /snapshots lists, with Accept-Encoding: gzip"
    return TooLarge(
        f"These are {_size(snapshots)} bytes, and one answer can carry {LARGEST}: ask for {instead}.", every=fits
    )


def _size(snapshots: Sequence[Snapshot]) -> int:
    """Return how many bytes Graph sent of all of them."""
    return sum(each.metadata.size for each in snapshots)
