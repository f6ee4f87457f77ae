"""Microsoft Graph's report functions: who may call them, how often, and the 302, 200, 304 or error that they answer.

JSON is not offered of reports: `$format=application/json` is an error on v1.0, as with Graph, and on beta, where Graph
has it. The directory has no limit here, as Graph's is far off: a rule throttles it.
"""

import json
from email.utils import formatdate
from functools import lru_cache
from urllib.parse import quote, unquote
from uuid import uuid4

from simulator.catalogue import Catalogue
from simulator.clock import Clock
from simulator.protocol import calls
from simulator.protocol.api_errors import ApiError, InvalidArgument, InvalidToken
from simulator.protocol.calls import Call
from simulator.protocol.directory import PERMISSIONS, Directory
from simulator.protocol.download_urls import DownloadUrls
from simulator.protocol.limits import Limits
from simulator.protocol.messages import CHUNKED, Answer, Headers, Request
from simulator.protocol.tokens import Tokens, check_permission
from simulator.tenant.publication import Publication


class Graph:
    """Answers report calls, and requests for the directory."""

    def __init__(
        self,
        catalogue: Catalogue,
        publication: Publication,
        tokens: Tokens,
        limits: Limits,
        urls: DownloadUrls,
        clock: Clock,
        download_origin: str,
        endpoint: str,
    ) -> None:
        """`endpoint` is the origin of Graph itself."""
        self._call = lru_cache(maxsize=4096)(lambda path: calls.parse(path, catalogue))
        self._publication = publication
        self._tokens = tokens
        self._limits = limits
        self._urls = urls
        self._clock = clock
        self._directory = Directory(publication.tenant, endpoint)
        self._download = f"{download_origin}/data/v1.0/download?token="

    def answer(self, request: Request) -> Answer:
        """Return the report's answer, or an error in Graph's form."""
        ids = {
            "request-id": str(uuid4()),
            "client-request-id": request.headers.get("client-request-id") or str(uuid4()),
        }
        headers = (*ids.items(), ("Date", formatdate(self._clock.timestamp(), usegmt=True)))
        try:
            if request.path in PERMISSIONS:
                claims = self._tokens.check(request.headers.get("authorization"))
                return self._directory.answer(request, claims, self._clock.now().date(), headers)
            return self._report(request, headers)
        except ApiError as error:
            challenge = (("WWW-Authenticate", 'Bearer realm=""'),) if isinstance(error, InvalidToken) else ()
            content_type = (("Content-Type", "application/json"),)
            inner = {"date": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S"), **ids}
            body = json.dumps(error.body(inner)).encode()
            call = unquote(request.path).partition("reports/")[2] or request.path.rpartition("/")[2]
            return Answer(error.status, (*content_type, *challenge, *headers), body, call)

    def _report(self, request: Request, headers: Headers) -> Answer:
        call = self._authorised(request)
        now = self._clock.now()
        if request.query.get("$format") == "application/json":
            raise InvalidArgument("JSON format is not supported.")
        call.check_age(now.date())
        snapshot = self._publication.snapshot(call, now)
        etag = snapshot.etag
        if etag in (each.strip() for each in request.headers.get("if-none-match", "").split(",")):
            return Answer(304, (("ETag", etag), *headers), call=str(call), etag=etag)
        if call.report.delegated_only and snapshot.empty:
            return Answer(204, headers, call=str(call))
        if call.answers_directly:
            content_type = ("Content-Type", "application/octet-stream")
            body = self._publication.chunks(snapshot)
            return Answer(200, (content_type, ("ETag", etag), *headers, CHUNKED), body, str(call), etag)
        location = self._download + quote(self._urls.issue(self._publication, snapshot, now.timestamp()), safe="")
        redirect = (("Content-Type", "text/plain"), ("Location", location))
        return Answer(302, (*redirect, *headers), call=str(call), etag=etag)

    def _authorised(self, request: Request) -> Call:
        """Return the call after checking the token and counting the request. A malformed call counts too."""
        claims = self._tokens.check(request.headers.get("authorization"))
        try:
            call = self._call(request.path)
        except ApiError as error:
            check_permission(claims, delegated_only=False)
            self._count(error.function, claims["appid"])
            raise
        check_permission(claims, delegated_only=call.report.delegated_only)
        self._count(call.report.name, claims["appid"])
        return call

    def _count(self, function: str, app: str) -> None:
        if function:
            self._limits.take(function, app, self._clock.timestamp())
