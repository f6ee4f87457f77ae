"""A report is taken out of `REPORTS` for a while and put back: nothing false is said of its days."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.call import Call
from shared.domain.dates import days_between
from shared.domain.graph_window import days_of_interest
from shared.web.http import Request, handle
from tests.reliability.environment import InProcess

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
COUNTS = "getOffice365ServicesUserCounts(period='D7')"
DETAIL = "getOffice365ActiveUserDetail"
AWAY = 12
"""Days for which the report is not selected."""


@pytest.fixture
def world() -> Iterator[InProcess]:
    """The report was pulled once, and then others were, day after day."""
    with InProcess() as world:
        world.control.set_time(NOW)
        world.restore({})
        world.app(f"{COUNTS}, {DETAIL}").pull_run.execute()
        for day in range(1, AWAY):
            world.control.set_time(NOW + timedelta(days=day))
            world.app(COUNTS).pull_run.execute()
        world.control.set_time(NOW + timedelta(days=AWAY))
        yield world


def test_the_single_days_that_went_out_of_reach_meanwhile_are_lost(world: InProcess) -> None:
    held = set(world.app().archive.snapshots.refresh_dates(Call(DETAIL, date=NOW.date())))
    oldest = days_of_interest(NOW)[0]
    record = world.app(f"{COUNTS}, {DETAIL}").pull_run.execute()
    gone = days_between(oldest, oldest + timedelta(days=AWAY))
    assert record.lost[Call(DETAIL)] == [day for day in gone if day not in held]
    assert world.violations() == []


def test_the_status_says_so_before_the_next_run_and_after_it_and_without_its_records(world: InProcess) -> None:
    def told() -> list[tuple[str, int]]:
        app = world.app(f"{COUNTS}, {DETAIL}")
        calls = json.loads(handle(Request("GET", "status", {}), app.api.status).body)["calls"]
        (days,) = [call for call in calls if call["call"] == f"{DETAIL}(date)"]
        return [(gap["state"], gap["days"]) for gap in days["gaps"] if gap["state"] != "recoverable"]

    before = told()
    world.app(f"{COUNTS}, {DETAIL}").pull_run.execute()
    after = told()
    world.restore({at: blob for at, blob in world.blobs().items() if not at[1].startswith("runs/")})
    assert {state for state, _ in before} == {"lost"}
    assert before == after == told()
