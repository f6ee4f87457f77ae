"""Values that are found once and kept: for a while what changes, for as long as there is room what does not."""

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


class _Kept(NamedTuple, Generic[T]):
    key: object
    at: datetime
    answer: Future[T]


class Cache(Generic[T]):
    """What `find` answers, kept for `age`; for threads. Ages go by the clock."""

    def __init__(self, find: Callable[[], T], age: timedelta, clock: Callable[[], datetime]) -> None:
        self._find = find
        self._age = age
        self._clock = clock
        self._lock = Lock()
        self._kept: _Kept[T] | None = None

    def get(self, key: object = None) -> T:
        """The value; found anew if it is too old, or was found under another key. Raises what `find` raises."""
        now = self._clock()
        with self._lock:
            kept = self._kept
            mine = kept is None or not self._is_good(kept, key, now)
            if kept is None or mine:
                kept = self._kept = _Kept(key, now, Future())
        if mine:
            try:
                kept.answer.set_result(self._find())
            except BaseException as failure:
                with self._lock:
                    if self._kept is kept:
                        self._kept = kept._replace(at=self._clock())
                kept.answer.set_exception(failure)
        error = kept.answer.exception()
        if isinstance(error, ArchiveUnavailable):
            raise ArchiveUnavailable(str(error))  # a new one each time: the traceback of one would grow and grow
        return kept.answer.result()

    def _is_good(self, kept: _Kept[T], key: object, now: datetime) -> bool:
        if kept.key != key:
            return False
        if not kept.answer.done():
            return True
        error = kept.answer.exception()
        if error is None:
            return abs(now - kept.at) < self._age
        return isinstance(error, ArchiveUnavailable) and abs(now - kept.at) < _ERROR_AGE


class Bodies:
    """The bodies that were asked for last, up to `room` bytes together; for threads. What has a name never changes."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0

    def get(self, name: Hashable, read: Callable[[], bytes]) -> bytes:
        """The body of that name, which is read if it is not kept. Raises what `read` raises."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        body = read()
        with self._lock:
            if name not in self._kept and len(body) <= self._room:
                self._kept[name] = body
                self._size += len(body)
            while self._size > self._room:
                self._size -= len(self._kept.popitem(last=False)[1])
        return body
