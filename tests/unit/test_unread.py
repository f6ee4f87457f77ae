"""Storage does not list what there is of one report: the others are pulled all the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.archive.layout import PERSONAL, USAGE
from shared.domain.call import Call
from shared.domain.errors import ArchiveUnavailable
from shared.domain.outcome import Outcome
from shared.pulling.run import RUN_TIME
from tests.reliability.environment import InProcess
from tests.reliability.storage_proxy.operations import Operation

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
COUNTS = Call("getOffice365ServicesUserCounts", period="D7")
DETAIL = Call("getOffice365ActiveUserDetail", period="D7")
DAYS_OF = "getTeamsUserActivityUserDetail"
REPORTS = f"{COUNTS}, {DETAIL}"


class Unlisted:
    """Fails whenever one of these containers is listed."""

    def __init__(self, error: Exception, *containers: str) -> None:
        self._error = error
        self._containers = containers

    def __call__(self, operation: Operation) -> None:
        if operation.name == "list" and operation.container in self._containers:
            raise self._error


@pytest.fixture
def world() -> Iterator[InProcess]:
    with InProcess() as world:
        world.control.set_time(NOW)
        world.restore({})
        yield world


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ArchiveUnavailable("Blob storage does not answer as it should: ServerBusy."), "archive_unavailable"),
        (ValueError("a mistake"), "defect"),
    ],
)
def test_what_cannot_be_listed_of_one_report_defers_that_report_alone(
    world: InProcess, error: Exception, reason: str
) -> None:
    world.storage.before = Unlisted(error, PERSONAL)
    ends = {pull.call: (pull.outcome, pull.reason) for pull in world.app(REPORTS).pull_run.execute().pulls}
    assert ends == {COUNTS: (Outcome.PUBLISHED, None), DETAIL: (Outcome.DEFERRED, reason)}


def test_it_is_pulled_as_soon_as_it_can_be_listed_and_nothing_was_lost_meanwhile(world: InProcess) -> None:
    reports = f"{COUNTS}, {DAYS_OF}"
    world.app(reports).pull_run.execute()
    world.storage.before = Unlisted(ArchiveUnavailable("It is busy."), PERSONAL)
    world.control.set_time(NOW + timedelta(hours=6))
    record = world.app(reports).pull_run.execute()
    assert record.planned == {DAYS_OF: NOW}
    world.heal()
    world.control.set_time(NOW + timedelta(hours=12))
    record = world.app(reports).pull_run.execute()
    assert {pull.outcome for pull in record.pulls if pull.requested} <= {Outcome.PUBLISHED, Outcome.UNCHANGED}
    assert record.lost == {}
    assert world.violations() == []


def test_storage_that_takes_long_to_list_does_not_use_up_the_time_of_the_run(world: InProcess) -> None:
    def slow(operation: Operation) -> None:
        if operation.name == "list" and operation.container == USAGE:
            world.control.sleep(180)
            raise ArchiveUnavailable("It does not answer.")

    world.storage.before = slow
    early = Call("getBrowserUserDetail", period="D7")  # the third by name
    record = world.app(f"aggregates, {early}").pull_run.execute()
    assert {pull.call for pull in record.pulls if pull.outcome is Outcome.PUBLISHED} == {early}
    assert record.finished - record.started < RUN_TIME


def test_a_run_that_can_list_nothing_leaves_no_record(world: InProcess) -> None:
    world.storage.before = Unlisted(ArchiveUnavailable("It is busy."), USAGE, PERSONAL)
    with pytest.raises(ArchiveUnavailable, match="busy"):
        world.app(REPORTS).pull_run.execute()
    assert not any(name.startswith("runs/") for _, name in world.blobs())
