"""The archive in blob storage: writing a snapshot once, finding it again, reading it.

Containers: `usage` for snapshots without personal data, `usage-personal` for the others, `usage-derived` for what can
be made again. They are created when they are missing. This module deletes nothing, and changes only what is derived.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import IO, Any, NamedTuple

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobProperties, BlobServiceClient, ContainerClient, ExponentialRetry

from .blobs import DERIVED, PERSONAL, USAGE, answering, in_container
from .call import Call
from .draft import Draft
from .runs import Run
from .snapshot import Snapshot, from_blob, prefix


class Entry(NamedTuple):
    """A blob as a listing shows it."""

    name: str
    metadata: Mapping[str, str]
    md5: bytes | None = None
    """Of its bytes, as the service found when they came in one piece."""


class Stored(NamedTuple):
    """A blob."""

    content: bytes
    metadata: Mapping[str, str]
    etag: str


class Archive:
    """All snapshots behind one blob service."""

    def __init__(self, url: str, credential: TokenCredential, personal: Iterable[str], ca: str | None = None) -> None:
        """`personal` names the reports with personal data; `ca` is a PEM file to trust instead of the system's."""
        self._service = BlobServiceClient(
            url,
            credential=credential,
            connection_verify=ca or True,
            connection_timeout=10,
            read_timeout=60,
            retry_policy=ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=2, random_jitter_range=1),
        )
        self._personal = frozenset(personal)

    def newest(self, call: Call, today: date) -> Snapshot | None:
        """The snapshot with the highest refresh date and revision, or None.

        Looks month by month from `today` (UTC), so that the cost does not grow with the archive's age.
        """
        if call.date:
            return max(self.revisions(call, call.date), key=_order, default=None)
        month = today
        for _ in range(3):
            if found := self._list(call, f"{month:%Y-%m}-"):
                return max(found, key=_order)
            month = month.replace(day=1) - timedelta(days=1)
        dates = self.refresh_dates(call)
        return max(self.revisions(call, dates[-1]), key=_order) if dates else None

    def revisions(self, call: Call, refresh_date: date) -> list[Snapshot]:
        """The snapshots of one refresh date, first revision first."""
        return sorted(self._list(call, f"{refresh_date}/"), key=_order)

    def refresh_dates(self, call: Call, month: str = "") -> list[date]:
        """Every refresh date that is archived (in `month`, if given as YYYY-MM), oldest first."""
        start = prefix(call)
        with answering(missing_container_is_empty=True):
            names = [item.name for item in self.container(call).walk_blobs(name_starts_with=start + month)]
            return sorted(date.fromisoformat(name.removeprefix(start).rstrip("/")) for name in names)
        return []

    def content(self, snapshot: Snapshot) -> bytes:
        """The bytes that Graph sent."""
        with answering():
            compressed = self.container(snapshot.call).download_blob(snapshot.blob).readall()
        return zlib.decompress(compressed, wbits=31)

    def draft(self, call: Call) -> Draft:
        """A place to stream a new body into."""
        return Draft(self, call)

    def newest_run(self, today: date) -> Run | None:
        """The newest readable record of a run of this month or the one before, or None."""
        container = self._service.get_container_client(DERIVED)
        with answering(missing_container_is_empty=True):
            for month in (today, today.replace(day=1) - timedelta(days=1)):
                names = [blob.name for blob in container.list_blobs(name_starts_with=f"runs/{month:%Y-%m}/")]
                for name in sorted(names, reverse=True):
                    with suppress(ValueError, KeyError, TypeError):  # a damaged record must not stop the pulling
                        return Run.from_json(container.download_blob(name).readall())
        return None

    def keep_run(self, run: Run) -> None:
        """Store the record of a run."""
        self.create(DERIVED, f"runs/{run.started:%Y-%m}/{run.id}.json", io.BytesIO(run.to_json()), {})

    def create(self, container: str, name: str, content: IO[bytes], metadata: dict[str, str]) -> None:
        """Store a blob, unless there is one of that name."""
        client = self._service.get_container_client(container)

        def write() -> None:
            content.seek(0)
            client.get_blob_client(name).upload_blob(content, overwrite=False, metadata=metadata)

        with answering(), suppress(ResourceExistsError):
            in_container(client, write)

    def entries(self, container: str, start: str = "") -> list[Entry]:
        """The blobs of a container whose names begin with `start`, by name."""
        with answering(missing_container_is_empty=True):
            blobs = self._service.get_container_client(container).list_blobs(start or None, include=["metadata"])
            return [_entry(blob) for blob in blobs]
        return []

    def stored(self, container: str, name: str) -> Stored | None:
        """A blob as it is stored, all of one moment, or None."""
        with answering():
            try:
                blob = self._service.get_blob_client(container, name).download_blob()
                return Stored(blob.readall(), blob.properties.metadata, blob.properties.etag)
            except ResourceNotFoundError:
                return None

    def keep_derived(self, name: str, content: bytes, metadata: dict[str, str], etag: str | None) -> bool:
        """Whether it could be kept: no, if what is there has no longer that ETag, or (None) anything is there."""
        container = self._service.get_container_client(DERIVED)
        blob = container.get_blob_client(name)
        condition: dict[str, Any] = {"match_condition": MatchConditions.IfMissing}
        if etag:
            condition = {"match_condition": MatchConditions.IfNotModified, "etag": etag}
        with answering():
            try:
                in_container(
                    container, lambda: blob.upload_blob(content, overwrite=True, metadata=metadata, **condition)
                )
            except (ResourceExistsError, ResourceModifiedError):
                return False
        return True

    def container(self, call: Call) -> ContainerClient:
        """Where the snapshots of a call lie."""
        return self._service.get_container_client(PERSONAL if call.report in self._personal else USAGE)

    def _list(self, call: Call, start: str) -> list[Snapshot]:
        with answering(missing_container_is_empty=True):
            blobs = self.container(call).list_blobs(name_starts_with=prefix(call) + start, include=["metadata"])
            found = (from_blob(call, blob.name, blob.metadata or {}) for blob in blobs)
            return [snapshot for snapshot in found if snapshot]
        return []


def _entry(blob: BlobProperties) -> Entry:
    md5 = blob.content_settings.content_md5
    return Entry(blob.name, blob.metadata or {}, bytes(md5) if md5 else None)


def _order(snapshot: Snapshot) -> tuple[date, int]:
    return snapshot.order
