"""The views with people in them: who is idle, and what is known of one person."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.archive.archive import Archive
from shared.domain.catalogue import Catalogue
from shared.domain.error_code import ErrorCode
from shared.domain.errors import BadArgument, NamesConcealed, NotArchived
from shared.views.idle import IdleFilter, IdleView
from shared.views.inputs import read_people, read_prices
from shared.views.licences import licensed_people
from shared.views.people import Accounts
from shared.views.person import COLUMNS, PersonView, person_at
from shared.web import query
from shared.web.http import Request, Response
from shared.web.query import Parameters
from shared.web.rfc9110 import send
from shared.web.rows import FORMATS, represent

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
        form = parameters.format(FORMATS, request.headers.get("accept", ""))
        days, as_of = parameters.idle_days(), parameters.as_of(self._now)
        wanted = IdleFilter(parameters.text("product"), parameters.text("department"))
        day = parameters.refresh_date(as_of, self._now)
        people = licensed_people(Accounts(self._archive.snapshots), self._catalogue, day, [days], as_of)
        if not people:
            raise NotArchived(ErrorCode.NOT_PULLED, f"The archive has no accounts of {day} or shortly before.")
        if people.activity.concealed:
            raise NamesConcealed(people.activity.concealed)
        view = IdleView(people, read_prices(self._archive.store), read_people(self._archive.store), wanted, days)
        facts = {
            "refreshDate": people.day.isoformat(),
            "sources": {str(each.call): each.day.isoformat() for each in people.activity.sources},
            "notArchived": people.activity.not_archived,
        }
        return send(request, represent(view.columns, view.rows(), facts, form, "idle", _HEADERS))

    def person(self, request: Request, id_: str) -> Response:
        """Answer with what the reports say of one person."""
        parameters = Parameters(request.query, query.OF_PERSON, of_call=False)
        form = parameters.format(FORMATS, request.headers.get("accept", ""))
        first, end = parameters.days()
        if first and (end or self._now.date()) - first > LONGEST_RANGE:
            raise BadArgument(f"from and to are at most {LONGEST_RANGE.days} days apart.")
        as_of = parameters.as_of(self._now)
        person = person_at(self._archive.snapshots, self._now.date(), id_, as_of)
        if not person:
            raise NotArchived(ErrorCode.NOT_PULLED, "The directory, as it is archived, has nobody with this id.")
        view = PersonView(self._archive.snapshots, self._catalogue, person, first, end, self._now.date(), as_of)
        return send(request, represent(COLUMNS, view.rows(), {}, form, "person", _HEADERS))
