"""The coverage index: what the names in an archive say, so that one read tells of years of every call. Pure.

It is made of the names and never believed against them: no snapshot is there or not because the index says so.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import NamedTuple, Self, TypeVar

from shared.archive.layout import ConcealmentChange, LostRange, Partition, SnapshotName, parse
from shared.domain.date_ranges import ALL_DAYS, NO_DAYS, DateRanges
from shared.report import compression

UNREADABLE = (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What `CoverageIndex.from_bytes` raises for anything that is no index."""
_RUNS = 10
"""How many runs are remembered: of these at most two are under way at once, or were cut short in a row."""
V = TypeVar("V", DateRanges, Sequence[ConcealmentChange], Mapping[date, int])

New = SnapshotName | LostRange | ConcealmentChange
"""A name that was written."""

MARKS = "marks"
"""The step of a turn that is no year."""


class Turn(NamedTuple):
    """Which partition is listed again, step by step, one in each run."""

    partition: Partition
    left: Sequence[str]
    """What is still to be listed: years, as `YYYY`, and at last MARKS."""


class CoverageIndex(NamedTuple):
    """What is in the archive, by partition; those without are left out."""

    dates: Mapping[Partition, DateRanges] = MappingProxyType({})
    """Every refresh date, or single day, that is archived."""
    lost: Mapping[Partition, DateRanges] = MappingProxyType({})
    """The days that are marked as lost."""
    changes: Mapping[Partition, Sequence[ConcealmentChange]] = MappingProxyType({})
    """Where names became concealed or readable, oldest first."""
    runs: Sequence[str] = ()
    """The ids of the last runs that kept it up to date, newest last."""
    turn: Turn | None = None
    later: Mapping[Partition, Mapping[date, int]] = MappingProxyType({})
    """The last revision of each refresh date of which that is not the first."""

    def has_all_of(self, run: str | None) -> bool:
        """Whether all is in it that was there at the end of this run, the newest (None: none is known)."""
        return run in self.runs if run else bool(self.runs)

    def revision(self, partition: Partition, day: date) -> int:
        """Return the last revision of a refresh date; 0 if that is not archived."""
        held = day in self.dates.get(partition, NO_DAYS)
        return self.later.get(partition, {}).get(day, 1) if held else 0

    def until(self, last: date) -> Self:
        """Return what it tells of refresh dates up to that day."""
        days = DateRanges(((date.min, last),))
        return self._replace(dates={at: held for at, each in self.dates.items() if (held := each & days)})

    def with_listed(self, partition: Partition, names: Iterable[SnapshotName], days: DateRanges = ALL_DAYS) -> Self:
        """Return the index with these names of a partition and, of the `days`, no others."""
        kept = {day: number for day, number in self.later.get(partition, {}).items() if day not in days}
        others = self._replace(
            dates=_with(self.dates, partition, self.dates.get(partition, NO_DAYS) - days),
            later=_with(self.later, partition, kept),
        )
        return others.with_names(names)

    def with_marks(self, partition: Partition, lost: DateRanges, changes: Sequence[ConcealmentChange]) -> Self:
        """Return the index with these marks of a partition and no others."""
        return self._replace(lost=_with(self.lost, partition, lost), changes=_with(self.changes, partition, changes))

    def kept_by(self, run: str) -> Self:
        """Return the index with this run as the newest that kept it up to date."""
        return self._replace(runs=[*self.runs, run][-_RUNS:])

    def with_names(self, names: Iterable[New]) -> Self:
        """Return the index with these names too."""
        dates, lost, changes = dict(self.dates), dict(self.lost), dict(self.changes)
        later = {at: dict(each) for at, each in self.later.items()}
        added: dict[Partition, set[date]] = defaultdict(set)
        for name in names:
            if isinstance(name, SnapshotName):
                added[name.partition].add(name.refresh_date)
                if name.revision > later.get(name.partition, {}).get(name.refresh_date, 1):
                    later.setdefault(name.partition, {})[name.refresh_date] = name.revision
            elif isinstance(name, LostRange):
                found = DateRanges(((name.first, name.last),))
                lost[name.partition] = lost.get(name.partition, NO_DAYS) | found
            else:
                changes[name.partition] = sorted({*changes.get(name.partition, ()), name})
        for partition, days in added.items():
            dates[partition] = dates.get(partition, NO_DAYS) | DateRanges.of(days)
        return self._replace(dates=dates, lost=lost, changes=changes, later=later)

    def to_bytes(self) -> bytes:
        """Return the index as it is stored."""
        partitions: dict[str, dict[str, object]] = defaultdict(dict)
        for at in sorted({*self.dates, *self.lost, *self.changes}):
            facts = {
                "dates": self.dates.get(at, NO_DAYS).to_texts(),
                "lost": self.lost.get(at, NO_DAYS).to_texts(),
                "changes": [*map(str, self.changes.get(at, ()))],
            }
            partitions[at.report][at.key] = {name: each for name, each in facts.items() if each}
        later = {
            f"{at.report}/{at.key}": {str(day): number for day, number in sorted(each.items())}
            for at, each in sorted(self.later.items())
        }
        content = {"runs": self.runs, "turn": self.turn, "reports": partitions, "later": later}
        return compression.compress(json.dumps(content).encode())

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Return the index of which these are the bytes. Raise one of UNREADABLE for anything else."""
        content = json.loads(compression.decompress(stored))
        facts = {
            Partition(report, key): each for report, keys in content["reports"].items() for key, each in keys.items()
        }
        turn = content["turn"]
        return cls(
            dates={at: DateRanges.from_texts(each["dates"]) for at, each in facts.items() if "dates" in each},
            lost={at: DateRanges.from_texts(each["lost"]) for at, each in facts.items() if "lost" in each},
            changes={at: [*map(_change, each["changes"])] for at, each in facts.items() if "changes" in each},
            runs=[*map(str, content["runs"])],
            turn=Turn(Partition(*turn[0]), [*map(str, turn[1])]) if turn else None,
            later={
                Partition(*at.split("/")): {date.fromisoformat(day): int(number) for day, number in each.items()}
                for at, each in content["later"].items()  # which indexes of earlier versions have not
            },
        )


def _change(name: str) -> ConcealmentChange:
    change = parse(name)
    if not isinstance(change, ConcealmentChange):
        raise ValueError(f"no change of names: {name}")
    return change


def _with(every: Mapping[Partition, V], partition: Partition, one: V) -> dict[Partition, V]:
    """Return the mapping with `one` in its place, or without it if it is empty."""
    others = {at: each for at, each in every.items() if at != partition}
    return others | {partition: one} if one else others
