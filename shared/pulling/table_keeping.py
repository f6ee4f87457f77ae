"""What a run does for tables: those of what came, and then those that are missing, newest first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock

from shared import events
from shared.archive.archive import Archive
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import Partition
from shared.archive.snapshot import Snapshot
from shared.archive.table_index import Missing, Tabled, TableIndex, by_manifest
from shared.domain.call import calls_in
from shared.domain.catalogue import Catalogue
from shared.domain.date_ranges import NO_DAYS
from shared.domain.errors import ArchiveUnavailable, DamagedBlob
from shared.domain.outcome import Outcome
from shared.pulling.expiry import oldest_kept

_NOTED = 50
"""Months, after which it is noted what was made: a run may be cut short."""
_MOST_TROUBLES = 3
"""Months in a row that storage did not let be made, after which the rest is left to the next run."""


class TableKeeping:
    """What keeps the tables of an archive, run by run. No method raises: the next run tries again."""

    def __init__(
        self,
        archive: Archive,
        catalogue: Catalogue,
        clock: Callable[[], datetime],
        retention: int = 0,
        *,
        with_delta: bool = False,
    ) -> None:
        """`clock` answers UTC; `retention` is for how many days reports with people are kept, 0 for ever.

        `with_delta`, logs are kept that make Delta tables of the tables.
        """
        self._archive = archive
        self._personal = [Partition.of(call) for call in calls_in(catalogue) if call.report in catalogue.personal]
        self._retention = retention
        self._calls = {Partition.of(call): call for call in calls_in(catalogue)}
        self._clock = clock
        self._with_delta = with_delta
        self._lock = Lock()
        self._index: TableIndex | None = None
        """As it was when the run began to use it."""
        self._made: list[Tabled] = []
        """What the index does not say yet."""
        self._troubles: list[str] = []
        self._in_a_row = 0
        """Of the last of them that storage made."""

    def add(self, outcome: Outcome, snapshot: Snapshot, content: bytes | None) -> None:
        """Make the table of a day of which this is the first snapshot; `content` is its body.

        What is not at hand, or of a month or a block that is in one table, is left to `keep`.
        """
        if outcome is not Outcome.PUBLISHED or content is None:
            return
        day, today = snapshot.refresh_date, self._clock().date()
        try:
            if not self._known().of(Partition.of(snapshot.call)).is_alone(day, today):
                return
            made = self._archive.tables.add(snapshot, content)
        except ArchiveUnavailable:
            return
        except Exception:
            events.log_unexpected(f"The table of {snapshot.call} cannot be made.")
            return
        with self._lock:
            self._made += [made] if made else []

    def keep(
        self, coverage: CoverageIndex | None, end: datetime, is_wanted: Callable[[Missing], bool] = lambda missing: True
    ) -> None:
        """Make what is missing of what the coverage index tells and is wanted, as far as it fits until `end`.

        Where there is no coverage index, only what was made is noted. Trouble with one call stops no other.
        """
        try:
            if coverage:
                self._make_missing(coverage, end, is_wanted)
            self._note(coverage or CoverageIndex())
        except ArchiveUnavailable as error:
            self._troubles.append(str(error))
        except Exception:
            events.log_unexpected("Tables cannot be made.")
        finally:
            if self._troubles:
                _tell(self._troubles[0], len(self._troubles))
            self._index, self._made, self._troubles, self._in_a_row = None, [], [], 0

    def _make_missing(self, coverage: CoverageIndex, end: datetime, is_wanted: Callable[[Missing], bool]) -> None:
        today = self._clock().date()
        first_kept = oldest_kept(self._retention, today)
        expiring = dict.fromkeys(self._personal, f"{first_kept:%Y-%m}") if first_kept else {}
        every = self._known().after(self._made).missing(coverage, today, expiring, self._personal)
        missing = [*filter(is_wanted, every)]
        for place, each in enumerate(missing):
            if self._clock() >= end or self._in_a_row >= _MOST_TROUBLES:
                self._troubles.append(f"{len(missing) - place} months were left to the next run.")
                break
            with self._noting_trouble():
                self._make(each, coverage)
            if len(self._made) >= _NOTED:
                self._note(coverage)

    @contextmanager
    def _noting_trouble(self) -> Iterator[None]:
        """Note what goes wrong with one month, as it stops no other."""
        try:
            yield
            self._in_a_row = 0
        except DamagedBlob as error:
            self._troubles.append(str(error))
        except ArchiveUnavailable as error:
            self._troubles.append(str(error))
            self._in_a_row += 1
        except Exception:
            events.log_unexpected("A table cannot be made.")

    def _make(self, missing: Missing, coverage: CoverageIndex) -> None:
        if call := self._calls.get(missing.partition):
            made = self._archive.tables.make(call, missing)
            days = coverage.dates.get(missing.partition, NO_DAYS) & made.looked_at
            # As the index knows them, that they are compared with: else a name that it does not know yet, or that
            # nothing can be read of, would be missing again in each run.
            told = {day: coverage.revision(missing.partition, day) for day in days.days}
            self._made.append(made._replace(revisions=told))

    def _note(self, coverage: CoverageIndex) -> None:
        """Note what was made, once manifest and log tell of it; make again what another run made at the same time."""
        while self._made:
            made, self._made, listed = by_manifest(self._made), [], list[Tabled]()
            for name, news in made.items():
                with self._noting_trouble():
                    self._archive.tables.keep_manifest(name, news, self._known())
                    for partition in {each.partition for each in news}:
                        with self._noting_trouble():
                            if self._with_delta:
                                self._archive.tables.logs.keep(self._calls[partition], self._clock())
                            listed += [each for each in news if each.partition == partition]
            if not listed:
                break
            self._index, disputed = self._archive.tables.note(listed, self._known())
            for missing in disputed:
                self._make(missing, coverage)

    def _known(self) -> TableIndex:
        with self._lock:
            self._index = self._index or self._archive.tables.index()
            return self._index


def _tell(detail: str, number: int = 1) -> None:
    events.emit(events.TABLES_BEHIND, logging.WARNING, detail=detail, troubles=number)
