"""HTTP messages as values: a request, an answer, and the pieces in which the answer goes over the wire."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import responses
from urllib.parse import SplitResult, parse_qsl, urlsplit

Headers = tuple[tuple[str, str], ...]
Stream = Callable[[Iterator[bytes]], Iterator[bytes]]
"""Changes pieces on their way. It may raise ConnectionAbortedError to end the connection, or ConnectionResetError."""

_BARE = (204, 304)  # never with a body
CHUNKED = ("Transfer-Encoding", "chunked")
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """A request of a client."""

    method: str
    target: str
    """Path and query as sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    sent: Headers = ()
    """The headers as sent."""

    @cached_property
    def _parts(self) -> SplitResult:
        return urlsplit(self.target)

    @property
    def path(self) -> str:
        """The path as sent."""
        return self._parts.path

    @cached_property
    def query(self) -> dict[str, str]:
        """The query, decoded; of equal names the last counts."""
        return dict(parse_qsl(self._parts.query, keep_blank_values=True))


def _nothing() -> None:
    """Close nothing."""


@dataclass(frozen=True)
class Answer:
    """An answer. Its headers frame the body; a body of type bytes gets its Content-Length if no header frames it.

    A body that is neither chunked nor as long as the headers say ends with the connection.
    """

    status: int
    headers: Headers = ()
    body: bytes | Iterable[bytes] = b""
    call: str = ""
    """The report call that it answers, for the record."""
    etag: str = ""
    """The ETag that was sent or matched, for the record."""
    reason: str = ""
    """The reason phrase; empty means the usual one of the status."""
    wire: tuple[Stream, ...] = ()
    """What changes the pieces; an empty piece only asks whether the client is still there."""
    close: Callable[[], None] = _nothing
    """Called when the answer is sent, or cannot be."""
    faults: tuple[str, ...] = ()
    """The faults in it, for the record."""

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), None)

    @property
    def chunks(self) -> Iterator[bytes]:
        """The body, to be read once."""
        return iter((self.body,) if isinstance(self.body, bytes) else self.body)


class Tally:
    """Counts the body of one answer, and reports its SHA-256 (of a body in chunks) and size once.

    The SHA-256 is of what a client reads: of no more than the length in the head, if there is one.
    """

    length: int | None = None
    """What the head says, in bytes."""

    def __init__(self, report: Callable[[bytes, int], None]) -> None:
        self._report: Callable[[bytes, int], None] | None = report
        self._sha256 = hashlib.sha256()
        self.size = 0

    def count(self, chunk: bytes) -> None:
        """Add a chunk that is sent."""
        self._sha256.update(chunk if self.length is None else chunk[: max(0, self.length - self.size)])
        self.size += len(chunk)

    def close(self, sha256: bool = True) -> None:
        """Report what was counted, the first time only."""
        report, self._report = self._report, None
        if report:
            report(self._sha256.digest() if sha256 else b"", self.size)


def pieces(answer: Answer, tally: Tally) -> Iterator[bytes]:
    """Yield the head, then the frames of the body. The tally is closed before the last one."""
    whole = isinstance(answer.body, bytes)
    length = answer.header("Content-Length")
    tally.length = None if length is None else int(length)
    chunked = CHUNKED in answer.headers
    head = [f"HTTP/1.1 {answer.status} {answer.reason or responses.get(answer.status, '')}"]
    head += [f"{name}: {value}" for name, value in answer.headers]
    if isinstance(answer.body, bytes) and not chunked and answer.status not in _BARE:
        head += [f"Content-Length: {len(answer.body)}"] if length is None else []
    if whole:
        for chunk in answer.chunks:
            tally.count(chunk)
        tally.close(sha256=False)
    yield "\r\n".join((*head, "", "")).encode()
    for chunk in filter(None, answer.chunks):
        if not whole:
            tally.count(chunk)
        yield b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk
    tally.close()
    if chunked:
        yield LAST_CHUNK


def ends_with_connection(request: Request, answer: Answer, size: int) -> bool:
    """Whether only the end of the connection ends the answer, of whose body `size` bytes were sent."""
    if isinstance(answer.body, bytes) or CHUNKED in answer.headers:
        return False
    return request.method != "HEAD" and answer.status not in _BARE and answer.header("Content-Length") != str(size)
