"""HTTP/1.1 over a socket of our own, down to the chunk: a listener hands each request to a function that answers it.

That function is the seam: whoever wraps it changes what goes over the wire.
"""

import contextlib
import hashlib
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """What a client asked for."""

    method: str
    target: str
    """Path and query as sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @cached_property
    def path(self) -> str:
        """The path as sent."""
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> dict[str, str]:
        """The query, decoded; of equal names the last counts."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """What goes back: a body of known length, or chunks."""

    status: int
    headers: Headers = ()
    body: bytes | Iterable[bytes] = b""
    call: str = ""
    """The report call it answers, for the record."""
    etag: str = ""
    """The ETag that went out or was matched, for the record."""


Answerer = Callable[[Request], Answer]
Witness = Callable[[Request, Answer, bytes, int], None]
"""Told of each request before its answer has left whole; SHA-256 (of chunked bodies only) and size of the body."""


def _nobody(request: Request, answer: Answer, sha256: bytes, size: int) -> None:
    """The witness of a listener that is not recorded."""


CHUNKED = ("Transfer-Encoding", "chunked")


class Listener:
    """One address, taken when made, answered at from `start` to `stop`."""

    def __init__(self, host: str, port: int) -> None:
        self._server = _Server((host, port), _Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.origin = f"http://{host}:{self._server.server_port}"

    def start(self, answer: Answerer, witness: Witness = _nobody, methods: tuple[str, ...] = ("GET",)) -> None:
        """Answers requests of those methods from now on, others with 405."""
        self._server.answer, self._server.witness, self._server.methods = answer, witness, methods
        self._thread.start()

    def stop(self) -> None:
        """Closes the address and every connection."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.hang_up()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    answer: Answerer
    witness: Witness
    methods: tuple[str, ...]

    def __init__(self, *address: Any) -> None:
        super().__init__(*address)
        self._lock = Lock()
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and small body leave in one packet
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        request = Request(self.command, self.path, headers, body)
        methods = self.server.methods
        known = request.method in methods
        self._send(request, self.server.answer(request) if known else Answer(405, (("Allow", ", ".join(methods)),)))
        self.wfile.flush()

    def _send(self, request: Request, answer: Answer) -> None:
        head = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        head += [f"{name}: {value}" for name, value in answer.headers]
        if isinstance(answer.body, bytes):
            head += [f"Content-Length: {len(answer.body)}"] if answer.status != HTTPStatus.NOT_MODIFIED else []
            self.server.witness(request, answer, b"", len(answer.body))
            self._write(head, answer.body)
        else:
            self._write(head, b"")
            self._write_chunks(request, answer, answer.body)

    def _write(self, head: list[str], body: bytes) -> None:
        self.wfile.write("\r\n".join((*head, "", "")).encode("latin-1") + body)

    def _write_chunks(self, request: Request, answer: Answer, chunks: Iterable[bytes]) -> None:
        seen, size = hashlib.sha256(), 0
        try:
            for chunk in chunks:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                seen.update(chunk)
                size += len(chunk)
        finally:
            self.server.witness(request, answer, seen.digest(), size)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""
