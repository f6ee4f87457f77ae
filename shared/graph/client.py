"""Microsoft Graph: one GET with the bearer, the redirect followed by hand, the download without the bearer.

Protocol: learn.microsoft.com/graph/api/reportroot-getoffice365servicesusercounts. Most reports answer 302 with a
preauthenticated URL, the Copilot reports 200 with the body; either is taken for every report.
"""

from __future__ import annotations

import math
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter

from shared.domain.errors import PullError, Retryable
from shared.domain.evidence import NOTHING, Facts
from shared.domain.outcome import Flag, Reason
from shared.graph.answer_facts import MICROSOFT_HOST, of_graph, of_redirect, of_report
from shared.graph.bearer import Bearer
from shared.graph.body_stream import first_bytes, whole_body
from shared.graph.error_mapping import LONGEST_ERROR, STALE_TOKEN, error_of
from shared.graph.session import LIMITS, Limits, Session

_ON_THE_WIRE = re.compile(r"[!-\"$-~]{1,8192}", re.ASCII)
"""A URL as a server gets it: without blanks, control characters or a fragment, and not longer than servers take."""
_SHORT = re.compile(r"[ -~]{1,256}", re.ASCII)
"""A header that can be kept beside a body: the metadata of a blob are ASCII, and 8 KB at most."""
_REDIRECTS = (301, 302, 303, 307, 308)


class GraphResponse(NamedTuple):
    """A report on its way: the bytes as received, and what the headers say of them."""

    chunks: Iterator[bytes]
    etag: str
    request_id: str
    flags: Callable[[], tuple[Flag, ...]] = tuple
    """Returns what a reader should know of it, once all of it is read."""
    facts: Facts = NOTHING
    """What the answer was like."""


class Graph(Protocol):
    """What pulls reports from Graph: GraphClient, or what stands for both on one machine."""

    def authenticate(self) -> None:
        """Make sure that there is a token. Raise PullError if there is none."""

    def get(
        self,
        path: str,
        etag: str | None = None,
        seconds: float = math.inf,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> AbstractContextManager[GraphResponse | None]:
        """Request a report or a page, as GraphClient does."""

    def path_of(self, url: str) -> str:
        """Return what follows the endpoint in the URL of a page. Raise PullError if it is at another host."""


class GraphClient(Graph):
    """Graph in one cloud, as one identity sees it. Safe to use from several threads."""

    def __init__(
        self,
        endpoint: str,
        bearer: Bearer,
        download_origins: frozenset[str],
        limits: Limits = LIMITS,
        adapter: BaseAdapter | None = None,
    ) -> None:
        """`download_origins` are allowed beside Microsoft's own; `adapter` makes the requests to them and to Graph."""
        self._endpoint = endpoint
        self._bearer = bearer
        self._download_origins = download_origins
        self._limits = limits
        self._sessions = _Sessions(endpoint, download_origins, limits, adapter)

    def authenticate(self) -> None:
        """Make sure that there is a token. Raise PullError if there is none."""
        self._bearer.token()

    @contextmanager
    def get(
        self,
        path: str,
        etag: str | None = None,
        seconds: float = math.inf,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[GraphResponse | None]:
        """Request a report, `path` being what follows the endpoint; None means 304: `etag` is still the newest.

        Send one request to Graph and repeat none; all that comes has `seconds`, the body too. Raise a PullError that
        says how the pull ends. The errors of a body that breaks off are raised by `GraphResponse.chunks`.
        """
        end = time.monotonic() + seconds
        facts: dict[str, str | float] = {}
        try:
            with self._request(path, etag, end, headers) as response, self._answered(response, end, facts) as answer:
                yield answer
        except PullError as error:
            error.facts = facts
            raise

    @contextmanager
    def _answered(
        self, response: requests.Response, end: float, facts: dict[str, str | float]
    ) -> Iterator[GraphResponse | None]:
        """Give the report that Graph's answer is or leads to, and note in `facts` what all of it was like."""
        facts |= of_graph(response)
        if response.status_code == 304:
            response.raw.read()  # there is nothing, and so the connection can serve again
            yield None
        elif response.status_code == 200:
            yield self._report(response, facts)
        elif response.status_code in _REDIRECTS:
            location = response.headers.get("Location", "")
            facts |= of_redirect(location, self._download_origins)
            checked_location(location, self._download_origins)
            if response.headers.get("Content-Length") == "0":
                response.raw.read()  # likewise; any other body of a redirect is never read
            response.close()
            with self._download(location, end, facts) as download:
                yield self._report(download, facts)
        else:
            body = first_bytes(response, LONGEST_ERROR)
            error = error_of(response.status_code, response.headers, body)
            if error.reason in STALE_TOKEN:
                self._bearer.renew()
            raise error

    def path_of(self, url: str) -> str:
        """Return what follows the endpoint in the URL of a page. Raise PullError if it is at another host."""
        path = url.removeprefix(self._endpoint) if isinstance(url, str) else ""
        if path == url or not path.startswith("/") or not _ON_THE_WIRE.fullmatch(url):
            raise PullError(Reason.FOREIGN_PAGE, "The next page is said to be at another host than Graph's.")
        return path

    def _request(self, path: str, etag: str | None, end: float, more: Mapping[str, str]) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._bearer.token()}", "client-request-id": str(uuid.uuid4()), **more}
        if etag:
            headers["If-None-Match"] = etag
        return self._sessions.graph.fetch(self._endpoint + path, headers, end - time.monotonic())

    def _report(self, response: requests.Response, facts: dict[str, str | float]) -> GraphResponse:
        facts |= of_report(response)
        etag, *request_ids = (response.headers.get(name, "") for name in ("ETag", "request-id", "requestId"))
        request_id = next(filter(_SHORT.fullmatch, request_ids), "")
        return GraphResponse(
            whole_body(response, self._limits), etag if _SHORT.fullmatch(etag) else "", request_id, facts=facts
        )

    def _download(self, url: str, end: float, facts: dict[str, str | float]) -> requests.Response:
        response = self._sessions.download.fetch(url, {}, end - time.monotonic())
        facts["statuses"] = f"{facts['statuses']} {response.status_code}"
        if response.status_code == 200:
            return response
        response.close()
        raise Retryable(Reason.DOWNLOAD_FAILED, f"The download host answered {response.status_code}.")


class _Sessions(threading.local):
    """The sessions of each thread. That for Graph and that for downloads share nothing, so nothing can leak across."""

    def __init__(
        self, endpoint: str, download_origins: frozenset[str], limits: Limits, adapter: BaseAdapter | None
    ) -> None:
        self.graph = Session(limits, frozenset([endpoint]), adapter)
        self.download = Session(limits, download_origins, adapter)


def checked_location(location: str, download_origins: frozenset[str]) -> str:
    """Return the URL if it is at a host of Microsoft's reports or in `download_origins`. Raise PullError otherwise."""
    try:
        parts = urlsplit(location)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    origin = f"{parts.scheme}://{parts.netloc}"
    is_microsoft = (
        parts.scheme == "https"
        and port in (None, 443)
        and "@" not in parts.netloc
        and MICROSOFT_HOST.fullmatch(parts.hostname or "")
        and parts.path.startswith("/data/")
        and ".." not in re.split(r"[/\\]", unquote(parts.path))
    )
    if not (_ON_THE_WIRE.fullmatch(location) and (is_microsoft or origin in download_origins)):
        raise PullError(Reason.BAD_REDIRECT, f"Graph redirects to a host that is not allowed: {parts.hostname!r}.")
    return location
