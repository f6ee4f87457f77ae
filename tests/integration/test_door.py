"""A run that somebody asks for, with `POST /pull`: through the queue, under Microsoft's own runtime."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from urllib.parse import urljoin

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from local.functions_host.deployed import deployed
from local.functions_host.host import FunctionsHost
from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.archive.run_lease import RunLease
from shared.domain.call import Call
from shared.web.http import Request, handle
from tests.conftest import maker
from tests.reliability.storage_proxy import FaultyStorage, Operation

ROOT = Path(__file__).parents[2]
RUN = """
import os, sys
from local.simulator_client import Control
from shared.app import App
from shared.settings import read
App(read(os.environ), Control(sys.argv[1]).now).pull_as_asked("0a1b2c")
"""
SERVICES = "getOffice365ServicesUserCounts(period='D7')"

pytestmark = pytest.mark.any_date
Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture
def app(make_app: Callable[..., App]) -> App:
    """What sees the same archive."""
    return make_app(REPORTS=SERVICES)


@pytest.fixture
def host(app: App, stack: Stack, control: Control) -> Iterator[FunctionsHost]:
    with serving(stack, control) as host:
        yield host


@contextmanager
def serving(stack: Stack, control: Control, **settings: str) -> Iterator[FunctionsHost]:
    with deployed(stack.settings | {"REPORTS": SERVICES} | settings, control.now) as host:
        yield host


def post(host: FunctionsHost, key: str = "pull_now") -> requests.Response:
    return requests.post(f"{host.url}/api/pull", headers={"x-functions-key": host.keys[key]}, timeout=30)


def runs(blobs: BlobServiceClient) -> list[str]:
    """Return how the ids of the runs end whose record is in the archive."""
    container = blobs.get_container_client("usage-derived")
    names = [blob.name for blob in container.list_blobs("runs/")] if container.exists() else []
    return [name.removesuffix(".json.gz")[-6:] for name in names]


def test_it_is_answered_at_once_and_the_queue_runs_it(
    host: FunctionsHost, blobs: BlobServiceClient, eventually: Eventually
) -> None:
    answer = post(host)
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    eventually(lambda: runs(blobs) == [answer.json()["run"]])
    told = requests.get(
        urljoin(answer.url, answer.headers["Location"]),
        headers={"x-functions-key": host.keys["status"]},
        timeout=30,
    )
    assert {call["outcome"] for call in told.json()["calls"]} == {"published"}


def test_while_a_run_is_under_way_it_is_the_one_that_is_answered_and_no_message_is_sent(
    app: App, host: FunctionsHost, control: Control, blobs: BlobServiceClient
) -> None:
    sent = list[str]()
    with RunLease(app.archive.store).hold("0a1b2c"):
        answers = [post(host).json() for _ in range(2)]
        app.api.pull(Request("POST", "pull"), sent.append)
    assert [(answer["run"], answer["state"]) for answer in answers] == [("0a1b2c", "running")] * 2
    assert sent == []
    assert post(host).json()["state"] == "queued"


def test_the_timer_does_not_begin_a_second_run(
    app: App, host: FunctionsHost, control: Control, blobs: BlobServiceClient
) -> None:
    with RunLease(app.archive.store).hold("0a1b2c"):
        host.run_timer("pull")
    assert runs(blobs) == []
    host.run_timer("pull")
    assert len(runs(blobs)) == 1


def test_a_run_that_needs_a_person_is_not_delivered_again(
    host: FunctionsHost, control: Control, blobs: BlobServiceClient, eventually: Eventually
) -> None:
    control.put("roles", {"roles": []})
    first = post(host).json()["run"]
    eventually(lambda: runs(blobs) == [first])
    eventually(lambda: host.queues["pull"].is_empty)
    assert runs(blobs) == [first]


def test_only_its_own_key_opens_it_also_where_entra_guards_the_app(app: App, stack: Stack, control: Control) -> None:
    with serving(stack, control, HTTP_AUTH_LEVEL="ANONYMOUS") as host:
        nobody = requests.post(f"{host.url}/api/pull", timeout=30)
        assert (nobody.status_code, post(host, "reports").status_code, post(host).status_code) == (401, 401, 202)


def test_reading_begins_nothing(host: FunctionsHost, blobs: BlobServiceClient) -> None:
    answer = requests.get(f"{host.url}/api/pull", headers={"x-functions-key": host.keys["pull_now"]}, timeout=30)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json()["code"] == "method_not_allowed"
    assert runs(blobs) == []


def test_a_message_that_somebody_else_wrote_names_no_blob(
    host: FunctionsHost, blobs: BlobServiceClient, eventually: Eventually
) -> None:
    host.queues["pull"].put("../../x")
    eventually(lambda: len(runs(blobs)) == 1)
    assert runs(blobs)[0].isalnum()


def test_a_run_that_was_told_to_end_is_gone_on_with_by_its_message_at_once(
    app: App, stack: Stack, control: Control, blobs: BlobServiceClient
) -> None:
    """The instance is drained while a snapshot is being written: SIGTERM, which a shell shows as exit code 143."""
    reached, is_over = Event(), Event()

    def stop(operation: Operation) -> None:
        if operation.name == "put_blob" and operation.blob.startswith("report="):
            reached.set()
            is_over.wait(30)
            raise ConnectionResetError

    with FaultyStorage(stack.settings) as storage:
        storage.before = stop
        environment = os.environ | stack.settings | storage.settings | {"REPORTS": SERVICES}
        with subprocess.Popen([sys.executable, "-c", RUN, stack.control], cwd=ROOT, env=environment) as process:
            assert reached.wait(30)
            process.terminate()
            assert process.wait(30) != 0
            is_over.set()
    assert RunLease(app.archive.store).ask("0d0e0f").run == "0a1b2c"
    assert runs(blobs) == []
    app.pull_as_asked("0a1b2c")
    assert runs(blobs) == ["0a1b2c"]
    assert app.archive.snapshots.newest(Call.from_text(SERVICES), control.now().date())


def test_an_instance_takes_one_message_at_a_time_and_gives_up_after_five_minutes() -> None:
    queues = json.loads((ROOT / "host.json").read_text("utf-8"))["extensions"]["queues"]
    assert (queues["batchSize"], queues["newBatchThreshold"]) == (1, 0)
    assert (queues["maxDequeueCount"], queues["visibilityTimeout"]) == (5, "00:01:00")


def test_without_storage_nothing_is_promised(stack: Stack, control: Control) -> None:
    down = stack.settings | {"ARCHIVE_URL": "https://127.0.0.1:1/devstoreaccount1"}
    api = maker(stack, control)(**down).api
    sent = list[str]()
    answer = handle(Request("POST", "pull"), lambda request: api.pull(request, sent.append), ["POST"])
    assert (answer.status, sent) == (503, [])
