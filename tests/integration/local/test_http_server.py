"""The web server of the stand-in for the Functions host takes and refuses what Kestrel does."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest

from local.functions_host.http_server import Request, Response, WebServer

GET = b"GET /there HTTP/1.1\r\n"


@contextmanager
def connected(body_seconds: float = 5) -> Iterator[socket.socket]:
    """A connection to a server that answers with what it was asked; a path `/broken` makes it raise."""

    def answer(request: Request) -> Response:
        if request.target == "/broken":
            raise ValueError("the reason")
        return Response(200, {}, f"{request.method} {request.target} {request.body.decode()}".encode())

    server = WebServer(answer, 0, body_seconds=body_seconds)
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.server_port), 20) as connection:
            yield connection
    finally:
        server.stop(5)


def asked(connection: socket.socket, request: bytes, method: str = "GET") -> tuple[int, bytes]:
    """The status and the body of the answer."""
    connection.sendall(request)
    answer = HTTPResponse(connection, method=method)
    answer.begin()
    return answer.status, answer.read()


def headers(number: int, size: int) -> bytes:
    """So many headers with values of that size, and the end of them."""
    return b"".join(b"A%d: %s\r\n" % (each, b"a" * size) for each in range(number)) + b"\r\n"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "MADE-UP"])
def test_every_method_reaches_the_app(method: str) -> None:
    with connected() as connection:
        request = f"{method} /there HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody".encode()
        assert asked(connection, request) == (200, f"{method} /there body".encode())


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"nonsense\r\n\r\n", 400, id="no request line"),
        pytest.param(GET + b"Content-Length: many\r\n\r\n", 400, id="a length that is no number"),
        pytest.param(GET + b"Content-Length: -1\r\n\r\n", 400, id="a negative length"),
        pytest.param(b"POST /there HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411, id="chunks"),
        pytest.param(b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\n\r\n", 414, id="a long request line"),
        pytest.param(GET + headers(17, 2000), 431, id="large headers"),
        pytest.param(GET + b"A: " + b"a" * 70_000 + b"\r\n\r\n", 431, id="a large header"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_status_alone(request_bytes: bytes, status: int) -> None:
    with connected() as connection:
        assert asked(connection, request_bytes) == (status, b"")
        assert connection.recv(1) == b""


def test_much_is_taken_that_is_not_too_much() -> None:
    with connected() as connection:
        path = b"/" + b"a" * 8000
        assert asked(connection, b"GET " + path + b" HTTP/1.1\r\n" + headers(16, 2000)) == (200, b"GET " + path + b" ")


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    with connected(body_seconds=0.05) as connection:
        assert asked(connection, b"POST /there HTTP/1.1\r\nContent-Length: 5\r\n\r\nab") == (408, b"")
        assert connection.recv(1) == b""


def test_an_idle_connection_stays_open() -> None:
    with connected(body_seconds=0.05) as connection:
        for _ in range(2):
            assert asked(connection, GET + b"\r\n") == (200, b"GET /there ")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_what_breaks_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with connected() as connection, caplog.at_level(logging.ERROR):
        connection.sendall(b"GET /broken HTTP/1.1\r\n\r\n")
        assert connection.recv(1) == b""
    assert "ValueError: the reason" in caplog.text
