"""Storage in memory with the faults of the proxy: the same rules, operations and hooks, and no service.

Waits pass in the simulated time: a late answer comes when it comes, or after PATIENCE not at all.

storage = FaultyMemory(clock)
storage.set([{"fault": "lost_answer", "match": {"operation": "commit"}}])
storage.store                               a BlobStore that fails as the rules say
storage.seen                                every operation, in order
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any

from local import in_memory
from local.in_memory import InMemoryBlobStore
from shared.archive.blob_store import ListedBlob
from shared.domain.errors import ArchiveUnavailable
from simulator.faults.rules import Rule, Rules, checked
from tests.reliability.storage_proxy.faults import FAULTS
from tests.reliability.storage_proxy.operations import Hook, Operation, ignore

PATIENCE = 60.0
"""Seconds that the adapter of Azure's storage waits for an answer, each of ..."""
TRIES = 3
"""... so many times."""
_READING = ("list", "get")


class FaultyMemory:
    """Blobs, a store that shows them as they are, and one that fails by rules."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object] = lambda seconds: None,
        beside: FaultyMemory | None = None,
    ) -> None:
        """`clock` answers UTC, `sleep` takes seconds, and `beside` is another way to the same blobs."""
        self.sound: InMemoryBlobStore = beside.sound if beside else InMemoryBlobStore(clock=clock)
        self.store = InMemoryBlobStore(self._around, clock, same_as=self.sound)
        self._sleep = sleep
        self.seen: list[Operation] = []
        self._lock = Lock()
        self.before: Hook = ignore
        self.after: Hook = ignore
        self._created: list[tuple[str, str]] = []
        self.set([])

    def set(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Set these rules and no others, all counted from 0. Raise ValueError."""
        facts = Operation(0, "", "", "", "").facts
        self.rules = Rules([checked(rule, FAULTS, facts) for rule in rules])

    def clear(self) -> None:
        """Forget everything."""
        self.sound.clear()
        self.seen.clear()
        self._created.clear()

    def _around(self, operation: in_memory.Operation, carry_out: Callable[[], Any]) -> Any:
        """Carry an operation out as the rules and hooks want it; answer as Azure's adapter does."""
        is_write = operation.name not in _READING
        for is_last in (False, True):
            try:
                return self._attempt(operation, carry_out)
            except _Refused as error:
                if error.code == "ContainerNotFound" and not is_write:
                    return [] if operation.name == "list" else None
                if error.code == "ContainerNotFound" and not is_last:
                    continue  # the adapter creates the container and tries again
                if operation.name in ("put_blob", "commit") and error.is_conflict:
                    return False
                raise ArchiveUnavailable(f"Blob storage does not answer as it should: {error.code}.") from None
            except ConnectionResetError:
                raise ArchiveUnavailable("Blob storage does not answer as it should: ServiceResponseError.") from None
        raise AssertionError("the last attempt returns")

    def _attempt(self, operation: in_memory.Operation, carry_out: Callable[[], Any]) -> Any:
        method = "GET" if operation.name in _READING else "PUT"
        with self._lock:
            seen = Operation(len(self.seen) + 1, operation.name, method, operation.container, operation.blob)
            self.seen.append(seen)

        def send() -> Any:
            at = operation.container, operation.blob
            is_new = operation.name in ("put_blob", "commit") and at not in self.sound.blobs
            result = carry_out()
            if is_new and result:
                self._created.append(at)
            self.after(seen)
            return result

        self.before(seen)
        return self.rules.apply(seen.facts, send, partial(_fits, seen), partial(self._change, operation))()

    def _change(self, operation: in_memory.Operation, rule: Rule, send: Callable[[], Any]) -> Callable[[], Any]:
        args = {**FAULTS[rule.fault].args, **rule.args}
        if "code" in args:
            return partial(_refuse, args["status"], args["code"])
        changes: Mapping[str, Callable[[], Any]] = {
            "reset": partial(_reset, None),
            "hang": lambda: self._late(send if args["sent"] else None, PATIENCE),
            "lost_answer": partial(_reset, send),
            "delay": lambda: self._late(send, args["seconds"]),
            "stale_list": lambda: self._without_newest(operation.container, args["newest"], send()),
        }
        return changes[rule.fault]

    def _late(self, send: Callable[[], Any] | None, seconds: float) -> Any:
        """Return the result after so many seconds, or raise when the adapter's patience is over."""
        if seconds < PATIENCE and send:
            self._sleep(seconds)
            return send()
        self._sleep(TRIES * PATIENCE)
        return _reset(send)

    def _without_newest(self, container: str, number: int, listed: list[ListedBlob] | list[str]) -> list[Any]:
        """Return what is listed of blobs or of folders without the blobs that were created last."""
        hidden = {*self._created[-number:]}
        names = [name for at, name in {*self.sound.blobs} - hidden if at == container]

        def is_told(each: ListedBlob | str) -> bool:
            if isinstance(each, str):
                return any(name.startswith(each) for name in names)
            return (container, each.name) not in hidden

        return [*filter(is_told, listed)]


class _Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.is_conflict = status in (409, 412) and code not in ("ContainerBeingDeleted", "LeaseIdMissing")


def _fits(operation: Operation, rule: Rule, send: object) -> bool:
    return "operation" in rule.match or FAULTS[rule.fault].on in (None, operation.name)


def _reset(send: Callable[[], object] | None) -> Any:
    if send:
        send()
    raise ConnectionResetError


def _refuse(status: int, code: str) -> Any:
    raise _Refused(status, code)
