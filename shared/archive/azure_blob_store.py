"""Azure Blob Storage as a BlobStore: the only module that knows its SDK.

Containers are created when they turn out to be missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from os import SEEK_END
from secrets import token_hex
from typing import IO, TYPE_CHECKING

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)

from shared.archive.blob_requests import BlobRequests, StorageTimeouts
from shared.archive.blob_store import BlobStore, FormerBlob, ListedBlob, StoredBlob
from shared.archive.layout import DERIVED, INPUT
from shared.domain.errors import AccessRefused, ArchiveUnavailable

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient

_ONE_PIECE = 32 << 20
"""Bytes of a blob that is sent by one request; of a larger one, the SDK sends blocks."""
OF_RUNS = StorageTimeouts()
"""A run has time, and a snapshot that it fails to write may be lost."""
OF_READERS = StorageTimeouts(connect=1.5, read=3, backoff=0, attempts=2)
"""Somebody waits: storage that does not answer at all is reported after nine seconds."""

_NO_ROLE = "AuthorizationPermissionMismatch"
_IMMUTABLE = "BlobImmutableDueTo"
"""What begins the codes of what nobody may do, whatever the role."""
_READER, _CONTRIBUTOR, _OWNER = (f"Storage Blob Data {each}" for each in ("Reader", "Contributor", "Owner"))
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage"""


class AzureBlobStore(BlobStore):
    """The containers behind one blob service."""

    def __init__(
        self,
        url: str,
        credential: TokenCredential,
        ca: str | None = None,
        timeouts: StorageTimeouts = OF_RUNS,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """`ca` is a PEM file to trust instead of the system's; `clock` answers UTC, in place of the service."""
        self._url = url
        self._credential = credential
        self._ca = ca
        self._timeouts = timeouts
        self._clock = clock
        self._requests = BlobRequests(url, credential, ca, timeouts, self._read_clock)
        self._ahead: timedelta | None = None
        """How far the service's clock is ahead of the monotonic one of this process."""

    @cached_property
    def _service(self) -> BlobServiceClient:
        """The SDK's client. Readers mostly do without it, and its import is a third of that of all SDKs."""
        from azure.storage.blob import BlobServiceClient, ExponentialRetry

        timeouts = self._timeouts
        return BlobServiceClient(
            self._url,
            credential=self._credential,
            connection_verify=self._ca or True,
            connection_timeout=timeouts.connect,
            read_timeout=timeouts.read,
            retry_policy=ExponentialRetry(
                initial_backoff=timeouts.backoff,
                increment_base=2 * timeouts.backoff,
                retry_total=timeouts.attempts - 1,
                random_jitter_range=timeouts.backoff,
            ),
            raw_response_hook=lambda response: self._read_clock(response.http_response.headers),
        )

    def now(self) -> datetime:
        """Return the service's time, as its newest answer gave it (UTC, to the second)."""
        if self._clock:
            return self._clock()
        if self._ahead is None:
            with _our_errors(DERIVED):
                self._service.get_container_client(DERIVED).exists()
        return _monotonic() + (self._ahead or timedelta(0))

    def list(self, container: str, prefix: str = "") -> Iterator[ListedBlob]:
        """Yield the blobs whose names begin with `prefix`, by name."""
        with _our_errors(container, missing_container_is_empty=True):
            yield from self._requests.list(container, prefix)

    def list_folders(self, container: str, prefix: str = "", delimiter: str = "/") -> Iterator[str]:
        """Yield what names that begin with `prefix` have up to the next `delimiter` after that, with it."""
        with _our_errors(container, missing_container_is_empty=True):
            yield from self._requests.list_folders(container, prefix, delimiter)

    def get(self, container: str, name: str, start: int = 0, length: int | None = None) -> StoredBlob | None:
        """Return a blob, or up to `length` of its bytes from `start` on; None if there is none of that name."""
        with _our_errors(container):
            return self._requests.get(container, name, start, length)

    def replace_if(
        self, container: str, name: str, content: bytes, metadata: Mapping[str, str], etag: str | None
    ) -> bool:
        """Write a blob over the one that has this ETag; None: where there is none."""
        condition = {"If-Match": etag} if etag else {"If-None-Match": "*"}
        if len(content) <= _ONE_PIECE:
            return self._written(container, lambda: self._requests.put(container, name, content, metadata, condition))
        client = self._service.get_blob_client(container, name)
        matching = MatchConditions.IfNotModified if etag else MatchConditions.IfMissing
        return self._written(
            container,
            lambda: client.upload_blob(
                content, overwrite=True, metadata=dict(metadata), etag=etag, match_condition=matching
            ),
        )

    def stage(self, container: str, name: str, content: IO[bytes]) -> str:
        """Send all of `content` as a block of a future blob."""
        client = self._service.get_blob_client(container, name)
        block = token_hex(16)  # never the id of another writer under the same name
        length = content.seek(0, SEEK_END)

        def write() -> None:
            content.seek(0)
            client.stage_block(block, content, length)

        with _our_errors(container):
            self._in_container(container, write)
        return block

    def commit(self, container: str, name: str, blocks: Sequence[str], metadata: Mapping[str, str]) -> bool:
        """Make a blob of staged blocks, unless there is one of that name or another commit dropped the blocks."""
        from azure.storage.blob import BlobBlock

        client = self._service.get_blob_client(container, name)
        staged = [BlobBlock(block) for block in blocks]
        return self._written(
            container,
            lambda: client.commit_block_list(
                staged, metadata=dict(metadata), match_condition=MatchConditions.IfMissing
            ),
        )

    def delete(self, container: str, name: str, *, with_versions: bool = True) -> None:
        """Delete a blob and its snapshots, and if so asked its versions; they want the role Storage Blob Data Owner."""
        client = self._service.get_blob_client(container, name)
        with _our_errors(container, missing_container_is_empty=True), suppress(ResourceNotFoundError):
            client.delete_blob(delete_snapshots="include")
        if not with_versions:
            return
        with _our_errors(container, _OWNER, missing_container_is_empty=True):
            versions = self._service.get_container_client(container).list_blobs(name, include=["versions"])
            for version in [each.version_id for each in versions if each.name == name and each.version_id]:
                client.delete_blob(version_id=version)

    def former(self, container: str, prefix: str = "") -> Iterator[FormerBlob]:
        """Yield the versions that are not the current one of a blob, those in soft delete too."""
        with _our_errors(container, missing_container_is_empty=True):
            client = self._service.get_container_client(container)
            for blob in client.list_blobs(prefix, include=["versions", "deleted"]):
                if blob.version_id and not blob.is_current_version:
                    days = blob.remaining_retention_days if blob.deleted else None
                    until = None if days is None else (self.now() + timedelta(days=days)).date()
                    yield FormerBlob(blob.name, blob.version_id, until)

    def delete_former(self, container: str, former: FormerBlob) -> None:
        """Delete a version, which wants the role Storage Blob Data Owner; soft delete keeps it for some days yet."""
        client = self._service.get_blob_client(container, former.name)
        with _our_errors(container, _OWNER), suppress(ResourceNotFoundError):
            client.delete_blob(version_id=former.version)

    def _written(self, container: str, write: Callable[[], object]) -> bool:
        """Run `write`; return whether it wrote, or another blob was in its way."""
        with _our_errors(container):
            try:
                self._in_container(container, write)
            except HttpResponseError as error:
                if not _is_in_the_way(error):
                    raise
                return False
        return True

    def _in_container(self, container: str, write: Callable[[], object]) -> None:
        """Run `write`, after creating the container if it turns out to be missing."""
        try:
            write()
        except HttpResponseError as error:
            if _error_code(error) != "ContainerNotFound":
                raise
            with suppress(ResourceExistsError):
                self._service.create_container(container)
            write()

    def _read_clock(self, headers: Mapping[str, str]) -> None:
        with suppress(KeyError, TypeError, ValueError):
            self._ahead = parsedate_to_datetime(headers["Date"]) - _monotonic()


@contextmanager
def _our_errors(container: str, role: str = "", *, missing_container_is_empty: bool = False) -> Iterator[None]:
    """Turn the SDK's errors into ArchiveUnavailable. Nothing else of them is shown: they quote request and answer.

    `role` is what it takes, if that is more than what the app does in the container.
    """
    try:
        yield
    except AzureError as error:
        if missing_container_is_empty and _error_code(error) == "ContainerNotFound":
            return
        code = _error_code(error)
        is_refusal = getattr(error, "status_code", None) == 403 or code.startswith(_IMMUTABLE)
        kind = AccessRefused if is_refusal else ArchiveUnavailable
        lacks = f" {_lacks(container, role)}" if code == _NO_ROLE else ""
        raise kind(f"Blob storage does not answer as it should: {code}.{lacks}") from None


def _lacks(container: str, role: str) -> str:
    """Return which role is missing, in a sentence."""
    role = role or (_READER if container == INPUT else _CONTRIBUTOR)
    others = f"; to read alone, {_READER} is enough" if role == _CONTRIBUTOR else ""
    return f"The role {role} is missing on the container {container}{others}."


def _is_in_the_way(error: HttpResponseError) -> bool:
    """Whether another blob, or another writer's commit, kept a blob from being written; a lease on it is no blob."""
    code = _error_code(error)
    is_other = code in ("ContainerBeingDeleted", "LeaseIdMissing")
    return code == "InvalidBlockList" or (error.status_code in (409, 412) and not is_other)


def _error_code(error: AzureError) -> str:
    """Return the service's own error code, or the kind of error if the service did not answer at all."""
    code = getattr(error, "error_code", None)  # text, or a StorageErrorCode, which is not written as its text
    return str(getattr(code, "value", code) or type(error).__name__)


def _monotonic() -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=time.monotonic())
