"""What can happen to a pulling process at one of its steps, which are its requests for anything, counted from 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from shared.archive.azure_blob_store import ATTEMPTS
from simulator import Simulator
from simulator.protocol.messages import Request
from tests.reliability.crashes.process import Mortal, Orders
from tests.reliability.storage_proxy import FaultyStorage, Operation

MODES = {
    "kill_before": "the process is killed when it has asked, and nothing is made of it",
    "kill_after": "the process is killed when all is done, and the answer about to leave",
    "error": "an error, however often it asks",
    "hang": "nothing is done and no answer comes, however often it asks",
    "lost": "all is done, and a reset comes in place of the answer",
}
Rules = Sequence[Mapping[str, Any]]

_OF_GRAPH: dict[str, dict[str, Any]] = {
    "error": {"fault": "server_error", "times": None},
    "hang": {"fault": "hang", "times": None, "args": {"seconds": None}},
    "lost": {"fault": "reset"},
}
_OF_IDENTITY = {**_OF_GRAPH, "error": {"fault": "token_error", "times": None}}
_OF_STORAGE: dict[str, dict[str, Any]] = {
    "error": {"fault": "busy", "times": ATTEMPTS},
    "hang": {"fault": "hang", "times": ATTEMPTS},
    "lost": {"fault": "lost_answer"},
}
_STUCK = {"fault": "stuck", "args": {"days": 9}}


class Accident:
    """Watches the steps of a process; at the step `at`, if it is given, `mode` happens."""

    def __init__(self, at: int = 0, mode: str = "") -> None:
        self.steps: list[str] = []
        """Their names, in order."""
        self._at = at
        self.mode = mode
        self._hit: object = None

    def before(self, step: str, request: object, kill: Callable[[], None], let_down: Callable[[str], None]) -> None:
        """The process asks for something."""
        self.steps.append(step)
        if len(self.steps) == self._at:
            self._hit = request
            if self.mode == "kill_before":
                _die(kill)
            elif self.mode != "kill_after":
                let_down(self.mode)

    def after(self, request: object, kill: Callable[[], None]) -> None:
        """It is about to get it."""
        if request is self._hit and self.mode == "kill_after":
            _die(kill)


def _die(kill: Callable[[], None]) -> None:
    kill()
    raise ConnectionResetError


class World:
    """A Graph whose refresh dates stand still, and storage behind a proxy: all that a process asks.

    The time is that of the simulator's clock; `rules` are for Graph, and hold for good.
    """

    def __init__(self, simulator: Simulator, storage: FaultyStorage, rules: Rules = ()) -> None:
        self._simulator = simulator
        self._storage = storage
        self._now = simulator.clock.now()
        self._rules = [_STUCK, *rules]
        self.heal()

    def heal(self) -> None:
        """Nothing goes wrong from now on."""
        self._storage.set([])
        self._simulator.clock.set(self._now, running=False)
        self._simulator.faults.set({"rules": self._rules})

    def run(self, orders: Orders, accident: Accident) -> str:
        """What a process does in which the accident happens: how it ended."""
        mortal = Mortal(orders)

        def before_graph(listener: str, request: Request) -> None:
            accident.before(_asked(listener, request), request, mortal.kill, partial(self._let_down, listener))

        def before_storage(operation: Operation) -> None:
            accident.before(_done(operation), operation, mortal.kill, partial(self._let_storage_down, operation))

        simulator, storage = self._simulator, self._storage
        hooks = simulator.before, simulator.after, storage.before, storage.after
        simulator.before, storage.before = before_graph, before_storage
        simulator.after = lambda listener, request: accident.after(request, mortal.kill)
        storage.after = lambda operation: accident.after(operation, mortal.kill)
        try:
            return mortal.live()
        finally:
            simulator.before, simulator.after, storage.before, storage.after = hooks

    def _let_down(self, listener: str, mode: str) -> None:
        rule = (_OF_IDENTITY if listener == "identity" else _OF_GRAPH)[mode]
        self._simulator.faults.set({"rules": [*self._rules, {**rule, "match": {"listener": listener}}]})

    def _let_storage_down(self, operation: Operation, mode: str) -> None:
        match = {"operation": operation.name, "container": operation.container, "blob": operation.blob}
        self._storage.set([{**_OF_STORAGE[mode], "match": match}])


def _asked(listener: str, request: Request) -> str:
    if listener == "identity":
        return f"token for {'storage' if 'storage' in request.query.get('resource', '') else 'Graph'}"
    return "Graph" if listener == "graph" else "download"


def _done(operation: Operation) -> str:
    return f"{operation.name} {operation.container}/{operation.blob.partition('/')[0].partition('=')[0]}".rstrip("/")
