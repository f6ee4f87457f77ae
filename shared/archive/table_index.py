"""The table index: what is in tables, so that one read tells a run which of them are missing. Pure.

It is made by those who write tables, and never believed against the names of snapshots.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import ManifestName, Partition, TableName
from shared.archive.snapshot import Snapshot
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.dates import month_before
from shared.report import compression

UNREADABLE = (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What `TableIndex.from_bytes` raises for anything that is no index."""
_BLOCK = 5
"""Days that share a table while their month goes on: no more than 14 tables, and each row is written three times."""
_OPEN = timedelta(days=10)
"""For so long after its end a month stays in tables of single days, as days come late."""


class Missing(NamedTuple):
    """What is to be put into tables of one month."""

    month: str
    """As `YYYY-MM`."""
    partition: Partition
    days: tuple[date, ...]
    """Each in a table of its own; none: all of the month in one."""
    is_block: bool = False
    """Whether the days are a block, and go into one table."""

    @property
    def looked_at(self) -> DateRanges:
        """The days of which all that is there goes into tables."""
        return DateRanges.of(self.days) if self.days else DateRanges.of_month(self.month)

    def has(self, name: TableName) -> bool:
        """Whether a table has some of these days."""
        return name.partition == self.partition and bool(name.days & self.looked_at)


class Tabled(NamedTuple):
    """What was put into tables of one month."""

    partition: Partition
    month: str
    looked_at: DateRanges
    """The days of which all that is there was put into tables."""
    revisions: Mapping[date, int]
    """The last of each day, as far as it is known; that may be one that cannot be read."""
    in_days: bool
    """Whether the month is not in one table."""
    newest: Mapping[date, Snapshot]
    """The last of each day that can be read."""
    is_block: bool = False
    """Whether these days are a block, and in one table."""

    @classmethod
    def of(cls, missing: Missing, newest: Mapping[date, Snapshot], *, in_days: bool) -> Self:
        """Return that what is missing was put into tables, and these are the newest of it."""
        revisions = {day: each.revision for day, each in newest.items()}
        month, partition, *_ = missing
        return cls(partition, month, missing.looked_at, revisions, in_days, newest, missing.is_block)


def by_manifest(news: Iterable[Tabled]) -> dict[ManifestName, list[Tabled]]:
    """Return the news by the manifest that tells of them."""
    found: dict[ManifestName, list[Tabled]] = defaultdict(list)
    for each in news:
        found[ManifestName(each.partition.report, each.month)].append(each)
    return found


class PartitionTables(NamedTuple):
    """What is in tables of one call."""

    dates: DateRanges = NO_DAYS
    later: Mapping[date, int] = MappingProxyType({})
    """The last revision of each day of which that is not the first."""
    in_days: frozenset[str] = frozenset()
    """The months that are in tables of single days and of blocks; others are in one each."""
    blocks: frozenset[date] = frozenset()
    """The first days of the blocks that are in one table each."""

    def revision(self, day: date) -> int:
        """Return the last revision of a day when it was put into a table; 0 if it was not."""
        return self.later.get(day, 1) if day in self.dates else 0

    def after(self, news: Tabled) -> Self:
        """Return what is in tables then."""
        later = {day: number for day, number in self.later.items() if day not in news.looked_at}
        blocks = {first for first in self.blocks if not block_of(first) & news.looked_at}
        blocks |= {first for first, _ in news.looked_at.ranges if news.is_block}
        return self._replace(
            dates=(self.dates - news.looked_at) | DateRanges.of(news.revisions),
            later=later | {day: number for day, number in news.revisions.items() if number != 1},
            in_days=self.in_days | {news.month} if news.in_days else self.in_days - {news.month},
            blocks=frozenset(blocks),
        )

    def is_in_one(self, month: str) -> bool:
        """Whether all of a month is in one table."""
        return month not in self.in_days and bool(self.dates & DateRanges.of_month(month))

    def is_alone(self, day: date, today: date) -> bool:
        """Whether a day that comes has a table of its own."""
        return not self.is_settled(f"{day:%Y-%m}", today) and block_of(day).first not in self.blocks

    def together(self, day: date) -> DateRanges:
        """Return the days that are in one table with a day that is in one: its month, its block, or itself alone."""
        if f"{day:%Y-%m}" not in self.in_days:
            return DateRanges.of_month(f"{day:%Y-%m}")
        block = block_of(day)
        return block if block.first in self.blocks else DateRanges(((day, day),))

    def again(self, partition: Partition, month: str, days: Iterable[date]) -> set[Missing]:
        """Return what is to be made where tables are wrong that have these days of a month that goes on."""
        blocks = ((block_of(day), day) for day in days)
        return {
            Missing(month, partition, tuple(block.days), is_block=True)
            if block.first in self.blocks
            else Missing(month, partition, (day,))
            for block, day in blocks
        }

    def is_settled(self, month: str, today: date) -> bool:
        """Whether all of a month is, or should be, in one table."""
        return self.is_in_one(month) or month <= _newest_settled(today)


class TableIndex(NamedTuple):
    """What is in tables, by partition."""

    partitions: Mapping[Partition, PartitionTables] = MappingProxyType({})

    def after(self, news: Iterable[Tabled]) -> Self:
        """Return the index with what was put into tables."""
        partitions = dict(self.partitions)
        for each in news:
            partitions[each.partition] = partitions.get(each.partition, PartitionTables()).after(each)
        return self._replace(partitions={at: each for at, each in partitions.items() if each.dates})

    def missing(
        self,
        coverage: CoverageIndex,
        today: date,
        expiring: Mapping[Partition, str] = MappingProxyType({}),
        joined: Collection[Partition] = (),
    ) -> list[Missing]:
        """Return what is missing in tables of what there is, newest months first, and before them what has to go.

        In the month that is `expiring`, each day has a table of its own, so that it goes alone. Of the partitions that
        are `joined`, the days of a block go into one table when all of them are there.
        """
        found = [
            each
            for partition in {*coverage.dates, *self.partitions}
            for each in self._missing_of(
                partition,
                self._differing(partition, coverage),
                today,
                expiring.get(partition),
                coverage.dates.get(partition, NO_DAYS) if partition in joined else NO_DAYS,
            )
        ]

        def urgency(missing: Missing) -> tuple[bool, str, Partition]:
            gone = self.of(missing.partition).dates - coverage.dates.get(missing.partition, NO_DAYS)
            return bool(gone & DateRanges.of_month(missing.month)), missing.month, missing.partition

        return sorted(found, key=urgency, reverse=True)

    def _differing(self, partition: Partition, coverage: CoverageIndex) -> Iterator[date]:
        """Yield the days of which there is another last revision than was put into a table."""
        tables, days = self.of(partition), coverage.dates.get(partition, NO_DAYS)
        revised = DateRanges.of([*tables.later, *coverage.later.get(partition, ())])
        for day in ((days - tables.dates) | (tables.dates - days) | revised).days:
            if coverage.revision(partition, day) != tables.revision(day):
                yield day

    def _missing_of(
        self, partition: Partition, days: Iterable[date], today: date, expiring: str | None, joined: DateRanges
    ) -> Iterator[Missing]:
        """Yield what is missing, given the days that differ, and those that are there if blocks of them are joined."""
        tables, due = self.of(partition), {*days}
        if expiring:
            of_month = (tables.dates & DateRanges.of_month(expiring)).days
            due |= {day for day in of_month if len(tables.together(day).days) > 1}
        months: dict[str, set[date]] = {month: set() for month in tables.in_days}
        for day in due:
            months.setdefault(f"{day:%Y-%m}", set()).add(day)
        for month, alone in months.items():
            if month != expiring and tables.is_settled(month, today):
                yield Missing(month, partition, ())
                continue
            for block in blocks_of(month) if month != expiring else ():
                is_joined, of_block = block.first in tables.blocks, {*block.days}
                if alone & of_block if is_joined else all(day in joined for day in of_block):
                    yield Missing(month, partition, tuple(block.days), is_block=True)
                    alone -= of_block
            if alone:
                yield Missing(month, partition, tuple(sorted(alone)))

    def of(self, partition: Partition) -> PartitionTables:
        """Return what is in tables of a partition."""
        return self.partitions.get(partition, PartitionTables())

    def to_bytes(self, rules: int) -> bytes:
        """Return the index as it is stored."""
        content = {
            f"{at.report}/{at.key}": {
                "dates": each.dates.to_texts(),
                "later": {str(day): number for day, number in sorted(each.later.items())},
                "inDays": sorted(each.in_days),
                "blocks": sorted(map(str, each.blocks)),
            }
            for at, each in sorted(self.partitions.items())
        }
        return compression.compress(json.dumps({"rules": rules, "partitions": content}).encode())

    @classmethod
    def from_bytes(cls, stored: bytes, rules: int) -> Self:
        """Return the index of which these are the bytes; an empty one if they tell of tables by other rules.

        Raise one of UNREADABLE for anything else.
        """
        content: Mapping[str, Any] = json.loads(compression.decompress(stored))
        if content["rules"] != rules:
            return cls()
        return cls(
            {
                Partition(*name.split("/")): PartitionTables(
                    DateRanges.from_texts(each["dates"]),
                    {date.fromisoformat(day): int(number) for day, number in each["later"].items()},
                    frozenset(map(str, each["inDays"])),
                    frozenset(map(date.fromisoformat, each.get("blocks", ()))),
                )
                for name, each in content["partitions"].items()
            }
        )


@lru_cache(maxsize=64)
def blocks_of(month: str) -> list[DateRanges]:
    """Return the blocks of a month (`YYYY-MM`): its days 1 to 5, 6 to 10 and so on, at last 26 to its end."""
    days = DateRanges.of_month(month).days
    ends = [*range(0, 30, _BLOCK), len(days)]
    return [DateRanges(((days[start], days[end - 1]),)) for start, end in pairwise(ends)]


def block_of(day: date) -> DateRanges:
    """Return the block of a day."""
    return next(block for block in blocks_of(f"{day:%Y-%m}") if day in block)


def _newest_settled(today: date) -> str:
    """Return the newest month that is over for so long that it is in one table."""
    return f"{month_before(today - _OPEN):%Y-%m}"
