"""Asking the app as its HTTP functions do."""

import json
from collections.abc import Mapping
from typing import Any

from shared.app import App
from shared.web.http import Request, Response, handle


def ask(
    app: App,
    path: str,
    query: Mapping[str, str] | None = None,
    *,
    personal: bool = False,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """What the function `reports`, or `personal_reports`, answers."""
    request = Request(method, path, query or {}, headers or {})
    return handle(request, lambda request: app.api.reports(request, personal=personal))


def ask_pseudonymous(
    app: App,
    path: str,
    query: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """What the function `pseudonymous_reports` answers."""
    return handle(Request(method, path, query or {}, headers or {}), app.api.pseudonymous)


def code(response: Response) -> str:
    """Of a problem document."""
    return str(json.loads(response.body)["code"])


def value(response: Response) -> list[dict[str, Any]]:
    """Of a JSON answer."""
    found: list[dict[str, Any]] = json.loads(response.body)["value"]
    return found
