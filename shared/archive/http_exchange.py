"""A request and its answer over a connection, in HTTP/1.1: as much of it as a blob service speaks.

`http.client` and urllib3 take five times the CPU for it, most of that for headers.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO, NamedTuple

_LONGEST = 1 << 16
"""Bytes of a line."""
_MOST = 200
"""Headers."""


class Answer(NamedTuple):
    """What came."""

    status: int
    fields: Sequence[tuple[str, str]]
    """The headers, with their names as they came."""
    headers: Mapping[str, str]
    """The same by their names in lower case."""
    content: bytes = b""
    is_last: bool = False
    """Whether no more can be asked over the connection."""


def request(method: str, target: str, headers: Mapping[str, str], content: bytes | None) -> bytes:
    """Return the head of a request, which may have a body. Raise ValueError for what cannot be in it."""
    sent = dict(headers) if content is None else {**headers, "Content-Length": str(len(content))}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    if any("\n" in line or "\r" in line for line in lines):
        raise ValueError("a header has a line end in it")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def exchange(connection: socket.socket, head: bytes, content: bytes | None) -> Answer:
    """Send a request, and return the answer, read whole. Raise OSError or ValueError if it is not whole, or no HTTP."""
    with suppress(BrokenPipeError, ConnectionResetError):  # who refuses a request may not wait for its end
        connection.sendall(head)
        if content:
            connection.sendall(content)
    with connection.makefile("rb") as answer:
        return _read(answer)


def _read(answer: BinaryIO) -> Answer:
    head = _head(answer)
    while head.status < 200:  # that is not yet the answer
        head = _head(answer)
    coding, length = head.headers.get("transfer-encoding", "").lower(), head.headers.get("content-length")
    if head.status in (204, 304):
        return head
    if coding == "chunked":
        return head._replace(content=_chunks(answer))
    if coding or length is None:
        return head._replace(content=answer.read(), is_last=True)
    return head._replace(content=_exactly(answer, int(length)))


def _head(answer: BinaryIO) -> Answer:
    version, code, *_ = _line(answer).split(" ", 2)
    if version not in ("HTTP/1.1", "HTTP/1.0") or len(code) != 3:
        raise ValueError("the answer is no HTTP")
    fields = _fields(answer)
    headers = {name.lower(): value for name, value in fields}
    is_last = version == "HTTP/1.0" or "close" in headers.get("connection", "").lower()
    return Answer(int(code), fields, headers, is_last=is_last)


def _fields(answer: BinaryIO) -> list[tuple[str, str]]:
    lines = list[bytes]()
    while (line := answer.readline(_LONGEST)) not in (b"\r\n", b"\n"):
        if not line.endswith(b"\n") or len(lines) == _MOST:
            raise ValueError("the headers have no end")
        lines.append(line)
    parts = (line.partition(":") for line in b"".join(lines).decode("latin-1").split("\n")[:-1])
    return [(name, value.strip()) for name, _, value in parts]


def _chunks(answer: BinaryIO) -> bytes:
    chunks = list[bytes]()
    while size := int(_line(answer).partition(";")[0], 16):
        chunks.append(_exactly(answer, size))
        _line(answer)
    _fields(answer)
    return b"".join(chunks)


def _line(answer: BinaryIO) -> str:
    line = answer.readline(_LONGEST)
    if not line.endswith(b"\n"):
        raise ConnectionError("the answer ends in a line, or has none")
    return line.decode("latin-1").rstrip("\r\n")


def _exactly(answer: BinaryIO, size: int) -> bytes:
    if size < 0:
        raise ValueError("a length is below zero")
    content = answer.read(size)
    if len(content) < size:
        raise ConnectionError("the answer is cut short")
    return content
