"""The word of `/health`: what an outside monitor sees of a timer that stopped, or that never fires."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pytest

from local.in_memory import InMemoryBlobStore
from shared.app import App
from shared.archive.archive import Archive
from shared.archive.run_record import RunRecord
from shared.domain.catalogue import catalogue
from shared.settings import read
from shared.web.http import Response
from tests.conftest import MORNING

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DAILY = "0 0 6 * * *"
PATIENCE = 2 * DAY + 30 * MINUTE


class World:
    """An archive in which only runs are recorded, and a new process at every question."""

    def __init__(self, schedule: str = DAILY) -> None:
        self.store = InMemoryBlobStore()
        self.schedule = schedule

    def health(self, now: datetime) -> Response:
        settings = read({"ARCHIVE_URL": "https://nowhere.invalid", "PULL_SCHEDULE": self.schedule})
        return App(settings, lambda: now, store=self.store).api.health()

    def words(self, *times: datetime) -> list[str]:
        return [self.health(now).body.decode() for now in times]

    def run(self, finished: datetime, pulled_at: datetime | None) -> None:
        started = finished - 2 * MINUTE
        record = RunRecord(f"{started:%Y-%m-%dT%H%M%SZ}-5b2c1f", started, finished, [], 0, pulled_at=pulled_at)
        Archive(self.store, catalogue()).runs.keep(record)


def test_the_first_run_is_waited_for_while_two_could_have_been() -> None:
    world = World()
    first = world.health(MORNING)
    assert (first.status, first.body, first.headers.get("Retry-After")) == (200, b"starting", None)
    assert world.words(MORNING + PATIENCE, MORNING + PATIENCE + MINUTE) == ["starting", "stopped"]
    assert world.health(MORNING + PATIENCE + MINUTE).status == 503


def test_that_it_is_waited_for_is_written_down_once() -> None:
    world = World()
    world.words(MORNING, MORNING + HOUR, MORNING + DAY)
    assert [name for _, name in world.store.blobs] == [f"awaited/since={MORNING:%Y-%m-%dT%H%M%SZ}"]


def test_a_timer_has_stopped_when_no_run_ended_while_two_were_due() -> None:
    world = World()
    world.run(MORNING, pulled_at=MORNING)
    assert world.words(MORNING + PATIENCE, MORNING + PATIENCE + MINUTE) == ["healthy", "stopped"]


def test_a_run_that_archived_nothing_shows_that_the_timer_goes_on() -> None:
    world = World()
    world.run(MORNING, pulled_at=None)
    assert world.words(MORNING + DAY) == ["empty"]


def test_without_a_run_for_months_it_is_not_starting_anew() -> None:
    world = World()
    world.run(MORNING, pulled_at=MORNING)
    assert world.words(MORNING + 100 * DAY) == ["stopped"]
    assert len(world.store.blobs) == 1


def test_the_schedule_says_how_long_it_may_take() -> None:
    often, rarely = World("0 */15 * * * *"), World("0 0 6 * * MON")
    for world in (often, rarely):
        world.run(MORNING, pulled_at=MORNING)
    assert often.words(MORNING + HOUR, MORNING + HOUR + MINUTE) == ["healthy", "stopped"]
    assert rarely.words(MORNING + 14 * DAY + HOUR / 2, MORNING + 14 * DAY + HOUR) == ["healthy", "stopped"]


@pytest.mark.parametrize("schedule", ["0 0 6 31 2 *", "@daily", "0 0 6 * * 7"])
def test_a_schedule_that_never_fires_is_no_state_to_wait_in(schedule: str, caplog: pytest.LogCaptureFixture) -> None:
    world = World(schedule)
    world.run(MORNING, pulled_at=MORNING)
    answer = world.health(MORNING)
    assert (answer.status, answer.body) == (503, b"unscheduled")
    (line,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert line.getMessage().startswith(
        'request.failed {"code": "bad_setting", "detail": "The app setting PULL_SCHEDULE'
    )
