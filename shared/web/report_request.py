"""One request about a call: what came in, and all that it takes to answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from shared.archive.archive import Archive
from shared.domain.call import Call, parse
from shared.domain.catalogue import Catalogue, Report
from shared.domain.errors import NotArchived
from shared.web import query
from shared.web.http import Request
from shared.web.links import Links
from shared.web.query import Query

CSV = "text/csv; charset=utf-8; header=present"
JSON = "application/json"


class Inquiry(NamedTuple):
    """A request below `/reports`."""

    request: Request
    root: str
    """Such as `/api/v1.0/reports` or `/api/personal/v1.0/reports`."""
    version: str
    """Of Graph, in the path: `v1.0` or `beta`."""
    text: str
    """What the path says of the call, in any notation."""
    personal: bool
    """Whether personal data may be answered."""
    archive: Archive
    catalogue: Catalogue
    now: datetime
    """UTC."""
    graph_version: str
    """The one that Graph is asked for, whatever the path says."""

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def cache_control(self) -> str:
        """Of what may change."""
        return "private, no-store" if self.personal else "private, no-cache"

    def query(self, allowed: Iterable[str]) -> Query:
        """The parameters, of which `allowed` are there beside those of a call. Raises BadArgument."""
        return query.read(self.request.query, allowed)

    def form(self, asked: Query, forms: Iterable[str]) -> str:
        """Which of `forms` to answer in. Raises BadArgument, NotAcceptable."""
        return asked.form(forms, self.request.headers.get("accept", ""))

    def call(self, asked: Query, *, history: bool = False) -> tuple[Call, Report]:
        """The call, and its report; of a `history` the period may be left out. Raises RequestError."""
        call = parse(self.text, self.catalogue, asked.arguments, any_day=self.today if history else None)
        report = self.catalogue.reports[call.report]
        if report.personal_data and not self.personal:
            raise NotArchived(
                "personal_report",
                f"{call.report} has a row per person, site, group or team: it is served at "
                f"/api/personal/{self.version}/reports/{self.text}, with a key of the function personal_reports.",
            )
        return call, report

    def links(self, call: Call) -> Links:
        return Links(self.root, call)
