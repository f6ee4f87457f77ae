"""Ranges of days. Pure."""

from __future__ import annotations

from collections.abc import Iterable
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


def month_before(day: date) -> date:
    """Return the last day of the month before that of `day`."""
    return day.replace(day=1) - timedelta(days=1)
