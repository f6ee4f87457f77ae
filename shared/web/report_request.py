"""A request about one call of a report: what the path and the query say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from shared.domain.call import Call, parse
from shared.domain.catalogue import Catalogue, Report
from shared.domain.error_code import ErrorCode
from shared.domain.errors import NotArchived, UnknownReport
from shared.web.http import Request
from shared.web.links import PREFIX, Links
from shared.web.negotiation import without_odata
from shared.web.query import Parameters

if TYPE_CHECKING:
    from shared.views.pseudonyms import Pseudonyms


class Audience(StrEnum):
    """Who is answered: the path behind `/api` of what they may read."""

    ANYBODY = ""
    """Who may read what says nothing of a person."""
    PERSONAL = "/personal"
    """Who may read everything."""
    PSEUDONYMOUS = "/pseudonymous"
    """Who may read of people, and not who they are."""


class ReportRequest(NamedTuple):
    """A request below `/reports`, or for what is made of the directory."""

    http: Request
    version: str
    """Of Graph, in the path: `v1.0` or `beta`."""
    text: str
    """What the path says of the call, in any notation; empty for the catalogue."""
    audience: Audience
    is_directory: bool
    catalogue: Catalogue
    now: datetime
    """UTC."""
    read_pseudonyms: Callable[[], Pseudonyms]
    """Reads what stands for people; raises ArchiveUnavailable."""

    @property
    def personal(self) -> bool:
        """Whether reports with personal data may be answered, in whatever form."""
        return self.audience is not Audience.ANYBODY

    @property
    def pseudonyms(self) -> Pseudonyms | None:
        """What stands for people; None if they are told as they are. Raises ArchiveUnavailable."""
        return self.read_pseudonyms() if self.audience is Audience.PSEUDONYMOUS else None

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
                f"{self._root(report, Audience.PERSONAL)}/{self.text}, with a key of the function personal_reports.",
            )
        if not self.tells(report):
            served = f"{self._root(report, Audience.ANYBODY)}/{self.text}"
            raise UnknownReport(f"{call.report} tells of nobody: it is served at {served}.", nearest=[])
        return call, report

    def tells(self, report: Report) -> bool:
        """Whether a report is answered here."""
        return (
            report.personal_data
            if self.audience is Audience.PSEUDONYMOUS
            else self.personal or not report.personal_data
        )

    def links(self, call: Call) -> Links:
        """Return the URLs of a call."""
        return Links(self._root(self.catalogue.reports[call.report], self.audience), call)

    def _root(self, report: Report, audience: Audience) -> str:
        """Return such as `/api/v1.0/reports` or `/api/personal/v1.0`."""
        root = f"{PREFIX}{self.http.root}{audience}/{self.version}"
        return root if report.is_directory else f"{root}/reports"
