"""Marks: what the names of snapshots cannot tell, written down as the names of empty blobs. Pure.

`lost/report=R/period=P/first=D/last=D`: refresh dates, or single days, that Graph showed while nobody asked.
`flips/report=R/period=P/refresh_date=D/revision=N/named-to-concealed`: the snapshot from which on names are others.
A mark is written once, and all of a kind are found with one listing. They can be made again: lost days from the records
of runs, flips from the metadata of snapshots.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from shared.domain.call import Call

LOST = "lost/"
FLIPS = "flips/"

_LOST = re.compile(r"lost/report=(\w+)/period=([\w-]+)/first=(\d{4}-\d\d-\d\d)/last=(\d{4}-\d\d-\d\d)", re.ASCII)
_FLIP = re.compile(
    r"flips/report=(\w+)/period=([\w-]+)/refresh_date=(\d{4}-\d\d-\d\d)/revision=([1-9]\d*)"
    r"/(named|concealed|mixed)-to-(named|concealed|mixed)",
    re.ASCII,
)


class Place(NamedTuple):
    """Where the snapshots of a call lie, those of all single days together."""

    report: str
    key: str
    """As the archive's names spell the argument: `D7`, `day`, `none`."""

    def __str__(self) -> str:
        return f"report={self.report}/period={self.key}"


class Lost(NamedTuple):
    """Days in a row that nothing can bring back."""

    place: Place
    first: date
    last: date

    @property
    def name(self) -> str:
        return f"{LOST}{self.place}/first={self.first}/last={self.last}"

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


class Flip(NamedTuple):
    """A snapshot whose names are `now` concealed, or readable, and were not `before`."""

    place: Place
    refresh_date: date
    revision: int
    before: str
    now: str

    @property
    def name(self) -> str:
        at = f"{self.place}/refresh_date={self.refresh_date}/revision={self.revision}"
        return f"{FLIPS}{at}/{self.before}-to-{self.now}"


Mark = Lost | Flip


def place_of(call: Call) -> Place:
    """Where the snapshots of a call lie."""
    return Place(call.report, call.key)


def lost(place: Place, days: Iterable[date]) -> Iterator[Lost]:
    """The marks of these lost days: one for each stretch without a break."""
    for first, last in stretches(days):
        yield Lost(place, first, last)


def read(name: str) -> Mark | None:
    """The mark of that name; None if it is none that this app writes."""
    mark: Mark
    try:
        if match := _LOST.fullmatch(name):
            mark = Lost(Place(match[1], match[2]), date.fromisoformat(match[3]), date.fromisoformat(match[4]))
            return mark if mark.first <= mark.last else None
        if match := _FLIP.fullmatch(name):
            mark = Flip(Place(match[1], match[2]), date.fromisoformat(match[3]), int(match[4]), match[5], match[6])
            return mark if mark.before != mark.now else None
    except ValueError:
        pass
    return None


def stretches(days: Iterable[date]) -> list[tuple[date, date]]:
    """The first and the last of each run of days without a break, oldest first."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and day - found[-1][1] <= timedelta(days=1):
            found[-1] = found[-1][0], day
        else:
            found.append((day, day))
    return found
