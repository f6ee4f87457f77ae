"""A function with several report types: each has its own place in the archive, and is served from there."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.verification.archive import everything, verify
from tests.asking import ask
from tests.reliability.environment import InProcess
from tests.shelf import Shelf, lines, snapshot

NAME = "getSharePointApiUsage"
DAY = date(2026, 11, 17)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
CALLS = [
    Call(NAME, period="D7"),
    Call(NAME, period="D7", report_type="throttlingReport"),
    Call(NAME, date=DAY),
    Call(NAME, date=DAY, report_type="throttlingReport"),
]
BODIES = {call: lines("Report Refresh Date,UsageRequests", f"{DAY},{number}") for number, call in enumerate(CALLS)}


@pytest.fixture
def world() -> Iterator[InProcess]:
    shelf = Shelf()
    for call, body in BODIES.items():
        shelf.put(snapshot(call, DAY, body), body)
    with InProcess() as world:
        world.control.set_time(NOW)
        world.restore(shelf.memory.blobs)
        yield world


def test_what_is_archived_of_each_type_is_served_as_it_is(world: InProcess) -> None:
    app = world.app("aggregates")
    assert {call: ask(app, f"beta/reports/{call}").body for call in CALLS} == BODIES


def test_verify_knows_the_place_of_each_type(world: InProcess) -> None:
    findings = verify(everything(world.app("aggregates").archive.store), catalogue(), NOW)
    assert not {each.name for each in findings} & {name for _, name in world.blobs()}
