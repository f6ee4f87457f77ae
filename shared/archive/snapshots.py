"""The snapshots of an archive: listed, found, read, uploaded. Nothing here changes one, or deletes one but `expire`.

Only the erasure of a person puts another blob in the place of one, which has `redacted` in its metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import groupby

from shared.archive.blob_store import BlobStore
from shared.archive.layout import (
    PERSONAL,
    REPORTS,
    STEM_END,
    USAGE,
    YEAR_END,
    Partition,
    SnapshotName,
    parse,
    parse_stem,
    report_of,
    snapshot_prefix,
    year_of,
)
from shared.archive.read_ahead import read_ahead
from shared.archive.snapshot import Snapshot, read_snapshot
from shared.archive.upload import BLOCK, Revisions, SnapshotUpload
from shared.domain.call import Call
from shared.domain.dates import months_until
from shared.domain.errors import ArchiveUnavailable, DamagedBlob
from shared.report import compression

NEWEST_MONTHS = 3
"""So many are looked at for the newest, before all are."""
_PART = 1 << 20
"""Bytes of a blob that are read at once where it is read in pieces."""
_USUAL_AGE = timedelta(days=3)
_EARLIEST = date(2000, 1, 1)
"""Nothing is looked for before: calendars end in the year 1."""


class SnapshotArchive:
    """All snapshots in a store. Every method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore, personal: Iterable[str], block: int = BLOCK) -> None:
        """`personal` names the reports with personal data; `block` is the size of staged blocks in bytes."""
        self._store = store
        self._personal = frozenset(personal)
        self._block = block

    def newest(self, call: Call, today: date, as_of: datetime | None = None) -> Snapshot | None:
        """Return the snapshot with the highest refresh date and revision, of those known at `as_of` if given; or None.

        Looks backwards from `today` (UTC), so that the cost does not grow with the archive's age.
        """
        return self._newest(call, min(today, as_of.date()) if as_of else today, _known_at(as_of), as_of is None)

    def until(self, call: Call, day: date, as_of: datetime | None = None) -> Snapshot | None:
        """Return the newest snapshot of a refresh date up to that day, of those known at `as_of` if given; or None.

        Three months are looked at, so that the cost does not grow with the archive's age.
        """
        is_known = _known_at(as_of)
        months = months_until(day, NEWEST_MONTHS)
        found = (self._last(call, each, lambda one: one.refresh_date <= day and is_known(one)) for each in months)
        return next(filter(None, found), None)

    def previous(self, snapshot: Snapshot) -> Snapshot | None:
        """Return the snapshot of its call that was the newest just before this one was pulled; or None."""
        pulled_at = snapshot.metadata.pulled_at
        return self._newest(snapshot.call, pulled_at.date(), lambda each: each.metadata.pulled_at < pulled_at, False)

    def revisions(self, call: Call, refresh_date: date, as_of: datetime | None = None) -> list[Snapshot]:
        """Return the snapshots of one refresh date, first revision first; those known at `as_of`, if given."""
        return sorted(filter(_known_at(as_of), self._listed(call, f"{refresh_date}/")), key=_order)

    def all(self, call: Call, as_of: datetime | None = None, month: str = "") -> list[Snapshot]:
        """Return all snapshots, of a single day those of all days, oldest first.

        Those known at `as_of` and those with a refresh date in `month` (YYYY-MM), if given.
        """
        return sorted(filter(_known_at(as_of), self._listed(call, month)), key=_order)

    def last_revisions(self, call: Call, as_of: datetime | None = None) -> list[Snapshot]:
        """Return the newest revision of every refresh date, oldest first."""
        return list({each.refresh_date: each for each in self.all(call, as_of)}.values())

    def refresh_dates(self, call: Call, month: str = "") -> list[date]:
        """Return every refresh date that is archived (in `month`, if given as YYYY-MM), oldest first, by names alone.

        That is fast, and tells nothing of whether the app can read what has these names, or of what follows them.
        """
        return sorted({name.refresh_date for name in self.names_in(Partition.of(call), month)})

    def names_in(self, partition: Partition, start: str = "") -> list[SnapshotName]:
        """Return the names in a partition whose refresh dates begin with `start`, as `refresh_dates` finds them."""
        prefix = snapshot_prefix(partition, start)
        stems = self._store.list_folders(self._container(partition.report), prefix, STEM_END)
        return [*filter(None, map(parse_stem, stems))]

    def years_of(self, partition: Partition) -> list[str]:
        """Return the years of which a partition has refresh dates, oldest first: the cheapest look at all of it."""
        starts = self._store.list_folders(self._container(partition.report), snapshot_prefix(partition), YEAR_END)
        return sorted(filter(None, map(year_of, starts)))

    def reports(self, *, personal: bool = True) -> set[str]:
        """Return the names of all reports that have a snapshot; without `personal`, it opens no personal container."""
        containers = (USAGE, PERSONAL) if personal else (USAGE,)
        return {report_of(each) for container in containers for each in self._store.list_folders(container, REPORTS)}

    def content(self, snapshot: Snapshot) -> bytes:
        """Return the bytes that Graph sent. Raise DamagedBlob unless they are those that were written."""
        return self._plain(snapshot, self._stored(snapshot))

    def pieces(self, snapshot: Snapshot) -> Iterator[bytes]:
        """Yield the bytes that Graph sent, so that memory never holds them all.

        Raise DamagedBlob, behind the last of them at the latest, unless they are those that were written.
        """
        digest = sha256()
        try:
            for piece in compression.decompress_pieces(self._parts(snapshot)):
                digest.update(piece)
                yield piece
        except compression.CompressionError:
            raise DamagedBlob(snapshot.blob) from None
        if digest.hexdigest() != snapshot.metadata.sha256:
            raise DamagedBlob(snapshot.blob)

    def compressed(self, snapshot: Snapshot) -> bytes:
        """Return the bytes that Graph sent, as stored: one gzip member. Raise DamagedBlob as `content` does."""
        stored = self._stored(snapshot)
        if not snapshot.metadata.gzip_sha256:
            self._plain(snapshot, stored)
        return stored

    def contents(self, snapshots: Sequence[Snapshot]) -> Iterator[bytes]:
        """Yield the bytes that Graph sent of each, in that order; a few are read ahead, side by side, as stored."""
        for snapshot, stored in zip(snapshots, read_ahead(self._stored, snapshots), strict=True):
            yield self._plain(snapshot, stored)

    def expire(self, partition: Partition, month: str, first_kept: date, may_go_on: Callable[[], bool]) -> int:
        """Delete what has a refresh date of a month (`YYYY-MM`) and before `first_kept`; return how many that were.

        It ends early where it may not go on. Versions stay: they expire by the rules of the account.
        """
        container, deleted = self._container(partition.report), 0
        names = (parse(blob.name) for blob in self._store.list(container, snapshot_prefix(partition, month)))
        old = [name for name in names if isinstance(name, SnapshotName) and name.refresh_date < first_kept]
        for name in sorted(old, reverse=True):  # a revision never stays without the one before
            if not may_go_on():
                break
            self._store.delete(container, str(name), with_versions=False)
            deleted += 1
        return deleted

    def upload(self, call: Call, after: date = date.max) -> SnapshotUpload:
        """Return a place to stream a new body into; of refresh dates `after` that, none was found before."""
        return SnapshotUpload(self._store, self.container(call), call, self.numbered, self._block, after)

    def container(self, call: Call) -> str:
        """Return the container of a call's snapshots."""
        return self._container(call.report)

    def _container(self, report: str) -> str:
        return PERSONAL if report in self._personal else USAGE

    def is_personal(self, call: Call) -> bool:
        """Whether a call's rows are about people, sites, groups or teams."""
        return call.report in self._personal

    def numbered(self, call: Call, refresh_date: date) -> Revisions:
        """Return what there is of a refresh date, whether it can be read or not."""
        prefix = snapshot_prefix(Partition.of(call), f"{refresh_date}/")
        blobs = list(self._store.list(self.container(call), prefix))
        names = [name for blob in blobs if isinstance(name := parse(blob.name), SnapshotName)]
        read = (read_snapshot(call, blob.name, blob.metadata) for blob in blobs)
        return Revisions(sorted(filter(None, read), key=_order), max((name.revision for name in names), default=0) + 1)

    def _parts(self, snapshot: Snapshot) -> Iterator[bytes]:
        """Yield the bytes of its blob; all at once where it is not known how many there are."""
        container, size = self.container(snapshot.call), snapshot.metadata.gzip_size
        if not size:
            yield self._stored(snapshot)
        for start in range(0, size, _PART):
            stored = self._store.get(container, snapshot.blob, start, min(_PART, size - start))
            if not stored:
                raise ArchiveUnavailable("Blob storage does not answer as it should: BlobNotFound.")
            yield stored.content

    def _stored(self, snapshot: Snapshot) -> bytes:
        """Return the bytes of its blob, which are those that were written where their hash is known."""
        stored = self._store.get(self.container(snapshot.call), snapshot.blob)
        if not stored:
            raise ArchiveUnavailable("Blob storage does not answer as it should: BlobNotFound.")
        expected = snapshot.metadata.gzip_sha256
        if expected and sha256(stored.content).hexdigest() != expected:
            if stored.metadata.get("redacted", "") not in ("", str(snapshot.metadata.redacted)):
                raise ArchiveUnavailable(f"The snapshot {snapshot.blob} was redacted at this moment.")
            raise DamagedBlob(snapshot.blob)
        return stored.content

    @staticmethod
    def _plain(snapshot: Snapshot, stored: bytes) -> bytes:
        try:
            plain = compression.decompress(stored)
        except compression.CompressionError:
            raise DamagedBlob(snapshot.blob) from None
        if sha256(plain).hexdigest() != snapshot.metadata.sha256:
            raise DamagedBlob(snapshot.blob)
        return plain

    def _newest(self, call: Call, latest: date, is_known: Callable[[Snapshot], bool], by_date: bool) -> Snapshot | None:
        """Return the newest of the snapshots that are known.

        The search lists the current decade of days first, then up to three months, then everything. `by_date`:
        everything is known, so that listing the dates is enough, unless what has the last of them cannot be read.
        """
        if call.date:
            return max(filter(is_known, self._listed(call, f"{call.date}/")), key=_order, default=None)
        # A refresh date is never later than the day after its pull.
        for start in _starts(max(_EARLIEST, latest) + timedelta(days=1)):
            if snapshot := self._last(call, start, is_known):
                return snapshot
        if by_date:
            dates = self.refresh_dates(call)
            if not dates:
                return None
            if revisions := self.revisions(call, dates[-1]):
                return revisions[-1]
        return self._last(call, "", is_known)

    def _last(self, call: Call, start: str, is_wanted: Callable[[Snapshot], bool]) -> Snapshot | None:
        """Return the newest of those that are wanted, whose refresh dates begin with `start`; days before are not read.

        Listings come by name, and so by day.
        """
        blobs = [*self._store.list(self.container(call), snapshot_prefix(Partition.of(call), start))]
        day = slice(len(snapshot_prefix(Partition.of(call))), len(snapshot_prefix(Partition.of(call), f"{date.max}")))
        for _, of_day in groupby(reversed(blobs), lambda blob: blob.name[day]):
            read = (read_snapshot(call, blob.name, blob.metadata) for blob in of_day)
            if wanted := [each for each in read if each and is_wanted(each)]:
                return max(wanted, key=_order)
        return None

    def _listed(self, call: Call, start: str) -> Iterator[Snapshot]:
        for blob in self._store.list(self.container(call), snapshot_prefix(Partition.of(call), start)):
            if snapshot := read_snapshot(call, blob.name, blob.metadata):
                yield snapshot


def _known_at(as_of: datetime | None) -> Callable[[Snapshot], bool]:
    return lambda snapshot: as_of is None or snapshot.metadata.pulled_at <= as_of


def _starts(latest: date) -> Iterator[str]:
    """Yield what the newest refresh dates begin with, up to `latest`, newest first."""
    tens = f"{latest}"[:-1]
    if f"{latest - _USUAL_AGE}".startswith(tens):
        yield tens
    for month in months_until(latest, NEWEST_MONTHS):
        yield f"{month}-"


def _order(snapshot: Snapshot) -> tuple[date, int]:
    return snapshot.order
