"""What can happen to a pulling process at one of its steps, which are its requests for anything, counted from 1."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from shared.archive.azure_blob_store import OF_RUNS
from simulator import Simulator
from simulator.protocol.messages import Request
from tests.reliability.crashes.process import KillableProcess, ProcessSpec
from tests.reliability.environment import Environment, Rules
from tests.reliability.storage_proxy import Operation

MODES = {
    "kill_before": "the process is killed when its request has arrived, which has no effect",
    "kill_after": "the process is killed when the request has had its effect, and the answer is about to leave",
    "error": "the answer is an error, however often the process tries again",
    "hang": "the request has no effect and no answer, however often the process tries again",
    "lost": "the request has its effect, and a reset comes in place of the answer",
}

_OF_GRAPH: dict[str, dict[str, Any]] = {
    "error": {"fault": "server_error", "times": None},
    "hang": {"fault": "hang", "times": None, "args": {"seconds": None}},
    "lost": {"fault": "reset"},
}
_OF_IDENTITY = {**_OF_GRAPH, "error": {"fault": "token_error", "times": None}}
_OF_STORAGE: dict[str, dict[str, Any]] = {
    "error": {"fault": "busy", "times": OF_RUNS.attempts},
    "hang": {"fault": "hang", "times": OF_RUNS.attempts},
    "lost": {"fault": "lost_answer"},
}


class CrashPoint:
    """Watches the steps of a process; at the step `number`, if there is one, `mode` happens."""

    def __init__(self, number: int = 0, mode: str = "") -> None:
        self.steps: list[str] = []
        """Their names, in order."""
        self.mode = mode
        self._number = number
        self._request: object = None

    def before(self, step: str, request: object, kill: Callable[[], None], spoil: Callable[[str], None]) -> None:
        """Note that a request has arrived."""
        self.steps.append(step)
        if len(self.steps) == self._number:
            self._request = request
            if self.mode == "kill_before":
                _die(kill)
            elif self.mode != "kill_after":
                spoil(self.mode)

    def after(self, request: object, kill: Callable[[], None]) -> None:
        """Note that its answer is about to leave."""
        if request is self._request and self.mode == "kill_after":
            _die(kill)


def _die(kill: Callable[[], None]) -> None:
    kill()
    raise ConnectionResetError


def execute(
    spec: ProcessSpec, point: CrashPoint, simulator: Simulator, environment: Environment, graph: Rules = ()
) -> str:
    """Let a process do its runs, and the crash happen. Return how it ended. `graph` are the faults of Graph anyway."""
    process, storage = KillableProcess(spec), environment.storage

    def spoil_graph(listener: str, mode: str) -> None:
        rule = (_OF_IDENTITY if listener == "identity" else _OF_GRAPH)[mode]
        environment.spoil([*graph, {**rule, "match": {"listener": listener}}], None)

    def spoil_storage(operation: Operation, mode: str) -> None:
        match = {"operation": operation.name, "container": operation.container, "blob": operation.blob}
        environment.spoil(None, [{**_OF_STORAGE[mode], "match": match}])

    def before_graph(listener: str, request: Request) -> None:
        point.before(_step_of_graph(listener, request), request, process.kill, partial(spoil_graph, listener))

    def before_storage(operation: Operation) -> None:
        point.before(_step_of_storage(operation), operation, process.kill, partial(spoil_storage, operation))

    hooks = simulator.before, simulator.after, storage.before, storage.after
    simulator.before, storage.before = before_graph, before_storage
    simulator.after = lambda listener, request: point.after(request, process.kill)
    storage.after = lambda operation: point.after(operation, process.kill)
    try:
        return process.wait()
    finally:
        simulator.before, simulator.after, storage.before, storage.after = hooks


def _step_of_graph(listener: str, request: Request) -> str:
    if listener == "identity":
        return f"token for {'storage' if 'storage' in request.query.get('resource', '') else 'Graph'}"
    return "Graph" if listener == "graph" else "download"


def _step_of_storage(operation: Operation) -> str:
    return f"{operation.name} {operation.container}/{operation.blob.partition('/')[0].partition('=')[0]}".rstrip("/")
