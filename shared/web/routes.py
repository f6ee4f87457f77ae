"""Which resource a request means: the path to its handler, and the catalogue. docs/api.md is the contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.archive.archive import Archive
from shared.domain.catalogue import Catalogue, Report
from shared.domain.error_code import ErrorCode
from shared.domain.errors import NotArchived
from shared.domain.selection import Selection
from shared.web import query, representation
from shared.web.archive_cache import ArchiveCache
from shared.web.health import health
from shared.web.http import Request, Response
from shared.web.in_flight import InFlight
from shared.web.links import PREFIX
from shared.web.report_request import Audience, ReportRequest
from shared.web.rfc9110 import send
from shared.web.snapshots import snapshot, snapshots

if TYPE_CHECKING:
    from shared.views.pseudonyms import Pseudonyms

_PATH = re.compile(
    r"(?P<version>v1\.0|beta)/(?:copilot/)?reports(?:/(?P<call>.*?)(?P<view>/series|/snapshots)?)?",
    re.ASCII | re.DOTALL | re.IGNORECASE,
)
_DIRECTORY = re.compile(r"(?P<version>v1\.0|beta)/(?P<call>\w+)(?P<view>/series|/snapshots)?", re.ASCII | re.IGNORECASE)
_VIEW = re.compile(
    r"(?:v1\.0|beta)/(?:reports/)?(?P<view>licences|adoption|restatements|idle|people)(?:/(?P<id>[^/]+))?",
    re.ASCII | re.IGNORECASE,
)
"""Below `/reports` too, which is all that a reader with one base URL, such as Power Query, can ask."""
_SLASHES = re.compile("/+")
"""A base URL that ends in a slash gives two."""


class Api:
    """The archive over HTTP. The methods answer the HTTP functions; they raise RequestError and ArchiveUnavailable."""

    def __init__(
        self,
        *,
        archive: Archive,
        catalogue: Catalogue,
        cache: ArchiveCache,
        selection: Callable[[], Selection],
        clock: Callable[[], datetime],
        graph_version: str,
        min_group: int,
        schedule: str,
        in_flight: InFlight | None = None,
    ) -> None:
        """`selection` raises SettingError, the clock answers UTC.

        `min_group` is how many people a number must be of.

        `graph_version` is the one Graph is asked for, `schedule` the timer's as it was set.
        """
        self._archive = archive
        self._catalogue = catalogue
        self._cache = cache
        self._selection = selection
        self._clock = clock
        self._graph_version = graph_version
        self._min_group = min_group
        self._schedule = schedule
        self._in_flight = in_flight or InFlight()

    def reports(self, request: Request, *, personal: bool) -> Response:
        """Answer `/{v1.0|beta}/reports...`; reports with personal data only where `personal`."""
        return self.answer(request, Audience.PERSONAL if personal else Audience.ANYBODY)

    def pseudonymous(self, request: Request) -> Response:
        """Answer `/pseudonymous/{v1.0|beta}/reports...`: reports with personal data, without who it is."""
        return self.answer(request, Audience.PSEUDONYMOUS)

    def answer(self, request: Request, audience: Audience) -> Response:
        """Answer what is below the path of an audience."""
        text = _SLASHES.sub("/", request.path).strip("/")
        of_day = _VIEW.fullmatch(text) if audience is not Audience.PSEUDONYMOUS else None
        if of_day and (of_day["view"].lower() == "people") == bool(of_day["id"]):
            return self._view(request, of_day["view"].lower(), of_day["id"], personal=bool(audience))
        collection = _DIRECTORY.fullmatch(text)
        is_directory = (
            collection is not None and self._catalogue.canonical_name(collection["call"]) in self._catalogue.directory
        )
        path = collection if is_directory else _PATH.fullmatch(text)
        if not path:
            raise NotArchived(ErrorCode.UNKNOWN_PATH, "There is nothing here; the reports are at /api/v1.0/reports.")
        of_report = ReportRequest(
            http=request,
            version=path["version"].lower(),
            text=path["call"] or "",
            audience=audience,
            is_directory=is_directory,
            catalogue=self._catalogue,
            now=self._clock(),
            read_pseudonyms=self._read_pseudonyms,
        )
        view = (path["view"] or "").lower()
        if view == "/series":
            from shared.web.series import series  # lazily, as the modules of `formats`

            return series(of_report, self._archive, self._graph_version, self._in_flight)
        if view == "/snapshots":
            return snapshots(of_report, self._archive)
        if path["call"]:
            return snapshot(of_report, self._archive, self._cache, self._in_flight)
        return self._list(of_report)

    def _read_pseudonyms(self) -> Pseudonyms:
        from shared.archive.hash_key import PseudonymKey  # lazily, as the modules of `formats`
        from shared.views.pseudonyms import read_pseudonyms

        store = self._archive.store
        key = PseudonymKey(store).current(self._clock())
        return read_pseudonyms(store, self._archive.snapshots, key, self._min_group)

    def _view(self, request: Request, name: str, id_: str | None, *, personal: bool) -> Response:
        if name in ("licences", "adoption"):
            from shared.web.counts import Counts  # lazily, as the modules of `formats`

            counts = Counts(self._archive.store, self._min_group, self._clock())
            return counts.licences(request) if name == "licences" else counts.adoption(request)
        if name == "restatements":
            from shared.web.restatements import Restatements  # likewise

            found = Restatements(self._archive, self._catalogue, self._cache, self._clock())
            return found.answer(request, personal=personal)
        from shared.web.views import Views  # likewise

        if not personal:
            raise NotArchived(
                ErrorCode.PERSONAL_REPORT,
                f"This tells of people: it is served at {PREFIX}{request.root}/personal/{request.path}, with a key of "
                "personal_reports.",
            )
        views = Views(self._archive, self._catalogue, self._clock())
        return views.person(request, id_) if id_ else views.idle(request)

    def status(self, request: Request) -> Response:
        """Answer `/status` and `/status/evidence`. Raises SettingError too."""
        path = _SLASHES.sub("/", request.path).strip("/").lower()
        if path == "evidence":
            from shared.web.evidence import evidence  # lazily, as the modules of `formats`

            return evidence(request, self._archive.store, self._clock())
        if path not in ("", "status"):
            raise NotArchived(ErrorCode.UNKNOWN_PATH, "There is nothing here but /api/status and /api/status/evidence.")
        from shared.web.status import status  # lazily, as the modules of `formats`

        return status(request, self._cache, self._archive, self._selection, self._schedule, self._clock())

    def health(self) -> Response:
        """Answer `/health` with one word; never raises."""
        return health(self._cache, self._schedule, self._clock())

    def pull(self, request: Request, send: Callable[[str], object]) -> Response:
        """Answer `/pull`; `send` puts a message into the queue."""
        from shared.web.door import ask_for_run  # lazily, as who reads never asks for a run

        return ask_for_run(request, self._archive.lease, send)

    def openapi(self, request: Request) -> Response:
        """Answer `/openapi.json`."""
        content = Path(__file__).with_name("openapi.json").read_bytes()
        return send(request, representation.from_bytes(content, representation.JSON, {"Cache-Control": "no-cache"}))

    def _list(self, request: ReportRequest) -> Response:
        """Answer with the catalogue, and the newest refresh date of each call that is archived."""
        query.check_names(request.http.query, (), of_call=False)
        calls: dict[str, list[dict[str, str]]] = {}
        for call, day in self._cache.newest_dates(personal=request.personal).items():
            entry = {"call": str(call), "refreshDate": day.isoformat(), "url": request.links(call).newest}
            calls.setdefault(call.report, []).append(entry)
        reports = [
            _entry(report) | {"calls": calls.get(report.name, [])}
            for report in self._catalogue.reports.values()
            if request.tells(report) and (report.name in calls or not report.is_directory)
        ]
        headers = {"Cache-Control": request.cache_control}
        return send(request.http, representation.from_json({"value": reports}, headers))


def _entry(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "title": report.title,
        "family": report.family,
        "question": report.question,
        "kind": report.kind,
        "aggregate": report.aggregate,
        "periods": report.periods,
        "days": report.date_window_days is not None,
        "personal": report.personal_data,
        "live": report.live,
    }
