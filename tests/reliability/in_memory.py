"""Blob storage in memory, as far as the app uses it: the same conditions, the same errors, and no service.

    storage = Memory()
    storage.set([{"fault": "lost_answer", "match": {"operation": "commit"}}])
    storage.seen                                every operation, in order

For what needs thousands of archives. Rules, operations and hooks are those of local/faulty_storage.
"""

from __future__ import annotations

import copy
import hashlib
import sys
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from threading import RLock
from types import SimpleNamespace
from typing import IO, Any, NamedTuple, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceResponseError,
)
from azure.storage.blob import BlobBlock

from simulator.faults.rules import Rule, Rules, checked
from tests.reliability.storage_proxy import FAULTS, Operation
from tests.reliability.storage_proxy.proxy import Hook

T = TypeVar("T")
_ERRORS = {404: ResourceNotFoundError, 409: ResourceExistsError, 412: ResourceModifiedError}


class Kept(NamedTuple):
    """A blob."""

    content: bytes
    metadata: Mapping[str, str]
    etag: str
    md5: bytes | None = None
    """If it came in one piece."""


class Memory:
    """Stands in for a `BlobServiceClient`; `blobs` is what it keeps, by container and name."""

    def __init__(self) -> None:
        self.blobs: dict[tuple[str, str], Kept] = {}
        self._names: list[tuple[str, str]] = []
        self.seen: list[Operation] = []
        self.before: Hook = _ignore
        self.after: Hook = _ignore
        self._lock = RLock()
        self._etags = count(1)
        self._containers: set[str] = set()
        self._blocks: dict[tuple[str, str], dict[str, bytes]] = {}
        self._created: list[tuple[str, str]] = []
        self.set([])

    def set(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """These rules and no others, all counted from 0. Raises ValueError."""
        facts = Operation(0, "", "", "", "").facts
        self.rules = Rules([checked(rule, FAULTS, facts) for rule in rules])

    def sound(self) -> Memory:
        """The same storage without any rule or hook."""
        other = copy.copy(self)
        other.seen, other.before, other.after = [], _ignore, _ignore
        other.set([])
        return other

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for kept in (self.blobs, self._names, self.seen, self._containers, self._blocks, self._created):
                kept.clear()

    def get_container_client(self, container: str) -> _Container:
        return _Container(self, container)

    def get_blob_client(self, container: str, blob: str) -> _Blob:
        return _Blob(self, container, blob)

    def do(self, name: str, method: str, container: str, blob: str, effect: Callable[[], T]) -> T:
        """One operation, with what the hooks and the rules do to it."""

        def send() -> T:
            if name != "create_container" and container not in self._containers:
                raise _error(404, "ContainerNotFound")
            result = effect()
            self.after(operation)
            return result

        with self._lock:
            operation = Operation(len(self.seen) + 1, name, method, container, blob)
            self.seen.append(operation)
            try:
                self.before(operation)
                return self.rules.apply(operation.facts, send, partial(_fits, operation), self._change)()
            except ConnectionResetError as error:
                raise ServiceResponseError("The connection was reset.") from error

    def _change(self, rule: Rule, send: Callable[[], Any]) -> Callable[[], Any]:
        args = {**FAULTS[rule.fault].args, **rule.args}
        if "code" in args:
            return partial(_refuse, args["status"], args["code"])
        changes: Mapping[str, Callable[[], Any]] = {
            "reset": partial(_reset, None),
            "hang": partial(_reset, None),
            "lost_answer": partial(_reset, send),
            "delay": send,
            "stale_list": lambda: self._without_newest(args["newest"], send()),
        }
        return changes[rule.fault]

    def _without_newest(self, number: int, listed: list[Any]) -> list[Any]:
        hidden = self._created[-number:]
        return [each for each in listed if (each.container, each.name) not in hidden]

    def create(self, container: str) -> None:
        if container in self._containers:
            raise _error(409, "ContainerAlreadyExists")
        self._containers.add(container)

    def listed(self, container: str, start: str) -> list[Any]:
        """By name."""
        first, last = (bisect_left(self._names, (container, start + end)) for end in ("", chr(sys.maxunicode)))
        return [_properties(*at, self.blobs[at]) for at in self._names[first:last]]

    def get(self, container: str, blob: str) -> Kept:
        if (container, blob) not in self.blobs:
            raise _error(404, "BlobNotFound")
        return self.blobs[container, blob]

    def stage(self, container: str, blob: str, block: str, content: bytes) -> None:
        self._blocks.setdefault((container, blob), {})[block] = content

    def commit(self, container: str, blob: str, blocks: Iterable[str], metadata: Mapping[str, str]) -> None:
        if (container, blob) in self.blobs:
            raise _error(409, "BlobAlreadyExists")
        staged = self._blocks.get((container, blob), {})
        if not set(blocks) <= staged.keys():
            raise _error(400, "InvalidBlockList")
        self._keep(container, blob, Kept(b"".join(staged[block] for block in blocks), dict(metadata), self._etag()))

    def put(
        self, container: str, blob: str, content: bytes, metadata: Mapping[str, str], etag: str | None = "*"
    ) -> None:
        """`etag` is what it has to have now: none of its own (None), that one, or any (`*`)."""
        held = self.blobs.get((container, blob))
        if etag is None and held:
            raise _error(409, "BlobAlreadyExists")
        if etag not in (None, "*") and (held is None or held.etag != etag):
            raise _error(412, "ConditionNotMet")
        md5 = hashlib.md5(content, usedforsecurity=False).digest()
        self._keep(container, blob, Kept(content, dict(metadata), self._etag(), md5))

    def _keep(self, container: str, blob: str, kept: Kept) -> None:
        if (container, blob) not in self.blobs:
            self._created.append((container, blob))
            insort(self._names, (container, blob))
        self._blocks.pop((container, blob), None)
        self.blobs[container, blob] = kept

    def _etag(self) -> str:
        return f'"{next(self._etags)}"'


class _Container:
    def __init__(self, storage: Memory, container: str) -> None:
        self._storage = storage
        self.container_name = container

    def get_blob_client(self, blob: str) -> _Blob:
        return _Blob(self._storage, self.container_name, blob)

    def create_container(self) -> None:
        name = self.container_name
        self._storage.do("create_container", "PUT", name, "", lambda: self._storage.create(name))

    def download_blob(self, blob: str) -> Any:
        return self.get_blob_client(blob).download_blob()

    def list_blobs(self, name_starts_with: str | None = None, include: object = None) -> Iterator[Any]:
        name = self.container_name
        yield from self._storage.do("list", "GET", name, "", lambda: self._storage.listed(name, name_starts_with or ""))

    def walk_blobs(self, name_starts_with: str = "") -> Iterator[Any]:
        names = dict.fromkeys(
            name_starts_with + head + slash
            for blob in self.list_blobs(name_starts_with)
            for head, slash, _ in [blob.name.removeprefix(name_starts_with).partition("/")]
        )
        return (SimpleNamespace(name=name) for name in names)


class _Blob:
    def __init__(self, storage: Memory, container: str, blob: str) -> None:
        self._storage, self._at = storage, (container, blob)

    def download_blob(self) -> Any:
        kept = self._storage.do("get", "GET", *self._at, lambda: self._storage.get(*self._at))
        properties = SimpleNamespace(metadata=kept.metadata, etag=kept.etag, size=len(kept.content))
        return SimpleNamespace(readall=lambda: kept.content, properties=properties)

    def upload_blob(
        self,
        content: bytes | IO[bytes],
        overwrite: bool,
        metadata: Mapping[str, str],
        match_condition: MatchConditions | None = None,
        etag: str | None = None,
    ) -> None:
        body = content if isinstance(content, bytes) else content.read()
        wanted = etag if etag else None if not overwrite or match_condition is MatchConditions.IfMissing else "*"
        self._storage.do("put_blob", "PUT", *self._at, lambda: self._storage.put(*self._at, body, metadata, wanted))

    def stage_block(self, block: str, content: IO[bytes], length: int) -> None:
        body = content.read(length)
        self._storage.do("put_block", "PUT", *self._at, lambda: self._storage.stage(*self._at, block, body))

    def commit_block_list(
        self, blocks: Sequence[BlobBlock], metadata: Mapping[str, str], match_condition: MatchConditions
    ) -> None:
        assert match_condition is MatchConditions.IfMissing, "a snapshot is written once"
        names = [block.id for block in blocks]
        self._storage.do("commit", "PUT", *self._at, lambda: self._storage.commit(*self._at, names, metadata))


def _ignore(operation: Operation) -> None:
    """No hook."""


def _properties(container: str, name: str, kept: Kept) -> Any:
    return SimpleNamespace(
        container=container,
        name=name,
        metadata=kept.metadata,
        etag=kept.etag,
        size=len(kept.content),
        content_settings=SimpleNamespace(content_md5=kept.md5),
    )


def _fits(operation: Operation, rule: Rule, send: object) -> bool:
    return "operation" in rule.match or FAULTS[rule.fault].on in (None, operation.name)


def _reset(send: Callable[[], object] | None) -> Any:
    if send:
        send()
    raise ConnectionResetError


def _refuse(status: int, code: str) -> Any:
    raise _error(status, code)


def _error(status: int, code: str) -> HttpResponseError:
    """As the SDK raises it."""
    error = _ERRORS.get(status, HttpResponseError)(f"The service answered {status} {code}.")
    error.status_code, error.error_code = status, code  # type: ignore[attr-defined]
    return error
