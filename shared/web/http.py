"""HTTP requests and responses as values, and errors as problem documents. Knows nothing of Azure Functions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from shared import events
from shared.domain.error_code import ErrorCode
from shared.domain.errors import ArchiveUnavailable, Busy, DamagedBlob, RequestError, SettingError
from shared.web.negotiation import error_media_type

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
    body: bytes = b""
    root: str = ""
    """What the URL has between `/api` and the path, for the links in answers: `/tenants/ID`, or nothing."""


class Response(NamedTuple):
    """An HTTP response. For HEAD, `Content-Length` is that of GET."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    body_in_flight: object = None
    """What is to be held until the body is sent."""


def handle(request: Request, handler: Callable[[Request], Response], methods: Sequence[str] = METHODS) -> Response:
    """Return the response of `handler`: without its body for HEAD, and for an error a problem document (RFC 9457)."""
    fail = partial(problem, error_media_type(request.headers.get("accept", "")))
    if request.method not in methods:
        allow = {"Allow": ", ".join(methods)}
        return fail(ErrorCode.METHOD_NOT_ALLOWED, f"{request.method} is not possible here.", headers=allow)
    try:
        response = handler(request)
    except Busy as error:
        events.emit(events.REQUEST_FAILED, logging.WARNING, code=error.code, detail=str(error))
        response = fail(error.code, str(error), headers=error.headers)
    except RequestError as error:
        response = fail(error.code, str(error), error.facts, error.headers)
    except SettingError as error:
        events.emit(events.REQUEST_FAILED, code=ErrorCode.BAD_SETTING, detail=str(error))
        response = fail(ErrorCode.BAD_SETTING, str(error))
    except DamagedBlob as error:
        events.emit(events.REQUEST_FAILED, logging.WARNING, code=ErrorCode.DAMAGED, detail=str(error))
        response = fail(ErrorCode.DAMAGED, str(error))
    except ArchiveUnavailable as error:
        events.emit(events.REQUEST_FAILED, code=ErrorCode.ARCHIVE_UNAVAILABLE, detail=str(error))
        retry = {"Retry-After": str(RETRY_SECONDS)}
        response = fail(ErrorCode.ARCHIVE_UNAVAILABLE, str(error), headers=retry)
    except Exception:
        # The host's own answer to a defect of ours would say nothing, and be no problem document.
        events.log_unexpected("The request failed.")
        events.emit(events.REQUEST_FAILED, code=ErrorCode.INTERNAL_ERROR)
        response = fail(ErrorCode.INTERNAL_ERROR, "This is a mistake in the app itself: its log has the exception.")
    return Response(response.status, response.headers) if request.method == "HEAD" else response


def problem(
    media_type: str,
    code: ErrorCode,
    detail: str,
    facts: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document (RFC 9457) with the member `error` of Graph, the only one that Graph's clients show.

    Facts that are None or empty are left out.
    """
    present = {name: value for name, value in (facts or {}).items() if value not in (None, [])}
    title = code.replace("_", " ").capitalize()
    document = {"type": "about:blank", "title": title, "status": code.status, "detail": detail, "code": code, **present}
    body = json.dumps(document | {"error": {"code": code, "message": detail}}).encode()
    fixed = {
        "Content-Type": media_type,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(code.status, fixed | dict(headers or {}), body)
