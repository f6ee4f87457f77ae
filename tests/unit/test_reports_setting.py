"""A report is taken out of `REPORTS` for a while and put back: nothing false is said of its days."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.call import Call
from shared.web.http import Request, handle
from tests.reliability.checks import Blobs
from tests.reliability.environment import InProcess

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
COUNTS = "getOffice365ServicesUserCounts(period='D7')"
DETAIL = "getOffice365ActiveUserDetail"
AWAY = 12
"""Days for which the report is not selected."""
MISSING = [date(2026, 10, 30), date(2026, 10, 31)]
"""Single days that Graph could not give at first, and could have given later."""


@pytest.fixture(scope="module")
def lived() -> Iterator[tuple[InProcess, Blobs]]:
    """All of the report but for two days was archived, and then others were pulled, day after day."""
    with InProcess() as world:
        world.control.set_time(NOW)
        world.restore({})
        failing = [{"fault": "server_error", "match": {"call": f"{DETAIL}(date={day})"}} for day in MISSING]
        world.spoil([rule | {"times": None} for rule in failing])
        for hour in range(16):
            world.control.set_time(NOW - timedelta(hours=16 - hour))
            world.app(f"{COUNTS}, {DETAIL}").pull_run.execute()
        world.heal()
        world.control.set_time(NOW)
        for day in range(1, AWAY):
            world.control.set_time(NOW + timedelta(days=day))
            world.app(COUNTS).pull_run.execute()
        world.control.set_time(NOW + timedelta(days=AWAY))
        yield world, world.blobs()


@pytest.fixture
def world(lived: tuple[InProcess, Blobs]) -> InProcess:
    """The same for each test, whatever was pulled in the one before."""
    world, blobs = lived
    world.restore(blobs)
    return world


def test_the_single_days_that_went_out_of_reach_meanwhile_are_lost(world: InProcess) -> None:
    record = world.app(f"{COUNTS}, {DETAIL}").pull_run.execute()
    assert record.lost[Call(DETAIL)] == MISSING
    assert world.violations() == []


def test_the_status_says_so_before_the_next_run_and_after_it_and_without_its_records(world: InProcess) -> None:
    def told() -> list[tuple[str, int]]:
        app = world.app(f"{COUNTS}, {DETAIL}")
        calls = json.loads(handle(Request("GET", "status", {}), app.api.status).body)["calls"]
        (days,) = [call for call in calls if call["call"] == f"{DETAIL}(date)"]
        return [(gap["state"], gap["days"]) for gap in days["gaps"] if gap["state"] not in ("recoverable", "empty")]

    before = told()
    world.app(f"{COUNTS}, {DETAIL}").pull_run.execute()
    after = told()
    world.restore({at: blob for at, blob in world.blobs().items() if not at[1].startswith("runs/")})
    assert before == [("lost", len(MISSING)), ("never_published", 1)]  # the latter is a Sunday without rows
    assert before == after == told()
