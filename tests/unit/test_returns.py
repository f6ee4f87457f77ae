"""Graph goes back to what it said of a day before: the archive says what Graph said last."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from tests.asking import ask
from tests.reliability.environment import InProcess

CALL = Call("getOffice365ServicesUserCounts", period="D7")
MORNING = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)


@pytest.fixture
def world() -> Iterator[InProcess]:
    with InProcess(users=60) as world:
        world.restore({})
        world.control.set_time(MORNING)
        world.spoil(graph=[{"fault": "stuck", "args": {"days": 9}}])
        yield world


def said(world: InProcess, *numbers: int) -> list[Snapshot]:
    """Return the revisions of a refresh date of which Graph has some numbers, or others, each morning."""
    app = world.app(str(CALL))
    refresh_date = world.control.get("expected", call=str(CALL))["refresh_date"]
    for after, number in enumerate(numbers):
        world.control.set_time(MORNING + timedelta(days=after))
        world.control.put("restate", {"report": CALL.report, "refresh_date": refresh_date, "revision": number})
        app.pull_run.execute()
    return app.archive.snapshots.all(CALL)


def test_a_body_that_came_back_is_the_next_revision(world: InProcess) -> None:
    first, second, third = (each.metadata.sha256 for each in said(world, 0, 1, 0))
    assert first == third != second


def test_a_body_that_stays_is_no_further_revision(world: InProcess) -> None:
    assert [each.revision for each in said(world, 0, 1, 0, 0, 0, 0)] == [1, 2, 3]


def test_readers_get_what_graph_said_last(world: InProcess) -> None:
    first, second, _ = said(world, 0, 1, 0)
    app, path = world.app(str(CALL)), f"v1.0/reports/{CALL}"
    etags = [
        ask(app, path, query).headers["ETag"]
        for query in ({}, {"asOf": f"{MORNING:%Y-%m-%d}"}, {"asOf": f"{MORNING + timedelta(days=1):%Y-%m-%d}"})
    ]
    assert etags == [f'"{each.metadata.sha256}"' for each in (first, first, second)]
    whole, then = (ask(app, f"{path}/series", query).body for query in ({}, {"asOf": f"{MORNING:%Y-%m-%d}"}))
    assert whole == then


def test_what_cannot_be_read_takes_a_number_and_blocks_nothing(world: InProcess) -> None:
    (first,) = said(world, 0)
    blobs = dict(world.blobs())
    at = "usage", first.blob
    world.restore({**blobs, at: blobs[at]._replace(metadata={})})
    assert [each.revision for each in said(world, 1, 1)] == [2]
