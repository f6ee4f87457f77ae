"""Blobs that others put into the archive: they stand in nobody's way, and `verify` names them."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.app import App
from shared.archive.archive import Archive
from shared.archive.layout import PERSONAL, USAGE, Partition, SnapshotName
from shared.archive.run_record import RunRecord
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.verification.archive import everything, verify
from shared.web.http import Request, handle
from tests.asking import ask, value
from tests.reliability.environment import InProcess
from tests.reliability.worlds.hands import strays

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
COUNTS = Call("getOffice365ServicesUserCounts", period="D7")
OTHER = Call("getMailboxUsageMailboxCounts", period="D7")
DETAIL = "getOffice365ActiveUserDetail"
REPORTS = f"{COUNTS}, {DETAIL}"
DAY = date(2026, 11, 17)
DAYS = f"report={DETAIL}/period=day"
STRAYS = strays([COUNTS, OTHER, Call(DETAIL, date=date(2026, 11, 1))], "2026-11-20")


@pytest.fixture
def world() -> Iterator[InProcess]:
    """Nothing is archived yet."""
    with InProcess() as world:
        world.control.set_time(NOW)
        world.restore({})
        yield world


def run(world: InProcess, reports: str = REPORTS) -> RunRecord:
    record = world.app(reports).pull_run.execute()
    assert [str(each) for each in record.pulls if not each.outcome.is_success] == []
    return record


def archive(world: InProcess) -> Archive:
    return world.app(REPORTS).archive


def status(app: App) -> dict[str, Any]:
    response = handle(Request("GET", "status", {}), app.api.status)
    assert response.status == 200
    return {each["call"]: each for each in json.loads(response.body)["calls"]}


def overview(app: App) -> list[dict[str, Any]]:
    """What `/status` and the catalogue say, but for the name of the run."""
    return [*(each | {"run": None} for each in status(app).values()), *value(ask(app, "v1.0/reports"))]


def told(world: InProcess) -> set[tuple[str, str]]:
    """What `verify` names."""
    findings = verify(everything(archive(world).store), catalogue(), world.control.now())
    return {(each.container, each.name) for each in findings}


def test_stray_blobs_change_nothing_and_are_told(world: InProcess) -> None:
    reports = f"{REPORTS}, {OTHER}"
    run(world, reports)
    without = overview(world.app(reports))
    world.restore({})
    for at, content in STRAYS.items():
        world.put(at, content, {})
    world.control.set_time(NOW + timedelta(days=1))  # so that Graph counts no request any more
    world.control.set_time(NOW)
    run(world, reports)
    app = world.app(reports)
    assert overview(app) == without
    assert ask(app, f"v1.0/reports/{COUNTS}").status == ask(app, f"v1.0/reports/{COUNTS}/series").status == 200
    assert ask(app, f"v1.0/reports/{COUNTS}", {"refreshDate": "2026-11-20"}).status == 404
    assert told(world) == STRAYS.keys()


def test_a_single_day_of_which_there_are_only_notes_is_asked_for(world: InProcess) -> None:
    world.put((PERSONAL, f"{DAYS}/refresh_date=2026-10-25/notes.txt"), b"x", {})
    assert Call(DETAIL, date=date(2026, 10, 25)) in [each.call for each in run(world).pulls]


def bare(call: Call, day: date, revision: int = 1) -> tuple[str, str]:
    """Where a snapshot lies that was copied without its metadata."""
    return USAGE if call == COUNTS else PERSONAL, str(SnapshotName(Partition.of(call), day, revision))


@pytest.mark.parametrize("number", [1, 40])
def test_an_archive_that_was_copied_without_metadata_is_gone_on_with(world: InProcess, number: int) -> None:
    for ago in range(number):
        world.put(bare(COUNTS, DAY - timedelta(days=ago)), b"x", {})
    assert COUNTS in [each.call for each in run(world).pulls]
    app = world.app(REPORTS)
    assert ask(app, f"v1.0/reports/{COUNTS}").status == 200
    assert ask(app, f"v1.0/reports/{COUNTS}", {"refreshDate": f"{DAY - timedelta(days=60)}"}).status == 404
    assert status(app)[str(COUNTS)]["outcome"] == "published"
