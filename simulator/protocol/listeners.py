"""HTTP/1.1 over a socket, down to the chunk: a listener hands each request to a handler, a function that answers it.

The handler is the seam: whoever wraps it changes what goes over the wire.
"""

import contextlib
import selectors
import socket
import ssl
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from simulator.protocol.messages import Answer, Request, Stream, Tally, ends_with_connection, pieces

Handler = Callable[[Request], Answer]
Observer = Callable[[Request, Answer, bytes, int], None]
"""Called once for each request, before the last byte of its answer is sent, with the SHA-256 and size of the body.

The SHA-256 is empty unless the body comes in chunks.
"""


def _ignore(request: Request, answer: Answer, sha256: bytes, size: int) -> None:
    """Observe nothing."""


class Listener:
    """One address: bound at once, answering from `start` to `stop`, over https if it has a context."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._server = _Server((host, port), context)
        self._address = (host, self._server.server_port)
        self._thread: Thread | None = None
        self._closed = False
        self.origin = f"{'https' if context else 'http'}://{host}:{self._server.server_port}"

    def start(self, handler: Handler, observer: Observer = _ignore, methods: tuple[str, ...] = ("GET",)) -> None:
        """Answer requests of these methods from now on, others with 405."""
        self._start = partial(self.start, handler, observer, methods)
        self._server.handler, self._server.observer, self._server.methods = handler, observer, methods
        self._server.server_activate()
        self._thread = Thread(target=self._server.serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Refuse connections from now on, but keep the address."""
        self.stop()
        self._server = _Server(self._address, self._context)
        self._closed = True

    def open(self) -> None:
        """Answer again as before `close`, unless it was stopped since."""
        if self._closed:
            self._closed = False
            self._start()

    def stop(self) -> None:
        """Close the address and every connection."""
        self._closed = False
        if self._thread:
            self._server.end()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        self._server.hang_up()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    timeout = 0  # of `handle_request`, if whoever knocked has left
    handler: Handler
    observer: Observer
    methods: tuple[str, ...]

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext | None) -> None:
        super().__init__(address, _Connection, bind_and_activate=False)
        self.server_bind()
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self._lock = Lock()
        self._connections: set[socket.socket] = set()
        self._ending, self._end = socket.socketpair()

    def serve(self) -> None:
        """Answer until `end` is called: without a look at the clock, as many of these run at once."""
        with selectors.DefaultSelector() as selector:
            for each in (self, self._ending):
                selector.register(each, selectors.EVENT_READ)
            while all(key.fileobj is self for key, _ in selector.select()):
                self.handle_request()

    def end(self) -> None:
        """Let `serve` end."""
        self._end.close()

    def server_close(self) -> None:
        super().server_close()
        self._ending.close()
        self._end.close()

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
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and small body leave in one packet
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        sent = tuple(self.headers.items())
        headers = {name.lower(): value for name, value in sent}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        try:
            self._answer(Request(self.command, self.path, headers, body, sent))
        except ConnectionResetError:
            self._abort()
            raise

    def _answer(self, request: Request) -> None:
        methods = self.server.methods
        if "transfer-encoding" in request.headers:
            self.close_connection = True
            answer = Answer(411)
        elif request.method not in methods:
            answer = Answer(405, (("Allow", ", ".join(methods)),))
        else:
            answer = self.server.handler(request)
        tally = Tally(partial(self.server.observer, request, answer))
        try:
            self._write(pieces(answer, tally), answer.wire)
        finally:
            tally.close()
            answer.close()
        self.close_connection |= ends_with_connection(request, answer, tally.size)

    def _write(self, parts: Iterator[bytes], wire: Sequence[Stream]) -> None:
        for part in reduce(lambda stream, change: change(stream), wire, parts):
            if part:
                self.wfile.write(part)
            elif self._speaks():
                raise ConnectionAbortedError  # the client sends something while it should wait: it has left
            if wire:
                self.wfile.flush()
        self.wfile.flush()

    def _speaks(self) -> bool:
        """Whether there is something from the client, or it has left."""
        with selectors.DefaultSelector() as selector:  # select.select knows no descriptor from 1,024 on
            selector.register(self.connection, selectors.EVENT_READ)
            return bool(selector.select(0))

    def _abort(self) -> None:
        """End the connection with a reset."""
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""
