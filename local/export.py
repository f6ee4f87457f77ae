"""`python3 -m local export`: the tables of an archive, taken home into a folder, as Parquet or CSV.

Called again, it fetches what is new or was corrected, and nothing else. A file has its name only when it is whole.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from local.child import ChildError
from local.lock import locked
from local.parsers import CSV, PARQUET
from local.parsers import export as parse
from local.place import opened
from local.screen import Screen
from shared.archive.archive import Archive
from shared.archive.layout import Partition, SnapshotName, TableName, apart, container_of, table_prefix
from shared.archive.layout import parse as parse_name
from shared.archive.read_ahead import read_ahead
from shared.archive.table_index import PartitionTables
from shared.domain.call import calls_in
from shared.domain.catalogue import catalogue
from shared.domain.date_ranges import DateRanges
from shared.domain.errors import UsageArchiveError
from shared.report.typed_columns import write_as_csv

_UNFINISHED, _LOCK, _LIST = ".export", ".export.lock", ".export.list"


class Month(NamedTuple):
    """What an archive has of a call's month."""

    partition: Partition
    month: str
    """As `YYYY-MM`."""
    tables: Mapping[TableName, str]
    """With their SHA-256."""
    lacking: int
    """Days that are in no table, or not as they were corrected last."""


class Taken(NamedTuple):
    """What became of tables."""

    fetched: int = 0
    here: int = 0
    """Those that had been fetched before."""
    size: int = 0
    """Bytes that were written."""
    lacking: int = 0
    """Days, as in Month."""
    moved: int = 0
    """Tables that were not as they had been written, as when a run replaces them at that moment."""

    def __add__(self, other: object) -> Taken:
        assert isinstance(other, Taken)
        return Taken(*map(sum, zip(self, other, strict=True)))


def main(arguments: Sequence[str]) -> int:
    """Export. Return 0, 1 if something is lacking, 2 if it could not be done."""
    options = parse(arguments)
    try:
        if not options.url and options.folder.resolve().is_relative_to(options.archive.resolve()):
            raise FileExistsError(f"{options.folder} lies in the archive itself")
        with opened(options) as archive, _ready(options.folder) as unfinished:
            return _export(Archive(archive(), catalogue()), options, unfinished)
    except (ChildError, UsageArchiveError, OSError) as error:
        print(f"The tables could not be exported to {options.folder}: {error}", file=sys.stderr)
        return 2


@contextmanager
def _ready(folder: Path) -> Iterator[Path]:
    """Give a place in a folder for what is not whole; nobody else exports to it meanwhile. Raise OSError."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / _LOCK, seconds=0):
            shutil.rmtree(unfinished := folder / _UNFINISHED, ignore_errors=True)
            unfinished.mkdir()
            try:
                yield unfinished
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    except PermissionError as error:
        raise PermissionError(f"{folder} cannot be written to ({error.strerror})") from None


def _export(archive: Archive, options: argparse.Namespace, unfinished: Path) -> int:
    chosen = options.reports or {Partition.of(call) for call in calls_in(catalogue())}
    left_out = set() if options.personal else catalogue().personal
    found = [*months(archive, {each for each in chosen if each.report not in left_out}, f"{options.since:%Y-%m}")]
    target, taken, screen = _Target(archive, options.folder, unfinished, options.format), Taken(), Screen()
    screen.expect(len(found))
    for each in read_ahead(target.take, found):
        taken += each
        screen.advance("Exporting")
    screen.done()
    here = f"{taken.fetched} fetched, {taken.size:,} bytes; {taken.here} were here."
    print(f"Tables of {len(found)} months of calls: {here}")
    if not options.personal and not options.reports:
        print("Reports with a row per person, site, group or team are left out: --personal takes them too.")
    if taken.lacking:
        print(f"Days that are in no table as they are now: {taken.lacking}. The next pull makes it.", file=sys.stderr)
    if taken.moved:
        print(f"Months left as they were, as a table is being replaced or damaged: {taken.moved}.", file=sys.stderr)
    return 1 if taken.lacking or taken.moved else 0


def months(archive: Archive, wanted: Set[Partition], since: str) -> Iterator[Month]:
    """Yield the months from `since` (YYYY-MM) on of which there are snapshots. Raise ArchiveUnavailable."""
    index = archive.tables.index()
    named = {each.report for each in wanted}
    for report in sorted(named & archive.snapshots.reports(personal=bool(named & catalogue().personal))):
        tables = archive.tables.names(catalogue().reports[report])
        for partition in sorted(each for each in wanted if each.report == report):
            names: dict[str, list[SnapshotName]] = {}
            for name in archive.snapshots.names_in(partition):
                names.setdefault(f"{name.refresh_date:%Y-%m}", []).append(name)
            for month, of_month in sorted(names.items()):
                if month >= since:
                    of_both = {at: it for at, it in tables.items() if (at.partition, at.month) == (partition, month)}
                    yield _month(partition, month, of_month, of_both, index.of(partition))


def _month(
    partition: Partition,
    month: str,
    snapshots: Sequence[SnapshotName],
    tables: Mapping[TableName, str],
    known: PartitionTables,
) -> Month:
    """Return what there is of a month, no day twice: of two tables of the same days the later one, which is behind."""
    told = {known.together(each.refresh_date) for each in snapshots}
    newest = {each.days: each for each in tables}
    wanted = apart(sorted(newest.values(), key=lambda name: name.days not in told))
    there = DateRanges.of(day for name in wanted for day in name.days.days)
    lacking = {
        each.refresh_date
        for each in snapshots
        if each.revision > known.revision(each.refresh_date) or each.refresh_date not in there
    }
    return Month(partition, month, {name: tables[name] for name in wanted}, len(lacking))


class _Target:
    """The folder that tables are exported to."""

    def __init__(self, archive: Archive, folder: Path, unfinished: Path, suffix: str) -> None:
        """`unfinished` is a place in it for what is not whole; `suffix` says in which form the tables are wanted."""
        self._store = archive.store
        self._folder = folder
        self._unfinished = unfinished
        self._suffix = suffix
        self._list = folder / _LIST
        self._lock = Lock()
        self._known = dict(line.split(" ", 1)[::-1] for line in self._lines() if " " in line)
        """Of the files that were fetched, the SHA-256 of the table: a table may be made again under its name."""

    def _lines(self) -> list[str]:
        return self._list.read_text("utf-8").splitlines() if self._list.exists() else []

    def take(self, month: Month) -> Taken:
        """Fetch the tables of a month that are not here, and put all of them in the place of those that were.

        Who reads the folder meanwhile finds no day twice; for a moment there may be none. Raise ArchiveUnavailable and
        OSError.
        """
        folder, taken = self._folder / table_prefix(month.partition, month.month), Taken(lacking=month.lacking)
        wanted = {f"{Path(str(name)).stem}.{self._suffix}": name for name in month.tables}
        here = {file.name for file in folder.glob(f"*.{self._suffix}") if self._is_table(file)}
        parts = {}
        for file_name, name in wanted.items():
            if file_name in here and self._known.get(self._at(folder / file_name)) == month.tables[name]:
                continue
            part = self._fetched(name, self._unfinished / file_name)
            if not part:
                return taken._replace(moved=1, here=len(here))
            parts[file_name] = part
        folder.mkdir(parents=True, exist_ok=True)
        for file_name in here - wanted.keys() if wanted else ():
            (folder / file_name).unlink()
        size = sum(part.stat().st_size for part in parts.values())
        for file_name, part in parts.items():
            part.replace(folder / file_name)
        lines = (f"{month.tables[wanted[file_name]]} {self._at(folder / file_name)}\n" for file_name in parts)
        with self._lock, self._list.open("a", encoding="utf-8") as known:
            known.writelines(lines)
        return taken._replace(fetched=len(parts), here=len(wanted) - len(parts), size=size)

    def _at(self, file: Path) -> str:
        return file.relative_to(self._folder).as_posix()

    def _is_table(self, file: Path) -> bool:
        return isinstance(parse_name(self._at(file.with_suffix(f".{PARQUET}"))), TableName)

    def _fetched(self, name: TableName, part: Path) -> Path | None:
        """Write a table there, and return where; None if its bytes are not those that were written."""
        stored = self._store.get(container_of(catalogue().reports[name.partition.report]), str(name))
        if not stored or sha256(stored.content).hexdigest() != stored.metadata.get("sha256"):
            return None
        with part.open("wb") as file:
            if self._suffix == CSV:
                write_as_csv(stored.content, file)
            else:
                file.write(stored.content)
        return part
