"""What the HTTP functions answer: a request in, a Reply out. Knows nothing of Azure Functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import NamedTuple

from . import events
from .archive import Archive
from .call import ARGUMENTS, Call, parse, parse_date
from .catalogue import Catalogue
from .errors import ArchiveUnavailable, BadArgument, NotArchived, RequestError, SettingError
from .freshness import status
from .snapshot import Snapshot

METHODS = ("GET", "HEAD")
PARAMETERS = ("period", "date", "version", "view", "refreshDate")
KEY_PARAMETERS = ("code", "clientid")
"""The host's own: the function key and its name."""
RETRY_SECONDS = 30

_PATH = re.compile(r"(?P<version>v1\.0|beta)/(?:copilot/)?reports(?:/(?P<call>.*))?", re.ASCII | re.DOTALL)


class Request(NamedTuple):
    """An HTTP request as far as it matters here: the path decoded and without `/api`, header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}


class Reply(NamedTuple):
    """An HTTP answer. For HEAD, `Content-Length` tells what GET would send."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Api(NamedTuple):
    """The archive over HTTP, under Graph's own paths."""

    archive: Archive
    catalogue: Catalogue
    clock: Callable[[], datetime]

    def reports(self, request: Request, *, personal: bool) -> Reply:
        """Answer `/{v1.0|beta}/reports...`; reports with personal data only where `personal`. Raises RequestError."""
        path = _PATH.fullmatch(request.path.strip("/"))
        if not path:
            raise NotArchived("unknown_path", "There is nothing here; the reports are at /api/v1.0/reports.")
        if not path["call"]:
            return self._list(personal)
        query = {key.lower(): value for key, value in request.query.items() if key.lower() not in KEY_PARAMETERS}
        refresh_date = query.pop("refreshdate", None)
        if unknown := query.keys() - set(ARGUMENTS):
            raise BadArgument(f"There is no parameter {min(unknown)!a}; there are {', '.join(PARAMETERS)}.")
        call = parse(path["call"], self.catalogue, query)
        if self.catalogue.reports[call.report].personal_data and not personal:
            raise NotArchived(
                "personal_report",
                f"{call.report} has a row per person, site, group or team: it is served at "
                f"/api/personal/{path['version']}/reports/{call}, with a key of the function personal_reports.",
            )
        snapshot = self._choose(call, refresh_date)
        return self._representation(request, snapshot, personal)

    def status(self) -> Reply:
        """Answer `/status`."""
        now = self.clock()
        return _json(status(self.archive.newest_run(now.date()), now))

    def _choose(self, call: Call, refresh_date: str | None) -> Snapshot:
        today = self.clock().date()
        if refresh_date is None:
            snapshot = self.archive.newest(call, today)
            if not snapshot:
                raise NotArchived("not_pulled", f"The archive has no snapshot of {call} yet.", report=call.report)
            return snapshot
        day = parse_date(refresh_date, "refreshDate")
        if call.date and call.date != day:
            raise BadArgument(f"{call} is archived under its own date; leave refreshDate out.")
        if revisions := self.archive.revisions(call, day):
            return revisions[-1]
        raise self._missing(call, day, today)

    def _missing(self, call: Call, day: date, today: date) -> NotArchived:
        dates = self.archive.refresh_dates(call)
        if day > today:
            code, why = "in_future", "that day is yet to come"
        elif not dates:
            code, why = "not_pulled", "nothing of this call is archived yet"
        elif day < dates[0]:
            code, why = "before_archive", f"the archive of this call begins with {dates[0]}"
        else:
            code, why = "not_pulled", "that day is not in the archive"
        return NotArchived(
            code,
            f"There is no snapshot of {call} for {day}: {why}.",
            report=call.report,
            requested=day.isoformat(),
            nearestBefore=max((d.isoformat() for d in dates if d < day), default=None),
            nearestAfter=min((d.isoformat() for d in dates if d > day), default=None),
        )

    def _representation(self, request: Request, snapshot: Snapshot, personal: bool) -> Reply:
        etag = f'"{snapshot.origin.sha256}"'
        headers = {
            "ETag": etag,
            "Last-Modified": format_datetime(snapshot.origin.pulled_at.astimezone(UTC), usegmt=True),
            "Cache-Control": "private, no-store" if personal else "private, no-cache",
            "Content-Type": "text/csv; charset=utf-8; header=present",
        }
        if _matches(request.headers.get("if-none-match", ""), etag):
            return Reply(304, headers)
        headers |= {
            "Content-Length": str(snapshot.origin.size),
            "Content-Disposition": f'attachment; filename="{snapshot.file_name}"',
            "X-Content-Type-Options": "nosniff",
        }
        return Reply(200, headers, b"" if request.method == "HEAD" else self.archive.content(snapshot))

    def _list(self, personal: bool) -> Reply:
        reports = [
            {"name": report.name, "family": report.family, "periods": report.periods, "personal": report.personal_data}
            for report in self.catalogue.reports.values()
            if personal or not report.personal_data
        ]
        return _json({"value": reports})


def answer(request: Request, respond: Callable[[Request], Reply]) -> Reply:
    """What `respond` answers to the request, its errors as problem documents (RFC 9457); HEAD without the body."""
    if request.method not in METHODS:
        allow = {"Allow": ", ".join(METHODS)}
        return _problem(405, "method_not_allowed", f"{request.method} is not possible here.", headers=allow)
    try:
        reply = respond(request)
    except RequestError as error:
        reply = _problem(error.status, error.code, str(error), error.facts)
    except SettingError as error:
        events.emit(events.REQUEST_FAILED, code="bad_setting", detail=str(error))
        reply = _problem(500, "bad_setting", str(error))
    except ArchiveUnavailable as error:
        events.emit(events.REQUEST_FAILED, code="archive_unavailable", detail=str(error))
        reply = _problem(503, "archive_unavailable", str(error), headers={"Retry-After": str(RETRY_SECONDS)})
    if request.method == "HEAD":
        return Reply(reply.status, reply.headers)
    return reply


def _json(content: object) -> Reply:
    body = json.dumps(content).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "private, no-cache",
    }
    return Reply(200, headers, body)


def _problem(
    status: int,
    code: str,
    detail: str,
    facts: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    present = {key: value for key, value in (facts or {}).items() if value not in (None, [])}
    title = code.replace("_", " ").capitalize()
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **present}
    body = json.dumps(document).encode()
    fixed = {"Content-Type": "application/problem+json", "Content-Length": str(len(body)), "Cache-Control": "no-store"}
    return Reply(status, fixed | dict(headers or {}), body)


def _matches(if_none_match: str, etag: str) -> bool:
    """Whether If-None-Match names this tag; compared weakly, as RFC 9110 section 13.1.2 asks."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
