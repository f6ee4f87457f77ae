"""Faults on the wire: what a client sees of the bytes."""

import gzip
import os
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.integration.simulator.client import Client

CALL = "getOffice365ActiveUserDetail(period='D7')"


@contextmanager
def requested(url: str, **headers: str) -> Iterator[socket.socket]:
    """A connection with a request for the URL, after which nothing is read yet."""
    parts = urlsplit(url)
    headers = {"Host": parts.netloc, **headers}
    lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        yield connection


def fault(client: Client, name: str, **args: Any) -> str:
    """The URL of a download on which that goes wrong."""
    client.set_fault(name, "download", **args)
    return client.call(CALL).headers["Location"]


def received(client: Client, name: str, **args: Any) -> tuple[bytes, bytes]:
    """All bytes until the end of the connection: head and body."""
    with requested(fault(client, name, **args), Connection="close") as connection:
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    return head, body


def after_head(connection: socket.socket) -> BufferedReader:
    stream = connection.makefile("rb")
    while stream.readline() != b"\r\n":
        pass
    return stream


def chunked(body: bytes) -> bytes:
    """The content of the chunks that are there in full."""
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        if len(body) < int(size, 16) + 2:
            break
        content, body = content + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return content


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors of sockets are no small numbers there")
def test_silence_lasts_in_a_process_with_very_many_open_files(client: Client) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    opened = list[int]()
    try:
        while not opened or opened[-1] < 1100:
            opened.append(os.open(os.devnull, os.O_RDONLY))
        assert received(client, "hang", seconds=0.1)[1]
    finally:
        for each in opened:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_body_without_its_last_chunk(client: Client) -> None:
    true = client.pull(CALL)
    head, body = received(client, "cut_end")
    assert b"chunked" in head
    assert chunked(body) == true
    assert not body.endswith(b"\r\n0\r\n\r\n")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(fault(client, "cut_end"))


def test_body_that_ends_inside_a_chunk(client: Client) -> None:
    true = client.pull(CALL)
    _, body = received(client, "cut_chunk")
    whole = chunked(body)
    assert true.startswith(whole)
    assert len(whole) < len(true)
    rest = body[body.rindex(b"\n", 0, body.index(true[len(whole) :][:20])) + 1 :]
    assert rest
    assert true[len(whole) :].startswith(rest)


def test_body_that_ends_after_so_many_bytes(client: Client) -> None:
    assert len(received(client, "cut", at=1234)[1]) == 1234


def test_body_that_is_shorter_than_that_is_cut_too(client: Client) -> None:
    whole = received(client, "cut_end")[1]
    assert received(client, "cut", at=1 << 20)[1] == whole
    assert received(client, "cut", at=len(whole) + 2)[1] == whole


@pytest.mark.parametrize("extra", [7, -7])
def test_length_that_is_wrong(client: Client, extra: int) -> None:
    true = client.pull(CALL)
    head, body = received(client, "wrong_length", extra=extra)
    assert f"Content-Length: {len(true) + extra}".encode() in head
    assert b"chunked" not in head
    assert body == true


def test_body_without_any_framing(client: Client) -> None:
    true = client.pull(CALL)
    head, body = received(client, "unframed")
    assert b"Content-Length" not in head
    assert b"chunked" not in head
    assert body == true


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gzip", lambda packed: gzip.decompress(packed)),
        ("gzip_cut", lambda packed: zlib.decompressobj(31).decompress(packed)),
        ("gzip_bad_crc", lambda packed: zlib.decompressobj(-15).decompress(packed[10:])),
    ],
)
def test_gzip(client: Client, name: str, content: Callable[[bytes], bytes]) -> None:
    true = client.pull(CALL)
    head, body = received(client, name)
    packed = chunked(body) if b"chunked" in head else body
    assert b"Content-Encoding: gzip" in head
    assert true.startswith(content(packed))
    assert len(content(packed)) > len(true) / 2
    if name != "gzip":
        assert f"Content-Length: {len(packed)}".encode() in head
        with pytest.raises((EOFError, gzip.BadGzipFile)):
            gzip.decompress(packed)


@pytest.mark.parametrize("listener", ["graph", "download"])
def test_gzip_bomb(client: Client, listener: str) -> None:
    client.set_fault("gzip_bomb", listener, size=10_000_000)
    answer = client.call(CALL)
    bomb = answer if listener == "graph" else client.download(answer)
    assert bomb.status_code == (302 if listener == "graph" else 200)
    assert bomb.content == bytes(10_000_000)
    (entry,) = client.steer("GET", "/record", listener=listener)
    assert entry["size"] < 20_000


def test_endless_body(client: Client) -> None:
    with requested(fault(client, "endless")) as connection:
        size = 0
        while size < 5_000_000:
            size += len(connection.recv(1 << 20))


def test_one_byte_at_a_time(client: Client) -> None:
    with requested(fault(client, "drip", seconds=0.01)) as connection:
        after_head(connection)
        begin = time.monotonic()
        assert [connection.recv(100) for _ in range(5)] == [b"3", b"\r", b"\n", b"\xef", b"\xbb"]
        assert time.monotonic() - begin > 0.03


def test_silence_then_everything(client: Client) -> None:
    true = client.pull(CALL)
    begin = time.monotonic()
    assert requests.get(fault(client, "hang", seconds=0.1)).content == true
    assert time.monotonic() - begin > 0.1


def test_head_and_a_chunk_then_silence(client: Client) -> None:
    with requested(fault(client, "silence", chunks=1)) as connection:
        stream = after_head(connection)
        assert stream.read(8) == b"3\r\n\xef\xbb\xbf\r\n"
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_hanging_ends_when_the_client_leaves_or_the_simulator_stops(client: Client) -> None:
    url = fault(client, "hang")
    client.steer("DELETE", "/record")
    with pytest.raises(requests.ReadTimeout):
        requests.get(url, timeout=0.1)
    while not (entries := client.steer("GET", "/record")):
        pass
    assert (entries[0]["faults"], entries[0]["size"]) == (["hang"], 0)
    with requested(fault(client, "hang")) as connection:
        stopping = Thread(target=client.simulator.stop)
        stopping.start()
        assert connection.recv(1) == b""
        stopping.join()


@pytest.mark.parametrize("after", [0, 2])
def test_reset(client: Client, after: int) -> None:
    with requested(fault(client, "reset", after=after)) as connection, pytest.raises(ConnectionResetError):
        connection.makefile("rb").read()
    client.steer("DELETE", "/faults")
    assert client.pull(CALL)


@pytest.mark.parametrize("listener", ["identity", "graph"])
def test_reset_of_the_other_listeners(client: Client, listener: str) -> None:
    client.set_fault("reset", listener)
    with pytest.raises(requests.ConnectionError, match="reset"):
        client.new_token() if listener == "identity" else client.call(CALL)


def test_request_in_chunks_is_refused(client: Client) -> None:
    assert requests.get(client.simulator.graph_endpoint, data=iter([b"x"])).status_code == 411
