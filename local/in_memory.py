"""Blob storage in memory: a BlobStore for what needs thousands of archives, or a year in minutes.

store = InMemoryBlobStore()
store.blobs                       what it keeps, by container and name
InMemoryBlobStore(around=...)     tells of every operation, and lets it fail
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from os import SEEK_SET
from threading import RLock
from typing import IO, Any, NamedTuple

from shared.archive.blob_store import BlobStore, ListedBlob, StoredBlob
from shared.domain.errors import ArchiveUnavailable

METADATA_BYTES = 8 << 10
"""Of all metadata of a blob together, names and values."""
_LAST = chr(0x10FFFF)
"""Comes after whatever else follows the same beginning of a name."""
NAME_CHARACTERS, NAME_SEGMENTS = 1024, 254


class Operation(NamedTuple):
    """What is about to be done."""

    name: str
    """`list`, `get`, `put_blob`, `put_block`, `commit` or `delete`, as the storage service calls them."""
    container: str
    blob: str
    """Empty for a listing."""


class KeptBlob(NamedTuple):
    """A blob."""

    content: bytes
    metadata: Mapping[str, str]
    etag: str
    md5: bytes | None = None
    """If it was written in one piece."""


Around = Callable[[Operation, Callable[[], Any]], Any]
"""Gets each operation, and what carries it out and returns its result; may raise ArchiveUnavailable instead."""


class InMemoryBlobStore(BlobStore):
    """Keeps blobs in a dictionary, under the conditions and within the limits of Azure's storage."""

    def __init__(
        self,
        around: Around = lambda operation, carry_out: carry_out(),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        same_as: InMemoryBlobStore | None = None,
    ) -> None:
        """`same_as` is another view of the same blobs, which may be disturbed while this one is not."""
        self._around = around
        self._clock = clock
        self.blobs: dict[tuple[str, str], KeptBlob] = same_as.blobs if same_as else {}
        self._names: list[tuple[str, str]] = same_as._names if same_as else []
        self._blocks: dict[tuple[str, str], dict[str, bytes]] = same_as._blocks if same_as else {}
        self._numbers: Iterator[int] = same_as._numbers if same_as else count(1)
        self._lock: Any = same_as._lock if same_as else RLock()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for kept in (self.blobs, self._names, self._blocks):
                kept.clear()

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return self._clock()

    def list(self, container: str, prefix: str = "") -> Iterator[ListedBlob]:
        """Yield the blobs whose names begin with `prefix`, by name."""

        def listed() -> list[ListedBlob]:
            start = bisect_left(self._names, (container, prefix))
            blobs = []
            for at in map(self._names.__getitem__, range(start, len(self._names))):  # a slice copies all that is behind
                if at[0] != container or not at[1].startswith(prefix):
                    break
                blobs.append(ListedBlob(at[1], self.blobs[at].metadata, self.blobs[at].md5))
            return blobs

        yield from self._do("list", container, "", listed)

    def list_folders(self, container: str, prefix: str = "", delimiter: str = "/") -> Iterator[str]:
        """Yield what names that begin with `prefix` have up to the next `delimiter` after that, with it."""

        def listed() -> list[str]:
            folders: list[str] = []
            start = bisect_left(self._names, (container, prefix))
            while start < len(self._names):
                found, name = self._names[start]
                if found != container or not name.startswith(prefix):
                    break
                head, end, _ = name[len(prefix) :].partition(delimiter)
                folders.append(prefix + head + end)
                start = bisect_left(self._names, (container, folders[-1] + _LAST), start + 1) if end else start + 1
            return folders

        yield from self._do("list", container, "", listed)

    def get(self, container: str, name: str, start: int = 0, length: int | None = None) -> StoredBlob | None:
        """Return a blob, or up to `length` of its bytes from `start` on."""
        kept = self._do("get", container, name, lambda: self.blobs.get((container, name)))
        if kept is None:
            return None
        _demand(start < len(kept.content) or not (start or length), "InvalidRange")
        end = None if length is None else start + length
        return StoredBlob(kept.content[start:end], kept.metadata, kept.etag)

    def replace_if(
        self, container: str, name: str, content: bytes, metadata: Mapping[str, str], etag: str | None
    ) -> bool:
        """Write a blob over the one that has this ETag; None: where there is none."""

        def write() -> bool:
            _check(name, metadata)
            kept = self.blobs.get((container, name))
            if (kept.etag if kept else None) != etag:
                return False
            self.put(container, name, content, metadata)
            return True

        return bool(self._do("put_blob", container, name, write))

    def stage(self, container: str, name: str, content: IO[bytes]) -> str:
        """Keep all of `content` as a block of a future blob."""
        content.seek(0, SEEK_SET)
        block, body = str(next(self._numbers)), content.read()

        def write() -> None:
            _check(name, {})
            _demand(bool(body), "InvalidHeaderValue")  # there is no empty block
            self._blocks.setdefault((container, name), {})[block] = body

        self._do("put_block", container, name, write)
        return block

    def commit(self, container: str, name: str, blocks: Sequence[str], metadata: Mapping[str, str]) -> bool:
        """Make a blob of staged blocks, unless there is one of that name or the blocks are gone."""

        def write() -> bool:
            _check(name, metadata)
            staged = self._blocks.get((container, name), {})
            if (container, name) in self.blobs or not set(blocks) <= staged.keys():
                return False
            self._keep((container, name), b"".join(staged[block] for block in blocks), metadata, None)
            return True

        return bool(self._do("commit", container, name, write))

    def delete(self, container: str, name: str, *, with_versions: bool = True) -> None:
        """Delete a blob."""

        def remove() -> None:
            if self.blobs.pop((container, name), None):
                self._names.remove((container, name))

        self._do("delete", container, name, remove)

    def put(self, container: str, name: str, content: bytes, metadata: Mapping[str, str]) -> None:
        """Write a blob whatever is there, as somebody else would."""
        self._keep((container, name), content, metadata, hashlib.md5(content, usedforsecurity=False).digest())

    def _do(self, name: str, container: str, blob: str, carry_out: Callable[[], Any]) -> Any:
        def alone() -> Any:
            with self._lock:
                return carry_out()

        return self._around(Operation(name, container, blob), alone)

    def _keep(self, at: tuple[str, str], content: bytes, metadata: Mapping[str, str], md5: bytes | None) -> None:
        with self._lock:
            if at not in self.blobs:
                insort(self._names, at)
            self._blocks.pop(at, None)
            self.blobs[at] = KeptBlob(content, dict(metadata), f'"{next(self._numbers)}"', md5)


def _check(name: str, metadata: Mapping[str, str]) -> None:
    """Raise ArchiveUnavailable, as the adapter of Azure's storage does, for what is beyond its limits."""
    _demand(0 < len(name) <= NAME_CHARACTERS and name.count("/") < NAME_SEGMENTS, "OutOfRangeInput")
    size = sum(len(key) + len(value) for key, value in metadata.items())
    _demand(all(value.isascii() for value in metadata.values()), "InvalidMetadata")
    _demand(size <= METADATA_BYTES, "MetadataTooLarge")


def _demand(is_right: bool, code: str) -> None:
    if not is_right:
        raise ArchiveUnavailable(f"Blob storage does not answer as it should: {code}.")
