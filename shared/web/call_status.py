"""The status of each selected call: how new, late or not, what is missing, and whether names are concealed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.archive.cadence import Cadence
from shared.archive.coverage import Gap, gaps, lost_days
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import ConcealmentChange, Partition
from shared.archive.run_record import AS_IT_SHOULD_BE, CallState, PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.dates import days_between
from shared.domain.graph_window import days_of_interest
from shared.domain.outcome import Outcome
from shared.domain.selection import Selection
from shared.domain.standing import CallStanding
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
_FAILED = (Outcome.QUARANTINED, Outcome.REFUSED)


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
    late: bool
    """Whether that time is over, and the archive has asked."""
    missing: int
    """How many single days should be archived by now, and can still be had."""
    waiting: int
    """How many single days are still to be asked for, or to come out."""
    pulled: PullResult | None
    """How the newest run left the call; for single days the worst of them."""
    gaps: Sequence[Gap]
    flips: Sequence[ConcealmentChange]

    @property
    def standing(self) -> CallStanding:
        """How the call stands: the worst that is true of it."""
        pulled = self.pulled
        if pulled and pulled.outcome in _FAILED and pulled.reason not in AS_IT_SHOULD_BE:
            return CallStanding.FAILING
        if not (self.refresh_date or self.waiting or self.missing):
            has_nothing = pulled and (pulled.outcome is Outcome.NO_DATA or pulled.reason in AS_IT_SHOULD_BE)
            return CallStanding.NO_DATA if has_nothing else CallStanding.AWAITED
        if self.missing:
            return CallStanding.MISSING
        if self.late:
            return CallStanding.LATE
        if self.waiting:
            return CallStanding.FILLING_UP if self.refresh_date else CallStanding.AWAITED
        return CallStanding.UP_TO_DATE


def call_statuses(
    selection: Selection, coverage: CoverageIndex, run: RunRecord | None, now: datetime
) -> list[CallStatus]:
    """Return the status of each selected call, by report; single days after the periods."""
    newest_run = _NewestRun(run)
    statuses = []
    for report, calls in selection.by_report.items():
        statuses += [_of_period(call, coverage, newest_run, now) for call in calls]
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

    def has_asked(self, call: Call) -> bool:
        """Whether runs know a call; where none has ended, nobody can tell."""
        return self.run is None or call in self.states

    def leaves(self, day: Call) -> bool:
        """Whether a single day is still to be asked for: it did not fit the last run, or that did not plan it."""
        if self.run is None:
            return True
        return day not in self.states and (self.run.waiting > 0 or self.run.watched_days(day.report) is None)


def _of_period(call: Call, coverage: CoverageIndex, newest_run: _NewestRun, now: datetime) -> CallStatus:
    partition = Partition.of(call)
    dates = coverage.dates.get(partition, NO_DAYS)
    newest = dates.last
    state = newest_run.states.get(call)
    expected = (state.cadence if state else Cadence()).next_expected(newest) if newest else None
    return CallStatus(
        call=str(call),
        report=call.report,
        since=dates.first,
        refresh_date=newest,
        state=state if state and state.refresh_date == newest else None,
        expected=expected,
        late=expected is not None and now > expected and newest_run.has_asked(call),
        missing=0,
        waiting=0,
        pulled=newest_run.pulls.get(call),
        gaps=gaps(dates, coverage.lost.get(partition, NO_DAYS)),
        flips=coverage.changes.get(partition, ()),
    )


class _Expected(NamedTuple):
    """The single days that should be out by now."""

    cadence: Cadence
    now: datetime

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.now > self.cadence.next_expected(day - timedelta(days=1))


def _of_days(
    report: str, calls: Sequence[Call], coverage: CoverageIndex, newest_run: _NewestRun, now: datetime
) -> CallStatus:
    """Return the status of all single days of a report. They come out with the refresh dates of its periods."""
    partition = Partition(report, "day")
    dates = coverage.dates.get(partition, NO_DAYS)
    newest = dates.last
    of_periods = [day for call in calls if (day := coverage.dates.get(Partition.of(call), NO_DAYS).last)]
    cadence = next((state.cadence for call in calls if (state := newest_run.states.get(call))), Cadence())
    expected_days = _Expected(cadence, now)
    reachable = [
        day
        for day in _reachable_days(of_periods, newest_run, now)
        if day in expected_days or (newest and day < newest) or Call(report, date=day) in newest_run.states
    ]
    out_of_reach = lost_days(dates, newest_run.run.watched_days(report) if newest_run.run else None, now)
    days = [*out_of_reach, *reachable]
    states = {day: state for day in days if (state := newest_run.states.get(Call(report, date=day)))}
    # A day on which nobody did anything has no rows: it is not missing, and what comes after it is not late.
    empty = [day for day, state in states.items() if of_periods and state.is_without_data]
    lost = DateRanges.of(day for day in out_of_reach if day not in states or not states[day].is_without_data)
    marked = coverage.lost.get(partition, NO_DAYS)
    latest = max([*([newest] if newest else []), *empty], default=None)
    to_come = [day for day in reachable if day not in dates and day not in empty]
    left = {day for day in to_come if newest_run.leaves(Call(report, date=day))}
    missing = [day for day in to_come if day not in left and day in expected_days]
    expected = cadence.next_expected(latest) if latest else None
    return CallStatus(
        call=f"{report}(date)",
        report=report,
        since=dates.first,
        refresh_date=newest,
        state=states.get(newest) if newest else None,
        expected=expected,
        late=expected is not None and now > expected and not left,
        missing=len(missing),
        waiting=len(to_come) - len(missing),
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
