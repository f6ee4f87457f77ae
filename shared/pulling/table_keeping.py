"""What a run does for tables: those of what came, and then those that are missing, newest first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock

from shared import events
from shared.archive.archive import Archive
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import Partition, SnapshotName
from shared.archive.snapshot import Snapshot
from shared.archive.table_index import Missing, Tabled, TableIndex
from shared.domain.call import calls_in
from shared.domain.catalogue import Catalogue
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.errors import ArchiveUnavailable, DamagedBlob
from shared.domain.outcome import Outcome
from shared.pulling.expiry import oldest_kept

_NOTED = 50
"""Months, after which it is noted what was made: a run may be cut short."""


class TableKeeping:
    """What keeps the tables of an archive, run by run. No method raises: the next run tries again."""

    def __init__(
        self, archive: Archive, catalogue: Catalogue, clock: Callable[[], datetime], retention: int = 0
    ) -> None:
        """`clock` answers UTC; `retention` is for how many days reports with people are kept, 0 for ever."""
        self._archive = archive
        self._personal = [Partition.of(call) for call in calls_in(catalogue) if call.report in catalogue.personal]
        self._retention = retention
        self._calls = {Partition.of(call): call for call in calls_in(catalogue)}
        self._clock = clock
        self._lock = Lock()
        self._index: TableIndex | None = None
        """As it was when the run began to use it."""
        self._made: list[Tabled] = []
        """What the index does not say yet."""

    def add(self, outcome: Outcome, snapshot: Snapshot, content: bytes | None) -> None:
        """Make the table of a day of which this is the first snapshot; `content` is its body.

        What is not at hand, or of a month that is in one table, is left to `keep`.
        """
        if outcome is not Outcome.PUBLISHED or content is None:
            return
        month, today = f"{snapshot.refresh_date:%Y-%m}", self._clock().date()
        try:
            if self._known().of(Partition.of(snapshot.call)).is_settled(month, today):
                return
            made = self._archive.tables.add(snapshot, content)
        except ArchiveUnavailable:
            return
        except Exception:
            events.log_unexpected(f"The table of {snapshot.call} cannot be made.")
            return
        with self._lock:
            self._made += [made] if made else []

    def keep(self, coverage: CoverageIndex | None, seen: Sequence[SnapshotName], end: datetime) -> None:
        """Make what is missing of what the coverage index tells, and of what runs have `seen`; what fits until `end`.

        Where there is no coverage index, only what was made is noted.
        """
        try:
            if coverage:
                self._make_missing(coverage.dates, seen, end)
            self._note(coverage.dates if coverage else {})
        except ArchiveUnavailable as error:
            _tell(str(error))
        except Exception:
            events.log_unexpected("Tables cannot be made.")
        finally:
            self._index, self._made = None, []

    def _make_missing(
        self, archived: Mapping[Partition, DateRanges], seen: Sequence[SnapshotName], end: datetime
    ) -> None:
        today = self._clock().date()
        first_kept = oldest_kept(self._retention, today)
        expiring = dict.fromkeys(self._personal, f"{first_kept:%Y-%m}") if first_kept else {}
        missing = self._known().after(self._made).missing(archived, seen, today, expiring)
        troubles = []
        for place, each in enumerate(missing):
            if self._clock() >= end:
                troubles.append(f"{len(missing) - place} months were left to the next run.")
                break
            try:
                self._make(each, archived)
            except DamagedBlob as error:
                troubles.append(str(error))
            if len(self._made) >= _NOTED:
                self._note(archived)
        if troubles:
            _tell(troubles[0], len(troubles))

    def _make(self, missing: Missing, archived: Mapping[Partition, DateRanges]) -> None:
        if call := self._calls.get(missing.partition):
            made = self._archive.tables.make(call, missing)
            named = dict.fromkeys((archived.get(missing.partition, NO_DAYS) & made.looked_at).days, 0)
            self._made.append(made._replace(revisions=named | dict(made.revisions)))

    def _note(self, archived: Mapping[Partition, DateRanges]) -> None:
        """Note what was made, and make again what another run made at the same time."""
        while self._made:
            made, self._made = self._made, []
            self._index, disputed = self._archive.tables.note(made, self._known())
            for each in disputed:
                self._make(each, archived)

    def _known(self) -> TableIndex:
        with self._lock:
            self._index = self._index or self._archive.tables.index()
            return self._index


def _tell(detail: str, number: int = 1) -> None:
    events.emit(events.TABLES_BEHIND, logging.WARNING, detail=detail, troubles=number)
