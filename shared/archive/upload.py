"""A body on its way into the archive: compressed, kept aside, and made a blob only once it is known to be sane."""

from __future__ import annotations

import hashlib
import io
import secrets
import zlib
from datetime import date, datetime
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Self

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.blob import BlobBlock, ContainerClient

from shared.archive.azure_blob_store import QUARANTINE, already_there, answering, error_code, in_container
from shared.archive.snapshot import Origin, Snapshot, blob_name, large_quarantine_name, quarantine_name
from shared.domain.call import Call
from shared.domain.errors import Deferred, Outcome
from shared.domain.outcome import Flag

if TYPE_CHECKING:
    from shared.archive.snapshots import Archive

IN_MEMORY = 1 << 20
"""Bytes of compressed body that are held in memory; more goes to a temporary file ..."""
BLOCK = 64 << 20
"""... and that much of it is staged as a block. Few bodies are so large, so most are staged only once they are sane."""


class Draft:
    """A body on its way into the archive: compressed, kept aside, invisible until it is committed."""

    def __init__(self, archive: Archive, call: Call, block: int = BLOCK) -> None:
        self._archive = archive
        self._call = call
        self._block = block
        self._gzip = zlib.compressobj(wbits=31)  # writes one gzip member with mtime 0
        self._gzip_sha256 = hashlib.sha256()
        self._gzip_size = 0
        self._held: IO[bytes] = io.BytesIO()
        self._condemned = False
        self._aside = ""
        """The name in the quarantine under which all blocks of a large body are staged."""
        self._set_aside: list[BlobBlock] = []
        self._blocks: list[BlobBlock] = []
        """The same blocks, staged as those of a snapshot too."""
        self._revision: int | None = None
        """The revision under whose name they are."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def write(self, chunk: bytes, refresh_date: date | None) -> None:
        """Take one more chunk; `refresh_date` as far as the body has told it yet.

        Raises ArchiveUnavailable, and Deferred when there is no room for it.
        """
        self._hold(self._gzip.compress(chunk))
        if self._held.tell() >= self._block and (refresh_date or self._condemned):
            self._stage(refresh_date)

    def condemn(self) -> None:
        """From now on it is certain that the body is not going to be a snapshot: it can only be quarantined."""
        self._condemned = True

    def commit(self, refresh_date: date, origin: Origin) -> tuple[Outcome, Snapshot]:
        """Make the body the next revision of its refresh date, unless a revision already is this very body.

        Answers the outcome (published, revised or unchanged) and the snapshot, which is flagged as reordered if a
        revision has the same values. Safe beside other writers: a blob is only ever created. Raises Deferred when
        others were first, ArchiveUnavailable when storage fails.
        """
        tried: Snapshot | None = None
        self._hold(self._gzip.flush())
        origin = origin._replace(gzip_sha256=self._gzip_sha256.hexdigest(), gzip_size=self._gzip_size)
        for _ in range(5):
            revisions = self._archive.revisions(self._call, refresh_date)
            for snapshot in revisions:
                if snapshot.origin.sha256 == origin.sha256:
                    ours = tried is not None and _is_same_pull(snapshot, tried)  # the answer was lost, not the blob
                    return _outcome(snapshot) if ours else Outcome.UNCHANGED, snapshot
            known = any(snapshot.origin.content == origin.content for snapshot in revisions) and origin.content
            told = origin._replace(flags=(*origin.flags, Flag.REORDERED)) if known else origin
            tried = Snapshot(self._call, refresh_date, _next_revision(revisions), told)
            if self._revision not in (None, tried.revision):
                break
            if self._created(tried):
                return _outcome(tried), tried
        raise Deferred("conflict", "Another writer archived the same refresh date at the same time.")

    def quarantine(self, sha256: str, reason: str, now: datetime) -> str:
        """Keep the body as it came, for people to look at, and tell its blob. Raises ArchiveUnavailable.

        The same body is kept once, however often it comes.
        """
        self._hold(self._gzip.flush())
        name = self._aside or quarantine_name(self._call, reason, sha256)
        if self._aside and (kept := self._kept_before(sha256)):
            return kept
        container = self._archive.quarantine()
        blocks = [*self._set_aside, self._staged(container, name)]
        metadata = {"pulled_at": now.isoformat(), "reason": reason, "sha256": sha256}
        _create(container, name, blocks, metadata)
        return name

    def _hold(self, compressed: bytes) -> None:
        self._gzip_sha256.update(compressed)
        self._gzip_size += len(compressed)
        try:
            self._held.write(compressed)
            if self._held.tell() > IN_MEMORY and isinstance(self._held, io.BytesIO):
                # Not a SpooledTemporaryFile: when azure-core tries again, it copies what it sends, and breaks that one.
                memory, self._held = self._held, TemporaryFile()  # noqa: SIM115 (closed by __exit__)
                self._held.write(memory.getbuffer())
        except OSError as error:
            raise Deferred("disk_full", f"There is no room for a temporary file: {error.strerror}.") from error

    def _stage(self, refresh_date: date | None) -> None:
        """Send what is held to where the body may go: which of the two it will be is known at its end only."""
        self._aside = self._aside or large_quarantine_name(self._call, secrets.token_hex(16))
        self._set_aside.append(self._staged(self._archive.quarantine(), self._aside))
        if refresh_date and not self._condemned:
            if self._revision is None:
                self._revision = _next_revision(self._archive.revisions(self._call, refresh_date))
            name = blob_name(self._call, refresh_date, self._revision)
            self._blocks.append(self._staged(self._archive.container(self._call), name))
        self._held.seek(0)
        self._held.truncate()

    def _staged(self, container: ContainerClient, blob: str) -> BlobBlock:
        """What is held, as an uncommitted block of that blob."""
        block = BlobBlock(secrets.token_hex(16))  # never the id of another writer under the same name
        length = self._held.seek(0, SEEK_END)

        def stage() -> None:
            self._held.seek(0)
            container.get_blob_client(blob).stage_block(block.id, self._held, length)

        with answering():
            in_container(container, stage)
        return block

    def _created(self, snapshot: Snapshot) -> bool:
        container = self._archive.container(self._call)
        blocks = [*self._blocks, self._staged(container, snapshot.blob)]
        return _create(container, snapshot.blob, blocks, snapshot.origin.to_metadata())

    def _kept_before(self, sha256: str) -> str | None:
        """The name of the blob if such a large body is in the quarantine already."""
        held = self._archive.entries(QUARANTINE, large_quarantine_name(self._call))
        return next((entry.name for entry in held if entry.metadata.get("sha256") == sha256), None)


def _create(container: ContainerClient, name: str, blocks: list[BlobBlock], metadata: dict[str, str]) -> bool:
    """Whether the blob was created; False when another writer was first."""
    with answering():
        try:
            blob = container.get_blob_client(name)
            blob.commit_block_list(blocks, metadata=metadata, match_condition=MatchConditions.IfMissing)
        except ResourceExistsError as error:
            if already_there(error):
                return False
            raise
        except HttpResponseError as error:
            if error_code(error) == "InvalidBlockList":  # another writer's commit threw our blocks away
                return False
            raise
    return True


def _next_revision(revisions: list[Snapshot]) -> int:
    return revisions[-1].revision + 1 if revisions else 1


def _outcome(archived: Snapshot) -> Outcome:
    return Outcome.PUBLISHED if archived.revision == 1 else Outcome.REVISED


def _is_same_pull(one: Snapshot, other: Snapshot) -> bool:
    told = [(each.order, each.origin.pulled_at, each.origin.request_id) for each in (one, other)]
    return told[0] == told[1]
