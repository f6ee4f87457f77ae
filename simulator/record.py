"""Every request that the listeners answered, for tests to look at. Half a million take some 150 MB."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from sys import intern
from threading import Lock
from typing import Any, NamedTuple

_MOST = 1_000_000


class Entry(NamedTuple):
    """One request and how it was answered."""

    listener: str
    method: str
    path: str
    """With the query, except of downloads, whose query is a secret."""
    call: str
    """The report call, or empty."""
    status: int
    at: float
    """Simulated seconds since 1970."""
    headers: tuple[str, ...]
    """Names in lower case."""
    carried: int
    """Sum of 1 for an Authorization header, 2 for a cookie, 4 for a key."""
    sha256: bytes
    """Of a body that was sent in chunks, as far as its Content-Length goes; or empty."""
    size: int
    """Bytes of the body that were sent."""
    etag: str
    faults: tuple[str, ...] = ()
    """Names of the faults in the answer."""

    def to_json(self) -> dict[str, Any]:
        """Return the entry as the control API shows it."""
        at = datetime.fromtimestamp(self.at, UTC).isoformat()
        carried = {name: bool(self.carried & 1 << bit) for bit, name in enumerate(("authorization", "cookie", "key"))}
        return {**self._asdict(), "at": at, "carried": carried, "sha256": self.sha256.hex()}


class Record:
    """The newest million entries."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: deque[Entry] = deque(maxlen=_MOST)
        self._header_names: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, entry: Entry) -> None:
        """Keep the entry; equal texts and lists of header names are stored once."""
        path, call, etag = map(intern, (entry.path, entry.call, entry.etag))
        with self._lock:
            headers = self._header_names.setdefault(entry.headers, entry.headers)
            self._entries.append(entry._replace(path=path, call=call, etag=etag, headers=headers))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._header_names.clear()

    def entries(self) -> Iterator[Entry]:
        """Return all entries, oldest first."""
        with self._lock:
            return iter(list(self._entries))
