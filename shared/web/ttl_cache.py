"""A TTL cache for values that change, and a size-bound LRU cache for bodies, which never change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from shared.domain.errors import ArchiveUnavailable

T = TypeVar("T")

_ERROR_AGE = timedelta(seconds=30)
"""How long an ArchiveUnavailable is kept, from its end on: storage that is down takes longer than that to say so."""


class _Entry(NamedTuple, Generic[T]):
    key: object
    at: datetime
    value: Future[T]


class TtlCache(Generic[T]):
    """One value, kept for `age` by the clock. For threads: while one loads it, the others wait for the same value."""

    def __init__(self, load: Callable[[], T], age: timedelta, clock: Callable[[], datetime]) -> None:
        self._load = load
        self._age = age
        self._clock = clock
        self._lock = Lock()
        self._entry: _Entry[T] | None = None

    def get(self, key: object = None) -> T:
        """Return the value; load it if it is too old, or was loaded under another key. Raises what `load` raises."""
        now = self._clock()
        with self._lock:
            entry = self._entry
            is_mine = entry is None or not self._is_fresh(entry, key, now)
            if entry is None or is_mine:
                entry = self._entry = _Entry(key, now, Future())
        if is_mine:
            self._fill(entry)
        error = entry.value.exception()
        if isinstance(error, ArchiveUnavailable):
            raise ArchiveUnavailable(str(error))  # a new one each time: the traceback of one would grow and grow
        return entry.value.result()

    def _fill(self, entry: _Entry[T]) -> None:
        try:
            entry.value.set_result(self._load())
        except BaseException as error:
            with self._lock:
                if self._entry is entry:
                    self._entry = entry._replace(at=self._clock())
            entry.value.set_exception(error)

    def _is_fresh(self, entry: _Entry[T], key: object, now: datetime) -> bool:
        """Whether the entry answers for the key; one that is being loaded does."""
        if entry.key != key:
            return False
        if not entry.value.done():
            return True
        error = entry.value.exception()
        if error is None:
            return abs(now - entry.at) < self._age
        return isinstance(error, ArchiveUnavailable) and abs(now - entry.at) < _ERROR_AGE


class BodyCache:
    """The bodies that were read last, up to `max_bytes` together. For threads."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0

    def get(self, name: Hashable, read: Callable[[], bytes]) -> bytes:
        """Return the body of that name, reading it if it is not in the cache. Raises what `read` raises."""
        with self._lock:
            if name in self._bodies:
                self._bodies.move_to_end(name)
                return self._bodies[name]
        body = read()
        with self._lock:
            if name not in self._bodies and len(body) <= self._max_bytes:
                self._bodies[name] = body
                self._size += len(body)
            while self._size > self._max_bytes:
                self._size -= len(self._bodies.popitem(last=False)[1])
        return body
