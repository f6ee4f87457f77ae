"""Graph over the wire: what is sent, what is refused, and what each answer means."""

import gzip
import io
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import requests
from urllib3 import HTTPResponse

from local.environment import environment, identity
from local.stack import Stack
from shared.domain.errors import PullError, Retryable
from shared.graph.bearer import Bearer
from shared.graph.body_stream import CHUNK, whole_body
from shared.graph.client import GraphClient
from shared.graph.session import Limits, Session
from shared.identity import ManagedIdentity
from tests.wire import Wire, response

PATH = "/v1.0/reports/getOffice365ServicesUserCounts(period='D7')"
CSV = b"\xef\xbb\xbfReport Refresh Date,Report Period\n2026-11-18,7\n"
GZIP = gzip.compress(CSV)
BAD_CRC = GZIP[:-8] + b"0000" + GZIP[-4:]


@pytest.fixture
def wires() -> Iterator[tuple[Wire, Wire]]:
    """A Graph and a download host."""
    with Wire() as graph, Wire() as downloads:
        graph.answers[PATH] = response(302, Location=f"{downloads.origin}/data/download?token=a%2Bb%3D")
        downloads.answers["/data/download"] = response(body=CSV, ETag='"tag"', requestId="0123")
        yield graph, downloads


@pytest.fixture
def graph(stack: Stack, wires: tuple[Wire, Wire]) -> GraphClient:
    bearer = Bearer(ManagedIdentity, wires[0].origin)
    return GraphClient(wires[0].origin, bearer, frozenset([wires[1].origin]))


def body(graph: GraphClient, etag: str | None = None) -> bytes:
    with graph.get(PATH, etag) as answer:
        assert answer is not None
        return b"".join(answer.chunks)


def failure(graph: GraphClient) -> PullError:
    with pytest.raises(PullError) as caught:
        body(graph)
    return caught.value


def ending(graph: GraphClient) -> tuple[type[PullError], str]:
    error = failure(graph)
    return type(error), error.reason


# -- the requests ------------------------------------------------------------------------------------------------------


def test_the_redirect_is_followed_to_the_bytes_of_the_download(graph: GraphClient, wires: tuple[Wire, Wire]) -> None:
    assert body(graph) == CSV
    assert wires[1].seen[0][0] == "/data/download?token=a%2Bb%3D"


def test_graph_gets_the_bearer_and_the_download_host_does_not(graph: GraphClient, wires: tuple[Wire, Wire]) -> None:
    body(graph)
    to_graph, to_download = wires[0].seen[0][1], wires[1].seen[0][1]
    assert to_graph["authorization"].startswith("Bearer ey")
    assert to_download.keys() == {"host", "user-agent", "accept-encoding", "accept", "connection"}


def test_cookies_are_never_sent_back(graph: GraphClient, wires: tuple[Wire, Wire]) -> None:
    for wire, path in zip(wires, (PATH, "/data/download"), strict=True):
        wire.answers[path] = wire.answers[path].replace(b"\r\n", b"\r\nSet-Cookie: a=b\r\n", 1)
    body(graph)
    body(graph)
    assert not any("cookie" in headers for wire in wires for _, headers in wire.seen)


def test_etag_and_request_id_are_those_of_the_download(graph: GraphClient) -> None:
    with graph.get(PATH) as answer:
        assert answer is not None
        assert (answer.etag, answer.request_id) == ('"tag"', "0123")


def test_a_body_without_redirect_is_taken_too(graph: GraphClient, wires: tuple[Wire, Wire]) -> None:
    wires[0].answers[PATH] = response(body=CSV)
    assert body(graph) == CSV


def test_304_means_that_there_is_no_body(graph: GraphClient, wires: tuple[Wire, Wire]) -> None:
    wires[0].answers[PATH] = response(304)
    with graph.get(PATH, '"tag"') as answer:
        assert answer is None
    assert wires[0].seen[0][1]["if-none-match"] == '"tag"'


@pytest.mark.parametrize("text", ['"\x01"', '"\xe9"', f'"{"x" * 9000}"'], ids=["control", "not ASCII", "long"])
def test_an_etag_and_a_request_id_that_no_blob_could_keep_are_left_out(
    graph: GraphClient, wires: tuple[Wire, Wire], text: str
) -> None:
    wires[1].answers["/data/download"] = response(body=CSV, ETag=text, requestId=text)
    with graph.get(PATH) as answer:
        assert answer is not None
        assert (b"".join(answer.chunks), answer.etag, answer.request_id) == (CSV, "", "")


# -- redirects ---------------------------------------------------------------------------------------------------------


def test_a_redirect_elsewhere_is_refused(graph: GraphClient, wires: tuple[Wire, Wire]) -> None:
    wires[0].answers[PATH] = response(302, Location="https://evil.reports.office.com/data/x")
    assert ending(graph) == (PullError, "bad_redirect")


# -- bodies that are not whole -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(response(body=CSV, Content_Length=str(len(CSV) + 1)), "cut_short", id="length"),
        pytest.param(response(body=b"20\r\nabc", Transfer_Encoding="chunked"), "cut_short", id="in a chunk"),
        pytest.param(response(body=b"3\r\nabc\r\n", Transfer_Encoding="chunked"), "cut_short", id="no last chunk"),
        pytest.param(
            response(body=b"03\r\nabc\r\n0", Transfer_Encoding="chunked"), "cut_short", id="in a chunk's size"
        ),
        pytest.param(response(body=b"-5\r\nabc\r\n", Transfer_Encoding="chunked"), "cut_short", id="negative chunk"),
        pytest.param(response(body=CSV, framed=False), "unframed", id="neither length nor chunks"),
        pytest.param(response(body=CSV, Content_Length="many"), "unframed", id="a length that is no number"),
        pytest.param(response(body=CSV, Content_Length="-1"), "unframed", id="a negative length"),
        pytest.param(response(body=CSV, Transfer_Encoding="unchunked"), "unframed", id="another transfer encoding"),
        pytest.param(response(body=CSV, Content_Encoding="br"), "encoded", id="an encoding that nobody asked for"),
        pytest.param(response(body=GZIP[:-1], Content_Encoding="gzip"), "cut_short", id="gzip without its end"),
        pytest.param(response(body=GZIP[:-9], Content_Encoding="gzip"), "cut_short", id="gzip without its checksum"),
        pytest.param(response(body=BAD_CRC, Content_Encoding="gzip"), "cut_short", id="gzip with a wrong checksum"),
        pytest.param(response(body=GZIP + b"x", Content_Encoding="gzip"), "cut_short", id="something after the gzip"),
    ],
)
def test_a_body_that_may_be_cut_is_not_taken(
    graph: GraphClient, wires: tuple[Wire, Wire], answer: bytes, reason: str
) -> None:
    wires[1].answers["/data/download"] = answer
    assert ending(graph) == (Retryable, reason)


def test_a_whole_gzip_body_is_unpacked(graph: GraphClient, wires: tuple[Wire, Wire]) -> None:
    wires[1].answers["/data/download"] = response(body=GZIP, Content_Encoding="gzip")
    assert body(graph) == CSV


def test_a_body_that_unfolds_beyond_measure_is_refused(graph: GraphClient, wires: tuple[Wire, Wire]) -> None:
    wires[1].answers["/data/download"] = response(body=gzip.compress(bytes(64 << 20)), Content_Encoding="gzip")
    assert ending(graph) == (PullError, "bomb")


def test_a_microsoft_host_that_resolves_to_a_private_address_is_refused() -> None:
    with Wire() as private:
        port = private.origin.rpartition(":")[2]
        with pytest.raises(PullError) as caught:
            Session().fetch(f"https://localhost:{port}/data/x", {})
    assert caught.value.reason == "private_address"
    assert private.seen == []


def test_an_endless_body_is_refused_once_it_is_too_large() -> None:
    endless = requests.Response()
    endless.raw = HTTPResponse(io.BufferedReader(Zeros()), {"Content-Length": str(1 << 40)}, preload_content=False)
    with pytest.raises(PullError) as caught:
        sum(map(len, whole_body(endless, Limits(max_bytes=CHUNK))))
    assert caught.value.reason == "too_large"


def test_an_answer_whose_head_trickles_is_given_up_once_it_takes_too_long_as_a_whole() -> None:
    head = [b"H"] * 200
    pause = threading.Event()

    def trickle() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            while head:
                connection.sendall(head.pop())
                pause.wait(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=trickle)
        thread.start()
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(Retryable) as caught:
            Session(Limits(total_timeout=0.2), frozenset([origin])).fetch(origin, {})
        thread.join()
    assert caught.value.reason == "unreachable"
    assert head


def test_a_connection_is_closed_when_nobody_has_its_session_any_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        answer = pool.submit(Session(unrestricted_origins=frozenset([origin])).fetch, origin, {})
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            connection.recv(4096)
            connection.sendall(response().replace(b"Connection: close", b"Connection: keep-alive"))
            answer.result().raw.read()  # to its end, so the connection is kept
            del answer
            assert connection.recv(1) == b""


class Zeros(io.RawIOBase):
    """As many as anybody wants to read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return len(buffer)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500, 302])
def test_a_failed_download_may_be_tried_again(graph: GraphClient, wires: tuple[Wire, Wire], status: int) -> None:
    wires[1].answers["/data/download"] = response(status)
    assert ending(graph) == (Retryable, "download_failed")


# -- errors ------------------------------------------------------------------------------------------------------------


def test_an_error_is_read_from_body_and_headers(graph: GraphClient, wires: tuple[Wire, Wire]) -> None:
    wires[0].answers[PATH] = response(429, b'{"error": {"code": "TooManyRequests"}}', Retry_After="2.5")
    error = failure(graph)
    assert isinstance(error, Retryable)
    assert (str(error), error.after) == ("Graph answered 429 TooManyRequests: ", 2.5)


def test_an_error_whose_body_breaks_off_is_known_by_its_status(graph: GraphClient, wires: tuple[Wire, Wire]) -> None:
    wires[0].answers[PATH] = response(503, b"20\r\n{", Transfer_Encoding="chunked")
    assert ending(graph) == (Retryable, "graph_error")


def test_without_a_token_nothing_is_requested(stack: Stack, wires: tuple[Wire, Wire]) -> None:
    with environment(identity(stack.settings) | {"IDENTITY_HEADER": "wrong"}):
        bearer = Bearer(partial(ManagedIdentity, backoff=()), wires[0].origin)
        assert ending(GraphClient(wires[0].origin, bearer, frozenset())) == (PullError, "no_token")
    assert wires[0].seen == []


def test_a_host_that_does_not_answer_may_be_tried_again_and_its_url_is_not_shown(
    graph: GraphClient, wires: tuple[Wire, Wire]
) -> None:
    nobody = wires[1].origin
    wires[1].__exit__()
    error = failure(graph)
    assert (error.reason, nobody in str(error)) == ("unreachable", False)
