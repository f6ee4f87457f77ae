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
    """Serves `answer` on 127.0.0.1 with a thread for each connection, from `start` to `stop`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer: Callable[[Request], Response], port: int) -> None:
        self.answer = answer
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
        if "transfer-encoding" in self.headers:
            self.close_connection = True
            self._send(Response(HTTPStatus.LENGTH_REQUIRED))
            return
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            name = name.lower()
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self._send(self.server.answer(Request(self.command, self.path, headers, body)))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _send(self, response: Response) -> None:
        names = {name.lower(): name for name in response.headers}
        declared = response.headers[names["content-length"]] if "content-length" in names else None
        has_body = self.command != "HEAD" and response.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        if has_body and declared not in (None, str(len(response.body))):
            logger.error("Content-Length says %s, the body has %d bytes", declared, len(response.body))
            self.close_connection = True
            return
        self.send_response_only(response.status)
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
