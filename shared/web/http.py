"""HTTP requests and responses as values, and errors as problem documents. Knows nothing of Azure Functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from shared import events
from shared.domain.error_code import ErrorCode
from shared.domain.errors import ArchiveUnavailable, RequestError, SettingError

METHODS = ("GET", "HEAD")
RETRY_SECONDS = 30
NOTHING: Mapping[str, str] = MappingProxyType({})


class Request(NamedTuple):
    """An HTTP request, as far as it matters here."""

    method: str
    path: str
    """What the parameters of the function's route hold, decoded: `v1.0/reports/getTeamsUserActivityCounts`."""
    query: Mapping[str, str] = NOTHING
    headers: Mapping[str, str] = NOTHING
    """By name in lower case."""


class Response(NamedTuple):
    """An HTTP response. For HEAD, `Content-Length` is that of GET."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def handle(request: Request, handler: Callable[[Request], Response]) -> Response:
    """Return the response of `handler`: without its body for HEAD, and for an error a problem document (RFC 9457)."""
    if request.method not in METHODS:
        allow = {"Allow": ", ".join(METHODS)}
        return problem(ErrorCode.METHOD_NOT_ALLOWED, f"{request.method} is not possible here.", headers=allow)
    try:
        response = handler(request)
    except RequestError as error:
        response = problem(error.code, str(error), error.facts, error.headers)
    except SettingError as error:
        events.emit(events.REQUEST_FAILED, code=ErrorCode.BAD_SETTING, detail=str(error))
        response = problem(ErrorCode.BAD_SETTING, str(error))
    except ArchiveUnavailable as error:
        events.emit(events.REQUEST_FAILED, code=ErrorCode.ARCHIVE_UNAVAILABLE, detail=str(error))
        retry = {"Retry-After": str(RETRY_SECONDS)}
        response = problem(ErrorCode.ARCHIVE_UNAVAILABLE, str(error), headers=retry)
    except Exception:
        # The host's own answer to a defect of ours would say nothing, and be no problem document.
        events.log_unexpected("The request failed.")
        events.emit(events.REQUEST_FAILED, code=ErrorCode.INTERNAL_ERROR)
        response = problem(ErrorCode.INTERNAL_ERROR, "This is a mistake in the app itself: its log has the exception.")
    return Response(response.status, response.headers) if request.method == "HEAD" else response


def problem(
    code: ErrorCode,
    detail: str,
    facts: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document (RFC 9457). Facts that are None or empty are left out."""
    present = {name: value for name, value in (facts or {}).items() if value not in (None, [])}
    title = code.replace("_", " ").capitalize()
    document = {"type": "about:blank", "title": title, "status": code.status, "detail": detail, "code": code, **present}
    body = json.dumps(document).encode()
    fixed = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(code.status, fixed | dict(headers or {}), body)
