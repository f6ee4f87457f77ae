"""A cache of what readers often ask of the archive. Names alone tell it: one listing for each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.archive.archive import Archive
from shared.archive.coverage import GapState, classify
from shared.archive.layout import ConcealmentChange, Partition
from shared.archive.run_record import RunRecord
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call, every_call
from shared.domain.catalogue import Catalogue
from shared.domain.errors import DamagedBlob
from shared.domain.graph_window import days_of_interest
from shared.domain.outcome import Outcome
from shared.report.compression import decompress_part
from shared.web.ttl_cache import BodyCache, TtlCache

WORKERS = 8
"""Listings side by side; the SDK's pool of connections has room for ten."""
_RUN_AGE = timedelta(seconds=30)
_NEWEST_AGE = timedelta(seconds=30)
_INVENTORY_AGE = timedelta(minutes=10)
"""While no run comes to its end, which is when snapshots are new. 236 calls cost about a tenth of a cent to list."""

_BODY_BYTES = 16 << 20


class Inventory(NamedTuple):
    """What is in the archive, by partition."""

    dates: Mapping[Partition, Sequence[date]]
    """Every refresh date, or single day, that is archived, oldest first."""
    lost: Mapping[Partition, Set[date]]
    flips: Mapping[Partition, Sequence[ConcealmentChange]]
    """Where names became concealed or readable, oldest first, as they are listed."""


class ArchiveCache:
    """The archive, as it was a little while ago. For threads; every method raises ArchiveUnavailable."""

    def __init__(self, archive: Archive, catalogue: Catalogue, clock: Callable[[], datetime]) -> None:
        """The clock answers UTC."""
        self._archive = archive
        self._catalogue = catalogue
        self._clock = clock
        self._run = TtlCache(self._load_run, _RUN_AGE, clock)
        self._awaited = TtlCache(self._load_awaited, _RUN_AGE, clock)
        self._inventory = TtlCache(self._load_inventory, _INVENTORY_AGE, clock)
        self._newest: dict[Call, TtlCache[Snapshot | None]] = {}
        self._bodies = BodyCache(_BODY_BYTES)
        self._damaged: set[Snapshot] = set()

    def run(self) -> RunRecord | None:
        """Return the newest record of a run, at most half a minute old."""
        return self._run.get()

    def awaited_since(self) -> datetime | None:
        """Return since when the first run is waited for; None if there was one, of which no record is looked at."""
        return self._awaited.get()

    def inventory(self) -> Inventory:
        """Return what was in the archive when the newest run had ended, or at most ten minutes ago."""
        run = self.run()
        return self._inventory.get(run.id if run else None)

    def newest(self, call: Call) -> Snapshot | None:
        """Return the newest snapshot of a call as it was at most half a minute ago, or None."""

        def load() -> Snapshot | None:
            return self._archive.snapshots.newest(call, self._clock().date())

        if call.date:  # of single days there are too many to keep
            return load()
        newest = self._newest.setdefault(call, TtlCache(load, _NEWEST_AGE, self._clock)).get()
        if newest is None:
            self._newest.pop(call, None)  # the first one is not to be waited for
        return newest

    def body(self, snapshot: Snapshot, *, compressed: bool = False) -> bytes:
        """Return the bytes that Graph sent, or as they are stored; read once for all who ask again and again.

        Personal data does not stay in memory. Raises DamagedBlob.
        """
        if self._catalogue.reports[snapshot.call.report].personal_data:
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
        dates = self.inventory().dates
        newest = {call: dates[partition][-1] for partition, call in self._calls().items() if partition in dates}
        return {
            call._replace(date=day) if call.date else call: day
            for call, day in newest.items()
            if personal or not self._catalogue.reports[call.report].personal_data
        }

    def why_missing(self, call: Call, day: date) -> GapState:
        """Return why there is no snapshot of `call` for a day between those that there are. Lists at most once."""
        run, now = self.run() if call.is_single_day else None, self._clock()
        if call.is_single_day and day >= days_of_interest(run.started if run else now)[0]:
            state = run.states.get(call._replace(date=day)) if run else None
            empty = {day} if state and state.outcome is Outcome.NO_DATA else set()
            reachable = {day} if day >= days_of_interest(now)[0] else set()
            return classify(day, {day} - empty, reachable, empty)
        lost = self._archive.markers.lost(Partition.of(call))
        return classify(day, {day for each in lost for day in each.days})

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

    def _load_inventory(self) -> Inventory:
        with ThreadPoolExecutor(WORKERS) as pool:
            lost_ranges = pool.submit(self._archive.markers.lost)
            changes = pool.submit(self._archive.markers.concealment_changes)
            reports = self._archive.snapshots.reports()
            calls = {partition: call for partition, call in self._calls().items() if call.report in reports}
            dates = dict(zip(calls, pool.map(self._archive.snapshots.refresh_dates, calls.values()), strict=True))
        lost: dict[Partition, set[date]] = {}
        flips: dict[Partition, list[ConcealmentChange]] = {}
        for each in lost_ranges.result():
            lost.setdefault(each.partition, set()).update(each.days)
        for change in changes.result():
            flips.setdefault(change.partition, []).append(change)
        return Inventory({partition: days for partition, days in dates.items() if days}, lost, flips)

    def _calls(self) -> dict[Partition, Call]:
        return {Partition.of(call): call for report in self._catalogue.reports.values() for call in every_call(report)}
