"""The part of a store that is one tenant's: a store whose every name begins with `tenant=ID/`. Pure.

Whoever has it can name no blob of another tenant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import IO

from shared.archive.blob_store import BlobStore, FormerBlob, ListedBlob, StoredBlob
from shared.archive.layout import tenant_prefix


class TenantBlobStore(BlobStore):
    """Keeps the blobs of one tenant among those of others."""

    def __init__(self, store: BlobStore, tenant: str) -> None:
        """`tenant` is its id, as `tenant_id` returns it."""
        self._store = store
        self._prefix = tenant_prefix(tenant)

    def now(self) -> datetime:
        """Return the time of the place."""
        return self._store.now()

    def list(self, container: str, prefix: str = "") -> Iterator[ListedBlob]:
        """Yield the tenant's blobs, by the names that they have within it."""
        for blob in self._store.list(container, self._prefix + prefix):
            yield blob._replace(name=blob.name.removeprefix(self._prefix))

    def list_folders(self, container: str, prefix: str = "", delimiter: str = "/") -> Iterator[str]:
        """Yield the tenant's folders, by the names that they have within it."""
        for name in self._store.list_folders(container, self._prefix + prefix, delimiter):
            yield name.removeprefix(self._prefix)

    def get(self, container: str, name: str, start: int = 0, length: int | None = None) -> StoredBlob | None:
        """Return a blob of the tenant, or a part of it."""
        return self._store.get(container, self._prefix + name, start, length)

    def replace_if(
        self, container: str, name: str, content: bytes, metadata: Mapping[str, str], etag: str | None
    ) -> bool:
        """Write a blob of the tenant over the one that has this ETag."""
        return self._store.replace_if(container, self._prefix + name, content, metadata, etag)

    def stage(self, container: str, name: str, content: IO[bytes]) -> str:
        """Send a block of a future blob of the tenant."""
        return self._store.stage(container, self._prefix + name, content)

    def commit(self, container: str, name: str, blocks: Sequence[str], metadata: Mapping[str, str]) -> bool:
        """Make a blob of the tenant of staged blocks."""
        return self._store.commit(container, self._prefix + name, blocks, metadata)

    def delete(self, container: str, name: str, *, with_versions: bool = True) -> None:
        """Delete a blob of the tenant."""
        self._store.delete(container, self._prefix + name, with_versions=with_versions)

    def former(self, container: str, prefix: str = "") -> Iterator[FormerBlob]:
        """Yield what is kept of the tenant's blobs that were written over or deleted."""
        for former in self._store.former(container, self._prefix + prefix):
            yield former._replace(name=former.name.removeprefix(self._prefix))

    def delete_former(self, container: str, former: FormerBlob) -> None:
        """Delete what is kept of a blob of the tenant."""
        self._store.delete_former(container, former._replace(name=self._prefix + former.name))
