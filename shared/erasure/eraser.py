"""Erases people from an archive: what names them is written anew without them, or deleted, and then made again.

Whatever is done here can be done again: what was cut short is finished by whoever comes next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from hashlib import sha256

from shared.archive.archive import Archive
from shared.archive.blob_store import FormerBlob
from shared.archive.layout import ACCOUNTS, INPUT, PERSONAL, PERSONAL_DERIVED, QUARANTINE, ManifestName, TableName
from shared.archive.snapshot import Snapshot, SnapshotMetadata, read_snapshot
from shared.domain.catalogue import Catalogue
from shared.domain.errors import AccessRefused, ArchiveUnavailable, PullError
from shared.domain.outcome import Reason
from shared.erasure.search import Named, calls_with_people, without
from shared.report.compression import compress, decompress
from shared.report.erasing import Remainder
from shared.report.validator import Body
from shared.views.erased import ErasedPeople
from shared.views.inputs import PEOPLE

_WITH_PEOPLE = (PERSONAL, PERSONAL_DERIVED, QUARANTINE)
"""Containers of which nothing that was written over or deleted may stay."""


class Unerased(ArchiveUnavailable):
    """Something keeps a blob from being written or deleted."""


class Eraser:
    """What erases people from an archive. Every method raises ArchiveUnavailable."""

    def __init__(self, archive: Archive, catalogue: Catalogue, people: ErasedPeople) -> None:
        self._archive = archive
        self._catalogue = catalogue
        self._people = people

    def erase(self, named: Named) -> None:
        """Take them out of a blob. Raise AccessRefused or Unerased where somebody has to do something first."""
        if named.container == QUARANTINE:
            self._archive.store.delete(QUARANTINE, named.name, with_versions=False)
        elif named.container == INPUT:
            self._rewrite_input()
        elif named.snapshot:
            self._redact(named.snapshot)

    def renew(self, tables: Collection[TableName | ManifestName], today: date) -> None:
        """Make again what is made of snapshots: the series of every call with people, and these tables and manifests.

        Whose each address was is made again by the next who reads pseudonyms.
        """
        for call in calls_with_people(self._archive, self._catalogue):
            self._archive.series.renew(call)
        self._archive.tables.make_again(tables, today, without_damaged=True)
        self._archive.store.delete(PERSONAL_DERIVED, ACCOUNTS, with_versions=False)

    def former(self) -> Iterator[tuple[str, FormerBlob]]:
        """Yield what is kept of blobs with people that were written over or deleted, with the container."""
        places = [*((container, "") for container in _WITH_PEOPLE), (INPUT, PEOPLE)]
        return (
            (container, each) for container, start in places for each in self._archive.store.former(container, start)
        )

    def delete_former(self, former: Iterable[tuple[str, FormerBlob]]) -> None:
        """Delete what is kept until somebody deletes it. Raise AccessRefused if whoever asks may not."""
        for container, each in former:
            if not each.until:
                self._archive.store.delete_former(container, each)

    def _redact(self, named: Snapshot) -> None:
        """Put what is left of a snapshot in its place, as of the same pull."""
        container, store = self._archive.snapshots.container(named.call), self._archive.store
        stored = store.get(container, named.blob)
        snapshot = read_snapshot(named.call, named.blob, stored.metadata) if stored else None
        if not stored or not snapshot:
            return  # it is gone meanwhile
        report = self._catalogue.reports[named.call.report]
        table = Remainder([decompress(stored.content)], self._people, is_of_owner=report.is_of_owners)
        body = b"".join(table)
        if not table.rows:
            return
        content, metadata = compress(body), self._described(snapshot, body, table.rows)
        metadata = metadata._replace(gzip_sha256=sha256(content).hexdigest(), gzip_size=len(content))
        if not store.replace_if(container, named.blob, content, metadata.to_metadata(), stored.etag):
            raise _kept(container, named.blob)

    def _described(self, snapshot: Snapshot, content: bytes, touched: int) -> SnapshotMetadata:
        """Return the metadata of a snapshot with what is left of its body, in which so many rows were touched."""
        call, report = snapshot.call, self._catalogue.reports[snapshot.call.report]
        metadata = snapshot.metadata
        body = Body(report.documented(call.version, call.report_type), period=call.period)
        try:
            body.read([content])
        except PullError as error:
            if error.reason is not Reason.NO_ROWS:
                raise Unerased(f"What would be left of {snapshot.blob} is no report: {error}") from error
        else:
            metadata = metadata._replace(content=body.content, names=body.names, blank=tuple(body.blank))
        redacted = metadata.redacted + touched
        return metadata._replace(sha256=body.sha256, size=body.size, rows=body.rows, redacted=redacted)

    def _rewrite_input(self) -> None:
        store = self._archive.store
        if stored := store.get(INPUT, PEOPLE):
            left, touched = without(stored, self._people)
            if touched and not store.replace_if(INPUT, PEOPLE, left, stored.metadata, stored.etag):
                raise _kept(INPUT, PEOPLE)


def attempt(eraser: Eraser, found: Iterable[Named]) -> Iterator[str]:
    """Erase what was found, and yield why something could not be, once for each; nobody else is kept waiting for it."""
    for named in found:
        try:
            eraser.erase(named)
        except (AccessRefused, Unerased) as error:
            yield f"{named.container}/{named.name}: {error}"


def _kept(container: str, name: str) -> Unerased:
    return Unerased(
        f"{container}/{name} cannot be written over: an immutability policy or a legal hold keeps it, or somebody else "
        "wrote it at the same moment."
    )
