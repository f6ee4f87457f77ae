"""Ranges of days. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta


def days_between(first: date, end: date) -> list[date]:
    """Return every day from `first` to the one before `end`."""
    return [first + timedelta(days=number) for number in range((end - first).days)]


def stretches(days: Iterable[date]) -> list[tuple[date, date]]:
    """Return the first and the last day of each stretch without a break, oldest first."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        if ranges and day - ranges[-1][1] <= timedelta(days=1):
            ranges[-1] = ranges[-1][0], day
        else:
            ranges.append((day, day))
    return ranges


def months_until(day: date, number: int) -> Iterator[str]:
    """Yield the month of a day and those before it, so many as YYYY-MM, newest first; fewer where calendars begin."""
    for _ in range(number):
        yield f"{day:%Y-%m}"
        if day.replace(day=1) == date.min:
            return
        day = month_before(day)


def month_before(day: date) -> date:
    """Return the last day of the month before that of `day`."""
    return day.replace(day=1) - timedelta(days=1)
