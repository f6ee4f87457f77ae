"""What a run does for retention: it deletes what tells of people and is older than is wanted, wherever that lies.

What counts is the refresh date. The tables follow, as their index tells that their days are gone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timedelta

from shared import events
from shared.archive.archive import Archive
from shared.archive.blob_store import ListedBlob
from shared.archive.coverage_index import CoverageIndex
from shared.archive.hash_key import PseudonymKey
from shared.archive.layout import (
    ACCOUNTS,
    PERSONAL_DERIVED,
    QUARANTINE,
    LargeQuarantineName,
    Partition,
    QuarantineName,
    parse,
)
from shared.domain.call import calls_in
from shared.domain.catalogue import Catalogue
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.errors import ArchiveUnavailable
from shared.views.people import USERS
from shared.views.pseudonyms import read_accounts

_WORKERS = 4
"""Calls whose snapshots are deleted side by side."""


def oldest_kept(retention: int, today: date) -> date | None:
    """Return the oldest refresh date that is kept for so many days; None if all are (0)."""
    oldest = today.toordinal() - retention
    return date.fromordinal(oldest) if retention and oldest > 0 else None


class Expiry:
    """What deletes what is too old. For one run at a time; it never raises, as the next run tries again."""

    def __init__(self, archive: Archive, catalogue: Catalogue, retention: int, clock: Callable[[], datetime]) -> None:
        """`retention` is for how many days reports with people are kept, 0 for ever; `clock` answers UTC."""
        self._archive = archive
        self._store = archive.store
        self._calls = {Partition.of(call): call for call in calls_in(catalogue) if call.report in catalogue.personal}
        self._retention = retention
        self._clock = clock

    def carry_out(self, coverage: CoverageIndex | None, end: datetime) -> CoverageIndex | None:
        """Delete what is too old of what the coverage index tells, as far as it fits until `end`; return the index.

        Where nothing is too old, or nothing is known, nothing is asked of storage.
        """
        first_kept = oldest_kept(self._retention, self._clock().date())
        if not coverage or not first_kept:
            return coverage
        before = DateRanges(((date.min, first_kept - timedelta(days=1)),))
        due = {at: days for at in self._calls if at in coverage.dates and (days := coverage.dates[at] & before)}
        if not due:
            return coverage
        try:
            # By the clock of storage too: what is deleted for a wrong one is gone.
            first_kept = min(first_kept, oldest_kept(self._retention, self._store.now().date()) or date.min)
            return self._expire(coverage, due, first_kept, end)
        except ArchiveUnavailable as error:
            _tell([str(error)])
        except Exception:
            events.log_unexpected("What is too old cannot be deleted.")
        return coverage

    def _expire(
        self, coverage: CoverageIndex, due: Mapping[Partition, DateRanges], first_kept: date, end: datetime
    ) -> CoverageIndex:
        self._archive.markers.mark_expired(first_kept)  # before anything goes: it is neither lost nor damaged
        days_before = DateRanges(((date.min, first_kept - timedelta(days=1)),))

        def expire(at: Partition) -> tuple[DateRanges, int, str]:
            """Return the days that are gone, how many snapshots these were, and what went wrong."""
            days, deleted = due[at] & days_before, 0
            try:
                for month in sorted({f"{day:%Y-%m}" for day in days.days}):
                    deleted += self._archive.snapshots.expire(at, month, first_kept, lambda: self._clock() < end)
                if days and self._clock() < end:
                    self._archive.series.renew(self._calls[at])
                    return days, deleted, ""
            except ArchiveUnavailable as error:
                return NO_DAYS, deleted, str(error)
            return NO_DAYS, deleted, "The run had no time left." if days else ""

        with ThreadPoolExecutor(_WORKERS) as pool:
            ended = dict(zip(due, pool.map(expire, due), strict=True))
        gone = {at: days for at, (days, _, _) in ended.items() if days}
        troubles = [trouble for _, _, trouble in ended.values() if trouble]
        deleted = sum(number for _, number, _ in ended.values())
        quarantined = 0
        try:
            quarantined = self._expire_quarantined(first_kept)
            self._forget_addresses(gone)
        except ArchiveUnavailable as error:
            troubles.append(str(error))
        if deleted or quarantined:
            events.emit(events.EXPIRED, before=str(first_kept), snapshots=deleted, quarantined=quarantined)
        _tell(troubles)
        return self._archive.coverage.without(gone) if gone else coverage

    def _expire_quarantined(self, first_kept: date) -> int:
        """Delete the bodies that were not published and are of a day before; return how many that were.

        They count whatever report they were asked for, as anything may be in them. Of most only the pull tells the day.
        """
        old = [each.name for each in self._store.list(QUARANTINE) if (day := _day_of(each)) and day < first_kept]
        for name in old:
            self._store.delete(QUARANTINE, name, with_versions=False)
        return len(old)

    def _forget_addresses(self, gone: Container[Partition]) -> None:
        """Take out of what is kept for pseudonyms whoever was in the directory on days alone that are gone."""
        if Partition.of(USERS) in gone and self._store.get(PERSONAL_DERIVED, ACCOUNTS, 0, 1):
            read_accounts(self._store, self._archive.snapshots, PseudonymKey(self._store).current(self._clock()))


def _day_of(blob: ListedBlob) -> date | None:
    """Return the day of a quarantined body; None if nothing tells it, or the app did not write it."""
    name = parse(blob.name)
    if not isinstance(name, QuarantineName | LargeQuarantineName):
        return None
    with suppress(KeyError, ValueError):
        return name.day or datetime.fromisoformat(blob.metadata["pulled_at"]).date()
    return None


def _tell(troubles: Sequence[str]) -> None:
    if troubles:
        events.emit(events.EXPIRY_BEHIND, logging.WARNING, detail=troubles[0], troubles=len(troubles))
