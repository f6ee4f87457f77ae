"""An archive without storage, for the tests that need thousands of them, and snapshots to put into it."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from local.in_memory import Around, InMemoryBlobStore
from shared.archive.archive import Archive
from shared.archive.blob_store import StoredBlob
from shared.archive.layout import DERIVED, Partition, SeriesName
from shared.archive.run_record import PullResult, RunRecord
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.outcome import Outcome
from shared.report.table import Table
from shared.report.validator import Body
from shared.verification.call import Blob

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


Blobs = dict[tuple[str, str], tuple[bytes, dict[str, str]]]
"""Contents and metadata, by container and name."""


OF_0_1 = Path(__file__).with_name("data") / "archive-0.1"


def archive_of_0_1() -> Blobs:
    """Return an archive that version 0.1 wrote, every blob as it was stored."""
    with zipfile.ZipFile(OF_0_1 / "archive.zip") as file:
        kept = json.loads(file.read("metadata.json"))
        blobs = [(name.split("/", 1), file.read(name), metadata) for name, metadata in kept.items()]
    return {(container, blob): (content, metadata) for (container, blob), content, metadata in blobs}


class Shelf(Archive):
    """An archive in memory."""

    def __init__(self, around: Around = lambda operation, carry_out: carry_out()) -> None:
        self.memory = InMemoryBlobStore(around)
        super().__init__(self.memory, catalogue())

    @property
    def blobs(self) -> Blobs:
        """What is stored."""
        return {at: (kept.content, dict(kept.metadata)) for at, kept in self.memory.blobs.items()}

    def put(self, snapshot: Snapshot, body: bytes) -> None:
        """Archive a body as the app would."""
        packer = zlib.compressobj(wbits=31)
        compressed = packer.compress(body) + packer.flush()
        container = self.snapshots.container(snapshot.call)
        assert self.memory.create(container, snapshot.blob, compressed, snapshot.metadata.to_metadata())

    def rebuilt(self, call: Call) -> Table:
        """Make the series of a call anew from its snapshots."""
        self.memory.delete(DERIVED, series_name(call))
        return self.series.table(call, date(2026, 11, 18))


def series_name(call: Call) -> str:
    """Return the name of the blob that holds the series of a call."""
    return str(SeriesName(Partition.of(call)))


def as_blobs(blobs: Blobs, md5: Iterable[Blob] = ()) -> list[Blob]:
    """As `verify` takes them; with the MD5 that storage has of those, as rot does not change it."""
    known = {(blob.container, blob.name): blob.md5 for blob in md5}
    return [
        Blob(
            container,
            name,
            metadata,
            known.get(
                (container, name),
                None if container != DERIVED and name.endswith(".gz") else hashlib.md5(content).digest(),
            ),
            partial(StoredBlob, content, metadata, ""),
        )
        for (container, name), (content, metadata) in blobs.items()
    ]


def lines(*rows: str) -> bytes:
    """A body as Graph sends it, with its BOM and its line ends."""
    return "".join(f"{row}\r\n" for row in ("\ufeff" + rows[0], *rows[1:])).encode()


def snapshot(call: Call, day: date, body: bytes, revision: int = 1, pulled_at: datetime | None = None) -> Snapshot:
    """The snapshot of that body; pulled two days after its day, later revisions a day later each."""
    found = Body()
    found.read([body])
    usual = datetime(day.year, day.month, day.day, 7, tzinfo=UTC) + timedelta(days=1 + revision)
    origin = SnapshotMetadata(
        found.sha256,
        found.size,
        found.rows,
        pulled_at or usual,
        '"tag"',
        f"request-{day}-{revision}",
        found.content,
        found.names,
        (),
        tuple(found.header),
        tuple(found.blank),
    )
    return Snapshot(call, day, revision, origin)


def run_of(*snapshots: Snapshot) -> RunRecord:
    """The record of the run that archived them."""
    started = max(each.metadata.pulled_at for each in snapshots)
    pulls = [
        PullResult(each.call, Outcome.PUBLISHED, started, rows=each.metadata.rows, blob=each.blob) for each in snapshots
    ]
    return RunRecord(f"{started:%Y-%m-%dT%H%M%SZ}-{len(snapshots):06x}", started, started, pulls, 0)
