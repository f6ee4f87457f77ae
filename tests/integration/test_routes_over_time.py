"""What the HTTP functions answer while an archive comes to be, grows, or is out of reach."""

import json
from collections.abc import Callable
from functools import partial

from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.web.http import Request, handle
from tests.asking import ask, code
from tests.reliability.storage_proxy import FaultyStorage

SERVICES = "getOffice365ServicesUserCounts"
D7 = f"{SERVICES}(period='D7')"


def test_a_refresh_date_chooses_its_newest_snapshot(make_app: Callable[..., App], control: Control) -> None:
    app = make_app(REPORTS=D7)
    app.pull_run.execute()
    get = partial(ask, app)
    first = get(f"v1.0/reports/{D7}")
    day = control.get("visible", report=SERVICES)["refresh_date"]
    while control.get("visible", report=SERVICES)["refresh_date"] == day:
        control.sleep(6 * 3600)
    app.pull_run.execute()
    assert get(f"v1.0/reports/{D7}").body != first.body
    assert get(f"v1.0/reports/{D7}", {"refreshDate": day}).body == first.body


def test_a_conditional_request_reads_no_blob(make_app: Callable[..., App], stack: Stack) -> None:
    with FaultyStorage(stack.settings) as storage:
        app = make_app(REPORTS=D7, **storage.settings)
        app.pull_run.execute()
        for accept_encoding in ("", "gzip"):
            headers = {"accept-encoding": accept_encoding}
            etag = ask(app, f"v1.0/reports/{D7}", headers=headers).headers["ETag"]
            storage.seen.clear()
            assert ask(app, f"v1.0/reports/{D7}", headers=headers | {"if-none-match": etag}).status == 304
            assert ask(app, f"v1.0/reports/{D7}", method="HEAD", headers=headers).status == 200
            assert storage.seen == []


def test_the_status_says_that_the_permission_is_missing_until_it_is_granted(
    make_app: Callable[..., App], control: Control
) -> None:
    app = make_app(REPORTS=D7)
    assert json.loads(app.api.status(Request("GET", "status")).body)["permission"] == "unknown"
    control.put("roles", {"roles": []})
    app.pull_run.execute()
    control.sleep(30)
    assert json.loads(app.api.status(Request("GET", "status")).body)["permission"] == "missing"
    control.put("roles", {"roles": ["Reports.Read.All"]})
    control.sleep(6 * 3600)
    app = make_app(REPORTS=D7)
    app.pull_run.execute()
    told = json.loads(app.api.status(Request("GET", "status")).body)
    assert told["permission"] == "granted"
    assert [(call["call"], call["outcome"]) for call in told["calls"]] == [(D7, "published")]


def test_an_archive_that_does_not_answer_is_503_with_a_time_to_wait(make_app: Callable[..., App]) -> None:
    api = make_app(ARCHIVE_URL="https://127.0.0.1:1/devstoreaccount1").api
    response = handle(Request("GET", f"v1.0/reports/{D7}"), lambda request: api.reports(request, personal=False))
    assert (response.status, code(response), response.headers["Retry-After"]) == (503, "archive_unavailable", "30")
