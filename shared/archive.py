"""The archive in blob storage: writing a snapshot once, finding it again, reading it.

Containers: `usage` for snapshots without personal data, `usage-personal` for the others, `usage-derived` for what can
be made again. They are created when they are missing. No blob here is ever changed or deleted by this module.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, BlobServiceClient, ContainerClient, ExponentialRetry

from .call import Call
from .errors import ArchiveUnavailable, Deferred, Outcome
from .runs import Run
from .snapshot import Origin, Snapshot, blob_name, from_blob, prefix

USAGE = "usage"
PERSONAL = "usage-personal"
DERIVED = "usage-derived"

BLOCK = 4 << 20
"""Bytes of compressed body that are held in memory before they are staged as a block."""


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
    """A body on its way into the archive: compressed, staged as blocks, invisible until it is committed."""

    def __init__(self, archive: Archive, call: Call) -> None:
        self._archive = archive
        self._call = call
        self._gzip = zlib.compressobj(wbits=31)  # writes one gzip member with mtime 0
        self._held = bytearray()
        self._blocks: list[BlobBlock] = []
        self._revision: int | None = None
        """The revision under whose name the blocks are staged."""

    def write(self, chunk: bytes, refresh_date: date | None) -> None:
        """Take one more chunk; `refresh_date` as far as the body has told it yet."""
        self._held += self._gzip.compress(chunk)
        if len(self._held) >= BLOCK and refresh_date:
            self._stage(refresh_date)

    def commit(self, refresh_date: date, origin: Origin) -> tuple[Outcome, Snapshot]:
        """Make the body the next revision of its refresh date, unless a revision already is this very body.

        Answers the outcome (published, revised or unchanged) and the snapshot. Safe beside other writers: a blob is
        only ever created. Raises Deferred when others were first, ArchiveUnavailable when storage fails.
        """
        self._held += self._gzip.flush()
        for _ in range(5):
            revisions = self._archive.revisions(self._call, refresh_date)
            for snapshot in revisions:
                if snapshot.origin.sha256 == origin.sha256:
                    return Outcome.UNCHANGED, snapshot
            snapshot = Snapshot(self._call, refresh_date, _next_revision(revisions), origin)
            if self._revision not in (None, snapshot.revision):
                break
            if self._create(snapshot):
                return Outcome.PUBLISHED if snapshot.revision == 1 else Outcome.REVISED, snapshot
        raise Deferred("conflict", "Another writer archived the same refresh date at the same time.")

    def _stage(self, refresh_date: date) -> None:
        if self._revision is None:
            self._revision = _next_revision(self._archive.revisions(self._call, refresh_date))
        self._blocks.append(self._staged(blob_name(self._call, refresh_date, self._revision)))
        self._held.clear()

    def _staged(self, blob: str) -> BlobBlock:
        """What is held, as an uncommitted block of that blob."""
        container = self._archive.container(self._call)
        block = BlobBlock(secrets.token_hex(16))  # never the id of another writer under the same name
        with _answering():
            _in_container(container, lambda: container.get_blob_client(blob).stage_block(block.id, bytes(self._held)))
        return block

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
