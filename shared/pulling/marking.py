"""The markers that a run writes. Only readers need them, so a run goes on where one cannot be written."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from shared import events
from shared.archive.archive import Archive
from shared.archive.markers import Marker
from shared.archive.run_record import PullResult
from shared.domain.errors import ArchiveUnavailable
from shared.pulling.concealment import change_of_call
from shared.pulling.plan import PlannedPull

_WORKERS = 4
"""Markers that are written side by side."""


class Marking:
    """What writes markers; a failure is an event."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._written: list[Marker] = []

    def take_written(self) -> list[Marker]:
        """Return the markers that were written since this was last asked."""
        written, self._written = self._written, []
        return written

    def mark(self, markers: Iterable[Marker]) -> bool:
        """Write markers, and return whether all are written."""
        written = [*markers]
        if not written:
            return True
        with ThreadPoolExecutor(_WORKERS) as pool:
            try:
                list(pool.map(self._archive.markers.write, written))
            except ArchiveUnavailable as error:
                pool.shutdown(cancel_futures=True)
                _emit(len(written), error)
                return False
        self._written += written
        return True

    def mark_change(self, planned: PlannedPull, result: PullResult) -> None:
        """Write down that names changed with the snapshot that was pulled, if they did."""
        try:
            change = change_of_call(planned.newest, result, self._archive.snapshots.previous)
        except ArchiveUnavailable as error:
            _emit(1, error)
        except Exception:
            # A defect of ours in what only readers need must not cost the others their day.
            events.log_unexpected(f"Whether names changed with {planned.call} cannot be told.")
        else:
            self.mark(change)


def _emit(number: int, error: ArchiveUnavailable) -> None:
    events.emit(events.MARK_FAILED, logging.WARNING, marks=number, detail=str(error))
