"""What is missing between the days that are there: still to be had, lost, or never published by Microsoft."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.domain.dates import days_between, stretches
from shared.domain.graph_window import DATE_DAYS, days_of_interest

WATCHED = timedelta(hours=15)
"""A refresh date that nobody saw was never shown, unless it is longer since somebody looked.

At four pulls a day that is two of them missed in a row. A refresh date is there for 20 to 28 hours.
"""

RECOVERABLE = "recoverable"
"""Graph can still be asked for it."""
LOST = "lost"
"""Graph showed it, or could have given it, while nobody asked: nothing can bring it back."""
NEVER_PUBLISHED = "never_published"
"""The archive was watching, and Graph never had it."""


class Gap(NamedTuple):
    """Missing days in a row, all in the same state."""

    first: date
    last: date
    state: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def until(self) -> date | None:
        """The last day (UTC) on which all of a recoverable gap can be asked for."""
        return self.first + timedelta(days=DATE_DAYS) if self.state == RECOVERABLE else None


def gaps(held: Set[date], lost: Set[date], reachable: Iterable[date] = ()) -> list[Gap]:
    """What is missing of one call, oldest first; `reachable` are the days that a `date=` call could still ask for."""
    open_days = set(reachable) - held
    gone = lost - held - open_days
    never = set(days_between(min(held), max(held))) - held - gone - open_days if held else set()
    found = [
        Gap(first, last, state)
        for state, days in ((RECOVERABLE, open_days), (LOST, gone), (NEVER_PUBLISHED, never))
        for first, last in stretches(days)
    ]
    return sorted(found)


def lost_refresh_dates(seen: date | None, seen_at: datetime | None, refresh_date: date, now: datetime) -> list[date]:
    """The refresh dates between the one that Graph showed last and the one that it shows now, if nobody watched.

    `seen_at` is when Graph was last found to show `seen`, as far as is known. A date that cannot be out yet proves
    nothing.
    """
    watched = seen_at is not None and now - seen_at <= WATCHED
    if seen is None or watched or refresh_date > days_of_interest(now)[1]:
        return []
    return days_between(seen + timedelta(days=1), refresh_date)


def lost_days(held: Set[date], since: datetime | None, now: datetime) -> list[date]:
    """The days that a `date=` call could still reach at `since` (the run before), but no longer at `now`.

    Where no record tells of a run before, those after the newest that is held.
    """
    if since:
        first = days_of_interest(since)[0]
    elif held:
        first = max(held) + timedelta(days=1)
    else:
        return []
    return [day for day in days_between(first, days_of_interest(now)[0]) if day not in held]
