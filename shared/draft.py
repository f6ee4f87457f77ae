"""A body on its way into the archive: compressed, kept aside, and made a blob only once it is known to be sane."""

from __future__ import annotations

import io
import secrets
import zlib
from datetime import date, datetime
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Self

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.blob import BlobBlock

from .blobs import QUARANTINE, answering, error_code, in_container
from .call import Call
from .drift import REORDERED
from .errors import Deferred, Outcome
from .snapshot import Origin, Snapshot, blob_name, quarantine_name

if TYPE_CHECKING:
    from .archive import Archive

IN_MEMORY = 1 << 20
"""Bytes of compressed body that are held in memory; more goes to a temporary file ..."""
BLOCK = 64 << 20
"""... and that much of it is staged as a block. Few bodies are so large, so most are staged only once they are sane."""


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
        with answering():
            in_container(
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
        with answering():
            try:
                blob.commit_block_list(blocks, metadata=metadata, match_condition=MatchConditions.IfMissing)
            except ResourceExistsError:
                return False
            except HttpResponseError as error:
                if error_code(error) == "InvalidBlockList":  # another writer's commit threw our blocks away
                    return False
                raise
        return True


def _next_revision(revisions: list[Snapshot]) -> int:
    return revisions[-1].revision + 1 if revisions else 1
