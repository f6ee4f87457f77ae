"""Sets of days as ranges: a history of years without a break costs no more than one day. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Self

from shared.domain.dates import month_before, stretches


@dataclass(frozen=True, slots=True)
class DateRanges:
    """A set of days; false if it is empty."""

    ranges: tuple[tuple[date, date], ...] = ()
    """The first and the last day of each range, oldest first; between two of them a day is missing."""

    @classmethod
    def of(cls, days: Iterable[date]) -> Self:
        """Return the set of these days."""
        return cls(tuple(stretches(days)))

    @classmethod
    def of_year(cls, year: int) -> Self:
        """Return all days of a year."""
        return cls(((date(year, 1, 1), date(year, 12, 31)),))

    @classmethod
    def of_month(cls, month: str) -> Self:
        """Return the days of a month (`YYYY-MM`)."""
        first = date.fromisoformat(f"{month}-01")
        is_last = (first.year, first.month) == (9999, 12)
        return cls(((first, date.max if is_last else month_before((first + timedelta(days=31)).replace(day=1))),))

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Self:
        """Return the set of which `texts` are the intervals. Raise ValueError if they are those of none."""
        pairs = [text.split("/") for text in texts]
        ranges = cls(tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in pairs))
        edges = ranges._edges()
        if any(one >= other for one, other in pairwise(edges)):
            raise ValueError("The ranges are not in order.")
        return ranges

    def to_texts(self) -> list[str]:
        """Return the ranges as intervals of ISO 8601, such as `2026-11-01/2026-11-18`."""
        return [f"{first}/{last}" for first, last in self.ranges]

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date):
            return False
        place = bisect_right(self.ranges, day, key=itemgetter(0))
        return place > 0 and day <= self.ranges[place - 1][1]

    def __or__(self, other: DateRanges) -> DateRanges:
        return self._combined(other, lambda one, two: one or two) if self and other else self or other

    def __and__(self, other: DateRanges) -> DateRanges:
        return self._combined(other, lambda one, two: one and two) if self and other else DateRanges()

    def __sub__(self, other: DateRanges) -> DateRanges:
        return self._combined(other, lambda one, two: one and not two) if self and other else self

    @property
    def first(self) -> date | None:
        return self.ranges[0][0] if self.ranges else None

    @property
    def last(self) -> date | None:
        return self.ranges[-1][1] if self.ranges else None

    @property
    def span(self) -> DateRanges:
        """All days from the first to the last."""
        return DateRanges(((self.ranges[0][0], self.ranges[-1][1]),)) if self.ranges else self

    @property
    def days(self) -> list[date]:
        """Every day, oldest first."""
        return [first + timedelta(days=n) for first, last in self.ranges for n in range((last - first).days + 1)]

    def _edges(self) -> list[int]:
        """Return in turns where a range begins and where it is over, as ordinals."""
        return [edge for first, last in self.ranges for edge in (first.toordinal(), last.toordinal() + 1)]

    def _combined(self, other: DateRanges, holds: Callable[[bool, bool], bool]) -> DateRanges:
        """Return the days of which `holds`, given whether the one set and whether the other has them."""
        edges = sorted([(edge, side) for side, each in enumerate((self, other)) for edge in each._edges()])
        inside, begun = [False, False], 0
        ranges = list[tuple[date, date]]()
        for edge, sides in groupby(edges, key=itemgetter(0)):
            for _, side in sides:
                inside[side] = not inside[side]
            if not holds(*inside):
                ranges += [(date.fromordinal(begun), date.fromordinal(edge - 1))] if begun else []
                begun = 0
            else:
                begun = begun or edge
        return DateRanges(tuple(ranges))


NO_DAYS = DateRanges()
ALL_DAYS = DateRanges(((date.min, date.max),))
