"""A past that was lived through in memory, next to the same pulls over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from azure.storage.blob import BlobServiceClient

from local.backfill import Past
from local.simulator_client import Control
from local.stack import Stack
from local.storage import empty
from shared.app import App
from shared.archive.layout import CONTAINERS, COVERAGE
from shared.domain.outcome import Outcome
from tests.conftest import USERS

REPORTS = "getOffice365ServicesUserCounts, getOffice365ActiveUserDetail, getOneDriveUsageStorage(period='D7')"
OF_ONE_PULL = ("request_id", "merged")
"""The id of a request, and a digest of what has one."""
Held = Mapping[tuple[str, str], tuple[bytes, Mapping[str, str]]]


def held(blobs: BlobServiceClient) -> Held:
    """What lies in storage but for what has ids of runs and requests, with the metadata that do not differ by run."""
    found = {}
    for container in {each.name for each in blobs.list_containers()} & set(CONTAINERS):
        client = blobs.get_container_client(container)
        for name in client.list_blob_names():
            if not name.startswith(("runs/", "requests.json", COVERAGE)):
                blob = client.download_blob(name)
                known = {key: text for key, text in blob.properties.metadata.items() if key not in OF_ONE_PULL}
                found[container, name] = blob.readall(), known
    return found


def test_it_leaves_in_storage_what_the_same_pulls_leave_over_http(
    make_app: Callable[..., App], control: Control, stack: Stack, blobs: BlobServiceClient
) -> None:
    times = [control.now() + timedelta(days=day) for day in range(2)]
    app = make_app(REPORTS=REPORTS)
    for time in times:
        control.set_time(time)
        app.pull_run.execute()
    over_http = held(blobs)

    empty(blobs)
    with Past(stack.settings, USERS) as past:
        pull_run = past.app(REPORTS).pull_run
        for time in times:
            past.control.set_time(time)
            pull_run.execute()
            past.keep()
    assert held(blobs) == over_http
    assert len(over_http) > 20


def test_it_goes_on_from_what_storage_holds(make_app: Callable[..., App], control: Control, stack: Stack) -> None:
    first = make_app(REPORTS=REPORTS).pull_run.execute()
    with Past(stack.settings, USERS) as past:
        past.control.set_time(control.now() + timedelta(hours=1))
        second = past.app(REPORTS).pull_run.execute()
    archived = [
        {(pulled.call, pulled.refresh_date) for pulled in run.pulls if pulled.outcome is Outcome.PUBLISHED}
        for run in (first, second)
    ]
    assert archived[0]
    assert not archived[0] & archived[1]
