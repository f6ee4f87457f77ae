"""Every request that the listeners saw, for tests to look at. Kept lean: half a million take some 150 MB."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from sys import intern
from threading import Lock
from typing import Any, NamedTuple

_KEPT = 1_000_000


class Entry(NamedTuple):
    """One request and how it was answered."""

    listener: str
    method: str
    path: str
    """With the query, but for downloads, whose query is a secret."""
    call: str
    """The report call it is about, or empty."""
    status: int
    at: float
    """Virtual seconds since 1970."""
    headers: tuple[str, ...]
    """Names in lower case."""
    carried: int
    """Sum of 1 for an authorization, 2 for a cookie, 4 for a key."""
    sha256: bytes
    """Of the report that was sent, or empty."""
    size: int
    """Bytes of the body that were sent."""
    etag: str
    faults: tuple[str, ...] = ()
    """What was made to go wrong."""

    def shown(self) -> dict[str, Any]:
        """The entry as JSON gives it."""
        at = datetime.fromtimestamp(self.at, UTC).isoformat()
        carried = {name: bool(self.carried & 1 << bit) for bit, name in enumerate(("authorization", "cookie", "key"))}
        return {**self._asdict(), "at": at, "carried": carried, "sha256": self.sha256.hex()}


class Record:
    """The newest million entries."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, entry: Entry) -> None:
        """Keeps the entry; equal texts and header lists are stored once."""
        path, call, etag = map(intern, (entry.path, entry.call, entry.etag))
        with self._lock:
            headers = self._known.setdefault(entry.headers, entry.headers)
            self._entries.append(entry._replace(path=path, call=call, etag=etag, headers=headers))

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._entries.clear()
            self._known.clear()

    def entries(self) -> Iterator[Entry]:
        """All entries, oldest first."""
        with self._lock:
            return iter(list(self._entries))
