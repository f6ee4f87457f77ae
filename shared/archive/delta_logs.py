"""The logs that make Delta tables of the tables of calls: brought in line with the files that are there, run by run.

A log lies in the folder of its tables. It is made of them and never believed against them: deleted, it is begun anew.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from shared.archive.blob_store import BlobStore, ListedBlob
from shared.archive.layout import DERIVED, PERSONAL_DERIVED, DeltaLogName, Partition, TableName, apart, parse
from shared.archive.snapshot import from_words
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.report import delta
from shared.report.delta import DeltaFile, DeltaTable
from shared.report.typed_table import columns_in

_ATTEMPTS = 5
_CHECKPOINT_EACH = 10
"""Commits, after which one file tells all of them. Those before the one before it are deleted."""


class _Listed(NamedTuple):
    """What there is of a call."""

    tables: list[tuple[TableName, ListedBlob]]
    log: list[DeltaLogName]
    """Oldest first."""


class DeltaLogs:
    """The logs of an archive. Every method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue

    def keep(self, call: Call, now: datetime, *, begins: bool = True) -> None:
        """Let the log of a call tell of the tables that are there, none of which is just being replaced.

        Unless it `begins` one, that is done only where there is a log.
        """
        partition = Partition.of(call)
        container = PERSONAL_DERIVED if call.report in self._catalogue.personal else DERIVED
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
        for name in listed.log:  # the newest last: a run that dies meanwhile leaves what the next one does not believe
            self._store.delete(container, str(name))
        listed.log.clear()
        return None, 0

    def _table(self, container: str, partition: Partition, listed: _Listed, before: DeltaTable | None) -> DeltaTable:
        columns, files = dict.fromkeys(before.columns if before else ()), dict[str, DeltaFile]()
        newest = {name.days: (name, blob) for name, blob in sorted(listed.tables, key=_age)}
        # Where a run died beside another one, a day may lie in two tables: it is told of once.
        told = {*apart(sorted((name for name, _ in newest.values()), key=lambda name: -len(name.days.days)))}
        for name, blob in newest.values():
            if name not in told:
                continue
            if "size" not in blob.metadata:
                raise ArchiveUnavailable(f"{name} is being replaced.")
            files[blob.name.removeprefix(f"{partition}/")] = DeltaFile(
                int(blob.metadata["size"]), int(blob.metadata["rows"])
            )
            columns |= dict.fromkeys(from_words(blob.metadata["columns"]) or self._read(container, blob.name))
        return DeltaTable(partition.report, partition.key, tuple(columns), files)

    def _read(self, container: str, name: str) -> list[str]:
        """Return the columns of a table with so many that its metadata do not tell them."""
        stored = self._store.get(container, name)
        return columns_in(stored.content) if stored else []

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
