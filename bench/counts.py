"""What an act of the app costs in requests: to Graph, and to storage by kind, with their bytes.

Counts do not depend on the machine, so they can be held in tests, and priced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from local.simulator_client import Control
from simulator.protocol.messages import Answer, Request
from tests.reliability.storage_proxy import FaultyStorage


class Traffic(NamedTuple):
    """What went over the wires."""

    graph: int
    """Requests to Graph, downloads not counted."""
    storage: Mapping[str, int]
    """Operations on blob storage, by name."""
    sent: int
    """Bytes of bodies to storage."""
    received: int
    """Bytes of bodies from storage."""

    @property
    def operations(self) -> str:
        """Such as `2 get, 1 list`, by name."""
        return ", ".join(f"{number} {name}" for name, number in sorted(self.storage.items()))


class CountingStorage(FaultyStorage):
    """A blob service in front of another one, which counts the bytes of bodies."""

    sent = 0
    received = 0

    def _ask(self, request: Request) -> Answer:
        self.sent += len(request.body)
        answer = super()._ask(request)
        return replace(answer, body=self._counted(answer.chunks))

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.received += len(chunk)
            yield chunk


class Meter:
    """Counts what an app does that has `settings` for its own, in the simulator's time."""

    def __init__(self, settings: Mapping[str, str], control: Control) -> None:
        self._control = control
        self._storage = CountingStorage(settings)
        self._settings = settings

    def __enter__(self) -> Meter:
        self._storage.__enter__()
        self.settings = {**self._settings, **self._storage.settings}
        return self

    def __exit__(self, *stack: object) -> None:
        self._storage.__exit__(*stack)

    def of(self, act: Callable[[], Any]) -> Traffic:
        """The traffic of one act."""
        self._control.forget()
        before, sent, received = len(self._storage.seen), self._storage.sent, self._storage.received
        act()
        graph = self._control.get("record", listener="graph")
        return Traffic(
            len(graph),
            Counter(operation.name for operation in self._storage.seen[before:]),
            self._storage.sent - sent,
            self._storage.received - received,
        )
