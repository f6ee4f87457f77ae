"""Microsoft Graph: one GET with the bearer, the redirect followed by hand, the download without the bearer.

Protocol: learn.microsoft.com/graph/api/reportroot-getoffice365servicesusercounts. Most reports answer 302 with a
preauthenticated URL, the Copilot reports 200 with the body; either is taken for every report.
"""

from __future__ import annotations

import json
import math
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import requests
import urllib3

from shared.domain.errors import Deferred, NoData, PullError, Refused, TryAgain
from shared.graph.session import LIMITS, Limits, Session, chunks
from shared.identity import Bearer

_MICROSOFT_HOST = re.compile(r"reports[a-z0-9-]{0,56}\.office\.com", re.ASCII)
"""No part of a name has more than 63 characters (RFC 1035)."""
_ON_THE_WIRE = re.compile(r"[!-\"$-~]{1,8192}", re.ASCII)
"""A URL as a server gets it: without blanks, control characters or a fragment, and not longer than servers take."""
_SHORT = re.compile(r"[ -~]{1,256}", re.ASCII)
"""A header that can be kept beside a body: the metadata of a blob are ASCII, and 8 KB at most."""
_REDIRECTS = (301, 302, 303, 307, 308)


class Answer(NamedTuple):
    """A body on its way: bytes as received, and what its headers say of it."""

    chunks: Iterator[bytes]
    etag: str
    request_id: str


class Graph:
    """Graph in one cloud, asked by one identity. Safe to use from several threads."""

    def __init__(
        self, endpoint: str, bearer: Bearer, download_origins: frozenset[str], limits: Limits = LIMITS
    ) -> None:
        """`download_origins` are allowed beside Microsoft's own."""
        self._endpoint = endpoint
        self._bearer = bearer
        self._download_origins = download_origins
        self._limits = limits
        self._sessions = threading.local()

    def authenticate(self) -> None:
        """See that there is a token. Raises Deferred if there is none."""
        self._bearer.token()

    @contextmanager
    def get(self, path: str, etag: str | None = None) -> Iterator[Answer | None]:
        """Ask for a report, `path` being what follows the endpoint; None means 304: `etag` is still the newest.

        One request to Graph, and none repeated. Raises a PullError that says what became of it. The errors of a body
        that breaks off are raised by `Answer.chunks`.
        """
        with self._ask(path, etag) as answer:
            if answer.status_code == 304:
                answer.raw.read()  # there is nothing, and so the connection can serve again
                yield None
            elif answer.status_code == 200:
                yield self._answer(answer)
            elif answer.status_code in _REDIRECTS:
                location = self.allowed(answer.headers.get("Location", ""))
                if answer.headers.get("Content-Length") == "0":
                    answer.raw.read()  # likewise; any other body of a redirect is never read
                answer.close()
                with self._download(location) as download:
                    yield self._answer(download)
            else:
                raise self._error(answer)

    def _ask(self, path: str, etag: str | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._bearer.token()}", "client-request-id": str(uuid.uuid4())}
        if etag:
            headers["If-None-Match"] = etag
        return self._session("graph").fetch(self._endpoint + path, headers)

    def _answer(self, answer: requests.Response) -> Answer:
        headers = answer.headers
        etag, *request_ids = (headers.get(name, "") for name in ("ETag", "request-id", "requestId"))
        request_id = next(filter(_SHORT.fullmatch, request_ids), "")
        return Answer(chunks(answer, self._limits), etag if _SHORT.fullmatch(etag) else "", request_id)

    def _download(self, url: str) -> requests.Response:
        answer = self._session("download").fetch(url, {})
        if answer.status_code == 200:
            return answer
        answer.close()
        raise TryAgain("download_failed", f"The download host answered {answer.status_code}.")

    def _session(self, to: str) -> Session:
        """A session of this thread for Graph or for downloads: they share nothing, so nothing can leak across."""
        session: Session | None = getattr(self._sessions, to, None)
        if session is None:
            anywhere = frozenset([self._endpoint]) if to == "graph" else self._download_origins
            session = Session(anywhere=anywhere, limits=self._limits)
            setattr(self._sessions, to, session)
        return session

    def allowed(self, location: str) -> str:
        """The URL, if it is one that a report may be downloaded from. Raises Refused otherwise."""
        try:
            parts = urlsplit(location)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        origin = f"{parts.scheme}://{parts.netloc}"
        microsoft = (
            parts.scheme == "https"
            and port in (None, 443)
            and "@" not in parts.netloc
            and _MICROSOFT_HOST.fullmatch(parts.hostname or "")
            and parts.path.startswith("/data/")
            and ".." not in re.split(r"[/\\]", unquote(parts.path))
        )
        if not (_ON_THE_WIRE.fullmatch(location) and (microsoft or origin in self._download_origins)):
            raise Refused("bad_redirect", f"Graph redirects to a host that is not allowed: {parts.hostname!r}.")
        return location

    def _error(self, answer: requests.Response) -> PullError:
        """What an answer other than the report means."""
        status = answer.status_code
        code, message = _error_body(answer)
        said = f"Graph answered {status} {code}: {message}" if code else f"Graph answered {status}."
        if status == 401:
            self._bearer.renew()
            return TryAgain("unauthorized", said, after=0)
        if status == 429:
            return TryAgain("rate_limited", said, _wait(answer.headers))
        if status == 408 or status >= 500:
            return TryAgain("graph_error", said)
        if code == "MissingCredentials":
            return Deferred("missing_credentials", said)
        if status == 403:
            self._bearer.renew()
            return Refused("permission", said)
        if code == "UnknownTenantId":
            return NoData("unknown_tenant", said)
        if "date value" in message:
            return Refused("date_out_of_reach", said)
        if status == 404 or "segment" in message:
            return Refused("unknown_in_this_cloud", said)
        return Refused("bad_request", said)


def _error_body(answer: requests.Response) -> tuple[str, str]:
    """Code and message of Graph's error; empty if the body is something else. Unwraps an error inside the message."""
    try:
        text = answer.raw.read(64 << 10, decode_content=False)
        error = json.loads(text)["error"]
        code, message = str(error["code"]), str(error.get("message", ""))
        while message.startswith("{"):
            inner = json.loads(message)["error"]
            code, message = str(inner["code"]), str(inner.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, urllib3.exceptions.HTTPError, OSError):
        return "", ""
    return code, message[:300]


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for: an integer, a fraction (Graph sends that too) or a date; None if neither."""
    wait = headers.get("Retry-After", "")
    try:
        seconds = float(wait)
    except ValueError:
        try:
            until = parsedate_to_datetime(wait)
            seconds = (until - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return seconds if 0 <= seconds < math.inf else None
