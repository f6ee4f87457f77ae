"""What is due: derived anew for every run from what the archive holds, how the last pulls ended, and the time. Pure.

A missed run, a double run or a week of outage needs no hand: the plan sees the gap and fills what Graph can still give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from shared.archive.run_record import CallState, PullResult
from shared.domain.call import Call
from shared.domain.dates import days_between
from shared.domain.graph_window import days_of_interest
from shared.domain.outcome import Outcome, Reason

if TYPE_CHECKING:
    from shared.archive.snapshot import Snapshot
    from shared.domain.selection import Selection

BUDGET = 10
"""Requests to one report function within WINDOW. Graph allows 14 for each app; what is left is for a run by hand."""
WINDOW = timedelta(minutes=10)

CORRECTED_DAYS = 10
"""For so many days a single day is read again, because Microsoft may still correct it."""
UNCHANGED_CHECKS = 3
"""A single day that stayed the same so often in a row, on different days, is not read again."""

_PAUSES = tuple(timedelta(days=days) for days in (1, 2, 4, 7))
"""Before a refused call is asked again: longer each time."""
_UNPUNCTUAL = timedelta(minutes=30)
"""Taken off each pause, as timers are not punctual."""
_ANSWERED = timedelta(days=7)
"""A call that was answered within that time is asked in every run: a refresh date is there for a day only."""


class ArchivedCalls(NamedTuple):
    """What the archive holds of one selected report."""

    newest: Mapping[Call, Snapshot] = MappingProxyType({})
    """The newest snapshot of each selected call that has one."""
    days: Mapping[date, int] = MappingProxyType({})
    """The last revision of the days that are archived by `date=` calls, as far as they matter: the last DATE_DAYS."""


class PlannedPull(NamedTuple):
    """A call that is due."""

    call: Call
    newest: Snapshot | None = None
    """The newest that the archive holds of it."""
    conditional: bool = False
    """Whether Graph need not send a body as long as `newest` is of the newest refresh date."""
    is_budgeted: bool = True
    """Whether its requests count for the budget; those to the directory have other limits."""


class SkippedCall(NamedTuple):
    """A call that needs no request in this run, or gets none, and how it stands all the same."""

    call: Call
    outcome: Outcome
    reason: Reason | None
    newest: Snapshot | None = None
    """What Graph is known to show."""

    def result(self, at: datetime) -> PullResult:
        """Return the result to record, at a time in UTC."""
        if self.newest:
            done = PullResult.of_snapshot(self.outcome, self.newest, at, self.reason)
            return done._replace(requested=False)
        return PullResult(self.call, self.outcome, at, self.reason, refresh_date=self.call.date, requested=False)


class Plan(NamedTuple):
    """What a run should do."""

    pulls: Mapping[str, Sequence[PlannedPull]]
    """By report, in order. Reports may be pulled side by side, the calls of one only after each other."""
    skipped: Sequence[SkippedCall]
    """The selected calls that are not in `pulls`, and the single days that were read earlier the same day."""
    waiting: int
    """Missing days that did not fit the request budget: for a later run."""


def plan(
    selection: Selection,
    archived: Mapping[str, ArchivedCalls],
    states: Mapping[Call, CallState],
    spent: Mapping[str, int],
    now: datetime,
) -> Plan:
    """Return what is due at `now` (UTC).

    `archived` and `spent` are by report; `spent` is the number of requests within WINDOW before now. Days leave as many
    requests unused as the newest snapshots take, so that a run by hand right after finds room.
    """
    pulls: dict[str, Sequence[PlannedPull]] = {}
    skipped: list[SkippedCall] = []
    waiting = 0
    for report, calls in selection.by_report.items():
        of_report = archived.get(report, ArchivedCalls())
        if report in selection.directory:
            due, taken = _of_directory(calls, of_report, now)
            pulls |= {report: due} if due else {}
            skipped += taken
            continue
        room = max(0, BUDGET - spent.get(report, 0))
        idle = {call: idle for call in calls if (idle := _idle(call, of_report, states.get(call), now))}
        current = _deferred_first([call for call in calls if call not in idle], states)
        days = _days(report, of_report, states, now) if report in selection.daily else _Days([], [], [])
        wanted_days = _deferred_first(days.missing, states) + _deferred_first(days.again, states)
        due_days = wanted_days[: max(0, room - len(current) - len(calls))]
        if due := [_planned(call, of_report, states.get(call), now) for call in current[:room] + due_days]:
            pulls[report] = due
        skipped += idle.values()
        skipped += [SkippedCall(call, Outcome.DEFERRED, Reason.BUDGET) for call in current[room:]]
        skipped += [SkippedCall(call, Outcome.UNCHANGED, Reason.NOT_DUE) for call in days.read]
        waiting += sum(call not in due_days for call in days.missing)
    in_line = sorted(pulls, key=lambda report: _last_turn([states.get(each.call) for each in pulls[report]]))
    return Plan({report: pulls[report] for report in in_line}, skipped, waiting)


def _of_directory(
    calls: Sequence[Call], archived: ArchivedCalls, now: datetime
) -> tuple[list[PlannedPull], list[SkippedCall]]:
    """Return the calls of a collection that are due, and those that are not: each is taken once a day, of that day."""
    taken = {call: newest for call, newest in archived.newest.items() if newest.refresh_date >= now.date()}
    idle = [SkippedCall(call, Outcome.UNCHANGED, Reason.NOT_DUE, taken[call]) for call in calls if call in taken]
    due = [PlannedPull(call, archived.newest.get(call), is_budgeted=False) for call in calls if call not in taken]
    return due, idle


def _idle(call: Call, archived: ArchivedCalls, state: CallState | None, now: datetime) -> SkippedCall | None:
    """Return why a call is not due; None if it is."""
    if state is None:
        return None
    if _is_refused(state):
        return SkippedCall(call, Outcome.REFUSED, state.reason) if _is_paused(state, now) else None
    newest = archived.newest.get(call)
    if newest is None or not state.outcome.is_success or newest.refresh_date != days_of_interest(now)[1]:
        return None
    return SkippedCall(call, Outcome.UNCHANGED, Reason.NOT_DUE, newest) if _read_today(state, now) else None


def _planned(call: Call, archived: ArchivedCalls, state: CallState | None, now: datetime) -> PlannedPull:
    newest = archived.newest.get(call)
    plausible = newest is not None and newest.refresh_date <= days_of_interest(now)[1]
    return PlannedPull(call, newest, conditional=plausible and state is not None and _read_today(state, now))


class _Days(NamedTuple):
    """The single days of a report, each list oldest first."""

    missing: list[Call]
    again: list[Call]
    """To be read again, because they may have been corrected."""
    read: list[Call]
    """Read already today."""


def _days(report: str, archived: ArchivedCalls, states: Mapping[Call, CallState], now: datetime) -> _Days:
    oldest, youngest = days_of_interest(now)
    if archived.newest:
        youngest = min(youngest, max(snapshot.refresh_date for snapshot in archived.newest.values()))
    days = _Days([], [], [])
    for day in days_between(oldest, youngest + timedelta(days=1)):
        call = Call(report, date=day)
        state = states.get(call)
        if day not in archived.days:
            if state is None or _may_have_appeared(state, now):
                days.missing.append(call)
        elif state and _read_today(state, now):
            days.read.append(call)
        elif now.date() - timedelta(days=CORRECTED_DAYS) <= day and (state is None or _may_change(state, now)):
            days.again.append(call)
    return days


def _may_have_appeared(state: CallState, now: datetime) -> bool:
    """Whether Graph may have a missing day by now."""
    if _is_refused(state):
        return not _is_paused(state, now)
    return state.outcome is Outcome.DEFERRED or _is_of_an_earlier_day(state, now)


def _may_change(state: CallState, now: datetime) -> bool:
    """Whether Microsoft may have corrected an archived day since it was pulled."""
    settled = state.outcome is Outcome.UNCHANGED and state.streak >= UNCHANGED_CHECKS
    return not settled and (state.outcome is Outcome.DEFERRED or _is_of_an_earlier_day(state, now))


def _is_refused(state: CallState) -> bool:
    """Whether the call is refused for good, as far as the app can tell; a permission may be granted any hour."""
    return state.outcome is Outcome.REFUSED and state.reason not in (Reason.PERMISSION, Reason.NO_CONSENT)


def _is_paused(state: CallState, now: datetime) -> bool:
    """Whether it is too early to ask a refused call again."""
    if state.seen_at and now - state.seen_at < _ANSWERED:
        return False
    # A report does not come to a cloud from one day to the next.
    number = len(_PAUSES) if state.reason is Reason.UNKNOWN_IN_THIS_CLOUD else min(state.streak, len(_PAUSES))
    return now - state.at < _PAUSES[number - 1] - _UNPUNCTUAL


def _is_of_an_earlier_day(state: CallState, now: datetime) -> bool:
    """Whether the last pull was before today."""
    return state.at.date() < now.date()


def _read_today(state: CallState, now: datetime) -> bool:
    """Whether the body was read in full today."""
    return state.read_at is not None and state.read_at.date() == now.date()


def _last_turn(states: Sequence[CallState | None]) -> datetime:
    """Return a key that sorts reports to the front that the last run could not reach, so that slow ones starve none."""
    turns = [state.at for state in states if state and state.reason is Reason.OUT_OF_TIME]
    return max(turns) if len(turns) == len(states) else datetime.max.replace(tzinfo=UTC)


def _deferred_first(calls: Sequence[Call], states: Mapping[Call, CallState]) -> list[Call]:
    return sorted(calls, key=lambda call: call not in states or states[call].outcome is not Outcome.DEFERRED)
