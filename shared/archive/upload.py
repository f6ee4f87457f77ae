"""A body on its way into the archive: compressed, kept aside, and made a blob only once it is known to be sane."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from tempfile import TemporaryFile
from typing import IO, NamedTuple, Self

from shared.archive.blob_store import BlobStore
from shared.archive.layout import (
    QUARANTINE,
    LargeQuarantineName,
    Partition,
    QuarantineName,
    SnapshotName,
    large_quarantine_prefix,
)
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.domain.call import Call
from shared.domain.errors import PullError
from shared.domain.outcome import Flag, Outcome, Reason
from shared.report import compression

IN_MEMORY = 1 << 20
"""Bytes of compressed body that are held in memory, and sent in one piece. More goes to a temporary file."""
BLOCK = 64 << 20
"""Bytes of the temporary file that are staged as a block before the body has ended. Few bodies are so large."""
_ATTEMPTS = 5
"""How many lost races for a revision before giving up."""


class Revisions(NamedTuple):
    """What there is of a refresh date."""

    snapshots: Sequence[Snapshot]
    """Those that can be read, first revision first."""
    next: int
    """The first number after all that are taken, also by what cannot be read."""


_NONE = Revisions((), 1)


class SnapshotUpload:
    """A body on its way into the archive: compressed, kept aside, invisible until it is committed."""

    def __init__(
        self,
        store: BlobStore,
        container: str,
        call: Call,
        revisions: Callable[[Call, date], Revisions],
        block: int = BLOCK,
        after: date = date.max,
        temporary_file: Callable[[], IO[bytes]] = TemporaryFile,
    ) -> None:
        """`revisions` lists those of a refresh date; `block` is how many bytes are staged at once.

        A refresh date `after` that is taken for one without revisions, until it shows that there are some.
        `temporary_file` opens a file for a body that is too large for memory.
        """
        self._store = store
        self._container = container
        self._call = call
        self._revisions = revisions
        self._block = block
        self._after = after
        self._temporary_file = temporary_file
        self._gzip = compression.BodyCompressor()
        self._gzip_sha256 = hashlib.sha256()
        self._gzip_size = 0
        self._buffer: IO[bytes] = io.BytesIO()
        self._is_rejected = False
        self._quarantine_name = ""
        """The name in the quarantine under which all blocks of a large body are staged."""
        self._quarantine_blocks: list[str] = []
        self._blocks: list[str] = []
        """The same blocks, staged as those of a snapshot too."""
        self._revision: int | None = None
        """The revision under whose name they are staged."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._buffer.close()

    def write(self, chunk: bytes, refresh_date: date | None) -> None:
        """Take one more chunk; `refresh_date` as far as the body has told it yet.

        Raise ArchiveUnavailable, and PullError when there is no room for it.
        """
        self._hold(self._gzip.compress(chunk))
        if self._buffer.tell() >= self._block and (refresh_date or self._is_rejected):
            self._stage(refresh_date)

    def reject(self) -> None:
        """Note that the body is not going to be a snapshot: it can only be quarantined."""
        self._is_rejected = True

    def commit(
        self, refresh_date: date, metadata: SnapshotMetadata, former_content: str = ""
    ) -> tuple[Outcome, Snapshot]:
        """Make the body the next revision of its refresh date, unless the last revision is this very body.

        Return the outcome (published, revised or unchanged) and the snapshot, which is flagged as reordered if the last
        revision has the same values; `former_content` is their digest as version 0.1 made it. This is safe beside other
        writers: a blob is only ever created. Raise PullError when others were first, ArchiveUnavailable when storage
        fails.
        """
        tried: Snapshot | None = None
        contents = {metadata.content, former_content} - {""}
        self._hold(self._gzip.flush())
        metadata = metadata._replace(gzip_sha256=self._gzip_sha256.hexdigest(), gzip_size=self._gzip_size)
        for attempt in range(_ATTEMPTS):
            is_new = attempt == 0 and refresh_date > self._after and self._revision is None
            revisions = _NONE if is_new else self._revisions(self._call, refresh_date)
            for snapshot in revisions.snapshots:
                if tried and _is_same_pull(snapshot, tried):  # the answer was lost, not the blob
                    return _outcome(snapshot), snapshot
            last = revisions.snapshots[-1] if revisions.snapshots else None
            if last and last.metadata.sha256 == metadata.sha256:
                return Outcome.UNCHANGED, last
            same_values = last is not None and last.metadata.content in contents
            flagged = metadata._replace(flags=(*metadata.flags, Flag.REORDERED)) if same_values else metadata
            tried = Snapshot(self._call, refresh_date, revisions.next, flagged)
            if self._revision not in (None, tried.revision):
                break
            in_one_piece = attempt == 0  # Azurite refuses that under a name that has staged blocks; Azure does not
            if self._create(self._container, tried.blob, self._blocks, flagged.to_metadata(), in_one_piece):
                return _outcome(tried), tried
        raise PullError(Reason.CONFLICT, "Another writer archived the same refresh date at the same time.")

    def content(self) -> bytes | None:
        """Return the body as it came, after `commit`; None if it was too large to be kept in memory."""
        if self._blocks or not isinstance(self._buffer, io.BytesIO):
            return None
        return compression.decompress(self._buffer.getvalue())

    def quarantine(self, sha256: str, reason: str, now: datetime, hide: Callable[[bytes], bytes] | None = None) -> str:
        """Keep the body, for people to look at, and return its blob's name. Raise ArchiveUnavailable.

        The same body is kept once, however often it comes. It is kept as it came, but for what `hide` takes out of one
        that has not been staged yet.
        """
        self._hold(self._gzip.flush())
        if hide and not self._quarantine_blocks:
            sha256 = self._hide(hide, sha256)
        name = self._quarantine_name
        if name and (kept := self._quarantined_before(sha256)):
            return kept
        name = name or str(QuarantineName(Partition.of(self._call), self._call.date, reason, sha256))
        gzip_sha256 = self._gzip_sha256.hexdigest()
        metadata = {"pulled_at": now.isoformat(), "reason": reason, "sha256": sha256, "gzip_sha256": gzip_sha256}
        self._create(QUARANTINE, name, self._quarantine_blocks, metadata)
        return name

    def _hide(self, hide: Callable[[bytes], bytes], sha256: str) -> str:
        """Keep only what `hide` leaves of the body in the buffer, and return its SHA-256; `sha256` is as it came."""
        self._buffer.seek(0)
        body = compression.decompress(self._buffer.read())
        shown = hide(body)
        if shown == body:
            return sha256
        self._buffer.seek(0)
        self._buffer.truncate()
        self._gzip_sha256, self._gzip_size = hashlib.sha256(), 0
        self._hold(compression.compress(shown))
        return hashlib.sha256(shown).hexdigest()

    def _hold(self, compressed: bytes) -> None:
        self._gzip_sha256.update(compressed)
        self._gzip_size += len(compressed)
        try:
            self._buffer.write(compressed)
            if self._buffer.tell() > IN_MEMORY and isinstance(self._buffer, io.BytesIO):
                # A plain file: azure-core copies a BytesIO for each retry, and fails to copy a SpooledTemporaryFile.
                memory, self._buffer = self._buffer, self._temporary_file()
                self._buffer.write(memory.getbuffer())
        except OSError as error:
            raise PullError(Reason.DISK_FULL, f"There is no room for a temporary file: {error.strerror}.") from error

    def _stage(self, refresh_date: date | None) -> None:
        """Send the buffer to where the body may go: which of the two it will be is known at its end only."""
        partition, day = Partition.of(self._call), self._call.date
        self._quarantine_name = self._quarantine_name or str(LargeQuarantineName(partition, day, secrets.token_hex(16)))
        self._quarantine_blocks.append(self._store.stage(QUARANTINE, self._quarantine_name, self._buffer))
        if refresh_date and not self._is_rejected:
            if self._revision is None:
                self._revision = self._revisions(self._call, refresh_date).next
            name = str(SnapshotName(partition, refresh_date, self._revision))
            self._blocks.append(self._store.stage(self._container, name, self._buffer))
        self._buffer.seek(0)
        self._buffer.truncate()

    def _create(
        self, container: str, name: str, blocks: list[str], metadata: Mapping[str, str], in_one_piece: bool = True
    ) -> bool:
        """Make the body a blob, in one piece if it is small; return whether no other blob was in the way."""
        if in_one_piece and not blocks and isinstance(self._buffer, io.BytesIO):
            return self._store.create(container, name, self._buffer.getvalue(), metadata)
        last = self._store.stage(container, name, self._buffer)
        return self._store.commit(container, name, [*blocks, last], metadata)

    def _quarantined_before(self, sha256: str) -> str | None:
        """Return the name of the blob if such a large body is in the quarantine already."""
        blobs = self._store.list(QUARANTINE, large_quarantine_prefix(Partition.of(self._call), self._call.date))
        return next((blob.name for blob in blobs if blob.metadata.get("sha256") == sha256), None)


def _outcome(archived: Snapshot) -> Outcome:
    return Outcome.PUBLISHED if archived.revision == 1 else Outcome.REVISED


def _is_same_pull(one: Snapshot, other: Snapshot) -> bool:
    pulls = [
        (each.order, each.metadata.sha256, each.metadata.pulled_at, each.metadata.request_id) for each in (one, other)
    ]
    return pulls[0] == pulls[1]
