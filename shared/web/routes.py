"""The HTTP API: which resource a request means. docs/api.md is the contract."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from shared.archive.archive import Archive
from shared.domain.catalogue import Catalogue, Report
from shared.domain.errors import NotArchived
from shared.domain.selection import Selection
from shared.web import query
from shared.web.archive_cache import Holdings
from shared.web.http import RETRY_SECONDS, Reply, Request
from shared.web.links import PREFIX, Links
from shared.web.report_request import CSV, JSON, Inquiry
from shared.web.representation import computed, send
from shared.web.snapshots import snapshot, snapshots

_PATH = re.compile(
    r"(?P<version>v1\.0|beta)/(?:copilot/)?reports(?:/(?P<call>.*?)(?P<view>/series|/snapshots)?)?",
    re.ASCII | re.DOTALL,
)


_NO_CACHE = {"Cache-Control": "private, no-cache"}


class Api(NamedTuple):
    """The archive over HTTP. The clock answers UTC."""

    archive: Archive
    catalogue: Catalogue
    holdings: Holdings
    selection: Callable[[], Selection]
    """Raises SettingError."""
    clock: Callable[[], datetime]
    graph_version: str
    """The one that Graph is asked for."""

    def reports(self, request: Request, *, personal: bool) -> Reply:
        """Answer `/{v1.0|beta}/reports...`; reports with personal data only where `personal`. Raises RequestError."""
        path = _PATH.fullmatch(request.path.strip("/"))
        if not path:
            raise NotArchived("unknown_path", "There is nothing here; the reports are at /api/v1.0/reports.")
        version = path["version"]
        root = f"{PREFIX}{'/personal' if personal else ''}/{version}/reports"
        inquiry = Inquiry(
            request,
            root,
            version,
            path["call"] or "",
            personal,
            self.archive,
            self.catalogue,
            self.clock(),
            self.graph_version,
        )
        if path["view"] == "/series":
            from shared.web.series import series  # here and below: a cold start need not pay for what few requests need

            return series(inquiry)
        if path["view"] == "/snapshots":
            return snapshots(inquiry)
        return snapshot(inquiry, self.holdings) if path["call"] else self._list(inquiry)

    def status(self, request: Request) -> Reply:
        """Answer `/status`. Raises RequestError, SettingError, ArchiveUnavailable."""
        asked = query.read(request.query, query.OF_STATUS, of_call=False)
        form = asked.form(("json", "csv"), request.headers.get("accept", ""))
        from shared.web import status as freshness

        found = freshness.status(self.holdings, self.selection(), self.clock())
        if form == "json":
            return _json(request, found, _NO_CACHE)
        from shared.report.csv_records import to_csv

        return send(request, computed(b"".join(to_csv(freshness.table(found))), CSV, _NO_CACHE, "status.csv"))

    def health(self) -> Reply:
        """Answer `/health` with one word."""
        from shared.web import status as freshness

        word = freshness.health(self.holdings, self.clock())
        headers = {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(word)),
            "Cache-Control": "no-store",
        }
        if word == "healthy":
            return Reply(200, headers, word.encode())
        return Reply(503, headers | {"Retry-After": str(RETRY_SECONDS)}, word.encode())

    def openapi(self, request: Request) -> Reply:
        """Answer `/openapi.json`."""
        content = Path(__file__).with_name("openapi.json").read_bytes()
        return send(request, computed(content, JSON, {"Cache-Control": "no-cache"}))

    def _list(self, inquiry: Inquiry) -> Reply:
        """The catalogue, and the newest refresh date of each call that is archived."""
        query.read(inquiry.request.query, (), of_call=False)
        calls: dict[str, list[dict[str, str]]] = {}
        for call, day in self.holdings.newest_dates(personal=inquiry.personal).items():
            entry = {"call": str(call), "refreshDate": day.isoformat(), "url": Links(inquiry.root, call).newest}
            calls.setdefault(call.report, []).append(entry)
        reports = [
            _entry(report) | {"calls": calls.get(report.name, [])}
            for report in self.catalogue.reports.values()
            if inquiry.personal or not report.personal_data
        ]
        return _json(inquiry.request, {"value": reports}, {"Cache-Control": inquiry.cache_control})


def _entry(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "family": report.family,
        "question": report.question,
        "kind": report.kind,
        "periods": report.periods,
        "days": report.date_window_days is not None,
        "personal": report.personal_data,
        "live": report.live,
    }


def _json(request: Request, content: object, headers: Mapping[str, str]) -> Reply:
    return send(request, computed(json.dumps(content).encode(), JSON, headers))
