"""What a run tells the coverage index: only readers need it, so a run goes on where it cannot be kept."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from shared import events
from shared.archive.coverage_archive import CoverageArchive
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import ConcealmentChange, LostRange, Partition
from shared.archive.markers import Marker
from shared.archive.run_record import RunRecord
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.errors import ArchiveUnavailable
from shared.domain.outcome import Reason
from shared.domain.selection import Selection
from shared.pulling.memory import Memory, first_day

_NOTHING_NEW = (Reason.NOT_MODIFIED, Reason.NOT_DUE)
"""A run of which all calls end so is spared the second look, as it costs little else."""


def keep_coverage(
    coverage: CoverageArchive, record: RunRecord, memory: Memory, selection: Selection, marked: Iterable[Marker]
) -> CoverageIndex | None:
    """Bring the index up to date at the end of a run, and return it; `memory` is what was known when it began."""
    marks = [mark for mark in marked if isinstance(mark, LostRange | ConcealmentChange)]
    before = memory.record.id if memory.record else None
    try:
        return coverage.keep(
            record.id,
            before,
            [*filter(None, (pull.snapshot for pull in record.pulls)), *marks],
            lambda index: doubted(index, memory, selection, record.started),
            # The first run of each UTC day reads all bodies, so that each day looks again at least once.
            looks_again=not record.pulls or any(pull.reason not in _NOTHING_NEW for pull in record.pulls),
        )
    except ArchiveUnavailable as error:
        events.emit(events.COVERAGE_BEHIND, logging.WARNING, detail=str(error))
    except Exception:
        # A defect of ours in what only readers need must not cost the run its record.
        events.log_unexpected("The coverage index cannot be brought up to date.")
    return None


def doubted(index: CoverageIndex, memory: Memory, selection: Selection, started: datetime) -> Iterator[Partition]:
    """Yield the partitions of which the run, when it began, found something else than the index says.

    A run may have died between a snapshot and the index, or somebody put a snapshot there, or took one away.
    """
    for report, calls in selection.by_report.items():
        held = memory.archived[report]
        for call in calls:
            newest, partition = held.newest.get(call), Partition.of(call)
            last = index.dates.get(partition, NO_DAYS).last
            if (last and (last, index.revision(partition, last))) != (newest and newest.order):
                yield partition
        days, oldest = Partition(report, "day"), first_day(memory.watched_since(report), started)
        reach = DateRanges(((oldest, started.date() + timedelta(days=1)),))
        told = {day: index.revision(days, day) for day in (index.dates.get(days, NO_DAYS) & reach).days}
        if report in selection.daily and told != {day: last for day, last in held.days.items() if day in reach}:
            yield days
