"""The refresh date of a body, told from those of its rows while they go by. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta

from shared.domain.errors import RejectedBody
from shared.domain.outcome import Reason

DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00:00(?:\.0+)?(?:Z|\+00:00)?)?", re.ASCII)
"""A date, or its midnight: four beta reports wrote that for a while (microsoftgraph/microsoft-graph-docs#14867)."""
_LIKE_A_DATE = re.compile(r"\d{1,4}([/.-])\d{1,2}\1\d{1,4}(?:[T ][\d:.]{1,18})?(?:Z|[+-][\d:]{1,6})?", re.ASCII)
"""A date in some notation. Any other text may be somebody's name or number."""


class RefreshDates:
    """The refresh dates of the rows of one body: one and the same, or that of each row its own Report Date.

    Microsoft's sample of getYammerGroupsActivityGroupCounts is of the second kind, and as new as its newest row.
    """

    def __init__(self, today: date) -> None:
        """`today` is the day in UTC: a refresh date is at most a day later."""
        self.newest: date | None = None
        self._oldest: date | None = None
        self._latest = today if today == date.max else today + timedelta(days=1)
        self._seen = ""
        self._are_own = True

    @property
    def are_several(self) -> bool:
        """Whether there is more than one."""
        return self._oldest != self.newest

    @property
    def settled(self) -> date | None:
        """The refresh date of the body, once no later row can change it."""
        return None if self._are_own else self.newest

    def has(self, text: str) -> bool:
        """Whether a row with that refresh date would not change that of the body."""
        day = _day(text)
        return day is not None and (self.are_several or not self.newest or day == self.newest.isoformat())

    def see(self, text: str, report_date: str) -> None:
        """Take the refresh date and the Report Date of one more row; either may be blank.

        Raise RejectedBody for what is no sane date, and for several that are not the rows' own.
        """
        self._are_own = self._are_own and _day(text) is not None and _day(text) == _day(report_date)
        if text and text != self._seen:
            day = self._sane(text)
            self.newest, self._oldest = max(self.newest or day, day), min(self._oldest or day, day)
            self._seen = text
        if self.are_several and not self._are_own:
            raise RejectedBody(Reason.TWO_REFRESH_DATES, f"The rows have the dates {self._oldest} to {self.newest}.")

    def _sane(self, text: str) -> date:
        try:
            day = date.fromisoformat(_day(text) or "")
        except ValueError:
            day = date.min
        if day.year < 2000 or day > self._latest:
            shown = f"the refresh date {text!r}" if _LIKE_A_DATE.fullmatch(text) else "no date as its refresh date"
            raise RejectedBody(Reason.BAD_REFRESH_DATE, f"A row has {shown}.")
        return day


def _day(text: str) -> str | None:
    match = DATE.fullmatch(text)
    return match[1] if match else None
