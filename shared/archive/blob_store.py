"""Where blobs are kept, as far as the app needs to know: Azure Blob Storage, memory, or another place. Pure.

Containers are there when they are needed: one that was never written to is empty. Every method is safe to use from
several threads, and raises ArchiveUnavailable when the place does not answer or refuses the app.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import IO, NamedTuple, Protocol


class ListedBlob(NamedTuple):
    """A blob as a listing shows it."""

    name: str
    metadata: Mapping[str, str]
    md5: bytes | None = None
    """Of its bytes, as the place found when they were written in one piece."""


class StoredBlob(NamedTuple):
    """The bytes of a blob, or the part that was asked for, with what the place said of it at the same moment."""

    content: bytes
    metadata: Mapping[str, str]
    etag: str


class FormerBlob(NamedTuple):
    """What the place still keeps of a blob that was written over or deleted."""

    name: str
    version: str
    until: date | None
    """The day on which the place lets go of it; None: it stays until somebody deletes it."""


class BlobStore(Protocol):
    """A place for blobs."""

    def now(self) -> datetime:
        """Return the time of the place, in UTC: the same for all who use it."""

    def list(self, container: str, prefix: str = "") -> Iterator[ListedBlob]:
        """Yield the blobs whose names begin with `prefix`, by name."""

    def list_folders(self, container: str, prefix: str = "", delimiter: str = "/") -> Iterator[str]:
        """Yield, once each, what names that begin with `prefix` have up to the next `delimiter` after that, with it.

        A name without one is yielded whole. It is the cheapest of all listings.
        """

    def get(self, container: str, name: str, start: int = 0, length: int | None = None) -> StoredBlob | None:
        """Return a blob, or up to `length` of its bytes from `start` on; None if there is none of that name.

        Behind its end there are no bytes.
        """

    def create(self, container: str, name: str, content: bytes, metadata: Mapping[str, str]) -> bool:
        """Write a blob and return True; or change nothing and return False if there is one of that name."""
        return self.replace_if(container, name, content, metadata, None)

    def replace_if(
        self, container: str, name: str, content: bytes, metadata: Mapping[str, str], etag: str | None
    ) -> bool:
        """Write a blob over the one that has this ETag (None: where there is none); return False if it has another."""

    def stage(self, container: str, name: str, content: IO[bytes]) -> str:
        """Send a block of a future blob, from the current position of `content` on; return its id."""

    def commit(self, container: str, name: str, blocks: Sequence[str], metadata: Mapping[str, str]) -> bool:
        """Make a blob of staged blocks and return True; False if there is one of that name, or the blocks are gone."""

    def delete(self, container: str, name: str, *, with_versions: bool = True) -> None:
        """Delete a blob, with all its versions and snapshots if so asked; nothing if there is none of that name."""

    def former(self, container: str, prefix: str = "") -> Iterator[FormerBlob]:
        """Yield what is kept of blobs that were written over or deleted; nothing, where a place forgets at once."""
        return iter(())

    def delete_former(self, container: str, former: FormerBlob) -> None:
        """Delete what is kept of a blob that was written over or deleted; the place may keep it for some days yet."""
        return None
