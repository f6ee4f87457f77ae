"""What is due now: worked out anew for every run from what the archive holds, the last outcomes and the time.

A missed run, a double run or a week of outage needs no hand: the plan sees the gap and fills what Graph can still give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from shared.domain.call import Call
from shared.domain.graph_window import days_of_interest
from shared.domain.outcome import Outcome, Reason

if TYPE_CHECKING:
    from shared.archive.run_log import Last
    from shared.archive.snapshot import Snapshot
    from shared.domain.selection import Selection

BUDGET = 10
"""Requests to one report function within WINDOW. Graph allows 14 for each app; what is left is for a run by hand."""
WINDOW = timedelta(minutes=10)

CORRECTED_DAYS = 10
"""How long a single day is read again, because Microsoft may still correct it ..."""
UNCHANGED_CHECKS = 3
"""... unless it stayed the same as many times in a row, on different days."""

_PAUSES = tuple(timedelta(days=days) for days in (1, 2, 4, 7))
"""Before a refused call is asked again: longer each time. Half an hour is taken off, as timers are not punctual."""
_UNPUNCTUAL = timedelta(minutes=30)
_ANSWERED = timedelta(days=7)
"""A call that was answered so lately is asked for in every run all the same: a refresh date is there for a day only."""


class Held(NamedTuple):
    """What the archive holds of one selected report."""

    newest: Mapping[Call, Snapshot] = {}
    """The newest snapshot of each selected call that has one."""
    days: Set[date] = frozenset()
    """Days that are archived by `date=` calls, as far as they matter: the last DATE_DAYS."""


class Ask(NamedTuple):
    """A call that is due."""

    call: Call
    newest: Snapshot | None = None
    """The newest that the archive holds of it."""
    conditional: bool = False
    """Whether Graph need not send a body while that is of the newest refresh date."""


class Unasked(NamedTuple):
    """A call that needs no request in this run, or gets none, and how it stands all the same."""

    call: Call
    outcome: Outcome
    reason: Reason | None
    known: Snapshot | None = None


class Plan(NamedTuple):
    """What a run should do."""

    asks: Mapping[str, Sequence[Ask]]
    """By report, in order. Reports may be asked side by side, the calls of one only after each other."""
    unasked: Sequence[Unasked]
    """The selected calls that are not in `asks`, and the single days that were read earlier the same day."""
    waiting: int
    """Missing days that did not fit the request budget: for a later run."""


def plan(
    selection: Selection,
    held: Mapping[str, Held],
    last: Mapping[str, Last],
    spent: Mapping[str, int],
    now: datetime,
) -> Plan:
    """The calls that are due at `now` (UTC).

    `last` is keyed by call as text; `spent` tells how many requests each report had within WINDOW before now. Days
    leave as many requests unused as the newest snapshots take, so that a run by hand right after finds room.
    """
    asks: dict[str, Sequence[Ask]] = {}
    unasked: list[Unasked] = []
    waiting = 0
    for report, calls in selection.by_report.items():
        holds = held.get(report, Held())
        room = max(0, BUDGET - spent.get(report, 0))
        idle = {call: idle for call in calls if (idle := _idle(call, holds, last.get(str(call)), now))}
        current = _deferred_first([call for call in calls if call not in idle], last)
        days = _days(report, holds, last, now) if report in selection.daily else _Days([], [], [])
        wanted = _deferred_first(days.missing, last) + _deferred_first(days.again, last)
        chosen = wanted[: max(0, room - len(current) - len(calls))]
        if due := [_ask(call, holds, last, now) for call in current[:room] + chosen]:
            asks[report] = due
        unasked += idle.values()
        unasked += [Unasked(call, Outcome.DEFERRED, Reason.BUDGET) for call in current[room:]]
        unasked += [Unasked(call, Outcome.UNCHANGED, Reason.NOT_DUE) for call in days.read]
        waiting += sum(call not in chosen for call in days.missing)
    in_line = sorted(asks, key=lambda report: _last_turn([last.get(str(ask.call)) for ask in asks[report]]))
    return Plan({report: asks[report] for report in in_line}, unasked, waiting)


def _idle(call: Call, holds: Held, last: Last | None, now: datetime) -> Unasked | None:
    """Why a call is not due; None if it is."""
    if last is None:
        return None
    if _is_refused(last):
        return Unasked(call, Outcome.REFUSED, last.reason) if _is_paused(last, now) else None
    newest = holds.newest.get(call)
    if newest is None or not last.outcome.is_success:
        return None
    nothing_newer = newest.refresh_date == days_of_interest(now)[1]
    return (
        Unasked(call, Outcome.UNCHANGED, Reason.NOT_DUE, newest) if nothing_newer and _read_today(last, now) else None
    )


def _ask(call: Call, holds: Held, last: Mapping[str, Last], now: datetime) -> Ask:
    was = last.get(str(call))
    newest = holds.newest.get(call)
    plausible = newest is not None and newest.refresh_date <= days_of_interest(now)[1]
    return Ask(call, newest, conditional=plausible and was is not None and _read_today(was, now))


class _Days(NamedTuple):
    """The single days of a report, each list oldest first."""

    missing: list[Call]
    again: list[Call]
    """To be read again, because they may have been corrected."""
    read: list[Call]
    """Read already today."""


def _days(report: str, holds: Held, last: Mapping[str, Last], now: datetime) -> _Days:
    oldest, youngest = days_of_interest(now)
    if holds.newest:
        youngest = min(youngest, max(snapshot.refresh_date for snapshot in holds.newest.values()))
    days = _Days([], [], [])
    for age in range((youngest - oldest).days + 1):
        day = oldest + timedelta(days=age)
        call = Call(report, date=day)
        was = last.get(str(call))
        if day not in holds.days:
            if was is None or _may_have_come(was, now):
                days.missing.append(call)
        elif was and _read_today(was, now):
            days.read.append(call)
        elif now.date() - timedelta(days=CORRECTED_DAYS) <= day and (was is None or _may_change(was, now)):
            days.again.append(call)
    return days


def _may_have_come(was: Last, now: datetime) -> bool:
    if _is_refused(was):
        return not _is_paused(was, now)
    return was.outcome is Outcome.DEFERRED or _day_is_over(was, now)


def _may_change(was: Last, now: datetime) -> bool:
    settled = was.outcome is Outcome.UNCHANGED and was.streak >= UNCHANGED_CHECKS
    return not settled and (was.outcome is Outcome.DEFERRED or _day_is_over(was, now))


def _is_refused(was: Last) -> bool:
    """Refused for good, as far as the app can tell; a missing permission may be granted any hour."""
    return was.outcome is Outcome.REFUSED and was.reason is not Reason.PERMISSION


def _is_paused(was: Last, now: datetime) -> bool:
    if was.seen_at and now - was.seen_at < _ANSWERED:
        return False
    pause = _PAUSES[-1 if was.reason is Reason.UNKNOWN_IN_THIS_CLOUD else min(was.streak, len(_PAUSES)) - 1]
    return now - was.at < pause - _UNPUNCTUAL


def _day_is_over(was: Last, now: datetime) -> bool:
    return was.at.date() < now.date()


def _read_today(last: Last, now: datetime) -> bool:
    return last.read_at is not None and last.read_at.date() == now.date()


def _was_deferred(call: Call, last: Mapping[str, Last]) -> bool:
    was = last.get(str(call))
    return was is not None and was.outcome is Outcome.DEFERRED


def _last_turn(calls: Sequence[Last | None]) -> datetime:
    """When a report had its last turn, if the last run had no time left for it; else the slow ones would starve it."""
    waiting = [was.at for was in calls if was and was.reason is Reason.OUT_OF_TIME]
    return max(waiting) if len(waiting) == len(calls) else datetime.max.replace(tzinfo=UTC)


def _deferred_first(calls: list[Call], last: Mapping[str, Last]) -> list[Call]:
    return sorted(calls, key=lambda call: not _was_deferred(call, last))
