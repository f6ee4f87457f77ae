"""The logs that make Delta tables of the tables of calls: brought in line with the files that are there, run by run.

A log lies in the folder of its tables. It is made of them and never believed against them: deleted, it is begun anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from shared.archive.blob_store import BlobStore, ListedBlob
from shared.archive.layout import DeltaLogName, Partition, TableName, apart, container_of, parse
from shared.archive.snapshot import from_words
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.report import delta
from shared.report.delta import DeltaFile, DeltaTable
from shared.report.typed_columns import height_of
from shared.report.typed_table import columns_in

_ATTEMPTS = 5
_CHECKPOINT_EACH = 10
"""Commits, after which one file tells all of them. Those before the one before it are deleted."""


class _Listed(NamedTuple):
    """What there is of a call."""

    tables: list[tuple[TableName, ListedBlob]]
    log: list[DeltaLogName]
    """Oldest first."""


class _Told(NamedTuple):
    """What a log tells of a table."""

    file: DeltaFile
    columns: Sequence[str]
    """Those of the report, as far as it did not tell of them before."""


_SIGN = _Told(DeltaFile(0, 0), ())
"""Stands for what is never told of: the sign that a table is being replaced."""


class DeltaLogs:
    """The logs of an archive. Every method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue

    def begin_anew(self, call: Call, now: datetime) -> None:
        """Let a log without a past tell of the tables of a call."""
        partition = Partition.of(call)
        container = self._container(call)
        self._delete(container, self._listed(container, partition).log)
        self.keep(call, now)

    def keep(self, call: Call, now: datetime, *, begins: bool = True) -> None:
        """Let the log of a call tell of the tables that are there, none of which is just being replaced.

        Unless it `begins` one, that is done only where there is a log.
        """
        partition = Partition.of(call)
        container = self._container(call)
        for _ in range(_ATTEMPTS):
            listed = self._listed(container, partition)
            if not listed.log and not begins:
                return
            before, version = self._before(container, partition, listed)
            table = self._table(container, partition, listed, before)
            if before == table:
                return
            name = DeltaLogName(partition, version, is_checkpoint=False)
            # A commit is whoever's is first.
            if self._store.create(container, str(name), delta.commit(before, table, now), {}):
                self._sum_up(container, table, [*listed.log, name], now)
                return
        raise ArchiveUnavailable(f"Others keep writing the log of {partition}.")

    def _container(self, call: Call) -> str:
        return container_of(self._catalogue.reports[call.report])

    def _listed(self, container: str, partition: Partition) -> _Listed:
        listed = _Listed([], [])
        for blob in self._store.list(container, f"{partition}/"):
            name = parse(blob.name)
            if isinstance(name, TableName):
                listed.tables.append((name, blob))
            elif isinstance(name, DeltaLogName):
                listed.log.append(name)
        return listed._replace(log=sorted(listed.log))

    def _before(self, container: str, partition: Partition, listed: _Listed) -> tuple[DeltaTable | None, int]:
        """Return the table as its log tells, and the number of the next commit; a log that tells nothing is deleted."""
        commits = [name for name in listed.log if not name.is_checkpoint]
        stored = self._store.get(container, str(commits[-1])) if commits else None
        if stored:
            with suppress(*delta.UNREADABLE):
                return delta.read(partition.report, partition.key, stored.content), commits[-1].version + 1
        self._delete(container, listed.log)
        listed.log.clear()
        return None, 0

    def _delete(self, container: str, log: Sequence[DeltaLogName]) -> None:
        for name in log:  # the newest last: a run that dies meanwhile leaves what the next one does not believe
            self._store.delete(container, str(name))

    def _table(self, container: str, partition: Partition, listed: _Listed, before: DeltaTable | None) -> DeltaTable:
        columns, former = dict.fromkeys(before.columns if before else ()), before.files if before else {}
        files, told = dict[str, DeltaFile](), dict[TableName, tuple[str, _Told]]()
        for name, blob in sorted(listed.tables, key=_age):
            path = blob.name.removeprefix(f"{partition}/")
            if each := self._told(container, blob, former.get(path)) if name.generation else _SIGN:
                told[name] = path, each
        newest = {name.days: name for name in told}
        # Where a run died beside another one, a day may lie in two tables: it is told of once.
        for name in apart(sorted(newest.values(), key=lambda name: -len(name.days.days))):
            if not name.generation:
                raise ArchiveUnavailable(f"{name} is being replaced.")
            path, each = told[name]
            files[path] = each.file
            columns |= dict.fromkeys(each.columns)
        return DeltaTable(partition.report, partition.key, tuple(columns), files)

    def _told(self, container: str, blob: ListedBlob, former: DeltaFile | None) -> _Told | None:
        """Return what there is to tell of a blob; None if it is no table, and none was told of under its name.

        What its metadata do not say is as it was told before, or else what the file says.
        """
        size, rows, columns = (blob.metadata.get(each, "") for each in ("size", "rows", "columns"))
        file = DeltaFile(int(size), int(rows)) if size.isdecimal() and rows.isdecimal() else former
        if file and (columns or file == former):
            return _Told(file, from_words(columns))
        stored = self._store.get(container, blob.name)
        if not stored:
            raise ArchiveUnavailable(f"{blob.name} is being replaced.")
        with suppress(ValueError):
            names = columns_in(stored.content)  # too many for metadata, or somebody took these away
            return _Told(file or DeltaFile(len(stored.content), height_of(stored.content)), names)
        return None

    def _sum_up(self, container: str, table: DeltaTable, log: list[DeltaLogName], now: datetime) -> None:
        """Write a checkpoint if it is due, and delete what came before the one before it."""
        last = max((name.version for name in log if name.is_checkpoint), default=0)
        newest = log[-1]
        if newest.version - last < _CHECKPOINT_EACH:
            return
        name = newest._replace(is_checkpoint=True)
        self._store.create(container, str(name), delta.checkpoint(table, now), {})
        for each in log:
            if each.version < last:
                self._store.delete(container, str(each))


def _age(table: tuple[TableName, ListedBlob]) -> tuple[str, int, int]:
    """Sorts tables by their months, and those of the same days by when they were made."""
    name, _ = table
    return name.month, name.rules, name.generation
