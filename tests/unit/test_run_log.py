"""Which record of a run is the newest, whoever put others beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from local.in_memory import InMemoryBlobStore
from shared.archive.layout import DERIVED, RunRecordName
from shared.archive.run_log import AHEAD, RunLog
from shared.archive.run_record import RunRecord
from tests.conftest import MORNING

HOUR = timedelta(hours=1)


def run_at(started: datetime) -> RunRecord:
    return RunRecord(f"{started:%Y-%m-%dT%H%M%SZ}-5b2c1f", started, started, [], 0)


RUN = run_at(MORNING)


@pytest.fixture
def store() -> InMemoryBlobStore:
    """It holds the record of one run, of this morning."""
    store = InMemoryBlobStore()
    RunLog(store).keep(RUN)
    return store


@pytest.mark.parametrize("record", [RUN, run_at(MORNING - 6 * HOUR)], ids=["of this run", "of one before"])
def test_a_copy_of_a_record_under_another_name_is_no_record(store: InMemoryBlobStore, record: RunRecord) -> None:
    store.put(DERIVED, str(RunRecordName(f"{MORNING:%Y-%m}", "zzz")), record.to_json(), {})
    newer = run_at(MORNING + 6 * HOUR)
    assert RunLog(store).newest(MORNING + HOUR) == RUN
    RunLog(store).keep(newer)
    assert RunLog(store).newest(newer.finished) == newer


@pytest.mark.parametrize("ahead", [timedelta(days=7), AHEAD + timedelta(seconds=1)])
def test_a_record_from_the_future_is_not_the_newest_before_its_time(store: InMemoryBlobStore, ahead: timedelta) -> None:
    future = run_at(MORNING + ahead)
    RunLog(store).keep(future)
    assert RunLog(store).newest(MORNING) == RUN
    assert RunLog(store).newest(future.started) == future


@pytest.mark.parametrize("now", [MORNING, datetime(2026, 11, 30, 23, 30, tzinfo=UTC)], ids=["today", "next month"])
def test_a_record_of_an_instance_whose_clock_is_an_hour_ahead_is_the_newest(now: datetime) -> None:
    store = InMemoryBlobStore()
    for started in (now - HOUR, now + HOUR):
        RunLog(store).keep(run_at(started))
    assert RunLog(store).newest(now) == run_at(now + HOUR)


def test_a_record_without_a_time_zone_is_no_record(store: InMemoryBlobStore) -> None:
    RunLog(store).keep(run_at(MORNING.replace(tzinfo=None) + HOUR))
    assert RunLog(store).newest(MORNING + HOUR) == RUN
