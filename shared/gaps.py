"""What nobody can bring back: refresh dates and single days that Graph showed while nobody asked."""

from __future__ import annotations

from collections.abc import Set
from datetime import date, datetime, timedelta

from .plan import days_of_interest

WATCHED = timedelta(hours=36)
"""As long as a call is read at least this often, a refresh date that was not seen was never shown."""


def lost_refresh_dates(before: date | None, read_at: datetime | None, refresh_date: date, now: datetime) -> list[date]:
    """The refresh dates between the one held before and the one that came now, if nobody watched in between.

    `read_at` is when the call was last read in full, as far as is known.
    """
    if before is None or (read_at is not None and now - read_at <= WATCHED):
        return []
    return days_between(before + timedelta(days=1), refresh_date)


def lost_days(held: Set[date], since: datetime, now: datetime) -> list[date]:
    """The days that a `date=` call could still reach at `since` (the run before), but no longer at `now`."""
    return [day for day in days_between(days_of_interest(since)[0], days_of_interest(now)[0]) if day not in held]


def days_between(first: date, end: date) -> list[date]:
    """Every day from `first` to the one before `end`."""
    return [first + timedelta(days=number) for number in range((end - first).days)]
