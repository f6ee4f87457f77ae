"""Tables of snapshots in Parquet, made again whenever in doubt: a month in days while it goes on, then in one.

Beside them lies the manifest of each month, which is brought up to date with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from gzip import GzipFile
from hashlib import sha256
from io import BytesIO
from itertools import chain

from shared.archive import manifest
from shared.archive.blob_store import BlobStore
from shared.archive.delta_logs import DeltaLogs
from shared.archive.layout import (
    DERIVED,
    PERSONAL_DERIVED,
    REPORTS,
    TABLES,
    DeltaLogName,
    ManifestName,
    Partition,
    TableName,
    parse,
    table_prefix,
)
from shared.archive.snapshot import Snapshot, to_words
from shared.archive.snapshots import SnapshotArchive
from shared.archive.table_index import UNREADABLE, Missing, Tabled, TableIndex, days_of
from shared.domain.call import Call, calls_in, every_call
from shared.domain.catalogue import Catalogue, Report
from shared.domain.errors import ArchiveUnavailable, DamagedBlob
from shared.report.csv_records import records
from shared.report.typed_columns import ParquetFile
from shared.report.typed_table import RULES, Part, write

_ATTEMPTS = 5
_MOST_ROWS = 3_000_000
"""Of a month in one table, which memory holds as a file: about 100 MB. A month of more stays in days."""
_CHANGING = b"This table is being replaced. If that takes longer than a minute, the next run does it.\n"
"""Stands in the place of a table while others are still to be deleted. No reader takes it for a table."""


Opened = Callable[[Snapshot], BytesIO | GzipFile]
"""Opens the bytes that Graph sent."""


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
                return after, [each for one in news if (each := _disputed(one, known, before))]
        raise ArchiveUnavailable(f"Others keep writing {TABLES}.")

    def add(self, snapshot: Snapshot, content: bytes) -> Tabled | None:
        """Make the table of a day of which this is the only snapshot, with that body; None if there is one."""
        file = self._file(snapshot.call, [snapshot], lambda _: BytesIO(content))
        name = _name(snapshot.call, snapshot.refresh_date, 1)
        if not self._store.create(self._container(snapshot.call), str(name), file.content, _metadata(file)):
            return None
        day = snapshot.refresh_date
        return Tabled.of(Missing(name.month, name.partition, (day,)), {day: snapshot}, in_days=True)

    def make(self, call: Call, missing: Missing) -> Tabled:
        """Make tables of what is missing: what is there of these days, or of the month, replaces what is in tables."""
        if missing.days:
            return self._made_days(call, missing)
        snapshots = self._snapshots.all(call, month=missing.month)
        former = self._listed(call, missing.month)
        if sum(each.metadata.rows for each in snapshots) > self._most_rows:
            days = missing._replace(days=tuple(days_of(missing.month).days))
            return self._made_days(call, days)._replace(in_days=False)
        generation = max((name.generation for name in former if not name.day), default=0) + 1
        name = TableName(missing.partition, missing.month, None, RULES, generation)
        self._put(call, former, name if snapshots else None, snapshots)
        return Tabled.of(missing, _by_day(snapshots), in_days=False)

    def make_again(self, names: Collection[TableName | ManifestName | DeltaLogName], today: date) -> int:
        """Make tables, manifests and logs of these names; return how many tables. A month that is over is one.

        A table that has a damaged snapshot stays as it is, and stops no other, nor does a log that cannot be kept.
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
                days[name.month, name.partition] |= {name.day} if name.day else {*days_of(name.month).days}
        wanted = [
            Missing(month, at, () if known.of(at).is_settled(month, today) else tuple(sorted(days[month, at])))
            for month, at in days
        ]
        for each in manifests:  # before the tables: whoever is killed meanwhile finds these to be made again
            self.keep_manifest(each, (), None)
        made = list[Tabled]()
        for missing in wanted:
            with suppress(DamagedBlob):
                made.append(self.make(calls[missing.partition], missing))
        now = datetime(today.year, today.month, today.day, tzinfo=UTC)
        troubles = list[ArchiveUnavailable]()
        for partition in {each.partition for each in made} | logs:
            try:
                self.logs.keep(calls[partition], now, begins=partition in logs)
            except ArchiveUnavailable as error:
                troubles.append(error)
        if made:
            self.note(made, known)
        if troubles:
            raise troubles[0]
        return sum(len(each.revisions) if each.in_days else 1 for each in made)

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
        there = [calls[at] for at in calls if known is None or known.of(at).dates & days_of(name.month)]
        listed = (self._snapshots.all(call, month=name.month) for call in there)
        return self._entries(chain.from_iterable(listed))

    def _entries(self, snapshots: Iterable[Snapshot]) -> manifest.Entries:
        """Return what a manifest tells of snapshots, those of a call oldest first."""
        every = [*snapshots]
        return manifest.entries(self._snapshots.container(every[0].call), every) if every else {}

    def _made_days(self, call: Call, missing: Missing) -> Tabled:
        former = self._listed(call, missing.month)
        whole = [name for name in former if not name.day]
        for name in whole:  # who lists meanwhile finds no day twice
            self._put_if_there(call, name, _CHANGING, {})
        made = {day: self._make_day(call, day, [name for name in former if name.day == day]) for day in missing.days}
        for name in whole:
            self._store.delete(self._container(call), str(name), with_versions=False)
        return Tabled.of(missing, {day: last for day, last in made.items() if last}, in_days=True)

    def _make_day(self, call: Call, day: date, former: Sequence[TableName]) -> Snapshot | None:
        """Make the table of a day, or delete it if there is nothing of that day; return the last revision."""
        snapshots = self._snapshots.revisions(call, day)
        last = snapshots[-1] if snapshots else None
        self._put(call, former, _name(call, day, last.revision) if last else None, snapshots)
        return last

    def _put(
        self, call: Call, former: Sequence[TableName], name: TableName | None, snapshots: Sequence[Snapshot]
    ) -> None:
        """Put a table of the snapshots in the place of the former ones; without a name, only delete those.

        Who lists meanwhile finds the former ones, or what is no table and says so: never both, nor none.
        """
        container, others = self._container(call), [each for each in former if each != name]
        file = self._file(call, snapshots) if name else None
        if name and file and not former:
            return _demand(self._store.create(container, str(name), file.content, _metadata(file)), name)
        if name and name not in former:
            _demand(self._store.create(container, str(name), _CHANGING, {}), name)
        for each in others:
            self._store.delete(container, str(each), with_versions=False)
        if name and file:
            self._put_if_there(call, name, file.content, _metadata(file))

    def _put_if_there(self, call: Call, name: TableName, content: bytes, metadata: Mapping[str, str]) -> None:
        """Put a table over the one of that name."""
        stored = self._store.get(self._container(call), str(name), 0, 1)
        written = stored and self._store.replace_if(self._container(call), str(name), content, metadata, stored.etag)
        _demand(bool(written), name)

    def _file(self, call: Call, snapshots: Sequence[Snapshot], opened: Opened | None = None) -> ParquetFile:
        def stored(snapshot: Snapshot) -> GzipFile:
            return GzipFile(fileobj=BytesIO(self._snapshots.compressed(snapshot)))

        try:
            return table_of(self._catalogue.reports[call.report], snapshots, opened or stored)
        except ValueError as error:
            raise DamagedBlob(snapshots[0].blob) from error

    def _listed(self, call: Call, month: str) -> list[TableName]:
        blobs = self._store.list(self._container(call), table_prefix(Partition.of(call), month))
        return [name for name in (parse(blob.name) for blob in blobs) if isinstance(name, TableName)]

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


def container_of(report: Report) -> str:
    """Return where the tables of a report lie."""
    return PERSONAL_DERIVED if report.personal_data else DERIVED


def table_of(report: Report, snapshots: Sequence[Snapshot], opened: Opened) -> ParquetFile:
    """Return the table of snapshots of a call, oldest first. Raise ValueError if one of them is no CSV in UTF-8."""
    call, last = snapshots[0].call, {each.refresh_date: each.revision for each in snapshots}
    parts = [_part(each, each.revision == last[each.refresh_date], opened) for each in snapshots]
    return write(report.name, report.documented(call.version, call.report_type), parts)


def _part(snapshot: Snapshot, is_newest: bool, opened: Opened) -> Part:
    header = snapshot.metadata.columns
    if not header:
        with opened(snapshot) as body:
            header = tuple(next(records(body), ()))
    return Part(
        refresh_date=snapshot.refresh_date,
        revision=snapshot.revision,
        is_newest=is_newest,
        sha256=snapshot.metadata.sha256,
        header=header,
        open=lambda: opened(snapshot),
    )


def _by_day(snapshots: Sequence[Snapshot]) -> dict[date, Snapshot]:
    """Return the last of each day; they are in order."""
    return {each.refresh_date: each for each in snapshots}


def _name(call: Call, day: date, generation: int) -> TableName:
    return TableName(Partition.of(call), f"{day:%Y-%m}", day, RULES, generation)


def _disputed(news: Tabled, known: TableIndex, now: TableIndex) -> Missing | None:
    """Return what of the news the index tells otherwise than when it was known."""
    one, other = known.of(news.partition), now.of(news.partition)
    days = [day for day in news.looked_at.days if one.revision(day) != other.revision(day)]
    is_moved = (news.month in one.in_days) != (news.month in other.in_days)
    return Missing(news.month, news.partition, tuple(days) if news.in_days and not is_moved else ()) if days else None


def _demand(is_written: bool, name: TableName) -> None:
    """Raise ArchiveUnavailable if another writer was first."""
    if not is_written:
        raise ArchiveUnavailable(f"Others are writing {name}.")


def _metadata(file: ParquetFile) -> dict[str, str]:
    return {
        "rows": str(file.rows),
        "unfit": str(file.unfit),
        "size": str(len(file.content)),
        "sha256": sha256(file.content).hexdigest(),
        "columns": to_words(file.columns),
    }
