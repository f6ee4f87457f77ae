"""Microsoft Graph's report functions: who may call them, how often, and the 302, 200, 304 or error they answer.

JSON is not offered, on beta neither (Graph has it there): `$format=application/json` is refused on both.
"""

import json
from email.utils import formatdate
from urllib.parse import quote, unquote
from uuid import uuid4

from simulator.catalogue import Catalogue
from simulator.clock import Clock
from simulator.protocol import calls
from simulator.protocol.api_errors import InvalidArgument, InvalidToken, Refusal, TooManyRequests
from simulator.protocol.calls import Call
from simulator.protocol.download_urls import Tickets
from simulator.protocol.limits import Limits
from simulator.protocol.messages import CHUNKED, Answer, Headers, Request
from simulator.protocol.tokens import Tokens, check_permission
from simulator.tenant.publication import Publication


class Graph:
    """Answers report calls."""

    def __init__(
        self,
        catalogue: Catalogue,
        publication: Publication,
        tokens: Tokens,
        limits: Limits,
        tickets: Tickets,
        clock: Clock,
        download_origin: str,
    ) -> None:
        self._catalogue = catalogue
        self._publication = publication
        self._tokens = tokens
        self._limits = limits
        self._tickets = tickets
        self._clock = clock
        self._download = f"{download_origin}/data/v1.0/download?token="

    def answer(self, request: Request) -> Answer:
        """The report's answer, or the refusal in Graph's form."""
        inner = {
            "date": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": str(uuid4()),
            "client-request-id": request.headers.get("client-request-id") or str(uuid4()),
        }
        headers = (
            ("request-id", inner["request-id"]),
            ("client-request-id", inner["client-request-id"]),
            ("Date", formatdate(self._clock.timestamp(), usegmt=True)),
        )
        try:
            return self._report(request, headers)
        except Refusal as refusal:
            waits = (("Retry-After", str(refusal.retry_after)),) if isinstance(refusal, TooManyRequests) else ()
            challenge = (("WWW-Authenticate", 'Bearer realm=""'),) if isinstance(refusal, InvalidToken) else ()
            kind = (("Content-Type", "application/json"),)
            body = json.dumps(refusal.body(inner)).encode()
            said = unquote(request.path).partition("reports/")[2]
            return Answer(refusal.status, (*kind, *waits, *challenge, *headers), body, said)

    def _report(self, request: Request, headers: Headers) -> Answer:
        call = self._authorised(request)
        now = self._clock.now()
        if request.query.get("$format") == "application/json":
            raise InvalidArgument("JSON format is not supported.")
        call.check_age(now.date())
        snapshot = self._publication.snapshot(call, now)
        etag = snapshot.etag
        if etag in (known.strip() for known in request.headers.get("if-none-match", "").split(",")):
            return Answer(304, (("ETag", etag), *headers), call=str(call), etag=etag)
        if call.answers_directly:
            kind = ("Content-Type", "application/octet-stream")
            body = self._publication.chunks(snapshot)
            return Answer(200, (kind, ("ETag", etag), *headers, CHUNKED), body, str(call), etag)
        location = self._download + quote(self._tickets.issue(snapshot, now.timestamp()), safe="")
        found = (("Content-Type", "text/plain"), ("Location", location))
        return Answer(302, (*found, *headers), call=str(call), etag=etag)

    def _authorised(self, request: Request) -> Call:
        """The call, once the token is good and the request is counted; a call that is written wrongly counts too."""
        claims = self._tokens.check(request.headers.get("authorization"))
        try:
            call = calls.parse(request.path, self._catalogue)
        except Refusal as refusal:
            check_permission(claims, delegated_only=False)
            self._count(refusal.function, claims["appid"])
            raise
        check_permission(claims, delegated_only=call.report.delegated_only)
        self._count(call.report.name, claims["appid"])
        return call

    def _count(self, function: str, app: str) -> None:
        if function:
            self._limits.take(function, app, self._clock.timestamp())
