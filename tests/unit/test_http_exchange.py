"""What a blob service may answer, byte by byte, and what is no answer."""

import socket
from collections.abc import Callable, Iterator

import pytest

from shared.archive.http_exchange import Answer, exchange, request

HEAD = request("GET", "/usage/a", {"Host": "here"}, None)
Ask = Callable[[bytes], Answer]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Return the answer that is made of what comes over a line, which is closed behind it."""
    here, there = socket.socketpair()

    def asked(came: bytes) -> Answer:
        there.sendall(came)
        there.close()
        return exchange(here, HEAD, b"0" * 1_000_000)

    with here, there:
        yield asked


def test_a_request_is_its_headers_and_how_long_its_body_is() -> None:
    assert HEAD == b"GET /usage/a HTTP/1.1\r\nHost: here\r\n\r\n"
    assert request("PUT", "/a", {}, b"").endswith(b"\r\nContent-Length: 0\r\n\r\n")
    for bad in ("1\r\nx-ms-meta-more: 2", "1\n", "\r"):
        with pytest.raises(ValueError, match="a header has a line end"):
            request("PUT", "/a", {"x-ms-meta-rows": bad}, b"")


@pytest.mark.parametrize(
    "came",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", id="a length"),
        pytest.param(b"HTTP/1.1 200\r\ncontent-length:3\r\n\r\nabcdef", id="no more than the length"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", id="go on"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nMore: 1\r\n\r\n",
            id="chunks",
        ),
    ],
)
def test_an_answer_is_read_whole_and_no_further(ask: Ask, came: bytes) -> None:
    answer = ask(came)
    assert (answer.status, answer.content, answer.is_last) == (200, b"abc", False)


@pytest.mark.parametrize(
    "came",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nabc", id="no length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 3\r\n\r\nabc", id="close"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", id="1.0"),
    ],
)
def test_nothing_more_is_asked_over_a_line_that_ends(ask: Ask, came: bytes) -> None:
    answer = ask(came)
    assert (answer.content, answer.is_last) == (b"abc", True)


def test_headers_are_found_in_lower_case_and_kept_as_they_came(ask: Ask) -> None:
    answer = ask(b'HTTP/1.1 304 Not Modified\r\nETag:  "1:2" \r\nX-Ms-Meta-Of\xe9: a: b\r\n\r\n')
    assert (answer.status, answer.content, answer.headers["etag"]) == (304, b"", '"1:2"')
    assert answer.fields[1] == ("X-Ms-Meta-Of\u00e9", "a: b")


def test_who_refuses_a_request_need_not_read_it(ask: Ask) -> None:
    assert ask(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").status == 403


@pytest.mark.parametrize(
    "came",
    [
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-OpenSSH_9.7\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_whole_or_no_http_is_no_answer(ask: Ask, came: bytes) -> None:
    with pytest.raises((OSError, ValueError)):
        ask(came)
