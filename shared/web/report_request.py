"""A request about one call of a report: what the path and the query say of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from shared.domain.call import Call, parse
from shared.domain.catalogue import Catalogue, Report
from shared.domain.error_code import ErrorCode
from shared.domain.errors import NotArchived, UnknownReport
from shared.web.http import Request
from shared.web.links import PREFIX, Links
from shared.web.negotiation import without_odata
from shared.web.query import Parameters


class ReportRequest(NamedTuple):
    """A request below `/reports`, or for what is made of the directory."""

    http: Request
    version: str
    """Of Graph, in the path: `v1.0` or `beta`."""
    text: str
    """What the path says of the call, in any notation; empty for the catalogue."""
    personal: bool
    """Whether personal data may be answered."""
    is_directory: bool
    catalogue: Catalogue
    now: datetime
    """UTC."""

    @property
    def accept(self) -> str:
        """The header Accept."""
        return self.http.headers.get("accept", "")

    @property
    def accept_of_snapshot(self) -> str:
        """What of Accept may choose the form of a snapshot: on v1.0 nothing, as at Graph."""
        return without_odata(self.accept) if self.version == "beta" else ""

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def cache_control(self) -> str:
        """Of an answer that may change."""
        return "private, no-store" if self.personal else "private, no-cache"

    def parameters(self, allowed: Iterable[str]) -> Parameters:
        """Return the query; only `allowed` and the call's own arguments are accepted. Raises BadArgument."""
        return Parameters(self.http.query, allowed)

    def call(self, parameters: Parameters, *, is_history: bool = False) -> tuple[Call, Report]:
        """Return the call and its report; of a history the period may be left out. Raises RequestError."""
        call = parse(self.text, self.catalogue, parameters.arguments, any_day=self.today if is_history else None)
        report = self.catalogue.reports[call.report]
        if report.is_directory != self.is_directory:
            raise UnknownReport(f"{call.report} is no report: it is served at {self.links(call).newest}.", nearest=[])
        if report.personal_data and not self.personal:
            raise NotArchived(
                ErrorCode.PERSONAL_REPORT,
                f"{call.report} has a row per person, site, group or team: it is served at "
                f"{self._root(report, personal=True)}/{self.text}, with a key of the function personal_reports.",
            )
        return call, report

    def links(self, call: Call) -> Links:
        """Return the URLs of a call."""
        return Links(self._root(self.catalogue.reports[call.report], personal=self.personal), call)

    def _root(self, report: Report, *, personal: bool) -> str:
        """Return such as `/api/v1.0/reports` or `/api/personal/v1.0`."""
        root = f"{PREFIX}{self.http.root}{'/personal' if personal else ''}/{self.version}"
        return root if report.is_directory else f"{root}/reports"
