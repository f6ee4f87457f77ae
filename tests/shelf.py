"""An archive without storage, for the tests that need thousands of them, and snapshots to put into it."""

import hashlib
import zlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

from shared.archive.azure_blob_store import DERIVED, PERSONAL, USAGE
from shared.archive.run_log import Pulled, Run
from shared.archive.snapshot import Origin, Snapshot, prefix
from shared.archive.snapshots import Archive, Entry, Stored
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.errors import Outcome
from shared.report.validator import Body
from shared.verification.call import Blob

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Shelf(Archive):
    """Keeps blobs in a dictionary, under the same rules as storage."""

    def __init__(self) -> None:
        self.blobs: dict[tuple[str, str], tuple[bytes, dict[str, str]]] = {}
        self._written = 0
        self._etags: dict[tuple[str, str], str] = {}

    def put(self, snapshot: Snapshot, body: bytes) -> None:
        packer = zlib.compressobj(wbits=31)
        at = self.container(snapshot.call).container_name, snapshot.blob
        assert at not in self.blobs
        self.blobs[at] = packer.compress(body) + packer.flush(), snapshot.origin.to_metadata()

    def entries(self, container: str, start: str = "") -> list[Entry]:
        return [
            Entry(name, metadata, None if name.endswith(".gz") else hashlib.md5(content).digest())
            for (place, name), (content, metadata) in sorted(self.blobs.items())
            if place == container and name.startswith(start)
        ]

    def refresh_dates(self, call: Call, month: str = "") -> list[date]:
        start = prefix(call)
        names = [entry.name for entry in self.entries(self.container(call).container_name, start + month)]
        return sorted({date.fromisoformat(name.removeprefix(start).partition("/")[0]) for name in names})

    def stored(self, container: str, name: str) -> Stored | None:
        at = container, name
        return Stored(*self.blobs[at], self._etags.get(at, "")) if at in self.blobs else None

    def keep_derived(self, name: str, content: bytes, metadata: dict[str, str], etag: str | None) -> bool:
        at = DERIVED, name
        if self._etags.get(at) != etag:
            return False
        self._written += 1
        self._etags[at] = f'"{self._written}"'
        self.blobs[at] = content, metadata
        return True

    def keep_run(self, run: Run) -> None:
        self.blobs[DERIVED, f"runs/{run.started:%Y-%m}/{run.id}.json"] = run.to_json(), {}

    def compressed(self, snapshot: Snapshot) -> bytes:
        return self.blobs[self.container(snapshot.call).container_name, snapshot.blob][0]

    def container(self, call: Call) -> Any:
        personal = catalogue().reports[call.report].personal_data
        return SimpleNamespace(container_name=PERSONAL if personal else USAGE)


def as_blobs(blobs: dict[tuple[str, str], tuple[bytes, dict[str, str]]], md5: Iterable[Blob] = ()) -> list[Blob]:
    """As `verify` takes them; with the MD5 that storage has of those, as rot does not change it."""
    known = {(blob.container, blob.name): blob.md5 for blob in md5}
    return [
        Blob(
            container,
            name,
            metadata,
            known.get((container, name), None if name.endswith(".gz") else hashlib.md5(content).digest()),
            partial(Stored, content, metadata, ""),
        )
        for (container, name), (content, metadata) in blobs.items()
    ]


def lines(*rows: str) -> bytes:
    """A body as Graph sends it, with its BOM."""
    return "".join(f"{row}\n" for row in ("\ufeff" + rows[0], *rows[1:])).encode()


def snapshot(call: Call, day: date, body: bytes, revision: int = 1, pulled_at: datetime | None = None) -> Snapshot:
    """The snapshot of that body; pulled two days after its day, later revisions a day later each."""
    found = Body()
    found.read([body])
    usual = datetime(day.year, day.month, day.day, 7, tzinfo=UTC) + timedelta(days=1 + revision)
    origin = Origin(
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


def run_of(*snapshots: Snapshot) -> Run:
    """The record of the run that archived them."""
    started = max(each.origin.pulled_at for each in snapshots)
    pulls = [
        Pulled(str(each.call), Outcome.PUBLISHED, started, rows=each.origin.rows, blob=each.blob) for each in snapshots
    ]
    return Run(f"{started:%Y-%m-%dT%H%M%SZ}-{len(snapshots):06x}", started, started, pulls, 0)
