"""Whether the coverage index says what the names say."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta

from shared.archive.coverage_index import UNREADABLE, CoverageIndex
from shared.archive.layout import PERSONAL, STEM_END, Partition, parse_stem
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.verification.call import Blob
from shared.verification.finding import Finding, FindingCode


class NamedDates:
    """The refresh dates that names of blobs say."""

    def __init__(self, containers: Mapping[Partition, str], young: datetime) -> None:
        """`containers` says where snapshots belong; those that were pulled after `young` need not be in the index."""
        self._containers = containers
        self._young = young
        self._dates: dict[Partition, set[date]] = defaultdict(set)
        self._due: dict[Partition, set[date]] = defaultdict(set)
        """Those that should be in the index."""

    def note(self, blob: Blob) -> None:
        """Take the date in the name of a blob, if there is one that the app looks at."""
        name = parse_stem(blob.name.partition(STEM_END)[0] + STEM_END)
        if not name or self._containers.get(name.partition) != blob.container:
            return
        self._dates[name.partition].add(name.refresh_date)
        with suppress(KeyError, ValueError, TypeError):
            if datetime.fromisoformat(blob.metadata["pulled_at"]) < self._young:
                self._due[name.partition].add(name.refresh_date)

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
        for partition in sorted({*index.dates, *self._dates}):
            said = index.dates.get(partition, NO_DAYS)
            more = said - DateRanges.of(self._dates[partition])
            more -= before if self._containers.get(partition) == PERSONAL else NO_DAYS
            less = DateRanges.of(self._due[partition]) - said
            facts = {"has what is not there": more, "lacks what is there": less}
            texts = [f"{fact}: {', '.join(days.to_texts())}" for fact, days in facts.items() if days]
            if texts:
                yield blob.finding(FindingCode.COVERAGE_DIFFERS, f"Of {partition} it {'; it '.join(texts)}.")
