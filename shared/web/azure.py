"""Between azure.functions and the handlers of this package: the only module that knows both."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence

import azure.functions as func

from shared.web.http import METHODS, Request, Response, handle


def respond(
    request: func.HttpRequest,
    handler: Callable[[Request], Response],
    methods: Sequence[str] = METHODS,
    parts: Sequence[str] = ("version", "path"),
) -> func.HttpResponse:
    """Adapt an azure.functions request to `handler`, and its response back.

    `parts` are the parameters of the route that make up the path.
    """
    adapted = Request(
        method=request.method.upper(),
        path="/".join(request.route_params.get(name, "") for name in parts),
        query=dict(request.params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_body(),
    )
    response = handle(adapted, handler, methods)
    # The worker adds a Content-Type where there is none; one that is empty is dropped by the host.
    answer = func.HttpResponse(response.body, status_code=response.status, headers=dict(response.headers), mimetype="")
    weakref.finalize(answer, _forget, response.body_in_flight).atexit = False
    return answer


def _forget(held: object) -> None:
    """Let go of what was held until an answer was sent."""
