"""Where an archive names people who are to be erased: nothing is changed here, and every byte with people is read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import partial
from typing import NamedTuple

from shared.archive import manifest
from shared.archive.archive import Archive
from shared.archive.blob_store import StoredBlob
from shared.archive.layout import (
    INPUT,
    PERSONAL,
    PERSONAL_DERIVED,
    QUARANTINE,
    ManifestName,
    Partition,
    TableName,
    parse,
)
from shared.archive.read_ahead import read_ahead
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call, every_call
from shared.domain.catalogue import Catalogue, Report
from shared.domain.errors import DamagedBlob
from shared.report.compression import CompressionError, decompress
from shared.report.erasing import Remainder, Who
from shared.report.typed_columns import values_of
from shared.report.typed_table import SNAPSHOT
from shared.views.erased import ErasedPeople
from shared.views.inputs import PEOPLE, delimiter_of
from shared.views.naming import is_concealed, names_people

_NO_PART_OF_A_NAME = re.compile(r"[^\w.@+#'-]+")
_PARQUET = b"PAR1"


class Named(NamedTuple):
    """A blob that names them."""

    container: str
    name: str
    rows: int
    """That go, or of which cells are emptied; 0: the whole blob goes, or is made again."""
    snapshot: Snapshot | None = None


class Search:
    """What is found in an archive. Every method raises ArchiveUnavailable."""

    def __init__(self, archive: Archive, catalogue: Catalogue, people: ErasedPeople) -> None:
        self._archive = archive
        self._catalogue = catalogue
        self._people = people
        self.addresses: set[tuple[str, str]] = set()
        """The ids by which rows were found, each with an address that stood there."""
        self.unread: dict[str, list[date]] = {}
        """By what is the matter and the call, the days of which nothing or not all can be said."""
        self._damaged: set[str] = set()

    def snapshots(self) -> Iterator[Named]:
        """Yield the snapshots that name them."""
        for call in calls_with_people(self._archive, self._catalogue):
            report = self._catalogue.reports[call.report]
            for snapshot, rows in read_ahead(partial(self._rows, report), self._archive.snapshots.all(call)):
                if rows:
                    yield Named(PERSONAL, snapshot.blob, rows, snapshot)

    def bodies(self) -> Iterator[Named]:
        """Yield the bodies that were not published and name them on whatever day, in any form."""
        for blob in self._archive.store.list(QUARANTINE):
            stored = self._archive.store.get(QUARANTINE, blob.name)
            if stored and self._are_in(stored.content):
                yield Named(QUARANTINE, blob.name, 0)

    def inputs(self) -> Iterator[Named]:
        """Yield the organisation's own file of people, if it names them."""
        stored = self._archive.store.get(INPUT, PEOPLE)
        if stored and (rows := without(stored, self._people)[1]):
            yield Named(INPUT, PEOPLE, rows)

    def tables(self, changed: Collection[str]) -> Iterator[TableName | ManifestName]:
        """Yield tables and manifests that are not of the snapshots as they are, or will be when `changed` are.

        That is a table of a snapshot which is gone too.
        """
        found: dict[Partition, list[tuple[TableName, str]]] = {}
        manifests, doubtful = list[ManifestName](), {*changed, *self._damaged}
        for blob in self._archive.store.list(PERSONAL_DERIVED):
            name = parse(blob.name)
            if isinstance(name, TableName):
                found.setdefault(name.partition, []).append((name, blob.metadata.get("sha256", "")))
            elif isinstance(name, ManifestName):
                manifests.append(name)
        current: dict[str, str] = {}
        for call in calls_with_people(self._archive, self._catalogue, found):
            if tables := found.get(Partition.of(call)):
                snapshots = self._archive.snapshots.all(call)
                current |= {each.blob: "" if each.blob in doubtful else each.metadata.sha256 for each in snapshots}
                for table, sha256 in tables:
                    theirs = [each for each in snapshots if each.refresh_date in table.days]
                    told = {current[each.blob] for each in theirs if each.metadata.rows}
                    if "" in told or self._told(table, sha256) != told:
                        yield table
        yield from (each for each in manifests if not self._is_of(each, current))

    def _is_of(self, name: ManifestName, current: Mapping[str, str]) -> bool:
        """Whether a manifest tells of no other snapshots than these, each with its SHA-256."""
        stored = self._archive.store.get(PERSONAL_DERIVED, str(name))
        try:
            entries = manifest.read(stored.content if stored else b"").values()
            return all(current.get(each["name"]) == each["sha256"] for each in entries)
        except manifest.UNREADABLE:
            return False

    def _rows(self, report: Report, snapshot: Snapshot) -> tuple[Snapshot, int]:
        snapshots, day = self._archive.snapshots, snapshot.refresh_date
        try:
            if names_people(report) and is_concealed(snapshots, snapshot):
                self._note("Names are concealed", snapshot.call, day)
            table = Remainder(snapshots.pieces(snapshot), self._people, is_of_owner=report.is_of_owners)
            for _ in table:
                pass
        except DamagedBlob:
            self._note("Damaged, which verify tells more of", snapshot.call, day)
            self._damaged.add(snapshot.blob)
            return snapshot, 0
        self.addresses.update(table.addresses)
        return snapshot, table.rows

    def _note(self, what: str, call: object, day: date) -> None:
        self.unread.setdefault(f"{what}: {call}", []).append(day)

    def _are_in(self, stored: bytes) -> bool:
        try:
            body = decompress(stored)
        except CompressionError:
            body = stored
        text = body.replace(b"\0", b"").decode(errors="surrogateescape").replace("%40", "@")
        return any(map(self._people.is_name, set(_NO_PART_OF_A_NAME.split(text))))

    def _told(self, name: TableName, sha256: str) -> set[str] | None:
        """Return the SHA-256 of the snapshots that a table is of; None if it is none that was written whole."""
        stored = self._archive.store.get(PERSONAL_DERIVED, str(name))
        content = stored.content if stored else b""
        is_whole = content.startswith(_PARQUET) and hashlib.sha256(content).hexdigest() == sha256
        return values_of(content, SNAPSHOT) if is_whole else None


def calls_with_people(archive: Archive, catalogue: Catalogue, more: Collection[Partition] = ()) -> Iterator[Call]:
    """Yield the calls of the personal reports that are archived, of single days one, and those of `more`."""
    reports = {*archive.snapshots.reports(), *(each.report for each in more)}
    for report in catalogue.reports.values():
        if report.personal_data and report.name in reports:
            yield from every_call(report)


def without(stored: StoredBlob, who: Who) -> tuple[bytes, int]:
    """Return the organisation's own file of people without some, and how many rows were touched."""
    table = Remainder([stored.content], who, delimiter=delimiter_of(stored.content))
    return b"".join(table), table.rows
