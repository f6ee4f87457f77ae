"""The archive in blob storage: writing a snapshot once, finding it again, reading it.

Containers: `usage` for snapshots without personal data, `usage-personal` for the others, `usage-derived` for what can
be made again. They are created when they are missing. This module deletes nothing, and changes only what is derived.
"""

from __future__ import annotations

import io
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple, Self

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobBlock, BlobProperties, BlobServiceClient, ContainerClient, ExponentialRetry

from .call import Call
from .drift import REORDERED
from .errors import ArchiveUnavailable, Deferred, Outcome
from .runs import Run
from .snapshot import Origin, Snapshot, blob_name, from_blob, prefix, quarantine_name

USAGE = "usage"
PERSONAL = "usage-personal"
DERIVED = "usage-derived"
QUARANTINE = "usage-quarantine"

IN_MEMORY = 1 << 20
"""Bytes of compressed body that are held in memory; more goes to a temporary file ..."""
BLOCK = 64 << 20
"""... and that much of it is staged as a block. Few bodies are so large, so most are staged only once they are sane."""


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
        with _answering(missing_container_is_empty=True):
            names = [item.name for item in self.container(call).walk_blobs(name_starts_with=start + month)]
            return sorted(date.fromisoformat(name.removeprefix(start).rstrip("/")) for name in names)
        return []

    def content(self, snapshot: Snapshot) -> bytes:
        """The bytes that Graph sent."""
        with _answering():
            compressed = self.container(snapshot.call).download_blob(snapshot.blob).readall()
        return zlib.decompress(compressed, wbits=31)

    def draft(self, call: Call) -> Draft:
        """A place to stream a new body into."""
        return Draft(self, call)

    def newest_run(self, today: date) -> Run | None:
        """The record of the newest run of this month or the one before, or None."""
        container = self._service.get_container_client(DERIVED)
        with _answering(missing_container_is_empty=True):
            for month in (today, today.replace(day=1) - timedelta(days=1)):
                names = [blob.name for blob in container.list_blobs(name_starts_with=f"runs/{month:%Y-%m}/")]
                if names:
                    return Run.from_json(container.download_blob(max(names)).readall())
        return None

    def keep_run(self, run: Run) -> None:
        """Store the record of a run."""
        container = self._service.get_container_client(DERIVED)
        blob = container.get_blob_client(f"runs/{run.started:%Y-%m}/{run.id}.json")
        with _answering():
            _in_container(container, lambda: blob.upload_blob(run.to_json(), overwrite=False))

    def create(self, container: str, name: str, content: IO[bytes], metadata: dict[str, str]) -> None:
        """Store a blob, unless there is one of that name."""
        client = self._service.get_container_client(container)

        def write() -> None:
            content.seek(0)
            client.get_blob_client(name).upload_blob(content, overwrite=False, metadata=metadata)

        with _answering(), suppress(ResourceExistsError):
            _in_container(client, write)

    def entries(self, container: str, start: str = "") -> list[Entry]:
        """The blobs of a container whose names begin with `start`, by name."""
        with _answering(missing_container_is_empty=True):
            blobs = self._service.get_container_client(container).list_blobs(start or None, include=["metadata"])
            return [_entry(blob) for blob in blobs]
        return []

    def stored(self, container: str, name: str) -> Stored | None:
        """A blob as it is stored, all of one moment, or None."""
        with _answering():
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
        with _answering():
            try:
                _in_container(
                    container, lambda: blob.upload_blob(content, overwrite=True, metadata=metadata, **condition)
                )
            except (ResourceExistsError, ResourceModifiedError):
                return False
        return True

    def container(self, call: Call) -> ContainerClient:
        """Where the snapshots of a call lie."""
        return self._service.get_container_client(PERSONAL if call.report in self._personal else USAGE)

    def _list(self, call: Call, start: str) -> list[Snapshot]:
        with _answering(missing_container_is_empty=True):
            blobs = self.container(call).list_blobs(name_starts_with=prefix(call) + start, include=["metadata"])
            found = (from_blob(call, blob.name, blob.metadata or {}) for blob in blobs)
            return [snapshot for snapshot in found if snapshot]
        return []


class Draft:
    """A body on its way into the archive: compressed, kept aside, invisible until it is committed."""

    def __init__(self, archive: Archive, call: Call) -> None:
        self._archive = archive
        self._call = call
        self._gzip = zlib.compressobj(wbits=31)  # writes one gzip member with mtime 0
        self._held: IO[bytes] = io.BytesIO()
        self._blocks: list[BlobBlock] = []
        self._revision: int | None = None
        """The revision under whose name the blocks are staged."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def write(self, chunk: bytes, refresh_date: date | None) -> None:
        """Take one more chunk; `refresh_date` as far as the body has told it yet."""
        self._held.write(self._gzip.compress(chunk))
        if self._held.tell() > IN_MEMORY and isinstance(self._held, io.BytesIO):
            # Not a SpooledTemporaryFile: when azure-core tries again, it copies what it sends, and breaks that one.
            memory, self._held = self._held, TemporaryFile()  # noqa: SIM115 (closed by __exit__)
            self._held.write(memory.getbuffer())
        if self._held.tell() >= BLOCK and refresh_date:
            self._stage(refresh_date)

    def commit(self, refresh_date: date, origin: Origin) -> tuple[Outcome, Snapshot]:
        """Make the body the next revision of its refresh date, unless a revision already is this very body.

        Answers the outcome (published, revised or unchanged) and the snapshot, which is flagged as reordered if a
        revision has the same values. Safe beside other writers: a blob is only ever created. Raises Deferred when
        others were first, ArchiveUnavailable when storage fails.
        """
        self._held.write(self._gzip.flush())
        for _ in range(5):
            revisions = self._archive.revisions(self._call, refresh_date)
            for snapshot in revisions:
                if snapshot.origin.sha256 == origin.sha256:
                    return Outcome.UNCHANGED, snapshot
            known = any(snapshot.origin.content == origin.content for snapshot in revisions) and origin.content
            told = origin._replace(flags=(*origin.flags, REORDERED)) if known else origin
            snapshot = Snapshot(self._call, refresh_date, _next_revision(revisions), told)
            if self._revision not in (None, snapshot.revision):
                break
            if self._create(snapshot):
                return Outcome.PUBLISHED if snapshot.revision == 1 else Outcome.REVISED, snapshot
        raise Deferred("conflict", "Another writer archived the same refresh date at the same time.")

    def quarantine(self, sha256: str, reason: str, now: datetime) -> str | None:
        """Keep the body as it came, for people to look at, and tell its blob; None if too much of it is staged.

        The same body is kept once, however often it comes.
        """
        if self._blocks:
            return None
        self._held.write(self._gzip.flush())
        name = quarantine_name(self._call, reason, sha256)
        metadata = {"pulled_at": now.isoformat(), "reason": reason, "sha256": sha256}
        self._archive.create(QUARANTINE, name, self._rewound(), metadata)
        return name

    def _stage(self, refresh_date: date) -> None:
        if self._revision is None:
            self._revision = _next_revision(self._archive.revisions(self._call, refresh_date))
        self._blocks.append(self._staged(blob_name(self._call, refresh_date, self._revision)))
        self._held.seek(0)
        self._held.truncate()

    def _staged(self, blob: str) -> BlobBlock:
        """What is held, as an uncommitted block of that blob."""
        container = self._archive.container(self._call)
        block = BlobBlock(secrets.token_hex(16))  # never the id of another writer under the same name
        length = self._held.seek(0, SEEK_END)
        with _answering():
            _in_container(
                container, lambda: container.get_blob_client(blob).stage_block(block.id, self._rewound(), length)
            )
        return block

    def _rewound(self) -> IO[bytes]:
        self._held.seek(0)
        return self._held

    def _create(self, snapshot: Snapshot) -> bool:
        """Whether the blob was created; False when another writer was first."""
        blocks = [*self._blocks, self._staged(snapshot.blob)]
        blob = self._archive.container(self._call).get_blob_client(snapshot.blob)
        metadata = snapshot.origin.to_metadata()
        with _answering():
            try:
                blob.commit_block_list(blocks, metadata=metadata, match_condition=MatchConditions.IfMissing)
            except ResourceExistsError:
                return False
            except HttpResponseError as error:
                if _code(error) == "InvalidBlockList":  # another writer's commit threw our blocks away
                    return False
                raise
        return True


def _entry(blob: BlobProperties) -> Entry:
    md5 = blob.content_settings.content_md5
    return Entry(blob.name, blob.metadata or {}, bytes(md5) if md5 else None)


def _order(snapshot: Snapshot) -> tuple[date, int]:
    return snapshot.order


def _next_revision(revisions: list[Snapshot]) -> int:
    return revisions[-1].revision + 1 if revisions else 1


def _in_container(container: ContainerClient, write: Callable[[], object]) -> None:
    """Run `write`, after creating the container if it turns out to be missing."""
    try:
        write()
    except ResourceNotFoundError as error:
        if _code(error) != "ContainerNotFound":
            raise
        with suppress(ResourceExistsError):
            container.create_container()
        write()


@contextmanager
def _answering(*, missing_container_is_empty: bool = False) -> Iterator[None]:
    """Turn the SDK's errors into ArchiveUnavailable. Nothing of the request, which may hold a token, is shown."""
    try:
        yield
    except AzureError as error:
        if missing_container_is_empty and _code(error) == "ContainerNotFound":
            return
        raise ArchiveUnavailable(f"Blob storage does not answer as it should: {_code(error)}.") from error


def _code(error: AzureError) -> str:
    """The service's own error code, or the kind of error if it did not answer at all."""
    return str(getattr(error, "error_code", None) or type(error).__name__)
