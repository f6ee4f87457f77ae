"""How the archive stands, call by call: how new, late or not, what is missing, and whether names are concealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.archive.cadence import Rhythm
from shared.archive.coverage import LOST, RECOVERABLE, Gap, days_between, gaps, lost_days
from shared.archive.layout import ConcealmentChange, Partition
from shared.archive.run_log import Last, Pulled, Run
from shared.domain.call import Call
from shared.domain.errors import ArchiveUnavailable, Outcome
from shared.domain.graph_window import days_of_interest

if TYPE_CHECKING:
    from shared.domain.selection import Selection
    from shared.web.archive_cache import Holdings, Inventory

COLUMNS = (
    "call",
    "report",
    "since",
    "refreshDate",
    "ageDays",
    "expectedNext",
    "late",
    "outcome",
    "reason",
    "run",
    "missing",
    "lost",
    "names",
)
"""Of the status as a table."""

STALE = timedelta(days=2)
"""After that long without a pull that ended well, the app is not healthy; without a run, what it saw last is old."""

_WORST_FIRST = (
    Outcome.REFUSED,
    Outcome.QUARANTINED,
    Outcome.DEFERRED,
    Outcome.REVISED,
    Outcome.PUBLISHED,
    Outcome.UNCHANGED,
    Outcome.NO_DATA,
)


class Standing(NamedTuple):
    """How one selected call stands; the single days of a report count as one call."""

    call: str
    """As Graph writes it, or `getX(date)` for single days."""
    report: str
    since: date | None
    """The oldest refresh date that is archived, or the oldest single day."""
    refresh_date: date | None
    """The newest."""
    known: Last | None
    """What the newest run knew of that snapshot."""
    expected: datetime | None
    """When a newer one should be there (UTC)."""
    pulled: Pulled | None
    """How the newest run left the call; for single days the worst of them."""
    gaps: Sequence[Gap]
    flips: Sequence[ConcealmentChange]


def status(holdings: Holdings, selection: Selection, now: datetime) -> dict[str, Any]:
    """The answer of `/status`, as JSON has it. Raises ArchiveUnavailable."""
    return summary(selection, holdings.inventory(), holdings.run(), now)


def summary(selection: Selection, inventory: Inventory, run: Run | None, now: datetime) -> dict[str, Any]:
    """How the archive stands: dates and times in UTC.

    `permission` is `missing` while Graph refuses calls for want of Reports.Read.All, which takes up to a day to reach
    the identity after it was granted: https://github.com/MicrosoftDocs/azure-docs/issues/101801
    """
    calls = [_shown(each, run, now) for each in standings(selection, inventory, run, now)]
    if run is None:
        return {"at": now.isoformat(), "permission": "unknown", "run": None, "calls": calls}
    missing = any(pulled.reason == "permission" for pulled in run.pulls)
    return {
        "at": now.isoformat(),
        "permission": "missing" if missing else "granted",
        "run": {
            "id": run.id,
            "started": run.started.isoformat(),
            "finished": run.finished.isoformat(),
            "waitingDays": run.waiting,
            "lost": dict(run.lost),
        },
        "calls": calls,
    }


def table(status: Mapping[str, Any]) -> list[list[str]]:
    """The same as rows of text, a line for each call below the header; without flips, and gaps only counted."""
    return [list(COLUMNS), *([_text(call.get(name)) for name in COLUMNS] for call in status["calls"])]


def health(holdings: Holdings, now: datetime) -> str:
    """One word, for which nothing is read but the newest record of a run.

    `healthy`; `unreachable` if storage does not answer; `empty` before the first pull that ended well; `stale` when
    that was more than two days ago.
    """
    try:
        run = holdings.run()
    except ArchiveUnavailable:
        return "unreachable"
    if run is None or run.pulled_at is None:
        return "empty"
    return "stale" if now - run.pulled_at > STALE else "healthy"


def standings(selection: Selection, inventory: Inventory, run: Run | None, now: datetime) -> list[Standing]:
    """How each selected call stands, by report; single days after the periods."""
    known = _Known(run)
    found = []
    for report, calls in selection.by_report.items():
        found += [_of_period(call, inventory, known) for call in calls]
        if report in selection.daily:
            found.append(_of_days(report, calls, inventory, known, now))
    return found


class _Known:
    """What the newest run knew, by call."""

    def __init__(self, run: Run | None) -> None:
        self.last: Mapping[str, Last] = run.last if run else {}
        self.pulls = {pulled.call: pulled for pulled in run.pulls} if run else {}
        self.run = run
        self.ended = run.finished if run else None
        self.worst: dict[str, Pulled] = {}
        """By report, of its single days."""
        for pulled in self.pulls.values():
            report, days, _ = pulled.call.partition("(date=")
            if days and (report not in self.worst or _gravity(pulled) < _gravity(self.worst[report])):
                self.worst[report] = pulled


def _of_period(call: Call, inventory: Inventory, known: _Known) -> Standing:
    place = Partition.of(call)
    held = inventory.dates.get(place, ())
    newest = held[-1] if held else None
    last = known.last.get(str(call))
    return Standing(
        str(call),
        call.report,
        held[0] if held else None,
        newest,
        last if last and last.refresh_date == newest else None,
        (last.rhythm if last else Rhythm()).expects(newest) if newest else None,
        known.pulls.get(str(call)),
        gaps(set(held), set(inventory.lost.get(place, ()))),
        inventory.flips.get(place, ()),
    )


def _of_days(report: str, calls: Sequence[Call], inventory: Inventory, known: _Known, now: datetime) -> Standing:
    """All single days of a report. They come out with the refresh dates of its periods."""
    place = Partition(report, "day")
    held = inventory.dates.get(place, ())
    newest = held[-1] if held else None
    first, youngest = days_of_interest(now)
    of_periods = [dates[-1] for call in calls if (dates := inventory.dates.get(Partition.of(call)))]
    if of_periods and known.ended and now - known.ended <= STALE:
        youngest = min(youngest, max(of_periods))
    reachable = days_between(first, youngest + timedelta(days=1))
    out_of_reach = lost_days(set(held), known.run.watched_days(report) if known.run else None, now)
    last = {day: was for day in [*out_of_reach, *reachable] if (was := known.last.get(str(Call(report, date=day))))}
    # A day on which nobody did anything has no rows: it is not missing, and what comes after it is not late.
    empty = [day for day, was in last.items() if of_periods and was.outcome is Outcome.NO_DATA]
    lost = {day for day in out_of_reach if day not in last or last[day].outcome is not Outcome.NO_DATA}
    seen = max([*held[-1:], *empty], default=None)
    rhythm = next((was.rhythm for call in calls if (was := known.last.get(str(call)))), Rhythm())
    return Standing(
        f"{report}(date)",
        report,
        held[0] if held else None,
        newest,
        last.get(newest) if newest else None,
        rhythm.expects(seen) if seen else None,
        known.worst.get(report),
        gaps(set(held), lost | set(inventory.lost.get(place, ())), set(reachable) - set(empty)),
        inventory.flips.get(place, ()),
    )


def _gravity(pulled: Pulled) -> int:
    return _WORST_FIRST.index(pulled.outcome)


def _shown(each: Standing, run: Run | None, now: datetime) -> dict[str, Any]:
    days, pulled, known = each.refresh_date, each.pulled, each.known
    return {
        "call": each.call,
        "report": each.report,
        "since": each.since.isoformat() if each.since else None,
        "refreshDate": days.isoformat() if days else None,
        "ageDays": (now.date() - days).days if days else None,
        "revision": known.revision if known else None,
        "rows": known.rows if known else None,
        "expectedNext": each.expected.isoformat() if each.expected else None,
        "late": each.expected is not None and now > each.expected,
        "outcome": str(pulled.outcome) if pulled else None,
        "reason": pulled.reason if pulled else None,
        "run": run.id if run and pulled else None,
        "missing": _days(each.gaps, RECOVERABLE),
        "lost": _days(each.gaps, LOST),
        "gaps": [_gap(gap) for gap in each.gaps],
        "names": known.names or None if known else None,
        "flips": [
            {
                "refreshDate": flip.refresh_date.isoformat(),
                "revision": flip.revision,
                "from": flip.before,
                "to": flip.now,
            }
            for flip in each.flips
        ],
    }


def _gap(gap: Gap) -> dict[str, Any]:
    told: dict[str, Any] = {
        "first": gap.first.isoformat(),
        "last": gap.last.isoformat(),
        "days": gap.days,
        "state": gap.state,
    }
    return told | ({"recoverableUntil": gap.until.isoformat()} if gap.until else {})


def _days(found: Sequence[Gap], state: str) -> int:
    return sum(gap.days for gap in found if gap.state == state)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
