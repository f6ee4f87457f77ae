"""The members of the tenant: people, sites, groups, teams and communities that join and leave over the years.

Members are numbered in the order of joining, so the members of one kind on one day are a `range`.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import accumulate, chain
from typing import NamedTuple

from simulator.tenant.activity import KINDS, NEVER, SPAN, is_working_day, noise
from simulator.tenant.services import FOUNDED

ANCHOR = date(2026, 1, 1).toordinal()
"""The day on which the tenant has about the wanted number of users."""
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


class Sample(NamedTuple):
    """Members that are shown on a day."""

    alike: Sequence[int]
    """How many of each kind were there for the longest window, and are."""
    others: Sequence[Member]


def _growth(day: int) -> float:
    """Return the share of all members (1 on the anchor day) that have joined by a day."""
    if day < FOUNDED:
        return 0.0
    if day > ANCHOR:
        return 1 + _YEARLY_GROWTH * (day - ANCHOR) / 365
    return _AT_FOUNDING + (1 - _AT_FOUNDING) * (day - FOUNDED) / (ANCHOR - FOUNDED)


@lru_cache(maxsize=1)
def _arrivals() -> list[float]:
    """Return the same for each day from the founding to the horizon, in steps, as members join on working days only."""
    return list(accumulate((_growth(day) if is_working_day(day) else 0.0 for day in range(FOUNDED, HORIZON)), max))


class Population:
    """The members of one sort, such as people."""

    def __init__(self, seed: int, name: str, size: int) -> None:
        leaves, terms = noise(seed, name, "leaves"), noise(seed, name, "tenure")
        self._tenures = [
            90 + 14 * term if chance < _LEAVERS * 256 else NEVER for chance, term in zip(leaves, terms, strict=True)
        ]
        self._offset = noise(seed, name, "offset")[0]
        back = pow(_STRIDE, -1, KINDS)
        self._first = [(kind - self._offset) * back % KINDS for kind in range(KINDS)]
        self._leaving = [(kind, tenure) for kind, tenure in enumerate(self._tenures) if tenure < NEVER]
        living = 1 - sum(_growth(ANCHOR - tenure) for tenure in self._tenures) / KINDS
        self._joined = [int(size / living * share) for share in _arrivals()]
        self.member = lru_cache(maxsize=65536)(self._member)
        self.sizes = lru_cache(maxsize=1024)(self._sizes)
        self.sample = lru_cache(maxsize=16)(self._sample)

    def joined_by(self, day: int) -> int:
        """Return how many members have joined by the end of a day."""
        return self._joined[min(day, HORIZON - 1) - FOUNDED] if day >= FOUNDED else 0

    def _member(self, number: int) -> Member:
        """Return the member with that number."""
        kind = (number * _STRIDE + self._offset) % KINDS
        joined = FOUNDED + bisect_right(self._joined, number)
        return Member(number, kind, joined, min(joined + self._tenures[kind], NEVER))

    def _of_kind(self, kind: int, start: int, stop: int) -> range:
        """Return the numbers of the members of a kind from `start` to before `stop`."""
        start += (self._first[kind] - start) % KINDS
        return range(start, max(start, stop), KINDS)

    def _living(self, day: int, joined: int, missing: int) -> list[int]:
        """Return how many of the first members of each kind are there on a day, without the first batches."""
        living = [(joined - first + KINDS - 1) // KINDS for first in self._first]
        for kind, tenure in self._leaving:
            left = min(self.joined_by(day - tenure), joined)
            living[kind] -= (left - self._first[kind] + KINDS - 1) // KINDS
        return [0 if kind % BATCHES < missing else number for kind, number in enumerate(living)] if missing else living

    def _sizes(self, day: int, missing: int = 0) -> list[int]:
        """Return how many members of each kind there are on a day, without the first `missing` batches."""
        return self._living(day, self.joined_by(day), missing)

    def _shown(self, numbers: Iterable[int], day: int, missing: int) -> Iterator[Member]:
        """Yield the members with these numbers that reports show on a day, recently deleted ones included."""
        for member in map(self.member, numbers):
            if member.left + SHOWN_AFTER_LEAVING > day and member.kind % BATCHES >= missing:
                yield member

    def members(self, day: int, missing: int = 0) -> Iterator[Member]:
        """Yield the members that reports show on a day, recently deleted ones included, in the order of joining."""
        return self._shown(range(self.joined_by(day)), day, missing)

    def _sample(self, day: int, missing: int = 0) -> Sample:
        """Return the same members in the two parts of a sample."""
        joined, settled = self.joined_by(day), self.joined_by(day - SPAN)
        others = [range(settled, joined)]
        for kind, tenure in self._leaving:
            shown, living = self.joined_by(day - tenure - SHOWN_AFTER_LEAVING), self.joined_by(day - tenure)
            others.append(self._of_kind(kind, shown, min(living, settled)))
        return Sample(self._living(day, settled, missing), [*self._shown(chain(*others), day, missing)])


@lru_cache(maxsize=32)
def population_of(seed: int, name: str, size: int) -> Population:
    """Return the members of one sort, worked out once for all tenants that are alike."""
    return Population(seed, name, size)


class Tenant:
    """All populations of a tenant, made from a seed and a number of users."""

    def __init__(self, users: int = 250, seed: int = 1) -> None:
        self.seed = seed
        sizes = {
            "people": users,
            "sites": users // 4 + 8,
            "groups": users // 6 + 8,
            "teams": users // 8 + 8,
            "communities": users // 25 + 8,
        }
        self.populations = {name: population_of(seed, name, size) for name, size in sizes.items()}
