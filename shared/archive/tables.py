"""Tables of snapshots in Parquet, made again whenever in doubt: of days and blocks while a month goes on, then of it.

Beside them lies the manifest of each month, which is brought up to date with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import chain, groupby
from types import MappingProxyType

from shared.archive import manifest
from shared.archive.blob_store import BlobStore
from shared.archive.delta_logs import DeltaLogs
from shared.archive.layout import (
    DERIVED,
    REPORTS,
    TABLES,
    DeltaLogName,
    ManifestName,
    Partition,
    TableName,
    apart,
    container_of,
    parse,
    table_prefix,
)
from shared.archive.snapshot import Snapshot, to_words
from shared.archive.snapshots import SnapshotArchive
from shared.archive.table_index import UNREADABLE, Missing, Tabled, TableIndex
from shared.domain.call import Call, calls_in, every_call
from shared.domain.catalogue import Catalogue, Report
from shared.domain.date_ranges import DateRanges
from shared.domain.errors import ArchiveUnavailable, DamagedBlob
from shared.report.compression import decompress_pieces
from shared.report.csv_records import records
from shared.report.typed_columns import ParquetFile
from shared.report.typed_table import RULES, Former, Part, write

_ATTEMPTS = 5
_MADE_OF = "made_of"
"""In the metadata of a table, what tells of which snapshots it is."""
_MOST_ROWS = 3_000_000
"""Of a month in one table, which memory holds as a file: about 100 MB. A month of more stays in days."""
_CHANGING = b"This table is being replaced. If that takes longer than a minute, the next run does it.\n"
"""Stands beside tables while one takes their place. No reader takes it for a table.

It has a name of its own: what readers once found under a name never becomes something else.
"""


Pieces = Callable[[Snapshot], Iterable[bytes]]
"""Reads the bytes that Graph sent."""
Tables = Mapping[TableName, Mapping[str, str]]
"""Tables with the metadata of their blobs, of which what stands in the place of one has none."""


class TableArchive:
    """The tables of all calls of an archive. Every method raises ArchiveUnavailable."""

    def __init__(
        self, store: BlobStore, snapshots: SnapshotArchive, catalogue: Catalogue, most_rows: int = _MOST_ROWS
    ) -> None:
        """A month of more than `most_rows` stays in tables of single days."""
        self._store = store
        self._snapshots = snapshots
        self._catalogue = catalogue
        self._most_rows = most_rows
        self.logs = DeltaLogs(store, catalogue)
        """What makes Delta tables of the tables."""

    def index(self) -> TableIndex:
        """Return what is in tables; nothing, if that is not known."""
        return self._load()[0]

    def names(self, report: Report) -> dict[TableName, str]:
        """Return the tables of all calls of a report with their SHA-256; of the same days, the later one stands behind.

        What stands in the place of one that is being replaced has none.
        """
        blobs = self._store.list(container_of(report), f"{REPORTS}{report.name}/")
        named = ((parse(blob.name), blob.metadata.get("sha256", "")) for blob in blobs)
        tables = [(name, sha256) for name, sha256 in named if isinstance(name, TableName) and name.rules == RULES]
        return dict(sorted(tables, key=lambda table: table[0].generation))

    def note(self, news: Sequence[Tabled], known: TableIndex) -> tuple[TableIndex, list[Missing]]:
        """Note what was put into tables by one who knew the index as `known`; return the index.

        Also return what another run made meanwhile of the same days: there may be two tables of them now.
        """
        for _ in range(_ATTEMPTS):
            before, etag = self._load()
            after = before.after(news)
            if self._store.replace_if(DERIVED, TABLES, after.to_bytes(RULES), {}, etag):
                return after, [each for one in news for each in _disputed(one, known, before)]
        raise ArchiveUnavailable(f"Others keep writing {TABLES}.")

    def add(self, snapshot: Snapshot, content: bytes) -> Tabled | None:
        """Make the table of a day of which this is the only snapshot, with that body; None if there is one."""
        file = self._file(snapshot.call, [snapshot], lambda _: [content])
        name = TableName.of(Partition.of(snapshot.call), DateRanges.of([snapshot.refresh_date]), RULES, 1)
        if not self._store.create(self._container(snapshot.call), str(name), file.content, _metadata(file, [snapshot])):
            return None
        day = snapshot.refresh_date
        return Tabled.of(Missing(name.month, name.partition, (day,)), {day: snapshot}, in_days=True)

    def make(self, call: Call, missing: Missing, *, anew: bool = False) -> Tabled:
        """Make tables of what is missing: what is there of these days, or of the month, replaces what is in tables.

        What goes with others into one is taken from tables that are of the snapshots as they are, unless made `anew`.
        """
        days, listed = missing.looked_at, self._listed(call, missing.month)
        if missing.days and not missing.is_block:
            made = self._make_days(call, missing.days, listed, anew=anew)
            return Tabled.of(missing, {day: made[day] for day in missing.days if day in made}, in_days=True)
        snapshots = [each for each in self._snapshots.all(call, month=missing.month) if each.refresh_date in days]
        former = {name: metadata for name, metadata in listed.items() if name.days & days}
        right = {} if anew else _right(former, snapshots)
        if sum(each.metadata.rows for each in snapshots) > self._most_rows:
            due = {each.refresh_date for each in snapshots}.union(*(name.days.days for name in former))
            self._make_days(call, due.difference(*(name.days.days for name in right)), listed, anew=anew)
        else:
            self._put(call, [*former], days, snapshots, right)
        return Tabled.of(missing, _by_day(snapshots), in_days=missing.is_block)

    def make_again(
        self, names: Collection[TableName | ManifestName | DeltaLogName], today: date, *, without_damaged: bool = False
    ) -> int:
        """Make tables, manifests and logs of these names; return how many tables. A month that is over is one.

        A table that has a damaged snapshot stays as it is, or goes if this is to be `without_damaged` ones. It stops no
        other, nor does a log that cannot be kept.
        """
        known, calls = self.index(), {Partition.of(call): call for call in calls_in(self._catalogue)}
        days: defaultdict[tuple[str, Partition], set[date]] = defaultdict(set)
        manifests, logs = set[ManifestName](), set[Partition]()
        for name in names:
            if isinstance(name, ManifestName):
                manifests |= {name} if name.report in self._catalogue.reports else set()
            elif name.partition not in calls:
                continue
            elif isinstance(name, DeltaLogName):
                logs.add(name.partition)
            else:
                manifests.add(ManifestName(name.partition.report, name.month))
                days[name.month, name.partition] |= {*name.days.days}
        wanted = set[Missing]()
        for (month, at), wrong in days.items():
            tables = known.of(at)
            wanted |= {Missing(month, at, ())} if tables.is_settled(month, today) else tables.again(at, month, wrong)
        for each in manifests:  # before the tables: whoever is killed meanwhile finds these to be made again
            self.keep_manifest(each, (), None)
        made = list[Tabled]()
        for missing in wanted:
            call = calls[missing.partition]
            try:
                made.append(self.make(call, missing, anew=True))
            except DamagedBlob:
                for name in names if without_damaged else ():
                    if isinstance(name, TableName) and missing.has(name):
                        self._store.delete(self._container(call), str(name), with_versions=False)
        now = datetime(today.year, today.month, today.day, tzinfo=UTC)
        troubles = list[ArchiveUnavailable]()
        for partition in {each.partition for each in wanted} | logs:
            try:
                if partition in logs:
                    self.logs.begin_anew(calls[partition], now)
                else:
                    self.logs.keep(calls[partition], now, begins=False)
            except ArchiveUnavailable as error:
                troubles.append(error)
        if made:
            self.note(made, known)
        if troubles:
            raise troubles[0]
        return sum(len(each.revisions) if each.in_days and not each.is_block else 1 for each in made)

    def keep_manifest(self, name: ManifestName, news: Iterable[Tabled], known: TableIndex | None) -> None:
        """Let a manifest tell of what was put into tables of its month, by one who knew the index as `known`.

        What it told before is kept; without an index it is made anew. One that would tell of nothing is deleted.
        """
        container = container_of(self._catalogue.reports[name.report])
        for _ in range(_ATTEMPTS):
            stored = self._store.get(container, str(name))
            told = dict(self._told(stored.content if stored else b"", name, known))
            for each in news:
                for at in [(key, day) for key, day in told if key == each.partition.key and day in each.looked_at]:
                    del told[at]
                told |= self._entries(each.newest.values())
            content = manifest.write(told)
            if not told:
                return self._store.delete(container, str(name), with_versions=False)
            if stored and stored.content == content:
                return None
            if self._store.replace_if(container, str(name), content, {}, stored.etag if stored else None):
                return None
        raise ArchiveUnavailable(f"Others keep writing {name}.")

    def _told(self, stored: bytes, name: ManifestName, known: TableIndex | None) -> manifest.Entries:
        """Return what a manifest tells; if it is none, what there is of its month, of calls with days in tables.

        Without an index, what there is of all calls.
        """
        with suppress(*manifest.UNREADABLE):
            if known is not None:
                return manifest.read(stored)
        calls = {Partition.of(call): call for call in every_call(self._catalogue.reports[name.report])}
        days = DateRanges.of_month(name.month)
        there = [calls[at] for at in calls if known is None or known.of(at).dates & days]
        listed = (self._snapshots.all(call, month=name.month) for call in there)
        return self._entries(chain.from_iterable(listed))

    def _entries(self, snapshots: Iterable[Snapshot]) -> manifest.Entries:
        """Return what a manifest tells of snapshots, those of a call oldest first."""
        every = [*snapshots]
        return manifest.entries(self._snapshots.container(every[0].call), every) if every else {}

    def _make_days(self, call: Call, wanted: Iterable[date], listed: Tables, *, anew: bool) -> dict[date, Snapshot]:
        """Make tables of these days, and of those in one table with them; return the last revisions."""
        days = DateRanges.of(wanted)
        of_one = [name for name in listed if len(name.days.days) == 1]
        of_more = [name for name in listed if name not in of_one and name.days & days]
        days |= DateRanges.of(day for name in of_more for day in name.days.days)
        made = dict[date, Snapshot]()
        with self._replacing(call, of_more, {name.sign for name in of_more}):
            for day in days.days:
                snapshots = self._snapshots.revisions(call, day)
                former = {name: listed[name] for name in of_one if name.day == day}
                right = {} if anew else _right(former, snapshots)
                self._put(call, [*former], DateRanges.of([day]), snapshots, right)
                made |= _by_day(snapshots)
        return made

    def _put(
        self,
        call: Call,
        former: Sequence[TableName],
        days: DateRanges,
        snapshots: Sequence[Snapshot],
        right: Tables,
    ) -> None:
        """Put a table of the snapshots of these days in the place of the former ones; only delete those if it has none.

        What is in those that are `right` is taken from them; one that is all of it stays, as a run that was cut short
        made it.
        """
        whole = next((name for name in right if name.days == days), None)
        if whole and {*former} <= {whole, whole.sign}:
            if whole.sign in former:
                self._store.delete(self._container(call), str(whole.sign), with_versions=False)
            return
        generations = (each.generation + 1 for each in former if each.days == days)
        generation = max([1, *generations, *(each.revision for each in snapshots)])
        name = TableName.of(Partition.of(call), days, RULES, generation)
        file = self._file(call, snapshots, right=right) if snapshots else None
        with self._replacing(call, former, {name.sign} if former and file else set()):
            if file:
                self._create(call, name, file.content, _metadata(file, snapshots))

    @contextmanager
    def _replacing(self, call: Call, former: Sequence[TableName], signs: Collection[TableName]) -> Iterator[None]:
        """Delete tables, and let what is no table stand there while the block puts others in their place.

        Who lists meanwhile finds the former ones, or a sign that they are replaced: never both, nor none.
        """
        for sign in signs:
            if sign not in former:
                self._create(call, sign, _CHANGING, {})
        for each in former:
            if each not in signs:
                self._store.delete(self._container(call), str(each), with_versions=False)
        yield
        for sign in signs:
            self._store.delete(self._container(call), str(sign), with_versions=False)

    def _create(self, call: Call, name: TableName, content: bytes, metadata: Mapping[str, str]) -> None:
        """Create what has a name that nothing has; raise ArchiveUnavailable if another writer was first."""
        if not self._store.create(self._container(call), str(name), content, metadata):
            raise ArchiveUnavailable(f"Others are writing {name}.")

    def _file(
        self,
        call: Call,
        snapshots: Sequence[Snapshot],
        pieces: Pieces | None = None,
        right: Tables = MappingProxyType({}),
    ) -> ParquetFile:
        def stored(snapshot: Snapshot) -> Iterator[bytes]:
            return decompress_pieces([self._snapshots.compressed(snapshot)])

        try:
            former = {name: self._former(call, name, metadata) for name, metadata in right.items()}
            return table_of(self._catalogue.reports[call.report], snapshots, pieces or stored, former)
        except ValueError as error:
            raise DamagedBlob(snapshots[0].blob) from error

    def _former(self, call: Call, name: TableName, metadata: Mapping[str, str]) -> Former:
        def read() -> bytes | None:
            stored = self._store.get(self._container(call), str(name))
            is_whole = stored and sha256(stored.content).hexdigest() == metadata["sha256"]
            return stored.content if stored and is_whole else None

        return Former((), read, int(metadata["unfit"]))

    def _listed(self, call: Call, month: str) -> Tables:
        blobs = self._store.list(self._container(call), table_prefix(Partition.of(call), month))
        named = ((parse(blob.name), blob.metadata) for blob in blobs)
        return {name: metadata for name, metadata in named if isinstance(name, TableName)}

    def _container(self, call: Call) -> str:
        return container_of(self._catalogue.reports[call.report])

    def _load(self) -> tuple[TableIndex, str | None]:
        """Return the index and the ETag of its blob."""
        stored = self._store.get(DERIVED, TABLES)
        if not stored:
            return TableIndex(), None
        with suppress(*UNREADABLE):
            return TableIndex.from_bytes(stored.content, RULES), stored.etag
        return TableIndex(), stored.etag


def table_of(
    report: Report,
    snapshots: Sequence[Snapshot],
    pieces: Pieces,
    former: Mapping[TableName, Former] = MappingProxyType({}),
) -> ParquetFile:
    """Return the table of snapshots of a call, oldest first. Raise ValueError if one of them is no CSV in UTF-8.

    What is in `former` tables of some of them is read from there, if they are still there.
    """
    call, last = snapshots[0].call, {each.refresh_date: each.revision for each in snapshots}
    parts = [_part(each, each.revision == last[each.refresh_date], pieces) for each in snapshots]
    tables = {day: name for name in former for day in name.days.days}

    def sources() -> Iterator[Part | Former]:
        for table, of_table in groupby(parts, lambda part: tables.get(part.refresh_date)):
            if table:
                yield former[table]._replace(parts=[*of_table])
            else:
                yield from of_table

    return write(report.name, report.documented(call.version, call.report_type), [*sources()])


def _part(snapshot: Snapshot, is_newest: bool, pieces: Pieces) -> Part:
    header = snapshot.metadata.columns
    if not header:
        header = tuple(next(records(pieces(snapshot)), ()))
    return Part(
        refresh_date=snapshot.refresh_date,
        revision=snapshot.revision,
        is_newest=is_newest,
        sha256=snapshot.metadata.sha256,
        header=header,
        pieces=lambda: pieces(snapshot),
    )


def _right(tables: Tables, snapshots: Sequence[Snapshot]) -> Tables:
    """Return the tables that were made of the snapshots as they are, no day of which is in two."""
    right = {
        name: metadata
        for name, metadata in tables.items()
        if name.rules == RULES
        and metadata.get(_MADE_OF) == _made_of([each for each in snapshots if each.refresh_date in name.days])
    }
    return {name: right[name] for name in apart(sorted(right, key=lambda name: -len(name.days.days)))}


def _made_of(snapshots: Iterable[Snapshot]) -> str:
    """Return what two tables have in common that are made of the same snapshots."""
    told = (f"{each.refresh_date} {each.revision} {each.metadata.sha256}\n" for each in snapshots)
    return sha256("".join(told).encode()).hexdigest()


def _by_day(snapshots: Sequence[Snapshot]) -> dict[date, Snapshot]:
    """Return the last of each day; they are in order."""
    return {each.refresh_date: each for each in snapshots}


def _disputed(news: Tabled, known: TableIndex, now: TableIndex) -> set[Missing]:
    """Return what of the news the index tells otherwise than when it was known."""
    one, other = known.of(news.partition), now.of(news.partition)
    days = [day for day in news.looked_at.days if one.revision(day) != other.revision(day)]
    is_moved = (news.month in one.in_days) != (news.month in other.in_days)
    if days and (is_moved or not news.in_days):
        return {Missing(news.month, news.partition, ())}
    return other.after(news).again(news.partition, news.month, days)


def _metadata(file: ParquetFile, snapshots: Sequence[Snapshot]) -> dict[str, str]:
    return {
        _MADE_OF: _made_of(snapshots),
        "rows": str(file.rows),
        "unfit": str(file.unfit),
        "size": str(len(file.content)),
        "sha256": sha256(file.content).hexdigest(),
        "columns": to_words(file.columns),
    }
