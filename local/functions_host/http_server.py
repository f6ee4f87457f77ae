"""HTTP/1.1 on the wire for the Functions host: connections, headers and bodies, nothing about functions."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

logger = logging.getLogger(__name__)

# https://learn.microsoft.com/dotnet/api/microsoft.aspnetcore.server.kestrel.core.kestrelserverlimits
_LONGEST_REQUEST_LINE = 8 << 10
_LARGEST_HEADERS = 32 << 10
_BODY_SECONDS = 5


@dataclass(frozen=True)
class Request:
    """A request as it arrived; header names in lower case, a repeated header joined with a comma."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class WebServer(ThreadingHTTPServer):
    """Serves `answer` on 127.0.0.1 with a thread for each connection, from `start` to `stop`.

    A body that stops coming for `body_seconds` is not waited for.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, answer: Callable[[Request], Response], port: int, *, body_seconds: float = _BODY_SECONDS
    ) -> None:
        self.answer = answer
        self.body_seconds = body_seconds
        self._connections: set[socket.socket] = set()
        self._changed = Condition()
        self._thread = Thread(target=self.serve_forever, args=(0.05,), name="web server", daemon=True)
        super().__init__(("127.0.0.1", port), _Connection)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Takes no more requests, and waits up to `seconds` for the answers to those there are."""
        self.shutdown()
        self.server_close()
        with self._changed:
            for connection in self._connections:
                with suppress(OSError):  # the client has gone
                    connection.shutdown(socket.SHUT_RD)
            self._changed.wait_for(lambda: not self._connections, seconds)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            logger.exception("the connection of %s failed", client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: WebServer

    def _serve(self) -> None:
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            name = name.lower()
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        length = headers.get("content-length", "0")
        if len(self.requestline) > _LONGEST_REQUEST_LINE:
            return self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
        if sum(len(name) + len(value) + 4 for name, value in headers.items()) > _LARGEST_HEADERS:
            return self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if "transfer-encoding" in headers:
            return self.send_error(HTTPStatus.LENGTH_REQUIRED)
        if not (length.isascii() and length.isdigit()):
            return self.send_error(HTTPStatus.BAD_REQUEST)
        self.connection.settimeout(self.server.body_seconds)
        try:
            body = self.rfile.read(int(length))
        except TimeoutError:
            return self.send_error(HTTPStatus.REQUEST_TIMEOUT)
        finally:
            self.connection.settimeout(None)
        self._send(self.server.answer(Request(self.command, self.path, headers, body)))

    def __getattr__(self, name: str) -> Any:
        """`do_GET`, `do_HEAD` and so on: what a method means is for the functions to say."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The status alone, and the end of the connection; the base class calls this too."""
        self.close_connection = True
        self.request_version = self.protocol_version  # what has no request line counts as 0.9, which knows no status
        self._send(Response(code))

    def _send(self, response: Response) -> None:
        names = {name.lower(): name for name in response.headers}
        declared = response.headers[names["content-length"]] if "content-length" in names else None
        has_body = self.command != "HEAD" and response.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        if has_body and declared not in (None, str(len(response.body))):
            logger.error("Content-Length says %s, the body has %d bytes", declared, len(response.body))
            self.close_connection = True
            return
        self.send_response_only(response.status)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Date", self.date_time_string())
        for name, value in response.headers.items():
            self.send_header(name, value)
        if not has_body or declared:
            frame = b"%b"
        elif response.body:
            self.send_header("Transfer-Encoding", "chunked")
            frame = b"%x\r\n%%b\r\n0\r\n\r\n" % len(response.body)
        else:
            self.send_header("Content-Length", "0")
            frame = b"%b"
        self.end_headers()
        if has_body:
            self.wfile.write(frame % response.body)

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)
