"""Reading many blobs side by side, of which memory holds a few at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

N = TypeVar("N")
T = TypeVar("T")

_READERS = 8
"""Blobs that are read side by side, and the most that wait to be taken."""


def read_ahead(read: Callable[[N], T], names: Sequence[N]) -> Iterator[T]:
    """Yield what `read` returns of each name, in their order. Raises what it raises."""
    if len(names) < 2:
        yield from map(read, names)
        return
    with ThreadPoolExecutor(min(_READERS, len(names))) as pool:
        ahead: deque[Future[T]] = deque()
        for name in names:
            if len(ahead) == _READERS:
                yield ahead.popleft().result()
            ahead.append(pool.submit(read, name))
        while ahead:
            yield ahead.popleft().result()
