"""A run ends in time whatever Graph does, so that its record is written."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from random import uniform

import pytest

from local.simulator_client import Control
from shared.app import App
from shared.archive.run_record import PullResult
from shared.domain.call import Call
from shared.domain.outcome import Reason
from shared.pulling.budget import Budget
from shared.pulling.plan import PlannedPull
from shared.pulling.retry import Attempts
from shared.pulling.run import RUN_TIME
from tests.conftest import MORNING

D7 = Call("getOffice365ServicesUserCounts", period="D7")

LEFT = 1.0
"""Seconds that the run has left."""


def pull(app: App, seconds: float, clock: Callable[[], datetime], sleep: Callable[[float], object]) -> PullResult:
    """Make one pull in a run that has so many seconds left."""
    attempts = Attempts(
        puller=app.pull_run.puller,
        budget=Budget(app.archive.store),
        obstacle=None,
        end=MORNING + timedelta(seconds=seconds),
        clock=clock,
        sleep=sleep,
        random=uniform,
    )
    (result,) = attempts.pull_in_sequence([PlannedPull(D7)])
    return result


@pytest.mark.parametrize(
    ("listener", "fault"),
    [("graph", "hang"), ("download", "hang"), ("download", "silence"), ("download", "drip")],
)
def test_an_attempt_gets_only_the_time_that_is_left(
    make_app: Callable[..., App], control: Control, listener: str, fault: str
) -> None:
    control.put("faults", {"rules": [{"fault": fault, "match": {"listener": listener}, "times": None}]})
    control.run_freely(MORNING)
    began = time.monotonic()
    result = pull(make_app(), LEFT, control.now, control.sleep)
    assert result.reason is Reason.OUT_OF_TIME
    assert time.monotonic() - began < LEFT + 8


def test_no_wait_begins_that_would_end_after_the_run(make_app: Callable[..., App], control: Control) -> None:
    control.put("faults", {"rules": [{"fault": "throttled", "args": {"retry_after": "30"}}]})
    waits, times = list[float](), count()

    def clock() -> datetime:
        """Goes on by 20 seconds whenever somebody looks."""
        return MORNING + timedelta(seconds=20 * next(times))

    assert pull(make_app(), 60, clock, waits.append).reason is Reason.RATE_LIMITED
    assert waits == []


def test_the_host_leaves_a_run_five_minutes_to_end_and_to_write_its_record() -> None:
    host = json.loads((Path(__file__).parents[2] / "host.json").read_text("utf-8"))
    assert host["functionTimeout"] == str(RUN_TIME + timedelta(minutes=5)).zfill(8)
