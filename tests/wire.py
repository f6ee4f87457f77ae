"""An HTTP server that answers with the bytes that a test gives it: for what no well-behaved server would send."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class Wire:
    """`answers` maps a path without its query to all bytes of the answer, the status line included."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.seen: list[tuple[str, Mapping[str, str]]] = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wire.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                self.wfile.write(wire.answers.get(self.path.partition("?")[0], b"HTTP/1.1 404 Not Found\r\n\r\n"))
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def response(status: int = 200, body: bytes = b"", *, framed: bool = True, **headers: str) -> bytes:
    """Return a whole answer. It has a Content-Length unless the headers frame the body, or it is not `framed`."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()} | {"Connection": "close"}
    if framed and not {"Transfer-Encoding", "Content-Length"} & headers.keys():
        headers["Content-Length"] = str(len(body))
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
