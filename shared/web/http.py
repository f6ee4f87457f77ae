"""What is asked and answered over HTTP, as values; errors become problem documents here. Knows no Azure Functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared import events
from shared.domain.errors import ArchiveUnavailable, RequestError, SettingError

METHODS = ("GET", "HEAD")
RETRY_SECONDS = 30


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


def answer(request: Request, respond: Callable[[Request], Reply]) -> Reply:
    """What `respond` answers to the request, its errors as problem documents (RFC 9457); HEAD without the body."""
    if request.method not in METHODS:
        allow = {"Allow": ", ".join(METHODS)}
        return _problem(405, "method_not_allowed", f"{request.method} is not possible here.", headers=allow)
    try:
        reply = respond(request)
    except RequestError as error:
        reply = _problem(error.status, error.code, str(error), error.facts, error.headers)
    except SettingError as error:
        events.emit(events.REQUEST_FAILED, code="bad_setting", detail=str(error))
        reply = _problem(500, "bad_setting", str(error))
    except ArchiveUnavailable as error:
        events.emit(events.REQUEST_FAILED, code="archive_unavailable", detail=str(error))
        reply = _problem(503, "archive_unavailable", str(error), headers={"Retry-After": str(RETRY_SECONDS)})
    except Exception:
        # The host's own answer to a defect of ours would say nothing, and be no problem document.
        events.defect("The request failed.")
        events.emit(events.REQUEST_FAILED, code="defect")
        reply = _problem(500, "defect", "This is a mistake in the app itself: its log has the exception.")
    if request.method == "HEAD":
        return Reply(reply.status, reply.headers)
    return reply


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
    fixed = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Reply(status, fixed | dict(headers or {}), body)
