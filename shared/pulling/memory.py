"""What is known when a run begins: the record of the run before, and what the archive holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from shared.archive.archive import Archive
from shared.archive.layout import Partition
from shared.archive.run_record import CallState, RunRecord
from shared.domain.call import Call
from shared.domain.dates import days_between
from shared.domain.errors import PullError
from shared.domain.graph_window import days_of_interest
from shared.domain.outcome import Reason
from shared.domain.selection import Selection
from shared.pulling.plan import ArchivedCalls
from shared.pulling.pull_errors import as_pull_errors
from shared.pulling.side_by_side import side_by_side

_PATIENCE = timedelta(minutes=10)
"""After that no more is listed: the rest of the run is for pulling."""


class Memory(NamedTuple):
    """What is known when a run begins."""

    record: RunRecord | None
    """Of the run before."""
    archived: Mapping[str, ArchivedCalls]
    """By selected report, but for those that are ..."""
    unread: Mapping[str, PullError] = MappingProxyType({})
    """... not known, for these reasons: nothing is asked or concluded of them."""

    @property
    def states(self) -> Mapping[Call, CallState]:
        """How the last pull of each call ended."""
        return self.record.states if self.record else {}

    @property
    def planned(self) -> Mapping[str, datetime]:
        """By report when its single days were last planned, as far as records tell."""
        return self.record.planned if self.record else {}

    @property
    def unmarked(self) -> Mapping[Call, Sequence[date]]:
        """What the run before lost, and may not have been able to mark."""
        return self.record.lost if self.record else {}

    def watched_since(self, report: str) -> datetime | None:
        """Return when single days of a report were last asked for; None if no record tells."""
        return self.record.watched_days(report) if self.record else None


def load(archive: Archive, selection: Selection, clock: Callable[[], datetime], workers: int) -> Memory:
    """Return what is known by now; `clock` answers UTC, and so many `workers` list side by side.

    Raises ArchiveUnavailable if nothing of any report can be read. Where storage takes long, what is known of some
    reports is enough to begin with.
    """
    now = clock()
    record = archive.runs.newest(now)
    calls = selection.by_report

    def listed(report: str) -> ArchivedCalls:
        newest = {call: each for call in calls[report] if (each := archive.snapshots.newest(call, now.date()))}
        since = record.watched_days(report) if record else None
        return ArchivedCalls(newest, _days(archive, report, since, now) if report in selection.daily else {})

    def found(report: str) -> ArchivedCalls | PullError:
        try:
            with as_pull_errors(f"Listing {report}"):
                if clock() - now > _PATIENCE:
                    raise PullError(Reason.OUT_OF_TIME, "Storage took too long to list other reports.")
                return listed(report)
        except PullError as error:
            return error

    every = dict(zip(calls, side_by_side(found, calls, workers), strict=True))
    archived = {report: each for report, each in every.items() if isinstance(each, ArchivedCalls)}
    unread = {report: each for report, each in every.items() if isinstance(each, PullError)}
    if unread and not archived:
        error = next(iter(unread.values()))
        raise error.__cause__ or error
    return Memory(record, archived, unread)


def first_day(since: datetime | None, now: datetime) -> date:
    """Return the first single day that is looked for at `now`: that Graph could give at `since` too.

    Where no record tells of a `since`, the archive tells what was asked for: all days are looked for, from the first.
    """
    return min(days_of_interest(since)[0], days_of_interest(now)[0]) if since else date.min


def _days(archive: Archive, report: str, since: datetime | None, now: datetime) -> dict[date, int]:
    """Return the last revisions of the single days of a report, as far back as Graph could give them at `since`."""
    oldest = first_day(since, now)
    months = {f"{day:%Y-%m}" for day in days_between(oldest, now.date())} if oldest > date.min else {""}
    of_any_day = Partition.of(Call(report, date=now.date()))
    names = [name for month in months for name in archive.snapshots.names_in(of_any_day, month)]
    return {name.refresh_date: name.revision for name in sorted(names)}
