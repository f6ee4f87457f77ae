"""The status of each selected call: how new, late or not, what is missing, and whether names are concealed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.archive.cadence import Cadence
from shared.archive.coverage import Gap, gaps, lost_days
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import ConcealmentChange, Partition
from shared.archive.run_record import CallState, PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.dates import days_between
from shared.domain.graph_window import days_of_interest
from shared.domain.outcome import Outcome
from shared.domain.selection import Selection
from shared.web.health import STALE

_WORST_FIRST = (
    Outcome.REFUSED,
    Outcome.QUARANTINED,
    Outcome.DEFERRED,
    Outcome.REVISED,
    Outcome.PUBLISHED,
    Outcome.UNCHANGED,
    Outcome.NO_DATA,
)


@dataclass(frozen=True, kw_only=True)
class CallStatus:
    """The status of one selected call; the single days of a report count as one call."""

    call: str
    """As Graph writes it, or `getX(date)` for single days."""
    report: str
    since: date | None
    """The oldest refresh date that is archived, or the oldest single day."""
    refresh_date: date | None
    """The newest."""
    state: CallState | None
    """What the newest run remembers of that snapshot."""
    expected: datetime | None
    """When a newer one should be there (UTC)."""
    pulled: PullResult | None
    """How the newest run left the call; for single days the worst of them."""
    gaps: Sequence[Gap]
    flips: Sequence[ConcealmentChange]


def call_statuses(
    selection: Selection, coverage: CoverageIndex, run: RunRecord | None, now: datetime
) -> list[CallStatus]:
    """Return the status of each selected call, by report; single days after the periods."""
    newest_run = _NewestRun(run)
    statuses = []
    for report, calls in selection.by_report.items():
        statuses += [_of_period(call, coverage, newest_run) for call in calls]
        if report in selection.daily:
            statuses.append(_of_days(report, calls, coverage, newest_run, now))
    return statuses


class _NewestRun:
    """What the newest run says, by call; nothing if there was none."""

    def __init__(self, run: RunRecord | None) -> None:
        self.run = run
        self.states: Mapping[Call, CallState] = run.states if run else {}
        self.pulls = {pulled.call: pulled for pulled in run.pulls} if run else {}
        self.worst: dict[str, PullResult] = {}
        """By report, of its single days."""
        for pulled in self.pulls.values():
            if pulled.call.is_single_day:
                self.worst[pulled.call.report] = min(self.worst.get(pulled.call.report, pulled), pulled, key=_gravity)

    def is_recent(self, now: datetime) -> bool:
        """Whether it ended so recently that what it saw last is not old."""
        return self.run is not None and now - self.run.finished <= STALE


def _of_period(call: Call, coverage: CoverageIndex, newest_run: _NewestRun) -> CallStatus:
    partition = Partition.of(call)
    dates = coverage.dates.get(partition, NO_DAYS)
    newest = dates.last
    state = newest_run.states.get(call)
    return CallStatus(
        call=str(call),
        report=call.report,
        since=dates.first,
        refresh_date=newest,
        state=state if state and state.refresh_date == newest else None,
        expected=(state.cadence if state else Cadence()).next_expected(newest) if newest else None,
        pulled=newest_run.pulls.get(call),
        gaps=gaps(dates, coverage.lost.get(partition, NO_DAYS)),
        flips=coverage.changes.get(partition, ()),
    )


def _of_days(
    report: str, calls: Sequence[Call], coverage: CoverageIndex, newest_run: _NewestRun, now: datetime
) -> CallStatus:
    """Return the status of all single days of a report. They come out with the refresh dates of its periods."""
    partition = Partition(report, "day")
    dates = coverage.dates.get(partition, NO_DAYS)
    newest = dates.last
    of_periods = [day for call in calls if (day := coverage.dates.get(Partition.of(call), NO_DAYS).last)]
    reachable = _reachable_days(of_periods, newest_run, now)
    out_of_reach = lost_days(dates, newest_run.run.watched_days(report) if newest_run.run else None, now)
    days = [*out_of_reach, *reachable]
    states = {day: state for day in days if (state := newest_run.states.get(Call(report, date=day)))}
    # A day on which nobody did anything has no rows: it is not missing, and what comes after it is not late.
    empty = [day for day, state in states.items() if of_periods and state.is_without_data]
    lost = DateRanges.of(day for day in out_of_reach if day not in states or not states[day].is_without_data)
    marked = coverage.lost.get(partition, NO_DAYS)
    latest = max([*([newest] if newest else []), *empty], default=None)
    cadence = next((state.cadence for call in calls if (state := newest_run.states.get(call))), Cadence())
    return CallStatus(
        call=f"{report}(date)",
        report=report,
        since=dates.first,
        refresh_date=newest,
        state=states.get(newest) if newest else None,
        expected=cadence.next_expected(latest) if latest else None,
        pulled=newest_run.worst.get(report),
        gaps=gaps(dates, lost | marked, DateRanges.of(reachable), DateRanges.of(empty)),
        flips=coverage.changes.get(partition, ()),
    )


def _reachable_days(of_periods: Sequence[date], newest_run: _NewestRun, now: datetime) -> list[date]:
    """Return the days that Graph can be asked for; `of_periods` are the newest refresh dates of the report's periods.

    Younger days than those are not out yet.
    """
    first, last = days_of_interest(now)
    if of_periods and newest_run.is_recent(now):
        last = min(last, max(of_periods))
    return days_between(first, last + timedelta(days=1))


def _gravity(pulled: PullResult) -> int:
    return _WORST_FIRST.index(pulled.outcome)
