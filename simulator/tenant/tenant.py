"""Who is in the tenant: people, sites, groups, teams and communities, as they come and go over the years.

Members are numbered in the order in which they join, so the members of a kind who are there on a day are a `range`.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from simulator.tenant.activity import FOUNDED, KINDS, NEVER, SPAN, noise, works

ANCHOR = date(2026, 1, 1).toordinal()
"""The day on which the tenant has about the number of users that was asked for."""
HORIZON = date(2046, 1, 1).toordinal()
"""Nobody joins after this day."""
SHOWN_AFTER_LEAVING = 30
"""Days for which a deleted member stays in the detail reports (learn.microsoft.com, Microsoft 365 activity reports)."""
BATCHES = 8
"""A restated day lacks the members of its first 1 to 7 batches."""

_AT_FOUNDING = 0.3
_YEARLY_GROWTH = 0.05
_LEAVERS = 0.4
_STRIDE = 157  # spreads neighbours over the kinds


class Member(NamedTuple):
    """One person, site, group, team or community."""

    number: int
    kind: int
    joined: int
    left: int
    """First day on which it is deleted, or NEVER."""


def _growth(day: int) -> float:
    """Share of all members (1 on the anchor day) that have joined by then."""
    if day < FOUNDED:
        return 0.0
    if day > ANCHOR:
        return 1 + _YEARLY_GROWTH * (day - ANCHOR) / 365
    return _AT_FOUNDING + (1 - _AT_FOUNDING) * (day - FOUNDED) / (ANCHOR - FOUNDED)


@lru_cache(maxsize=1)
def _arrivals() -> list[float]:
    """The same for each day from the founding to the horizon, in steps, since members join on working days."""
    return list(accumulate((_growth(day) if works(day) else 0.0 for day in range(FOUNDED, HORIZON)), max))


class Population:
    """The members of one sort."""

    def __init__(self, seed: int, name: str, size: int) -> None:
        lots, terms = noise(seed, name, "leaves"), noise(seed, name, "tenure")
        self._tenures = [
            90 + 14 * term if lot < _LEAVERS * 256 else NEVER for lot, term in zip(lots, terms, strict=True)
        ]
        self._offset = noise(seed, name, "offset")[0]
        self._back = pow(_STRIDE, -1, KINDS)
        living = 1 - sum(_growth(ANCHOR - tenure) for tenure in self._tenures) / KINDS
        self._joined = [int(size / living * share) for share in _arrivals()]
        self.sizes = lru_cache(maxsize=1024)(self._sizes)

    def joined_by(self, day: int) -> int:
        """How many members have joined by the end of that day."""
        return self._joined[min(day, HORIZON - 1) - FOUNDED] if day >= FOUNDED else 0

    def member(self, number: int) -> Member:
        """The member with that number."""
        kind = (number * _STRIDE + self._offset) % KINDS
        joined = FOUNDED + bisect_right(self._joined, number)
        return Member(number, kind, joined, min(joined + self._tenures[kind], NEVER))

    def _of_kind(self, kind: int, start: int, stop: int) -> range:
        """Numbers of the members of that kind from `start` to before `stop`."""
        first = (kind - self._offset) * self._back
        start += (first - start) % KINDS
        return range(start, max(start, stop), KINDS)

    def _sizes(self, day: int, missing: int = 0) -> list[int]:
        """Members of each kind that are there on that day, without the first batches."""
        joined = self.joined_by(day)
        return [
            0 if kind % BATCHES < missing else len(self._of_kind(kind, self.joined_by(day - tenure), joined))
            for kind, tenure in enumerate(self._tenures)
        ]

    def members(self, day: int, missing: int = 0) -> Iterator[Member]:
        """Members that reports show on that day, those deleted of late included, in order of arrival."""
        for number in range(self.joined_by(day)):
            one = self.member(number)
            if one.left + SHOWN_AFTER_LEAVING > day and one.kind % BATCHES >= missing:
                yield one

    def sample(self, day: int, missing: int = 0) -> Iterator[tuple[Member, int]]:
        """The same members, those of a kind who were there all through the longest window as one with a weight."""
        joined, settled = self.joined_by(day), self.joined_by(day - SPAN)
        for kind in range(KINDS):
            if kind % BATCHES < missing:
                continue
            shown = self.joined_by(day - self._tenures[kind] - SHOWN_AFTER_LEAVING)
            living = self.joined_by(day - self._tenures[kind])
            alike = self._of_kind(kind, living, settled)
            if alike:
                yield self.member(alike[0]), len(alike)
            for apart in (self._of_kind(kind, shown, living), self._of_kind(kind, max(living, settled), joined)):
                yield from ((self.member(number), 1) for number in apart)


class Tenant:
    """All populations, made from one seed and the number of users."""

    def __init__(self, users: int = 250, seed: int = 1) -> None:
        self.seed = seed
        sizes = {
            "people": users,
            "sites": users // 4 + 8,
            "groups": users // 6 + 8,
            "teams": users // 8 + 8,
            "communities": users // 25 + 8,
        }
        self.populations = {name: Population(seed, name, size) for name, size in sizes.items()}
