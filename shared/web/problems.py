"""What a person should know of the archive, the worst first, in sentences with numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from shared.archive.run_record import RunRecord
from shared.domain.outcome import Outcome, Reason
from shared.domain.quantity import quantity
from shared.domain.standing import CallStanding, Level, Problem
from shared.web.call_status import CallStatus

_HEADLINES = (Level.BAD, Level.WARN, Level.BUSY)
"""The levels of a headline; without a problem of these, all is well."""


class Timer(NamedTuple):
    """When runs begin."""

    next: datetime | None
    """UTC; None if the timer never fires."""
    gap: timedelta = timedelta(hours=6)
    """The longest time between two of them."""


NEVER = Timer(None)


class Found(NamedTuple):
    """A problem that there is."""

    problem: Problem
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return it with all that a page shows of it."""
        return {
            "problem": self.problem,
            "level": self.problem.level,
            "text": self.text,
            "advice": self.problem.advice,
        }


def problems(
    calls: Sequence[CallStatus],
    run: RunRecord | None,
    *,
    health: str,
    lacking: Sequence[str] = (),
    inputs: Mapping[str, str] | None = None,
    timer: Timer,
    now: datetime,
) -> list[Found]:
    """Return what there is to say, the worst first; nothing if all is well.

    `health` is the word of `/health`, `lacking` are the permissions that Graph refuses calls for, `inputs` says of each
    file of one's own whether it is good.
    """
    wrong = [state for state in (inputs or {}).values() if state not in ("good", "none")]
    found = {
        Problem.NO_PERMISSION: lacking and f"Microsoft Graph refuses reports: the app lacks {' and '.join(lacking)}.",
        Problem.UNSCHEDULED: health == "unscheduled" and Problem.UNSCHEDULED.meaning,
        Problem.STOPPED: health == "stopped" and _stopped(run, now),
        Problem.FAILING: _failing(calls, is_permission_told=bool(lacking)),
        Problem.STALE: health == "stale" and Problem.STALE.meaning,
        Problem.BAD_INPUT: " ".join(wrong),
        Problem.EMPTY: run and not any(call.refresh_date for call in calls) and _empty(calls),
        Problem.MISSING: _missing(calls),
        Problem.LATE: _late(calls, now),
        Problem.STARTING: not run and health != "stopped" and _starting(timer),
        Problem.FILLING_UP: run and _filling(calls, run, timer),
        Problem.CONCEALED: _concealed(calls),
    }
    order = [*Level]
    some = [Found(problem, str(text)) for problem, text in found.items() if text]
    return sorted(some, key=lambda each: order.index(each.problem.level))


def headline(found: Sequence[Found]) -> str:
    """Return the word for all: that of the worst problem, or `healthy`."""
    return next((str(each.problem) for each in found if each.problem.level in _HEADLINES), "healthy")


def _stopped(run: RunRecord | None, now: datetime) -> str:
    return f"No run has ended for {_span(now - run.finished)}." if run else "The first run never came."


def _failing(calls: Sequence[CallStatus], *, is_permission_told: bool) -> str:
    failing = [call for call in calls if call.standing is CallStanding.FAILING]
    reasons = {str(call.pulled.reason) for call in failing if call.pulled}
    if not failing or (is_permission_told and reasons <= {str(Reason.PERMISSION)}):
        return ""
    return f"The last run could not archive {quantity(len(failing), 'call')}: {', '.join(sorted(reasons))}."


def _empty(calls: Sequence[CallStatus]) -> str:
    ended = sorted({str(call.pulled.outcome).replace("_", " ") for call in calls if call.pulled})
    return f"Nothing is archived yet. The last run ended with: {', '.join(ended) or 'nothing'}."


def _missing(calls: Sequence[CallStatus]) -> str:
    days = sum(call.missing for call in calls)
    if not days:
        return ""
    until = min(gap.until for call in calls if call.missing for gap in call.gaps if gap.until)
    if days == 1:
        return f"1 single day is missing. Graph still has it until {_day(until)}."
    return f"{days} single days are missing. Graph still has them, the first until {_day(until)}."


def _late(calls: Sequence[CallStatus], now: datetime) -> str:
    late = [call for call in calls if call.late and call.expected]
    if not late:
        return ""
    longest = max(now - call.expected for call in late if call.expected)
    return f"{quantity(len(late), 'call')} {'is' if len(late) == 1 else 'are'} late, by up to {_span(longest)}."


def _starting(timer: Timer) -> str:
    return f"The first run begins at {_time(timer.next)}." if timer.next else Problem.STARTING.meaning


def _filling(calls: Sequence[CallStatus], run: RunRecord, timer: Timer) -> str:
    waiting = {call.report: call.waiting for call in calls if call.waiting}
    if not waiting:
        return ""
    asked = [
        pull.call.report
        for pull in run.pulls
        if pull.call.is_single_day and pull.requested and pull.outcome is not Outcome.DEFERRED
    ]
    runs = max(-(-days // max(1, asked.count(report))) for report, days in waiting.items())
    end = f", by about {_time(timer.next + (runs - 1) * timer.gap)}" if timer.next else ""
    days = sum(waiting.values())
    return f"{quantity(days, 'day')} of the past to go: done in about {quantity(runs, 'run')}{end}."


def _concealed(calls: Sequence[CallStatus]) -> str:
    hidden = [call for call in calls if call.state and call.state.names in ("concealed", "mixed")]
    return f"Names of people, sites and groups are concealed in {quantity(len(hidden), 'call')}." if hidden else ""


def _span(time: timedelta) -> str:
    hours = round(time / timedelta(hours=1))
    return quantity(max(1, hours), "hour") if hours < 48 else quantity(round(hours / 24), "day")


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _time(time: datetime) -> str:
    return f"{_day(time)}, {time:%H:%M} UTC"
