"""Lets one operation on storage happen at a time, of whichever writer is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Condition

from tests.reliability.storage_proxy import Operation

WRITERS = "AB"

Waiting = Mapping[str, Operation]
"""The next operation of each writer that has one."""
Choose = Callable[[Waiting], str]
"""Chooses the writer that goes on."""


class Gate:
    """Where the proxies of the writers announce each operation, and wait."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: dict[str, list[Operation]] = {writer: [] for writer in WRITERS}
        self._at_work = {*WRITERS}
        self._open: Operation | None = None

    def arrive(self, writer: str, operation: Operation) -> None:
        """Wait until the operation may happen."""
        with self._changed:
            self._waiting[writer].append(operation)
            self._changed.notify_all()
            self._wait(lambda: self._open is operation)

    def pass_by(self, operation: Operation) -> None:
        """Note that the operation has happened."""
        with self._changed:
            self._open = None
            self._changed.notify_all()

    def leave(self, writer: str) -> None:
        """Note that the writer has no more operations."""
        with self._changed:
            self._at_work.remove(writer)
            self._changed.notify_all()

    def meet(self, writers: str = WRITERS) -> Waiting:
        """Wait until nothing happens and all of these that are at work wait. Return their next operations."""
        with self._changed:
            self._wait(lambda: not self._open and all(self._waiting[each] for each in self._at_work & {*writers}))
            return {writer: self._waiting[writer][0] for writer in writers if writer in self._at_work}

    def let(self, writer: str) -> None:
        """Let the next operation of that writer happen."""
        with self._changed:
            self._open = self._waiting[writer].pop(0)
            self._changed.notify_all()

    def _wait(self, until: Callable[[], bool]) -> None:
        if not self._changed.wait_for(until, timeout=60):
            raise TimeoutError("A writer neither goes on nor ends.")
