"""Which dates were lost: Graph showed them, or could have given them, and no run got them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from shared.archive.coverage import lost_days
from shared.archive.layout import LostRange, Partition
from shared.archive.markers import lost_ranges
from shared.archive.run_record import CallState, PullResult
from shared.domain.call import Call
from shared.domain.date_ranges import DateRanges
from shared.domain.dates import days_between
from shared.domain.graph_window import days_of_interest
from shared.domain.selection import Selection
from shared.pulling.memory import Memory

WATCHED = timedelta(hours=15)
"""A refresh date that nobody saw was never shown, unless it is longer since somebody looked.

At four pulls a day that is two of them missed in a row. A refresh date is there for 20 to 28 hours.
"""

LostDates = Mapping[Call, Sequence[date]]
"""By call its refresh dates; by report, as the call without argument, its single days."""
RefreshDates = Callable[[Call, str], Sequence[date]]
"""The refresh dates of a call that are archived, of one month (`YYYY-MM`) or, with an empty text, of all."""


def lost_in_run(
    pulls: Iterable[PullResult],
    memory: Memory,
    daily: Iterable[str],
    refresh_dates: RefreshDates,
    now: datetime,
    directory: Container[str] = (),
) -> LostDates:
    """Return what is lost by `now`.

    `memory` is what was known when the run began, `daily` are the reports whose single days are selected, `directory`
    those that are of the day on which they are taken.
    """
    lost = {Call(report): _lost_single_days(report, memory, now) for report in daily}
    for pull in pulls:
        if not pull.requested or not pull.refresh_date or pull.call.is_single_day:
            continue
        newest = memory.archived[pull.call.report].newest.get(pull.call)
        state, before = memory.states.get(pull.call), newest.refresh_date if newest else None
        if pull.call.report in directory:
            known = [day for day in (before, state.refresh_date if state else None) if day]
            days = days_between(min(known) + timedelta(days=1), pull.refresh_date) if known else []
            lost[pull.call] = _not_archived(pull.call, days, refresh_dates)
        else:
            lost[pull.call] = _lost_of_call(pull.call, pull.refresh_date, before, state, refresh_dates, now)
    return {call: days for call, days in lost.items() if days}


def lost_refresh_dates(shown: date | None, shown_at: datetime | None, refresh_date: date, now: datetime) -> list[date]:
    """Return the dates between `shown`, which Graph showed last, and the one that it shows now, if nobody watched.

    `shown_at` is when Graph showed the former last, if that is known. A date that cannot be out yet proves nothing.
    """
    watched = shown_at is not None and now - shown_at <= WATCHED
    if shown is None or watched or refresh_date > days_of_interest(now)[1]:
        return []
    return days_between(shown + timedelta(days=1), refresh_date)


def together(one: LostDates, other: LostDates) -> LostDates:
    """Return the dates of both, each once and oldest first."""
    return {call: sorted({*one.get(call, ()), *other.get(call, ())}) for call in {**one, **other}}


def markers_of(lost: LostDates, selection: Selection) -> Iterator[LostRange]:
    """Yield the markers of what was lost, as far as it is selected."""
    for call, days in lost.items():
        if call in selection.calls:
            yield from lost_ranges(Partition.of(call), days)
        elif call.report in selection.daily:
            yield from lost_ranges(Partition(call.report, "day"), days)


def _lost_single_days(report: str, memory: Memory, now: datetime) -> list[date]:
    """Return the days that went out of reach, but for those of which Graph had nothing to the last, as of a Sunday."""
    out_of_reach = lost_days(DateRanges.of(memory.archived[report].days), memory.watched_since(report), now)
    states = {day: memory.states.get(Call(report, date=day)) for day in out_of_reach}
    return [day for day, state in states.items() if not state or not state.is_without_data]


def _lost_of_call(
    call: Call,
    refresh_date: date,
    newest: date | None,
    state: CallState | None,
    refresh_dates: RefreshDates,
    now: datetime,
) -> list[date]:
    """Return the dates that were lost before `refresh_date`, by the records of runs or else by the archive.

    `newest` was archived and readable when the run began. If no record tells and that is the date that Graph shows
    still, nothing can be concluded: somebody saw it come, and may have watched the days before it. Nothing is lost of a
    call of which no other date is archived, not even in a snapshot that cannot be read.
    """
    if newest is None and not {*refresh_dates(call, "")} - {refresh_date}:
        return []
    shown, shown_at = (state.refresh_date, state.seen_at) if state else (None, None)
    if shown is None or shown_at is None or shown > days_of_interest(shown_at)[1]:
        if newest and newest >= refresh_date:
            return []
        shown = max((day for day in refresh_dates(call, "") if day < refresh_date), default=None)
        shown_at = None
    return _not_archived(call, lost_refresh_dates(shown, shown_at, refresh_date, now), refresh_dates)


def _not_archived(call: Call, days: Sequence[date], refresh_dates: RefreshDates) -> list[date]:
    """Return the days without those of a run that was cut short, which archived some and left no record."""
    archived = {day for month in {f"{day:%Y-%m}" for day in days} for day in refresh_dates(call, month)}
    return [day for day in days if day not in archived]
