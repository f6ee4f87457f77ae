"""The views with people in them: who is idle, and what is known of one person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from shared.archive.archive import Archive
from shared.domain.catalogue import Catalogue
from shared.domain.error_code import ErrorCode
from shared.domain.errors import BadArgument, NamesConcealed, NotArchived
from shared.report.csv_records import to_csv
from shared.views.idle import Cell, IdleFilter, IdleView
from shared.views.inputs import read_people, read_prices
from shared.views.licences import licensed_people
from shared.views.person import PersonView, person_at
from shared.web import formats, query, representation
from shared.web.http import Request, Response
from shared.web.query import Parameters
from shared.web.representation import CSV, JSON, Representation
from shared.web.rfc9110 import send

_FORMATS = ("csv", "json", "excel")
_HEADERS = {"Cache-Control": "private, no-store"}
LONGEST_RANGE = timedelta(days=31)


class Views:
    """What answers them. Every method raises RequestError, ArchiveUnavailable, DamagedBlob."""

    def __init__(self, archive: Archive, catalogue: Catalogue, now: datetime) -> None:
        self._archive = archive
        self._catalogue = catalogue
        self._now = now

    def idle(self, request: Request) -> Response:
        """Answer with a row for each person who has a licence and did nothing."""
        parameters = Parameters(request.query, query.OF_IDLE, of_call=False)
        form = parameters.format(_FORMATS, request.headers.get("accept", ""))
        days, as_of = parameters.idle_days(), parameters.as_of(self._now)
        wanted = IdleFilter(parameters.text("product"), parameters.text("department"))
        day = self._day(parameters, as_of)
        people = licensed_people(self._archive.snapshots, self._catalogue, day, days, as_of)
        if not people:
            raise NotArchived(ErrorCode.NOT_PULLED, f"The archive has no accounts of {day} or shortly before.")
        if people.activity.concealed:
            raise NamesConcealed(people.activity.concealed)
        view = IdleView(people, read_prices(self._archive.store), read_people(self._archive.store), wanted)
        facts = {
            "refreshDate": people.day.isoformat(),
            "sources": {str(each.call): each.day.isoformat() for each in people.activity.sources},
            "notArchived": people.activity.not_archived,
        }
        return send(request, _represent(view.columns, view.rows(), facts, form, "idle"))

    def person(self, request: Request, id_: str) -> Response:
        """Answer with what the reports say of one person."""
        parameters = Parameters(request.query, query.OF_PERSON, of_call=False)
        form = parameters.format(_FORMATS, request.headers.get("accept", ""))
        first, end = parameters.days()
        if first and (end or self._now.date()) - first > LONGEST_RANGE:
            raise BadArgument(f"from and to are at most {LONGEST_RANGE.days} days apart.")
        as_of = parameters.as_of(self._now)
        person = person_at(self._archive.snapshots, self._now.date(), id_, as_of)
        if not person:
            raise NotArchived(ErrorCode.NOT_PULLED, "The directory, as it is archived, has nobody with this id.")
        view = PersonView(self._archive.snapshots, self._catalogue, person, first, end, self._now.date(), as_of)
        return send(request, _represent(view.columns, view.rows(), {}, form, "person"))

    def _day(self, parameters: Parameters, as_of: datetime | None) -> date:
        """Return the day that is asked for: of `asOf`, where no other is named."""
        day = parameters.day("refreshDate") or (as_of or self._now).date()
        if day > self._now.date():
            raise NotArchived(ErrorCode.IN_FUTURE, f"{day} is yet to come.")
        return day


def _represent(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], facts: Mapping[str, object], form: str, name: str
) -> Representation:
    """Return rows in one form; `facts` stand beside them in JSON."""
    if form == "json":
        value = [{key: _json(cell) for key, cell in zip(columns, row, strict=True)} for row in rows]
        return representation.from_bytes(json.dumps({**facts, "value": value}).encode(), JSON, _HEADERS)
    texts = [list(columns), *(["" if cell is None else str(cell) for cell in row] for row in rows)]
    pieces = formats.excel.pieces(texts) if form == "excel" else to_csv(texts)
    return representation.from_bytes(b"".join(pieces), CSV, _HEADERS, f"{name}.csv")


def _json(cell: Cell) -> str | int | float | None:
    return float(cell) if isinstance(cell, Decimal) else cell
