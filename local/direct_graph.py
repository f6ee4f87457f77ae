"""Graph without HTTP: the simulator's answers as they are, for a past of many thousands of pulls."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from urllib.parse import urlencode, urlsplit

from shared.graph.client import GraphResponse
from shared.graph.error_mapping import error_of
from simulator.protocol.messages import Answer, Request
from simulator.simulator import Simulator


class DirectGraph:
    """The simulator in this process as a pull sees Graph. No fault may change what goes over its wire."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._headers: dict[str, str] = {}

    def authenticate(self) -> None:
        """Get a token, which is good for a day."""
        query = urlencode({"resource": self._simulator.graph_endpoint, "api-version": "2019-08-01"})
        answer = self._answer("identity", f"/msi/token?{query}", {"x-identity-header": self._simulator.identity_header})
        self._headers = {"authorization": f"Bearer {json.loads(b''.join(answer.chunks))['access_token']}"}

    @contextmanager
    def get(
        self,
        path: str,
        etag: str | None = None,
        seconds: float = math.inf,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[GraphResponse | None]:
        """Give a report or a page as GraphClient does; it comes at once, and not within `seconds`."""
        more = {name.lower(): value for name, value in headers.items()}
        answer = self._answer("graph", path, {**self._headers, **more, "if-none-match": etag or ""})
        if location := answer.header("Location"):
            parts = urlsplit(location)
            answer = self._answer("download", f"{parts.path}?{parts.query}", {})
        if answer.status == 304:
            yield None
        elif answer.status == 200:
            request_id = answer.header("request-id") or answer.header("requestId") or ""
            yield GraphResponse(answer.chunks, answer.etag, request_id)
        else:
            raise error_of(answer.status, dict(answer.headers), b"".join(answer.chunks))

    def path_of(self, url: str) -> str:
        """Return what follows the endpoint in the URL of a page."""
        return url.removeprefix(self._simulator.graph_endpoint)

    def _answer(self, name: str, target: str, headers: dict[str, str]) -> Answer:
        return self._simulator.answer(name, Request("GET", target, headers, b"", tuple(headers.items())))
