"""`/reports/{call}/series`: the history of a call as one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.catalogue import Report
from shared.domain.errors import TooLarge
from shared.report.table import REFRESH_DATE, Table, columns_of, concatenated, last_days, parse
from shared.web import query
from shared.web.http import Reply
from shared.web.query import EVERY, Query
from shared.web.report_request import CSV, JSON, Inquiry
from shared.web.representation import LARGEST, computed, send

_FORMS = ("csv", "json", "svg", "excel")
_BOM = b"\xef\xbb\xbf"


def series(inquiry: Inquiry) -> Reply:
    """The series of a call. Raises RequestError, ArchiveUnavailable."""
    asked = inquiry.query(query.OF_SERIES)
    call, report = inquiry.call(asked, history=True)
    form = inquiry.form(asked, _FORMS)
    bom = _BOM if asked.bom else b""
    days, every = asked.range, asked.every  # what is wrong is found out before storage is asked
    if report.personal_data:
        body = _concatenated(inquiry, call, report, asked)
        made = _Made(lambda: body, lambda: parse(body))
    else:
        table = _table(inquiry, call, report, asked).between(*days).thinned(every)
        made = _Made(table.to_csv, lambda: table)
    name = f"{call.report}_{call.key}_series"
    headers = {"Cache-Control": inquiry.cache_control}
    if form == "csv":
        return send(inquiry.request, computed(bom + made.csv(), CSV, headers, f"{name}.csv"))
    # The others are imported when they are asked for: a cold start need not pay for them.
    if form == "svg":
        from shared.web.formats.chart import line_chart

        title = f"{report.name} ({'single days' if call.date else call.key})"
        return send(inquiry.request, computed(line_chart(made.table(), title), "image/svg+xml", headers))
    from shared.web.formats import excel as forms

    if form == "excel":
        return send(inquiry.request, computed(forms.harmless(made.csv()), CSV, headers, f"{name}_excel.csv"))
    return send(inquiry.request, computed(forms.to_json(made.table()), JSON, headers))


class _Made(NamedTuple):
    """A series, as which it is needed."""

    csv: Callable[[], bytes]
    table: Callable[[], Table]


def _table(inquiry: Inquiry, call: Call, report: Report, asked: Query) -> Table:
    """The whole series; of a personal report its columns alone. Where nothing is archived, the documented columns."""
    as_of = asked.as_of(inquiry.now)
    kept = inquiry.archive.series
    table = kept.as_of(call, as_of) if as_of else kept.table(call, inquiry.today)
    if table.columns != (REFRESH_DATE,):
        return table
    return Table(columns_of(report.columns_of(report.graph_version(inquiry.graph_version), call.version)))


def _concatenated(inquiry: Inquiry, call: Call, report: Report, asked: Query) -> bytes:
    """The rows of a personal report, of which no series is kept. Raises TooLarge."""
    first, end = asked.range
    known = inquiry.archive.snapshots.last_revisions(call, asked.as_of(inquiry.now))
    columns = _table(inquiry, call, report, asked).columns  # after the snapshots, so that no column of theirs lacks
    within = [each for each in known if _is_within(each.refresh_date, first, end)]
    chosen = _thinned(within, asked.every)
    if (size := _size(chosen)) > LARGEST:
        rarer = EVERY[EVERY.index(asked.every) + 1 :]
        fits = next((every for every in rarer if _size(_thinned(within, every)) <= LARGEST), None)
        if fits:
            instead = f"every={fits}, or a shorter range"
        elif any(_size([each]) <= LARGEST for each in chosen):
            instead = "a shorter range with from and to"
        else:
            instead = "one snapshot of those that /snapshots lists, with Accept-Encoding: gzip"
        raise TooLarge(f"These are {size} bytes, and one answer can carry {LARGEST}: ask for {instead}.", every=fits)
    bodies = inquiry.archive.snapshots.contents(chosen)
    return b"".join(concatenated(columns, zip((each.refresh_date for each in chosen), bodies, strict=True)))


def _is_within(day: date, first: date | None, end: date | None) -> bool:
    return (first is None or first <= day) and (end is None or day < end)


def _thinned(snapshots: Sequence[Snapshot], every: str) -> list[Snapshot]:
    kept = last_days((each.refresh_date.isoformat() for each in snapshots), every)
    return [each for each in snapshots if each.refresh_date.isoformat() in kept]


def _size(snapshots: Sequence[Snapshot]) -> int:
    return sum(each.origin.size for each in snapshots)
