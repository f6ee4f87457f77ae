"""The bodies that are being made and sent: shared by all who ask for the same at the same moment, bounded together.

The host sends nothing before an answer is whole, so that each one lies in memory until it is sent.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Condition

from shared.domain.errors import Busy

MOST = 200_000_000
"""Bytes of all bodies together. The worker and its channel to the host copy a body about four times."""
_SMALL = 1 << 20
"""Bytes. What is no larger is not counted: every thread may have one."""
_PATIENCE = 8.0
"""Seconds; with those of storage, an answer comes before readers give up."""


class Body:
    """The bytes of one body. Its room is taken for as long as somebody holds this object."""

    __slots__ = ("__weakref__", "_content")

    def __init__(self) -> None:
        self._content: Future[bytes] = Future()

    @property
    def content(self) -> bytes:
        """Its bytes, once they are made. Raises what making them raised."""
        return self._content.result()

    def fill(self, make: Callable[[], bytes]) -> None:
        """Make the bytes. Raises what `make` raises."""
        try:
            self._content.set_result(make())
        except BaseException as error:
            self._content.set_exception(error)
            raise


class InFlight:
    """The bodies of this process. For threads."""

    def __init__(self, most: int = MOST, patience: float = _PATIENCE) -> None:
        """Of all bodies together there are at most `most` bytes; who asks for more waits, at most `patience` seconds.

        A body that is larger is made when there is no other.
        """
        self._most = most
        self._patience = patience
        self._bodies: weakref.WeakValueDictionary[Hashable, Body] = weakref.WeakValueDictionary()
        self._taken = 0
        # Its lock can be taken again by the thread that has it, as a body may be collected at any moment.
        self._changed = Condition()
        self._line: list[Body] = []

    def body(self, key: Hashable, size: int, make: Callable[[], bytes]) -> Body:
        """Return the body of that name; made if nobody holds it. Raises Busy, and what `make` raises.

        `size` is how many bytes there are in memory at most while it is made.
        """
        with self._changed:
            body = self._bodies.get(key)
            is_mine = body is None
            if body is None:
                body = self._bodies[key] = Body()
        if is_mine:
            try:
                body.fill(lambda: self._made(body, size, make))
            except BaseException:
                with self._changed:
                    self._bodies.pop(key, None)
                raise
        body.content  # noqa: B018 (it raises)
        return body

    def _made(self, body: Body, size: int, make: Callable[[], bytes]) -> bytes:
        size = _counted(size)
        self._take(body, size)
        try:
            content = make()
        except BaseException:
            self._give_back(size)
            raise
        kept = _counted(len(content))
        self._give_back(size - kept)
        if kept:
            weakref.finalize(body, self._give_back, kept).atexit = False
        return content

    def _take(self, body: Body, size: int) -> None:
        """Take room; those who came first are first. Raises Busy."""
        end = time.monotonic() + self._patience
        with self._changed:
            if not size:
                return
            self._line.append(body)
            try:
                while self._line[0] is not body or not self._fits(size):
                    if not self._changed.wait(end - time.monotonic()) and time.monotonic() >= end:
                        raise Busy
                self._taken += size
            finally:
                self._line.remove(body)
                self._changed.notify_all()

    def _fits(self, size: int) -> bool:
        return not self._taken or self._taken + size <= self._most

    def _give_back(self, size: int) -> None:
        with self._changed:
            self._taken -= size
            self._changed.notify_all()


def _counted(size: int) -> int:
    """Return how much room a body takes."""
    return size if size > _SMALL else 0
