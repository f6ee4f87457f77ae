"""What the HTTP functions answer, over an archive that the app itself filled."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from local.control import Control
from shared.api import Reply, Request, answer
from shared.app import App

SERVICES = "getOffice365ServicesUserCounts"
DETAIL = "getOffice365ActiveUserDetail"
D7 = f"{SERVICES}(period='D7')"


@pytest.fixture
def app(make_app: Callable[..., App]) -> App:
    app = make_app(REPORTS=f"{D7}, {DETAIL}(period='D7')")
    app.runner.run()
    return app


@pytest.fixture
def get(app: App) -> Callable[..., Reply]:
    def get(path: str, *, personal: bool = False, method: str = "GET", headers: Any = None, **query: str) -> Reply:
        request = Request(method, path, query, headers or {})
        return answer(request, lambda request: app.api.reports(request, personal=personal))

    return get


def code(reply: Reply) -> str:
    return str(json.loads(reply.body)["code"])


# -- which snapshot ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (f"v1.0/reports/{D7}", {}),
        (f"v1.0/reports/{SERVICES}", {"period": "D7"}),
        (f"beta/reports/{D7}", {}),
        (f"v1.0/reports/{D7}", {"code": "key", "clientId": "default"}),
        ("beta/reports/Office365ActiveUsers(view='Services',period='D7')/content", {}),
        ("beta/reports/Office365ActiveUsers/content", {"view": "Services", "period": "D7"}),
    ],
)
def test_every_notation_of_a_call_gives_the_newest_snapshot(
    get: Callable[..., Reply], control: Control, path: str, query: dict[str, str]
) -> None:
    reply = get(path, **query)
    assert reply.status == 200
    assert hashlib.sha256(reply.body).hexdigest() == control.get("expected", call=D7)["sha256"]


def test_a_refresh_date_chooses_its_newest_snapshot(app: App, get: Callable[..., Reply], control: Control) -> None:
    first = get(f"v1.0/reports/{D7}")
    day = control.get("visible", report=SERVICES)["refresh_date"]
    while control.get("visible", report=SERVICES)["refresh_date"] == day:
        control.sleep(6 * 3600)
    app.runner.run()
    assert get(f"v1.0/reports/{D7}").body != first.body
    assert get(f"v1.0/reports/{D7}", refreshDate=day).body == first.body


def test_a_report_with_personal_data_is_served_by_the_personal_function_only(get: Callable[..., Reply]) -> None:
    path = f"v1.0/reports/{DETAIL}(period='D7')"
    assert get(path, personal=True).status == 200
    refused = get(path)
    assert (refused.status, code(refused)) == (404, "personal_report")
    assert "/api/personal/v1.0/reports/" in json.loads(refused.body)["detail"]


@pytest.mark.parametrize("personal", [True, False])
def test_the_base_lists_the_reports(get: Callable[..., Reply], *, personal: bool) -> None:
    reply = get("v1.0/reports", personal=personal)
    names = {report["name"] for report in json.loads(reply.body)["value"]}
    assert reply.status == 200
    assert SERVICES in names
    assert (DETAIL in names) is personal


# -- how it is sent ----------------------------------------------------------------------------------------------------


def test_headers_say_what_the_bytes_are(get: Callable[..., Reply], control: Control) -> None:
    expected = control.get("expected", call=D7)
    assert get(f"v1.0/reports/{D7}").headers == {
        "ETag": f'"{expected["sha256"]}"',
        "Last-Modified": f"{control.now():%a, %d %b %Y %H:%M:%S} GMT",
        "Cache-Control": "private, no-cache",
        "Content-Type": "text/csv; charset=utf-8; header=present",
        "Content-Length": str(expected["size"]),
        "Content-Disposition": f'attachment; filename="{SERVICES}_D7_{expected["refresh_date"]}_r1.csv"',
        "X-Content-Type-Options": "nosniff",
    }


def test_head_gives_the_same_headers_without_a_body(get: Callable[..., Reply]) -> None:
    full, head = get(f"v1.0/reports/{D7}"), get(f"v1.0/reports/{D7}", method="HEAD")
    assert (head.status, head.headers, head.body) == (200, full.headers, b"")


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_a_known_etag_gives_304(get: Callable[..., Reply], form: str) -> None:
    etag = get(f"v1.0/reports/{D7}").headers["ETag"]
    reply = get(f"v1.0/reports/{D7}", headers={"if-none-match": form.format(etag)})
    assert (reply.status, reply.headers["ETag"], reply.body) == (304, etag, b"")


def test_another_etag_gives_the_body(get: Callable[..., Reply]) -> None:
    assert get(f"v1.0/reports/{D7}", headers={"if-none-match": '"other"'}).status == 200


def test_personal_data_may_not_be_stored_on_the_way(get: Callable[..., Reply]) -> None:
    reply = get(f"v1.0/reports/{DETAIL}(period='D7')", personal=True)
    assert reply.headers["Cache-Control"] == "private, no-store"


# -- the status --------------------------------------------------------------------------------------------------------


def test_the_status_says_that_the_permission_is_missing_until_it_is_granted(
    make_app: Callable[..., App], control: Control
) -> None:
    app = make_app(REPORTS=D7)
    assert json.loads(app.api.status().body)["permission"] == "unknown"
    control.put("roles", {"roles": []})
    app.runner.run()
    assert json.loads(app.api.status().body)["permission"] == "missing"
    control.put("roles", {"roles": ["Reports.Read.All"]})
    control.sleep(6 * 3600)
    app = make_app(REPORTS=D7)
    app.runner.run()
    told = json.loads(app.api.status().body)
    assert told["permission"] == "granted"
    assert told["calls"][0].keys() == {"call", "outcome", "refreshDate", "ageDays"}


# -- what cannot be answered -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query", "status", "expected"),
    [
        pytest.param("v1.0/reports/getNothing", {}, 404, "unknown_report", id="unknown report"),
        pytest.param(f"v1.0/reports/{SERVICES}", {"period": "D8"}, 400, "bad_argument", id="unknown period"),
        pytest.param(f"v1.0/reports/{SERVICES}", {"period": "D7,D30"}, 400, "bad_argument", id="two periods"),
        pytest.param(f"v1.0/reports/{SERVICES}", {}, 400, "bad_argument", id="no period"),
        pytest.param(f"v1.0/reports/{D7}", {"refreshDate": "2026-02-30"}, 400, "bad_argument", id="no such day"),
        pytest.param(f"v1.0/reports/{D7}", {"refreshDate": "11/18/2026"}, 400, "bad_argument", id="date form"),
        pytest.param(f"v1.0/reports/{D7}", {"refreshdat": "2026-11-18"}, 400, "bad_argument", id="misspelt parameter"),
        pytest.param(f"v1.0/reports/{D7}", {"refreshDate": "2020-01-01"}, 404, "before_archive", id="too early"),
        pytest.param(f"v1.0/reports/{D7}", {"refreshDate": "9999-12-31"}, 404, "in_future", id="in the future"),
        pytest.param(f"v1.0/reports/{SERVICES}", {"period": "D30"}, 404, "not_pulled", id="not pulled"),
        pytest.param("v1.0/groups", {}, 404, "unknown_path", id="another path"),
        pytest.param("v2.0/reports", {}, 404, "unknown_path", id="another version"),
        pytest.param("v1.0/reports/../../secret", {}, 404, "unknown_report", id="traversal"),
        pytest.param("v1.0/reports/\x00", {}, 404, "unknown_report", id="NUL"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(
    get: Callable[..., Reply], path: str, query: dict[str, str], status: int, expected: str
) -> None:
    reply = get(path, **query)
    problem = json.loads(reply.body)
    assert (reply.status, problem["status"], problem["code"]) == (status, status, expected)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert problem["detail"]


def test_a_missing_day_names_the_nearest_ones(app: App, get: Callable[..., Reply], control: Control) -> None:
    held = control.get("visible", report=SERVICES)["refresh_date"]
    day = (control.now().date() - timedelta(days=30)).isoformat()
    problem = json.loads(get(f"v1.0/reports/{D7}", refreshDate=day).body)
    assert (problem["requested"], problem["nearestAfter"]) == (day, held)
    assert "nearestBefore" not in problem


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_reading_is_possible(get: Callable[..., Reply], method: str) -> None:
    reply = get(f"v1.0/reports/{D7}", method=method)
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


def test_an_archive_that_does_not_answer_is_503_with_a_time_to_wait(make_app: Callable[..., App]) -> None:
    api = make_app(ARCHIVE_URL="https://127.0.0.1:1/devstoreaccount1").api
    reply = answer(Request("GET", f"v1.0/reports/{D7}"), lambda request: api.reports(request, personal=False))
    assert (reply.status, code(reply), reply.headers["Retry-After"]) == (503, "archive_unavailable", "30")
