"""Whether the coverage index says what the names say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta

from shared.archive.coverage_index import UNREADABLE, CoverageIndex
from shared.archive.layout import PERSONAL, STEM_END, Partition, SnapshotName, parse_stem
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.verification.call import Blob
from shared.verification.finding import Finding, FindingCode


class NamedDates:
    """The refresh dates that names of blobs say."""

    def __init__(self, containers: Mapping[Partition, str], young: datetime) -> None:
        """`containers` says where snapshots belong; those that were pulled after `young` need not be in the index."""
        self._containers = containers
        self._young = young
        self._names: list[SnapshotName] = []
        self._due: list[SnapshotName] = []
        """Those that should be in the index."""

    def note(self, blob: Blob) -> None:
        """Take the date in the name of a blob, if there is one that the app looks at."""
        name = parse_stem(blob.name.partition(STEM_END)[0] + STEM_END)
        if not name or self._containers.get(name.partition) != blob.container:
            return
        self._names.append(name)
        with suppress(KeyError, ValueError, TypeError):
            if datetime.fromisoformat(blob.metadata["pulled_at"]) < self._young:
                self._due.append(name)

    def findings(self, blob: Blob, expired: date) -> Iterator[Finding]:
        """Yield what is wrong with the index; nothing if it was written anew since it was listed.

        Personal snapshots of refresh dates before `expired` may be gone: the next run takes them out.
        """
        before = DateRanges(((date.min, expired - timedelta(days=1)),)) if expired > date.min else NO_DAYS
        stored = blob.read()
        if not stored:
            return
        try:
            index = CoverageIndex.from_bytes(stored.content)
        except UNREADABLE:
            yield blob.finding(FindingCode.COVERAGE_DIFFERS, "It cannot be read.")
            return
        if blob.md5 and hashlib.md5(stored.content, usedforsecurity=False).digest() != blob.md5:
            return
        named, due = (CoverageIndex().with_names(names) for names in (self._names, self._due))
        for partition in sorted({*index.dates, *named.dates}):
            facts = {
                "has what is not there": _more(index, named, partition)
                - (before if self._containers.get(partition) == PERSONAL else NO_DAYS),
                "lacks what is there": _more(due, index, partition),
            }
            texts = [f"{fact}: {', '.join(days.to_texts())}" for fact, days in facts.items() if days]
            if texts:
                yield blob.finding(FindingCode.COVERAGE_DIFFERS, f"Of {partition} it {'; it '.join(texts)}.")


def _more(one: CoverageIndex, other: CoverageIndex, partition: Partition) -> DateRanges:
    """Return the dates of which one has a revision that the other has not."""
    days = one.dates.get(partition, NO_DAYS).days
    return DateRanges.of(day for day in days if one.revision(partition, day) > other.revision(partition, day))
