"""Errors in place of the true answer: another status, other headers, another body."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from simulator.protocol.api_errors import TooManyRequests
from simulator.protocol.messages import Answer

_OF_A_REPORT = (
    *("content-type", "content-length", "content-encoding", "content-disposition", "transfer-encoding"),
    *("etag", "location", "retry-after"),
)
_HTML = b"<!DOCTYPE html>\n<html><head><title>Error</title></head><body><h2>Service Unavailable</h2></body></html>\n"


def replaced(answer: Answer, status: int, body: bytes = b"", *headers: tuple[str, str]) -> Answer:
    """Return another answer that keeps of the true headers what is not about a report: date and ids."""
    kept = tuple((name, value) for name, value in answer.headers if name.lower() not in _OF_A_REPORT)
    return replace(answer, status=status, headers=(*headers, *kept), body=body, etag="", reason="")


def graph_error(
    answer: Answer,
    now: datetime,
    status: int,
    code: str,
    message: str,
    wrapped: bool,
    form: str,
    retry_after: str | None,
) -> Answer:
    """Return an error of Graph, as `json`, `html` or `empty`.

    If it is `wrapped`, it is text in the message of an UnknownError (seen in github.com/EvotecIT/GraphEssentials).
    """
    inner = {"date": now.strftime("%Y-%m-%dT%H:%M:%S")}
    inner |= {name: answer.header(name) or "" for name in ("request-id", "client-request-id")}
    content: dict[str, Any] = {"error": {"code": code, "message": message, "innerError": inner}}
    if code == TooManyRequests.code:
        content = TooManyRequests().body(inner)
    if wrapped:
        content = {"error": {"code": "UnknownError", "message": json.dumps(content), "innerError": inner}}
    return _error(answer, status, content, form, retry_after)


def identity_error(answer: Answer, status: int, form: str, retry_after: str | None) -> Answer:
    """Return an error of the identity endpoint of App Service."""
    content = {"statusCode": status, "message": "An unexpected error occured while fetching the AAD Token."}
    return _error(answer, status, content, form, retry_after)


def _error(answer: Answer, status: int, content: dict[str, Any], form: str, retry_after: str | None) -> Answer:
    forms = {
        "json": (("application/json", json.dumps(content).encode())),
        "html": ("text/html", _HTML),
        "empty": ("", b""),
    }
    kind, body = forms[form]
    headers = (("Content-Type", kind), ("Retry-After", retry_after))
    return replaced(answer, status, body, *((name, value) for name, value in headers if value))
