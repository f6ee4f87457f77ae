"""A cache of what readers often ask of the archive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from shared.archive.archive import Archive
from shared.archive.coverage import GapState, classify
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import Partition
from shared.archive.run_record import RunRecord
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call, calls_in
from shared.domain.catalogue import Catalogue
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.errors import DamagedBlob
from shared.domain.graph_window import days_of_interest
from shared.domain.outcome import Outcome
from shared.report.compression import decompress_part
from shared.web.ttl_cache import BodyCache, TtlCache

_RUN_AGE = timedelta(seconds=30)
_NEWEST_AGE = timedelta(seconds=30)
_COVERAGE_AGE = timedelta(minutes=10)
"""While no run comes to its end, which is when snapshots are new."""

_BODY_BYTES = 16 << 20


class ArchiveCache:
    """The archive, as it was a little while ago. For threads; every method raises ArchiveUnavailable."""

    def __init__(self, archive: Archive, catalogue: Catalogue, clock: Callable[[], datetime]) -> None:
        """The clock answers UTC."""
        self._archive = archive
        self._catalogue = catalogue
        self._clock = clock
        self._run = TtlCache(self._load_run, _RUN_AGE, clock)
        self._awaited = TtlCache(self._load_awaited, _RUN_AGE, clock)
        self._coverage = TtlCache(self._load_coverage, _COVERAGE_AGE, clock)
        self._newest: dict[Call, TtlCache[Snapshot | None]] = {}
        self._bodies = BodyCache(_BODY_BYTES)
        self._damaged: set[Snapshot] = set()

    def run(self) -> RunRecord | None:
        """Return the newest record of a run, at most half a minute old."""
        return self._run.get()

    def awaited_since(self) -> datetime | None:
        """Return since when the first run is waited for; None if there was one, of which no record is looked at."""
        return self._awaited.get()

    def coverage(self) -> CoverageIndex:
        """Return what was in the archive when the newest run had ended, or at most ten minutes ago."""
        run = self.run()
        return self._coverage.get(run.id if run else None)

    def newest(self, call: Call) -> Snapshot | None:
        """Return the newest snapshot of a call as it was at most half a minute ago, or None."""

        def load() -> Snapshot | None:
            return self._archive.snapshots.newest(call, self._clock().date())

        if call.date or self._is_personal(call):  # of single days there are too many, and people may be erased
            return load()
        newest = self._newest.setdefault(call, TtlCache(load, _NEWEST_AGE, self._clock)).get()
        if newest is None:
            self._newest.pop(call, None)  # the first one is not to be waited for
        return newest

    def body(self, snapshot: Snapshot, *, compressed: bool = False) -> bytes:
        """Return the bytes that Graph sent, or as they are stored; read once for all who ask again and again.

        Personal data does not stay in memory. Raises DamagedBlob.
        """
        if self._is_personal(snapshot.call):
            return self._read(snapshot, compressed)
        return self._bodies.get((snapshot, compressed), lambda: self._read(snapshot, compressed))

    def part(self, snapshot: Snapshot, wanted: range) -> bytes:
        """Return a part of the bytes that Graph sent, which are made up to its end alone. Raises DamagedBlob."""
        return decompress_part(self.body(snapshot, compressed=True), wanted)

    def check_again(self, snapshot: Snapshot) -> None:
        """Read a snapshot that was damaged when it was last read. Raises DamagedBlob if it still is."""
        if snapshot in self._damaged:
            self._read(snapshot, compressed=True)

    def newest_dates(self, *, personal: bool) -> dict[Call, date]:
        """Return the newest refresh date of each call that is archived; of single days the newest one, as a call.

        Calls of reports with personal data are among them if `personal`.
        """
        dates = self.coverage().dates
        newest = {call: day for at, call in self._calls().items() if at in dates and (day := dates[at].last)}
        return {
            call._replace(date=day) if call.date else call: day
            for call, day in newest.items()
            if personal or not self._catalogue.reports[call.report].personal_data
        }

    def why_missing(self, call: Call, day: date) -> GapState:
        """Return why there is no snapshot of `call` for a day between those that there are. Lists at most once."""
        run, now, missing = self.run() if call.is_single_day else None, self._clock(), DateRanges.of([day])
        if call.is_single_day and day >= days_of_interest(run.started if run else now)[0]:
            state = run.states.get(call._replace(date=day)) if run else None
            empty = missing if state and state.outcome is Outcome.NO_DATA else NO_DAYS
            reachable = missing if day >= days_of_interest(now)[0] else NO_DAYS
            (gap,) = classify(missing, missing - empty, reachable, empty)
        else:
            lost = self._archive.markers.lost(Partition.of(call))
            (gap,) = classify(missing, DateRanges.of(day for each in lost for day in each.days))
        return gap.state

    def _is_personal(self, call: Call) -> bool:
        return self._catalogue.reports[call.report].personal_data

    def _read(self, snapshot: Snapshot, compressed: bool) -> bytes:
        snapshots = self._archive.snapshots
        try:
            body = snapshots.compressed(snapshot) if compressed else snapshots.content(snapshot)
        except DamagedBlob:
            self._damaged.add(snapshot)
            raise
        self._damaged.discard(snapshot)
        return body

    def _load_run(self) -> RunRecord | None:
        return self._archive.runs.newest(self._clock())

    def _load_awaited(self) -> datetime | None:
        return self._archive.markers.awaited_since(self._clock()) if self._archive.runs.is_new() else None

    def _load_coverage(self) -> CoverageIndex:
        run, tomorrow = self.run(), self._clock().date() + timedelta(days=1)
        # No pull brings a later date: what has such a name is somebody else's, and is not the newest of anything.
        return self._archive.coverage.read(run.id if run else None).until(tomorrow)

    def _calls(self) -> dict[Partition, Call]:
        return {Partition.of(call): call for call in calls_in(self._catalogue)}
