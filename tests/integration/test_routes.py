"""What the HTTP functions answer, over an archive that the app itself filled."""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import httpx
import pytest
import requests
from azure.storage.blob import BlobServiceClient

from local.simulator_client import Control
from shared import events
from shared.app import App
from shared.web.http import Request, Response, handle
from tests.asking import ask, code

SERVICES = "getOffice365ServicesUserCounts"
DETAIL = "getOffice365ActiveUserDetail"
D7 = f"{SERVICES}(period='D7')"


@pytest.fixture(scope="module")
def app(lasting: tuple[Callable[..., App], Control]) -> App:
    make_app, _ = lasting
    app = make_app(REPORTS=f"{D7}, {DETAIL}(period='D7')")
    app.pull_run.execute()
    return app


@pytest.fixture
def get(app: App) -> Callable[..., Response]:
    return partial(ask, app)


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
    get: Callable[..., Response], control: Control, path: str, query: dict[str, str]
) -> None:
    response = get(path, query)
    assert response.status == 200
    assert hashlib.sha256(response.body).hexdigest() == control.get("expected", call=D7)["sha256"]


def test_a_report_with_personal_data_is_served_by_the_personal_function_only(get: Callable[..., Response]) -> None:
    path = f"v1.0/reports/{DETAIL}(period='D7')"
    assert get(path, personal=True).status == 200
    refused = get(path)
    assert (refused.status, code(refused)) == (404, "personal_report")
    assert "/api/personal/v1.0/reports/" in json.loads(refused.body)["detail"]


@pytest.mark.parametrize("personal", [True, False])
def test_the_base_lists_the_reports(get: Callable[..., Response], *, personal: bool) -> None:
    response = get("v1.0/reports", personal=personal)
    names = {report["name"] for report in json.loads(response.body)["value"]}
    assert response.status == 200
    assert SERVICES in names
    assert (DETAIL in names) is personal


# -- how it is sent ----------------------------------------------------------------------------------------------------


def test_headers_say_what_the_bytes_are(get: Callable[..., Response], control: Control) -> None:
    expected = control.get("expected", call=D7)
    url = f"/api/v1.0/reports/{D7}"
    exact = f"{url}?refreshDate={expected['refresh_date']}&revision=1"
    pulled = f"{control.now():%a, %d %b %Y %H:%M:%S} GMT"
    assert get(f"v1.0/reports/{D7}").headers == {
        "ETag": f'"{expected["sha256"]}"',
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(expected['sha256'])).decode()}:",
        "Last-Modified": pulled,
        "Memento-Datetime": pulled,
        "Cache-Control": "private, no-cache",
        "Content-Type": "text/csv; charset=utf-8; header=present",
        "Content-Length": str(expected["size"]),
        "Content-Disposition": f'attachment; filename="{SERVICES}_D7_{expected["refresh_date"]}_r1.csv"',
        "Content-Location": exact,
        "Link": f'<{url}>; rel="original", <{url}>; rel="timegate", <{url}>; rel="latest-version", '
        f'<{url}/snapshots?format=link>; rel="timemap"; type="application/link-format", '
        f'<{exact}>; rel="memento"; datetime="{pulled}"',
        "Vary": "Accept, Accept-Datetime, Accept-Encoding",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }


def test_clients_find_each_relation_under_its_own_name(get: Callable[..., Response]) -> None:
    link = get(f"v1.0/reports/{D7}").headers["Link"]
    as_requests = requests.Response()
    as_requests.headers["Link"] = link
    relations = {"original", "timegate", "latest-version", "timemap", "memento"}
    assert as_requests.links.keys() == httpx.Response(200, headers={"Link": link}).links.keys() == relations


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "private, no-cache"),
        ({"refreshDate": "{day}"}, "private, no-cache"),
        ({"refreshDate": "{day}", "revision": "1"}, "private, max-age=31536000, immutable"),
        ({"refreshDate": "{day}", "revision": "1", "format": "json"}, "private, no-cache"),
        ({"refreshDate": "{day}", "revision": "1", "format": "excel"}, "private, no-cache"),
        ({"revision": "1"}, "private, no-cache"),
    ],
)
def test_only_what_graph_sent_for_a_day_and_revision_never_changes(
    get: Callable[..., Response], control: Control, query: dict[str, str], expected: str
) -> None:
    day = control.get("visible", report=SERVICES)["refresh_date"]
    response = get(f"v1.0/reports/{D7}", {name: text.format(day=day) for name, text in query.items()})
    assert response.headers["Cache-Control"] == expected


@pytest.mark.parametrize(("form", "accept"), [("csv", ""), ("json", ""), ("excel", ""), ("", "application/json")])
def test_the_content_location_gives_the_same_bytes(get: Callable[..., Response], form: str, accept: str) -> None:
    response = get(f"beta/reports/{D7}", {"format": form} if form else {}, headers={"accept": accept})
    path, _, query = response.headers["Content-Location"].removeprefix("/api/").partition("?")
    again = get(path, dict(part.split("=") for part in query.split("&")))
    assert (again.body, again.headers["ETag"]) == (response.body, response.headers["ETag"])


def test_gzip_is_the_archives_own_bytes(
    get: Callable[..., Response], control: Control, blobs: BlobServiceClient
) -> None:
    response = get(f"v1.0/reports/{D7}", headers={"accept-encoding": "gzip, deflate"})
    day = control.get("visible", report=SERVICES)["refresh_date"]
    name = f"report={SERVICES}/period=D7/refresh_date={day}/revision=1/{SERVICES}_D7_{day}_r1.csv.gz"
    assert response.body == blobs.get_blob_client("usage", name).download_blob().readall()
    assert response.headers["Content-Encoding"] == "gzip"
    assert hashlib.sha256(gzip.decompress(response.body)).hexdigest() == control.get("expected", call=D7)["sha256"]
    head = get(f"v1.0/reports/{D7}", method="HEAD", headers={"accept-encoding": "gzip"})
    assert head.headers == response.headers


def test_head_gives_the_same_headers_without_a_body(get: Callable[..., Response]) -> None:
    full, head = get(f"v1.0/reports/{D7}"), get(f"v1.0/reports/{D7}", method="HEAD")
    assert (head.status, head.headers, head.body) == (200, full.headers, b"")


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_a_known_etag_gives_304(get: Callable[..., Response], form: str) -> None:
    etag = get(f"v1.0/reports/{D7}").headers["ETag"]
    response = get(f"v1.0/reports/{D7}", headers={"if-none-match": form.format(etag)})
    assert (response.status, response.headers["ETag"], response.body) == (304, etag, b"")


def test_another_etag_gives_the_body(get: Callable[..., Response]) -> None:
    assert get(f"v1.0/reports/{D7}", headers={"if-none-match": '"other"'}).status == 200


def test_what_the_personal_function_says_may_not_be_stored_on_the_way(get: Callable[..., Response]) -> None:
    call = f"v1.0/reports/{DETAIL}(period='D7')"
    for path in (call, f"{call}/snapshots", "v1.0/reports"):
        assert get(path, personal=True).headers["Cache-Control"] == "private, no-store"


# -- clients of Graph --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "accept", "form"),
    [
        ("v1.0", "application/json", "csv"),
        ("v1.0", "image/png", "csv"),
        ("v1.0/copilot", "application/json", "csv"),
        ("beta", "application/json", "json"),
        ("beta", "application/json;odata.metadata=minimal;odata.streaming=true", "csv"),
        ("beta", "text/csv;q=0.5, application/json", "json"),
        ("beta", "application/octet-stream, application/json", "csv"),
        ("beta", "", "csv"),
    ],
)
def test_accept_chooses_the_form_of_a_snapshot_on_beta_alone(
    get: Callable[..., Response], version: str, accept: str, form: str
) -> None:
    response = get(f"{version}/reports/{D7}", headers={"accept": accept})
    assert (response.status, response.body) == (200, get(f"v1.0/reports/{D7}", {"format": form}).body)


def test_a_form_that_is_not_there_is_not_acceptable_on_beta(get: Callable[..., Response]) -> None:
    response = get(f"beta/reports/{D7}", headers={"accept": "image/png"})
    assert (response.status, code(response)) == (406, "not_acceptable")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_graphs_parameters_for_pages_are_ignored(get: Callable[..., Response], form: str) -> None:
    query = {"$top": "20", "$TOP": "5", "$skiptoken": "abc", "$count": "true", "format": form}
    response = get(f"v1.0/reports/{D7}", query)
    assert (response.status, response.body) == (200, get(f"v1.0/reports/{D7}", {"format": form}).body)
    assert b"nextLink" not in response.body


@pytest.mark.parametrize(
    "path",
    [f"v1.0//reports/{D7}", f"v1.0/reports//{D7}/", f"V1.0/Reports/{D7.upper()}", f"BETA//copilot///REPORTS/{D7}"],
)
def test_a_slash_too_many_and_letter_case_do_not_matter(get: Callable[..., Response], path: str) -> None:
    assert get(path).body == get(f"v1.0/reports/{D7}").body
    for view in ("series", "snapshots"):
        assert (
            get(f"{path}//{view.upper()}", {"format": "csv"}).body
            == get(f"{path.split('/')[0].lower()}/reports/{D7}/{view}", {"format": "csv"}).body
        )
    assert json.loads(get("V1.0//REPORTS").body) == json.loads(get("v1.0/reports").body)


def test_an_error_is_a_problem_of_rfc_9457_by_name_too(get: Callable[..., Response]) -> None:
    headers = {"accept": "text/csv, application/problem+json"}
    response = get("v1.0/reports/getNothing", headers=headers)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.body == get("v1.0/reports/getNothing").body


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
    get: Callable[..., Response], path: str, query: dict[str, str], status: int, expected: str
) -> None:
    response = get(path, query)
    problem = json.loads(response.body)
    assert (response.status, problem["status"], problem["code"]) == (status, status, expected)
    assert response.headers["Content-Type"] == "application/json"
    assert problem["error"] == {"code": expected, "message": problem["detail"]}
    assert problem["detail"]


def test_a_missing_day_names_the_nearest_ones(app: App, get: Callable[..., Response], control: Control) -> None:
    held = control.get("visible", report=SERVICES)["refresh_date"]
    day = (control.now().date() - timedelta(days=30)).isoformat()
    problem = json.loads(get(f"v1.0/reports/{D7}", {"refreshDate": day}).body)
    assert (problem["requested"], problem["nearestAfter"]) == (day, held)
    assert "nearestBefore" not in problem


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_reading_is_possible(get: Callable[..., Response], method: str) -> None:
    response = get(f"v1.0/reports/{D7}", method=method)
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


def test_a_mistake_of_the_app_is_a_problem_and_its_trace_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def mistaken(request: Request) -> Response:
        raise KeyError(request.path)

    caplog.set_level("INFO")
    response = handle(Request("GET", "v1.0/reports"), mistaken)
    assert (response.status, code(response)) == (500, "defect")
    assert b"KeyError" not in response.body
    assert "KeyError: 'v1.0/reports'" in caplog.text
    assert events.REQUEST_FAILED in caplog.text
