"""The coverage index in the archive: kept by runs, read by readers, made anew from the names by either."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import reduce
from itertools import chain
from operator import or_

from shared.archive.blob_store import BlobStore
from shared.archive.coverage_index import MARKS, UNREADABLE, CoverageIndex, New, Turn
from shared.archive.layout import COVERAGE, DERIVED, ConcealmentChange, Partition
from shared.archive.markers import Markers
from shared.archive.snapshots import SnapshotArchive
from shared.domain.date_ranges import ALL_DAYS, NO_DAYS, DateRanges
from shared.domain.errors import ArchiveUnavailable

WORKERS = 8
"""Listings side by side; the SDK's pool of connections has room for ten."""
_ATTEMPTS = 5
"""How many lost races before giving up."""


class CoverageArchive:
    """The coverage index of one archive. Every method raises ArchiveUnavailable."""

    def __init__(
        self, store: BlobStore, snapshots: SnapshotArchive, markers: Markers, partitions: Sequence[Partition]
    ) -> None:
        """`partitions` are all that there can be, in order."""
        self._store = store
        self._snapshots = snapshots
        self._markers = markers
        self._partitions = partitions

    def read(self, run: str | None) -> CoverageIndex:
        """Return what is there; `run` is the id of the newest run, if there was one.

        An index that is missing, damaged or older than that run is made anew, and kept for the next reader.
        """
        index, etag = self._load()
        if index and index.has_all_of(run):
            return index
        index = self._made_anew()
        if run:
            index = index.kept_by(run)
            with suppress(ArchiveUnavailable):  # the reader has it
                self._store.replace_if(DERIVED, COVERAGE, index.to_bytes(), {}, etag)
        return index

    def keep(
        self,
        run: str,
        before: str | None,
        news: Iterable[New],
        doubted: Callable[[CoverageIndex], Iterable[Partition]],
        *,
        looks_again: bool = True,
    ) -> CoverageIndex:
        """Bring the index up to date at the end of a run, and return it; `before` is the id of the run before, if any.

        `news` are the names that the run wrote or found written; `doubted` returns the partitions of which the run saw
        something else than the index says. These are listed again, and one year of one partition, whose turn it is, if
        the run `looks_again`.
        """
        written = [*news]
        for _ in range(_ATTEMPTS):
            index, etag = self._load()
            # What is listed is believed against an index that was read before the listing, and has not changed since.
            if index and index.has_all_of(before):
                for partition in doubted(index):
                    index = index.with_listed(partition, self._snapshots.names_in(partition))
                index = self._after_turn(index) if looks_again else index
            else:
                index = self._made_anew()
            index = index.with_names(written).kept_by(run)
            if self._store.replace_if(DERIVED, COVERAGE, index.to_bytes(), {}, etag):
                return index
        raise ArchiveUnavailable(f"Others keep writing {COVERAGE}.")

    def without(self, expired: Mapping[Partition, DateRanges]) -> CoverageIndex:
        """Take days out of the index that are not in the archive any more, and return it."""
        for _ in range(_ATTEMPTS):
            index, etag = self._load()
            if not index:
                return self._made_anew()
            for partition, days in expired.items():
                index = index.with_listed(partition, (), days)
            if self._store.replace_if(DERIVED, COVERAGE, index.to_bytes(), {}, etag):
                return index
        raise ArchiveUnavailable(f"Others keep writing {COVERAGE}.")

    def _load(self) -> tuple[CoverageIndex | None, str | None]:
        """Return the index and the ETag of its blob; None for an index that is missing or damaged."""
        stored = self._store.get(DERIVED, COVERAGE)
        if not stored:
            return None, None
        with suppress(*UNREADABLE):
            return CoverageIndex.from_bytes(stored.content), stored.etag
        return None, stored.etag

    def _made_anew(self) -> CoverageIndex:
        with ThreadPoolExecutor(WORKERS) as pool:
            lost, changes = pool.submit(self._markers.lost), pool.submit(self._markers.concealment_changes)
            reports = self._snapshots.reports()
            there = [partition for partition in self._partitions if partition.report in reports]
            names = [*chain.from_iterable(pool.map(self._snapshots.names_in, there))]
        return CoverageIndex().with_names([*names, *lost.result(), *changes.result()])

    def _after_turn(self, index: CoverageIndex) -> CoverageIndex:
        """Return the index after one more look at what others may have written or deleted: two listings at most.

        A year has at most 366 names, so that the cost does not grow with the archive's age.
        """
        if index.turn and index.turn.left:
            partition, left = index.turn
        else:
            partition = self._following(index.turn.partition if index.turn else None)
            left = self._snapshots.years_of(partition)
            there = reduce(or_, map(DateRanges.of_year, map(int, left)), NO_DAYS)
            index = index.with_listed(partition, (), ALL_DAYS - there)
            left = [*left, MARKS] if left else []
        if left[:1] == [MARKS]:
            index = index.with_marks(partition, *self._marks(partition))
        elif left:
            names = self._snapshots.names_in(partition, f"{left[0]}-")
            index = index.with_listed(partition, names, DateRanges.of_year(int(left[0])))
        return index._replace(turn=Turn(partition, left[1:]))

    def _following(self, partition: Partition | None) -> Partition:
        """Return the partition after this one, and the first after the last."""
        return next((each for each in self._partitions if partition and each > partition), self._partitions[0])

    def _marks(self, partition: Partition) -> tuple[DateRanges, list[ConcealmentChange]]:
        lost = [day for each in self._markers.lost(partition) for day in each.days]
        return DateRanges.of(lost), self._markers.concealment_changes(partition)
