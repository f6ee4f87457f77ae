"""When the next refresh date of a call is to be expected: learned from when the ones before it came. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

_REMEMBERED = 5
"""Waits of each weekday; the middle one counts, so that neither an outage nor a good day of Microsoft's does."""
_ENOUGH = 2
_TOLERANCE = timedelta(days=1)
_DOCUMENTED = timedelta(hours=72)
"""From the end of a day until its report is there, at the latest."""
_FRIDAY_TO_SUNDAY = (4, 5, 6)
_WEEKEND = timedelta(hours=24)
"""More for these: users see reports late early in the week (microsoft-365-docs PR #12295)."""


class Rhythm(NamedTuple):
    """How long the archive waited for the next refresh date of a call."""

    waits: tuple[tuple[int, ...], ...] = ((),) * 7
    """By weekday of a refresh date, from Monday on: hours from its beginning to when the next one came, latest last."""

    @classmethod
    def read(cls, text: str) -> Rhythm:
        """The reverse of `str`. Raises ValueError."""
        waits = tuple(tuple(map(int, hours.split())) for hours in text.split(","))
        if len(waits) != 7:
            raise ValueError("a week has seven days")
        return cls(waits)

    def __str__(self) -> str:
        return ",".join(" ".join(map(str, hours)) for hours in self.waits)

    def heard(self, refresh_date: date, came: datetime) -> Rhythm:
        """After the refresh date that follows the given one `came` (UTC)."""
        waits = list(self.waits)
        hours = round((came - _beginning(refresh_date)) / timedelta(hours=1))
        waits[refresh_date.weekday()] = (*waits[refresh_date.weekday()], hours)[-_REMEMBERED:]
        return Rhythm(tuple(waits))

    def expects(self, refresh_date: date) -> datetime:
        """When the refresh date after the given one should be there (UTC): a day later than usual for that weekday.

        What is usual is known after two weeks. Until then, what Microsoft says: at the latest 72 hours after the end of
        the day, and a day more for Friday to Sunday.
        """
        waits = self.waits[refresh_date.weekday()]
        if len(waits) >= _ENOUGH:
            middle = sorted(waits)[(len(waits) - 1) // 2]
            return _beginning(refresh_date) + timedelta(hours=middle) + _TOLERANCE
        following = refresh_date + timedelta(days=1)
        its_end = _beginning(following) + timedelta(days=1)
        return its_end + _DOCUMENTED + (_WEEKEND if following.weekday() in _FRIDAY_TO_SUNDAY else timedelta(0))


def _beginning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
