"""`POST /pull`: a run now, by way of a queue, as a run takes longer than an HTTP request may."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable

from shared.archive.run_lease import RunLease
from shared.domain.errors import BadArgument
from shared.web import query
from shared.web.http import RETRY_SECONDS, Request, Response


def ask_for_run(request: Request, lease: RunLease, send: Callable[[str], object]) -> Response:
    """Answer 202 with the run that will begin, for which `send` gets a message; or with the one under way.

    Raises BadArgument.
    """
    query.check_names(request.query, (), of_call=False)
    if request.body.strip() not in (b"", b"{}"):
        raise BadArgument("POST /pull takes no body: it pulls all that is due.")
    run = secrets.token_hex(3)
    held = lease.ask(run)
    if held.run == run:
        send(run)
    told = {
        "run": held.run,
        "state": "running" if held.is_running else "queued",
        "since": held.since.isoformat(timespec="seconds"),
    }
    body = json.dumps(told).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Location": "status",
        "Retry-After": str(RETRY_SECONDS),
    }
    return Response(202, headers, body)
