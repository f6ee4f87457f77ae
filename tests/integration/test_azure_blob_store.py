"""What storage answers when it refuses, and what is made of it."""

import time
from collections.abc import Callable, Iterator

import pytest

from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.archive.run_record import PullResult
from shared.domain.errors import ArchiveUnavailable
from shared.settings import read
from tests.reliability.storage_proxy import FaultyStorage

D7 = "getOffice365ServicesUserCounts(period='D7')"


@pytest.fixture
def storage(stack: Stack) -> Iterator[FaultyStorage]:
    with FaultyStorage(stack.settings) as storage:
        yield storage


@pytest.fixture
def pull(storage: FaultyStorage, make_app: Callable[..., App]) -> Callable[..., PullResult]:
    """One call with something wrong at one operation."""

    def pull(operation: str, fault: str, blob: str = "*", **args: object) -> PullResult:
        app = make_app(**storage.settings, REPORTS=D7)
        storage.set([{"fault": fault, "match": {"operation": operation, "blob": blob}, "args": args}])
        (pulled,) = app.pull_run.execute().pulls
        return pulled

    return pull


@pytest.mark.parametrize("code", ["AuthenticationFailed", "AuthorizationFailure", "SomethingNew"])
def test_the_code_of_storage_is_told_as_storage_writes_it(pull: Callable[..., PullResult], code: str) -> None:
    pulled = pull("put_blob", "no_permission", blob="report=*", code=code)
    assert pulled.reason == "archive_unavailable"
    assert pulled.detail == f"Blob storage does not answer as it should: {code}."


@pytest.mark.long
def test_a_reader_of_storage_that_does_not_answer_is_told_so_within_ten_seconds(
    storage: FaultyStorage, stack: Stack
) -> None:
    storage.set([{"fault": "hang", "times": None}])
    app = App(read(stack.settings | storage.settings))
    began = time.monotonic()
    response = app.api.health()
    assert (response.status, response.body) == (503, b"unreachable")
    assert time.monotonic() - began < 10


def test_blocks_that_another_writers_commit_threw_away_are_staged_again(
    storage: FaultyStorage, make_app: Callable[..., App]
) -> None:
    lost = {"fault": "busy", "args": {"status": 400, "code": "InvalidBlockList"}, "match": {"operation": "commit"}}
    app = make_app(**storage.settings, REPORTS=D7)
    storage.set([{"fault": "exists", "match": {"operation": "put_blob", "blob": "report=*"}}, lost])
    (pulled,) = app.pull_run.execute().pulls
    assert pulled.outcome == "published"
    assert [each.name for each in storage.seen].count("commit") == 2


def test_a_run_whose_record_finds_its_container_being_deleted_does_not_pass_for_recorded(
    pull: Callable[..., PullResult],
) -> None:
    with pytest.raises(ArchiveUnavailable, match="ContainerBeingDeleted"):
        pull("put_blob", "container_going", blob="runs/*")


def test_a_run_that_left_no_record_has_spent_what_it_asked_for(
    pull: Callable[..., PullResult], control: Control
) -> None:
    for _ in range(12):
        with pytest.raises(ArchiveUnavailable):
            pull("put_blob", "disabled", blob="runs/*")
    assert len(control.get("record", listener="graph")) == 10


def test_a_run_does_not_forget_all_that_earlier_ones_knew_when_their_record_cannot_be_read(
    pull: Callable[..., PullResult], control: Control
) -> None:
    pull("put_blob", "busy", blob="report=*")
    with pytest.raises(ArchiveUnavailable, match="does not have it"):
        pull("get", "container_missing", blob="runs/*")


def test_a_request_that_cannot_be_noted_is_sent_all_the_same(pull: Callable[..., PullResult]) -> None:
    assert pull("put_blob", "disabled", blob="requests.json").outcome == "published"


def test_a_snapshot_whose_container_is_being_deleted_does_not_pass_for_archived(
    pull: Callable[..., PullResult],
) -> None:
    pulled = pull("put_blob", "container_going", blob="report=*")
    assert (pulled.outcome, pulled.reason, pulled.blob) == ("deferred", "archive_unavailable", None)


def test_nor_does_a_body_pass_for_quarantined(pull: Callable[..., PullResult], control: Control) -> None:
    control.put("faults", {"rules": [{"fault": "page"}]})
    pulled = pull("put_blob", "container_going", blob="report=*")
    assert (pulled.outcome, pulled.reason, pulled.blob) == ("deferred", "archive_unavailable", None)
