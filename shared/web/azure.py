"""Between azure.functions and the Api: the only module here that knows both."""

from __future__ import annotations

from collections.abc import Callable

import azure.functions as func

from shared.web.http import Reply, Request, answer


def respond(request: func.HttpRequest, reply: Callable[[Request], Reply]) -> func.HttpResponse:
    """Answer an HTTP trigger with the route `{version}/{*path}` with what `reply` makes of it."""
    asked = Request(
        method=request.method.upper(),
        path=f"{request.route_params.get('version', '')}/{request.route_params.get('path', '')}",
        query=dict(request.params),
        headers={name.lower(): value for name, value in request.headers.items()},
    )
    made = answer(asked, reply)
    return func.HttpResponse(made.body, status_code=made.status, headers=dict(made.headers))
