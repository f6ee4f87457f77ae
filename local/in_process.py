"""The simulator in this process: its answers are read from a stream in memory, for what needs thousands of pulls.

All of the app's own HTTP code runs, down to the framing of a body.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from requests.adapters import HTTPAdapter

from local.simulator_client import Control
from shared.graph.bearer import Bearer
from shared.graph.client import GraphClient
from shared.identity import RUN_TOKEN_BACKOFF, ManagedIdentity
from simulator.protocol.messages import Request
from simulator.simulator import Simulator


class InProcessControl(Control):
    """The control API of a simulator in this process."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__("")
        self._simulator = simulator

    def _answer(self, method: str, target: str, body: bytes = b"") -> Any:
        answer = self._simulator.steer(Request(method, f"/{target}", {}, body))
        content = b"".join(answer.chunks)
        if answer.status != 200:
            raise ValueError(content.decode())
        return json.loads(content)


def in_process_graph(simulator: Simulator, sleep: Callable[[float], object]) -> GraphClient:
    """Return the app's client of Graph, connected to the simulator. It asks again for a token as in the app."""
    endpoint = simulator.graph_endpoint
    identity = partial(ManagedIdentity, None, RUN_TOKEN_BACKOFF, sleep, credential=lambda **_: _Credential(simulator))
    origins = frozenset([simulator.download_origin])
    return GraphClient(endpoint, Bearer(identity, endpoint), origins, adapter=_Adapter(simulator))


class _Credential:
    """The credential of azure-identity, but for its cache."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        query = urlencode({"resource": scopes[0], "api-version": "2019-08-01"})
        request = Request("GET", f"/msi/token?{query}", {"x-identity-header": self._simulator.identity_header}, b"")
        try:
            answer = _response(self._simulator.exchange("identity", request))
            token = json.loads(answer.read()) if answer.status == 200 else {}
            return AccessToken(token["access_token"], int(token["expires_on"]))
        except (OSError, HTTPException, ValueError, KeyError) as error:
            raise ClientAuthenticationError("There is no token.") from error


class _Adapter(HTTPAdapter):
    """Hands each request to the simulator."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__()
        self._simulator = simulator
        self._names = {simulator.graph_endpoint: "graph", simulator.download_origin: "download"}

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        sent = tuple(request.headers.items())
        headers = {name.lower(): value for name, value in sent}
        message = Request(request.method or "", request.path_url, headers, b"", sent)
        try:
            answer = _response(self._simulator.exchange(self._names[f"{parts.scheme}://{parts.netloc}"], message))
        except (OSError, HTTPException) as error:
            raise requests.ConnectionError(request=request) from error
        return self.build_response(
            request,
            urllib3.HTTPResponse(
                answer,
                headers=urllib3.HTTPHeaderDict(answer.msg.items()),
                status=answer.status,
                version=answer.version,
                reason=answer.reason,
                preload_content=False,
                decode_content=False,
                original_response=answer,
                request_method=request.method,
            ),
        )


def _response(pieces: Iterator[bytes]) -> HTTPResponse:
    response = HTTPResponse(_Socket(pieces), method="GET")  # type: ignore[arg-type]
    response.begin()
    return response


class _Socket:
    """As much of a socket as an HTTPResponse needs."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Stream(self._pieces))


class _Stream(io.RawIOBase):
    """Pieces as a stream. A ConnectionAbortedError ends it, a ConnectionResetError is raised."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            while not self._rest:
                self._rest = next(self._pieces)
        except (StopIteration, ConnectionAbortedError):
            return 0
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
