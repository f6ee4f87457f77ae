"""The table index: what is in tables, so that one read tells a run which of them are missing. Pure.

It is made by those who write tables, and never believed against the names of snapshots.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import ManifestName, Partition
from shared.archive.snapshot import Snapshot
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.dates import month_before
from shared.report import compression

UNREADABLE = (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What `TableIndex.from_bytes` raises for anything that is no index."""
_OPEN = timedelta(days=10)
"""For so long after its end a month stays in tables of single days, as days come late."""


class Missing(NamedTuple):
    """What is to be put into tables of one month."""

    month: str
    """As `YYYY-MM`."""
    partition: Partition
    days: tuple[date, ...]
    """Each in a table of its own; none: all of the month in one."""


class Tabled(NamedTuple):
    """What was put into tables of one month."""

    partition: Partition
    month: str
    looked_at: DateRanges
    """The days of which all that is there was put into tables."""
    revisions: Mapping[date, int]
    """The last of each day, as far as it is known; that may be one that cannot be read."""
    in_days: bool
    """Whether each day has a table of its own."""
    newest: Mapping[date, Snapshot]
    """The last of each day that can be read."""

    @classmethod
    def of(cls, missing: Missing, newest: Mapping[date, Snapshot], *, in_days: bool) -> Self:
        """Return that what is missing was put into tables, and these are the newest of it."""
        looked_at = DateRanges.of(missing.days) if missing.days else days_of(missing.month)
        revisions = {day: each.revision for day, each in newest.items()}
        return cls(missing.partition, missing.month, looked_at, revisions, in_days, newest)


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
    """The months that are in tables of single days; others are in one each."""

    def revision(self, day: date) -> int:
        """Return the last revision of a day when it was put into a table; 0 if it was not."""
        return self.later.get(day, 1) if day in self.dates else 0

    def after(self, news: Tabled) -> Self:
        """Return what is in tables then."""
        later = {day: number for day, number in self.later.items() if day not in news.looked_at}
        return self._replace(
            dates=(self.dates - news.looked_at) | DateRanges.of(news.revisions),
            later=later | {day: number for day, number in news.revisions.items() if number != 1},
            in_days=self.in_days | {news.month} if news.in_days else self.in_days - {news.month},
        )

    def is_in_one(self, month: str) -> bool:
        """Whether all of a month is in one table."""
        return month not in self.in_days and bool(self.dates & days_of(month))

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
        self, coverage: CoverageIndex, today: date, expiring: Mapping[Partition, str] = MappingProxyType({})
    ) -> list[Missing]:
        """Return what is missing in tables of what there is, newest months first, and before them what has to go.

        In the month that is `expiring`, each day has a table of its own, so that it goes alone.
        """
        found = [
            each
            for partition in {*coverage.dates, *self.partitions}
            for each in self._missing_of(
                partition, self._differing(partition, coverage), today, expiring.get(partition)
            )
        ]

        def urgency(missing: Missing) -> tuple[bool, str, Partition]:
            gone = self.of(missing.partition).dates - coverage.dates.get(missing.partition, NO_DAYS)
            return bool(gone & days_of(missing.month)), missing.month, missing.partition

        return sorted(found, key=urgency, reverse=True)

    def _differing(self, partition: Partition, coverage: CoverageIndex) -> Iterator[date]:
        """Yield the days of which there is another last revision than was put into a table."""
        tables, days = self.of(partition), coverage.dates.get(partition, NO_DAYS)
        revised = DateRanges.of([*tables.later, *coverage.later.get(partition, ())])
        for day in ((days - tables.dates) | (tables.dates - days) | revised).days:
            if coverage.revision(partition, day) != tables.revision(day):
                yield day

    def _missing_of(
        self, partition: Partition, days: Iterable[date], today: date, expiring: str | None
    ) -> Iterator[Missing]:
        tables, due = self.of(partition), {*days}
        if expiring and tables.is_in_one(expiring):
            due |= {*(tables.dates & days_of(expiring)).days}

        def is_settled(month: str) -> bool:
            return month != expiring and tables.is_settled(month, today)

        months: dict[str, list[date]] = {month: [] for month in tables.in_days if is_settled(month)}
        for day in sorted(due):
            months.setdefault(f"{day:%Y-%m}", []).append(day)
        for month, of_month in months.items():
            yield Missing(month, partition, () if is_settled(month) else tuple(of_month))

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
                )
                for name, each in content["partitions"].items()
            }
        )


def days_of(month: str) -> DateRanges:
    """Return the days of a month (`YYYY-MM`)."""
    first = date.fromisoformat(f"{month}-01")
    return DateRanges(((first, _last_of(first)),))


def _last_of(first: date) -> date:
    """Return the last day of a month that begins with `first`."""
    return (
        date.max
        if (first.year, first.month) == (9999, 12)
        else month_before((first + timedelta(days=31)).replace(day=1))
    )


def _newest_settled(today: date) -> str:
    """Return the newest month that is over for so long that it is in one table."""
    return f"{month_before(today - _OPEN):%Y-%m}"
