"""When the next refresh date of a call is to be expected: learned from when the ones before it appeared. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Self

_REMEMBERED = 5
"""Waits per weekday. Their median counts, so that one outage or one good day of Microsoft's does not change it."""
_ENOUGH = 2
_TOLERANCE = timedelta(days=1)
_DOCUMENTED = timedelta(hours=72)
"""The longest time from the end of a day until its report appears, as Microsoft says."""
_FRIDAY_TO_SUNDAY = (4, 5, 6)
_WEEKEND = timedelta(hours=24)
"""More for these: users see reports late early in the week (microsoft-365-docs PR #12295)."""


class Cadence(NamedTuple):
    """How long it took so far until the next refresh date of a call appeared."""

    waits: tuple[tuple[int, ...], ...] = ((),) * 7
    """By weekday of a refresh date, Monday first: hours from its beginning until the next one appeared, latest last."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the cadence for which `str` is `text`. Raises ValueError if there is none."""
        waits = tuple(tuple(map(int, hours.split())) for hours in text.split(","))
        if len(waits) != 7:
            raise ValueError("a week has seven days")
        return cls(waits)

    def __str__(self) -> str:
        return ",".join(" ".join(map(str, hours)) for hours in self.waits)

    def observe(self, refresh_date: date, next_appeared: datetime) -> Cadence:
        """Return the cadence after the date that follows `refresh_date` appeared at `next_appeared` (UTC)."""
        waits = list(self.waits)
        hours = round((next_appeared - _beginning(refresh_date)) / timedelta(hours=1))
        waits[refresh_date.weekday()] = (*waits[refresh_date.weekday()], hours)[-_REMEMBERED:]
        return Cadence(tuple(waits))

    def next_expected(self, refresh_date: date) -> datetime:
        """Return when the date that follows `refresh_date` should be there (UTC).

        With two waits or more of that weekday: a day after the median. With fewer: what Microsoft says, at most 72
        hours after the end of the day, and 24 hours more for Friday to Sunday.
        """
        waits = self.waits[refresh_date.weekday()]
        if len(waits) >= _ENOUGH:
            median = sorted(waits)[(len(waits) - 1) // 2]
            return _beginning(refresh_date) + timedelta(hours=median) + _TOLERANCE
        following = refresh_date + timedelta(days=1)
        its_end = _beginning(following) + timedelta(days=1)
        return its_end + _DOCUMENTED + (_WEEKEND if following.weekday() in _FRIDAY_TO_SUNDAY else timedelta(0))


def _beginning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
