"""A past for an archive: pulls of earlier days, lived through in one process, then put into storage as they are.

What lies there in the end is what the same pulls would have left over HTTP, in a fifth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from azure.core.exceptions import ResourceExistsError
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from tests.reliability.environment import CONTAINERS, InProcess
from tests.reliability.in_memory import Kept

_WRITERS = 8


class Past(InProcess):
    """Begins with what the storage of these app settings holds, and puts into it what came to be at each `keep`."""

    def __init__(self, settings: Mapping[str, str], users: int) -> None:
        super().__init__(users)
        self._service = BlobServiceClient(
            settings["ARCHIVE_URL"], ManagedIdentityCredential(), connection_verify=settings["ARCHIVE_CA"]
        )
        self._known: dict[tuple[str, str], Kept] = {}
        for container in {each.name for each in self._service.list_containers()} & set(CONTAINERS):
            self._memory.create(container)
            client = self._service.get_container_client(container)
            for blob in client.list_blobs(include=["metadata"]):
                content = client.download_blob(blob.name).readall()
                self._memory.put(container, blob.name, content, blob.metadata or {})
        self._known |= self._memory.blobs

    def __exit__(self, *details: object) -> None:
        super().__exit__(*details)
        self._service.close()

    def keep(self) -> None:
        """Put what is new since the last time into storage, and forget what was asked meanwhile."""
        new = {at: kept for at, kept in self._memory.blobs.items() if self._known.get(at) is not kept}
        for container in {container for container, _ in new}:
            with suppress(ResourceExistsError):
                self._service.create_container(container)
        with ThreadPoolExecutor(_WRITERS) as pool:
            list(pool.map(self._put, new, new.values()))
        self._known |= new
        self._memory.seen.clear()
        self.control.forget()

    def _put(self, at: tuple[str, str], kept: Kept) -> None:
        self._service.get_blob_client(*at).upload_blob(kept.content, overwrite=True, metadata=dict(kept.metadata))
