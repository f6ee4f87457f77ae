"""The archive in blob storage: writing a snapshot once, finding it again, reading it.

Containers: `usage` for snapshots without personal data, `usage-personal` for the others, `usage-derived` for what can
be made again. They are created when they are missing. This module deletes nothing, and changes only what is derived.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import IO, Any, NamedTuple

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobProperties, BlobServiceClient, ContainerClient, ExponentialRetry

from shared.archive.azure_blob_store import DERIVED, PERSONAL, QUARANTINE, USAGE, already_there, answering, in_container
from shared.archive.markers import Mark, read
from shared.archive.run_log import UNREADABLE, Run
from shared.archive.snapshot import Snapshot, from_blob, prefix
from shared.archive.upload import BLOCK, Draft
from shared.domain.call import Call
from shared.domain.errors import ArchiveUnavailable

_READERS = 8
"""Blobs that are read side by side."""
_NEWEST_MONTHS = 3
"""That many are looked through one by one for the newest snapshot of a call ..."""
_USUAL_AGE = timedelta(days=3)
"""... after the ten days of its month, if they reach back so far: each snapshot in a listing takes 0.2 ms of CPU."""
_EARLIEST = date(2000, 1, 1)
"""Nothing is looked for before: calendars end in the year 1."""
ATTEMPTS = 3
"""That often one operation is tried."""


class Patience(NamedTuple):
    """How long storage is waited for, in seconds."""

    connect: float = 10
    read: float = 60
    pause: int = 1
    """Before another attempt; each is a few times as long as the one before."""


PATIENCE = Patience()


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

    def __init__(
        self,
        url: str,
        credential: TokenCredential,
        personal: Iterable[str],
        ca: str | None = None,
        *,
        patience: Patience = PATIENCE,
        block: int = BLOCK,
    ) -> None:
        """`personal` names the reports with personal data; `ca` is a PEM file to trust instead of the system's.

        `block` is how many bytes of a large body are staged at once.
        """
        self._service = BlobServiceClient(
            url,
            credential=credential,
            connection_verify=ca or True,
            connection_timeout=patience.connect,
            read_timeout=patience.read,
            retry_policy=ExponentialRetry(
                initial_backoff=patience.pause,
                increment_base=2 * patience.pause,
                retry_total=ATTEMPTS - 1,
                random_jitter_range=patience.pause,
            ),
        )
        self._personal = frozenset(personal)
        self._block = block

    def newest(self, call: Call, today: date, as_of: datetime | None = None) -> Snapshot | None:
        """The snapshot with the highest refresh date and revision, or None; of those known at `as_of`, if given.

        Looks backwards from `today` (UTC), so that the cost does not grow with the archive's age.
        """
        if call.date:
            return max(self.revisions(call, call.date, as_of), key=_order, default=None)
        until = max(_EARLIEST, min(today, as_of.date())) if as_of else today
        for start in _starts(until + timedelta(days=1)):  # a refresh date is never later than the day after its pull
            if found := self._list(call, start, as_of):
                return max(found, key=_order)
        if as_of:
            return max(self._list(call, "", as_of), key=_order, default=None)
        dates = self.refresh_dates(call)
        return max(self.revisions(call, dates[-1]), key=_order) if dates else None

    def revisions(self, call: Call, refresh_date: date, as_of: datetime | None = None) -> list[Snapshot]:
        """The snapshots of one refresh date, first revision first; those known at `as_of`, if given."""
        return sorted(self._list(call, f"{refresh_date}/", as_of), key=_order)

    def snapshots(self, call: Call, as_of: datetime | None = None) -> list[Snapshot]:
        """All snapshots, of a single day those of all days, oldest first; those known at `as_of`, if given."""
        return sorted(self._list(call, "", as_of), key=_order)

    def refresh_dates(self, call: Call, month: str = "") -> list[date]:
        """Every refresh date that is archived (in `month`, if given as YYYY-MM), oldest first."""
        start = prefix(call)
        with answering(missing_container_is_empty=True):
            names = [item.name for item in self.container(call).walk_blobs(name_starts_with=start + month)]
            return sorted(date.fromisoformat(name.removeprefix(start).rstrip("/")) for name in names)
        return []

    def reports(self) -> set[str]:
        """The names of all reports that have a snapshot."""
        names: list[str] = []
        for container in (USAGE, PERSONAL):
            with answering(missing_container_is_empty=True):
                prefixes = self._service.get_container_client(container).walk_blobs(name_starts_with="report=")
                names += [item.name for item in prefixes]
        return {name.removeprefix("report=").rstrip("/") for name in names}

    def content(self, snapshot: Snapshot) -> bytes:
        """The bytes that Graph sent. Raises ArchiveUnavailable, also for a blob that was damaged."""
        try:
            return zlib.decompress(self.compressed(snapshot), wbits=31)
        except zlib.error as error:
            raise ArchiveUnavailable(f"The snapshot {snapshot.blob} is damaged.") from error

    def compressed(self, snapshot: Snapshot) -> bytes:
        """The bytes that Graph sent, as stored: one gzip member."""
        with answering():
            compressed = self.container(snapshot.call).download_blob(snapshot.blob).readall()
        return compressed

    def contents(self, snapshots: Sequence[Snapshot]) -> Iterator[bytes]:
        """The bytes that Graph sent of each, in that order; read side by side. Raises ArchiveUnavailable."""
        with ThreadPoolExecutor(min(_READERS, len(snapshots)) or 1) as pool:
            yield from pool.map(self.content, snapshots)

    def draft(self, call: Call) -> Draft:
        """A place to stream a new body into."""
        return Draft(self, call, self._block)

    def newest_run(self, today: date) -> Run | None:
        """The newest readable record of a run of this month or the one before, or None."""
        container = self._service.get_container_client(DERIVED)
        for month in (today, today.replace(day=1) - timedelta(days=1)):
            for entry in reversed(self.entries(DERIVED, f"runs/{month:%Y-%m}/")):
                with answering(), suppress(*UNREADABLE):  # a damaged one must not stop the pulling
                    return Run.from_json(container.download_blob(entry.name).readall())
        return None

    def keep_run(self, run: Run) -> None:
        """Store the record of a run."""
        self.create(DERIVED, f"runs/{run.started:%Y-%m}/{run.id}.json", io.BytesIO(run.to_json()), {})

    def mark(self, mark: Mark) -> None:
        """Write a mark down, unless it is there."""
        self.create(DERIVED, mark.name, io.BytesIO(), {})

    def marks(self, start: str) -> list[Mark]:
        """The marks whose names begin with `start`."""
        return [mark for entry in self.entries(DERIVED, start) if (mark := read(entry.name))]

    def create(self, container: str, name: str, content: IO[bytes], metadata: dict[str, str]) -> None:
        """Store a blob, unless there is one of that name."""
        client = self._service.get_container_client(container)

        def write() -> None:
            content.seek(0)
            client.get_blob_client(name).upload_blob(content, overwrite=False, metadata=metadata)

        with answering():
            try:
                in_container(client, write)
            except ResourceExistsError as error:
                if not already_there(error):
                    raise

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

    def quarantine(self) -> ContainerClient:
        """Where bodies lie that were not published."""
        return self._service.get_container_client(QUARANTINE)

    def _list(self, call: Call, start: str, as_of: datetime | None = None) -> list[Snapshot]:
        entries = self.entries(self.container(call).container_name, prefix(call) + start)
        found = (from_blob(call, entry.name, entry.metadata) for entry in entries)
        return [each for each in found if each and (as_of is None or each.origin.pulled_at <= as_of)]


def _entry(blob: BlobProperties) -> Entry:
    md5 = blob.content_settings.content_md5
    return Entry(blob.name, blob.metadata or {}, bytes(md5) if md5 else None)


def _starts(latest: date) -> Iterator[str]:
    """What the newest refresh dates begin with, up to that one, newest first."""
    tens = f"{latest}"[:-1]
    if f"{latest - _USUAL_AGE}".startswith(tens):
        yield tens
    for _ in range(_NEWEST_MONTHS):
        yield f"{latest:%Y-%m}-"
        latest = latest.replace(day=1) - timedelta(days=1)


def _order(snapshot: Snapshot) -> tuple[date, int]:
    return snapshot.order
