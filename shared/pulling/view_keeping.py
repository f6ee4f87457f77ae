"""What a run does for the views without people: it counts, so that who serves them need not know of anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time

from shared import events
from shared.archive.archive import Archive
from shared.archive.run_record import PullResult
from shared.domain.catalogue import Catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.domain.outcome import Outcome
from shared.domain.selection import Selection
from shared.views.activity import REPORTS
from shared.views.counts import counts_at
from shared.views.kept import KeptViews
from shared.views.licences import MAILBOXES, SKUS
from shared.views.people import USERS, Accounts

COUNTED = (*REPORTS, USERS.report, SKUS.report, MAILBOXES)
"""The reports that are counted together."""


class ViewKeeping:
    """What keeps the numbers of each day."""

    def __init__(
        self,
        archive: Archive,
        catalogue: Catalogue,
        selection: Selection,
        least: int,
        clock: Callable[[], datetime],
    ) -> None:
        """`least` is how many people a number must be of; `clock` answers UTC."""
        self._snapshots = archive.snapshots
        self._kept = KeptViews(archive.store)
        self._catalogue = catalogue
        self._is_wanted = USERS.report in selection.directory
        self._least = least
        self._clock = clock

    def keep(self, pulls: Sequence[PullResult], end: datetime) -> None:
        """Count today, if anything came that counts, and then the days that nobody counted, newest first.

        A day of the past is counted from what was known at its end, as on that day. What does not fit until `end` is
        left to later runs.
        """
        if not self._is_wanted:
            return
        changed = {pull.call.report for pull in pulls if pull.outcome in (Outcome.PUBLISHED, Outcome.REVISED)}
        accounts = Accounts(self._snapshots)
        try:
            for day in self._due(bool(changed & {*COUNTED})):
                if self._clock() >= end:
                    break
                self._count(accounts, day)
        except ArchiveUnavailable as error:
            events.emit(events.VIEWS_BEHIND, detail=str(error))

    def _due(self, has_changed: bool) -> Iterator[date]:
        """Yield the days that are to be counted, newest first."""
        today, known = self._clock().date(), {*self._kept.days(self._least)}
        for day in reversed(self._snapshots.refresh_dates(USERS)):
            if day not in known or (day == today and has_changed):
                yield day

    def _count(self, accounts: Accounts, day: date) -> None:
        as_of = None if day == self._clock().date() else datetime.combine(day, time.max, UTC)
        if numbers := counts_at(accounts, self._catalogue, day, self._least, as_of):
            self._kept.keep(day, numbers)
