"""The proxy: takes requests over https on loopback, passes them on, passes the answers back, and lets rules interfere.

A request is read whole before it is passed on; the body of an answer streams.
"""

from __future__ import annotations

import ssl
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from threading import Lock
from typing import Any, Self
from urllib.parse import urlsplit

from local.certificate import certificate
from simulator.faults.rules import Rule, Rules, checked
from simulator.protocol.listeners import Listener
from simulator.protocol.messages import CHUNKED, Answer, Request
from tests.reliability.storage_proxy import operations
from tests.reliability.storage_proxy.faults import FAULTS, Scene, Send
from tests.reliability.storage_proxy.operations import Hook, Operation, ignore

_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
_OF_THE_CONNECTION = ("connection", "keep-alive", "transfer-encoding")
_IDLE_SECONDS = 2
"""Node.js closes a connection that was idle for five seconds."""
_CREATING, _BLOCK = ("commit", "put_blob"), 1 << 16


class FaultyStorage:
    """A blob service in front of another, answering while the `with` block lasts.

    `url` and `ca_file` are for clients. `seen` has the operations in the order of their arrival. `before` gets each one
    before any rule applies, `after` when its effect has happened and the answer is about to leave. What `permits` says
    no to is refused, as Azure refuses whoever lacks the role for it.
    """

    url: str
    ca_file: Path

    def __init__(self, settings: Mapping[str, str], rules: Sequence[Mapping[str, Any]] = ()) -> None:
        """`settings` are app settings that name the service."""
        parts = urlsplit(settings["ARCHIVE_URL"])
        self._host, self._port, self._root = parts.hostname or "", parts.port or 443, parts.path
        self._trust = ssl.create_default_context(cafile=settings["ARCHIVE_CA"])
        self._lock = Lock()
        self._created: dict[str, list[str]] = {}
        self._idle: list[tuple[float, HTTPSConnection]] = []
        self._open = False
        self._cleanup = ExitStack()
        self.before: Hook = ignore
        self.after: Hook = ignore
        self.permits: Callable[[Operation], bool] = lambda operation: True
        self.seen: list[Operation] = []
        self.set(rules)

    @property
    def settings(self) -> dict[str, str]:
        """The app settings that name this."""
        return {"ARCHIVE_URL": self.url, "ARCHIVE_CA": str(self.ca_file)}

    def set(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Set these rules and no others, all counted from 0. Raise ValueError."""
        facts = Operation(0, "", "", "", "").facts
        self.rules = Rules([checked(rule, FAULTS, facts) for rule in rules])

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="usage-archive-")))
            self.ca_file, key_file = certificate(folder)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.ca_file, key_file)
            listener = Listener("127.0.0.1", 0, context)
            self._open = True
            undo.callback(self._hang_up)
            undo.callback(listener.stop)
            listener.start(self._answer, methods=_METHODS)
            self.url = listener.origin + self._root
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _hang_up(self) -> None:
        with self._lock:
            self._open = False
            while self._idle:
                self._idle.pop()[1].close()

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            operation = operations.read(request, len(self.seen) + 1, self._root)
            self.seen.append(operation)
            created = tuple(self._created.get(operation.container, ()))
        self.before(operation)
        scene = Scene(request, created, self._ask)

        def fits(rule: Rule, send: Send) -> bool:
            return "operation" in rule.match or FAULTS[rule.fault].on in (None, operation.name)

        def change(rule: Rule, send: Send) -> Send:
            fault = FAULTS[rule.fault]
            return partial(fault.change, send, scene, **{**fault.args, **rule.args})

        send: Send = partial(self._send, request, operation)
        if not self.permits(operation):
            refusal = FAULTS["no_permission"]
            return refusal.change(send, scene, **refusal.args)
        return self.rules.apply(operation.facts, send, fits, change)()

    def _send(self, request: Request, operation: Operation) -> Answer:
        answer = self._ask(request)
        created = operation.name in _CREATING and answer.status == 201
        with self._lock:
            names = self._created.setdefault(operation.container, [])
            if created and operation.blob not in names:
                names.append(operation.blob)
        try:
            self.after(operation)
        except BaseException:
            answer.close()
            raise
        return answer

    def _ask(self, request: Request) -> Answer:
        """Return the answer of the true service, from a connection that no other request uses meanwhile."""
        with ExitStack() as undo:
            connection = self._connection()
            undo.callback(connection.close)
            connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.sent:
                if name.lower() not in _OF_THE_CONNECTION:
                    connection.putheader(name, value)
            connection.endheaders(request.body or None)
            response = connection.getresponse()
            headers = tuple(pair for pair in response.getheaders() if pair[0].lower() not in _OF_THE_CONNECTION)
            headers += (CHUNKED,) if response.chunked and request.method != "HEAD" else ()
            undo.pop_all()
        return Answer(
            response.status,
            headers,
            _chunks(response),
            reason=response.reason,
            close=partial(self._done, connection, response),
        )

    def _connection(self) -> HTTPSConnection:
        with self._lock:
            while self._idle:
                since, connection = self._idle.pop()
                if time.monotonic() - since < _IDLE_SECONDS:
                    return connection
                connection.close()
        return HTTPSConnection(self._host, self._port, context=self._trust)

    def _done(self, connection: HTTPSConnection, response: HTTPResponse) -> None:
        """Keep the connection if the answer was read to its end and was not the last on it, and the proxy is open."""
        whole = response.isclosed() and connection.sock is not None
        response.close()
        with self._lock:
            if whole and self._open:
                self._idle.append((time.monotonic(), connection))
                return
        connection.close()


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    while chunk := response.read(_BLOCK):
        yield chunk
