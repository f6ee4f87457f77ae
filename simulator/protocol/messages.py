"""HTTP messages as values: a request, an answer, and the pieces in which an answer goes over the wire."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import responses
from urllib.parse import parse_qsl, urlsplit

Headers = tuple[tuple[str, str], ...]
Stream = Callable[[Iterator[bytes]], Iterator[bytes]]
"""Makes other bytes of bytes on their way. Raising a ConnectionError cuts the wire, and aborts it if it is a reset."""

_BARE = (204, 304)  # never with a body
CHUNKED = ("Transfer-Encoding", "chunked")
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """What a client asked for."""

    method: str
    target: str
    """Path and query as sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    sent: Headers = ()
    """The headers as they came."""

    @cached_property
    def path(self) -> str:
        """The path as sent."""
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> dict[str, str]:
        """The query, decoded; of equal names the last counts."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


def _nothing() -> None:
    """There is nothing to close."""


@dataclass(frozen=True)
class Answer:
    """What goes back. The headers frame the body; a body of bytes without any framing gets its length.

    A body that is neither chunked nor as long as the headers say ends with the connection.
    """

    status: int
    headers: Headers = ()
    body: bytes | Iterable[bytes] = b""
    call: str = ""
    """The report call it answers, for the record."""
    etag: str = ""
    """The ETag that went out or was matched, for the record."""
    reason: str = ""
    """Other words than the usual ones behind the status."""
    wire: tuple[Stream, ...] = ()
    """What happens to the pieces of the answer; an empty piece only asks whether the client is still there."""
    close: Callable[[], None] = _nothing
    """Called when the answer has gone out, or never will."""
    faults: tuple[str, ...] = ()
    """The faults in it, for the record."""

    def header(self, name: str) -> str | None:
        """The value of that header."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    @property
    def chunks(self) -> Iterator[bytes]:
        """The body, to be read once."""
        return iter((self.body,) if isinstance(self.body, bytes) else self.body)


class Tally:
    """Counts the body of one answer, and tells once, SHA-256 (of a body that comes in chunks) and size."""

    def __init__(self, tell: Callable[[bytes, int], None]) -> None:
        self._tell: Callable[[bytes, int], None] | None = tell
        self._sha256 = hashlib.sha256()
        self.size = 0

    def count(self, chunk: bytes) -> None:
        """Adds a chunk that goes out."""
        self._sha256.update(chunk)
        self.size += len(chunk)

    def tell(self, sha256: bool = True) -> None:
        """What was counted, the first time only."""
        told, self._tell = self._tell, None
        if told:
            told(self._sha256.digest() if sha256 else b"", self.size)


def pieces(answer: Answer, tally: Tally) -> Iterator[bytes]:
    """The head, then the frames of the body. The tally is told before the last one."""
    whole = isinstance(answer.body, bytes)
    chunked = CHUNKED in answer.headers
    head = [f"HTTP/1.1 {answer.status} {answer.reason or responses.get(answer.status, '')}"]
    head += [f"{name}: {value}" for name, value in answer.headers]
    if isinstance(answer.body, bytes) and not chunked and answer.status not in _BARE:
        head += [f"Content-Length: {len(answer.body)}"] if answer.header("Content-Length") is None else []
    if whole:
        for chunk in answer.chunks:
            tally.count(chunk)
        tally.tell(sha256=False)
    yield "\r\n".join((*head, "", "")).encode()
    for chunk in filter(None, answer.chunks):
        if not whole:
            tally.count(chunk)
        yield b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk
    tally.tell()
    if chunked:
        yield LAST_CHUNK


def ends_with_connection(request: Request, answer: Answer, size: int) -> bool:
    """Whether the client cannot tell by the head where the answer ended, of whose body so many bytes went out."""
    if isinstance(answer.body, bytes) or CHUNKED in answer.headers:
        return False
    return request.method != "HEAD" and answer.status not in _BARE and answer.header("Content-Length") != str(size)
