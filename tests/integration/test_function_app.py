"""The app as deployed: `function_app.py` under Microsoft's own runtime, asked over HTTP."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from local import doctor
from local.environment import environment
from local.functions_host.deployed import deployed
from local.functions_host.host import FunctionsHost
from local.parsers import KEY
from local.simulator_client import Control
from local.stack import Stack
from tests import ten_urls
from tests.conftest import usual

ROOT = Path(__file__).parents[2]
SERVICES = "getOffice365ServicesUserCounts"
DETAIL = "getOffice365ActiveUserDetail"
D7 = f"{SERVICES}(period='D7')"

pytestmark = pytest.mark.any_date


@pytest.fixture(scope="module")
def running(stack: Stack) -> Iterator[tuple[FunctionsHost, Control]]:
    """The host with the app, which has pulled once."""
    control = usual(stack)
    reports = f"{SERVICES}, getOffice365ActiveUserCounts, {DETAIL}"
    with deployed(stack.settings | {"REPORTS": reports}, control.now) as host:
        host.run_timer("pull")
        yield host, control


def get(host: FunctionsHost, path: str, function: str = "reports", **options: object) -> requests.Response:
    url = f"{host.url}/api/{path}"
    return requests.get(url, params={"code": host.keys[function]}, timeout=30, **options)  # type: ignore[arg-type]


def test_these_are_the_functions_and_their_triggers(running: tuple[FunctionsHost, Control]) -> None:
    functions = running[0].functions.values()
    assert {(each.name, each.trigger["type"], each.trigger.get("route")) for each in functions} == {
        ("pull", "timerTrigger", None),
        ("pull_now", "httpTrigger", "pull"),
        ("pull_as_asked", "queueTrigger", None),
        ("pull_tenant", "queueTrigger", None),
        ("tenants", "httpTrigger", "tenants/{*path}"),
        ("personal_tenants", "httpTrigger", "tenants/{tenant}/personal/{*path}"),
        ("pseudonymous_tenants", "httpTrigger", "tenants/{tenant}/pseudonymous/{*path}"),
        ("reports", "httpTrigger", "{version}/{*path}"),
        ("personal_reports", "httpTrigger", "personal/{version}/{*path}"),
        ("pseudonymous_reports", "httpTrigger", "pseudonymous/{version}/{*path}"),
        ("status", "httpTrigger", "status/{*path}"),
        ("health", "httpTrigger", "health"),
        ("openapi", "httpTrigger", "openapi.json"),
        ("dashboard", "httpTrigger", "dashboard/{*path}"),
    }


def test_graphs_call_syntax_gives_exactly_the_bytes_that_graph_sent(running: tuple[FunctionsHost, Control]) -> None:
    host, control = running
    answer = get(host, f"v1.0/reports/{D7}")
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == control.get("expected", call=D7)["sha256"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"


def test_a_known_etag_gives_304(running: tuple[FunctionsHost, Control]) -> None:
    etag = get(running[0], f"v1.0/reports/{D7}").headers["ETag"]
    again = get(running[0], f"v1.0/reports/{D7}", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert "Content-Type" not in again.headers


def test_head_gives_the_headers_of_get(running: tuple[FunctionsHost, Control]) -> None:
    host, _ = running
    full = get(host, f"v1.0/reports/{D7}")
    head = requests.head(full.url, timeout=30)
    differing = {"Date"}
    assert {k: v for k, v in head.headers.items() if k not in differing} == {
        k: v for k, v in full.headers.items() if k not in differing
    }
    assert head.content == b""


@pytest.mark.parametrize(
    ("view", "report"),
    [("Services", SERVICES), ("Users", "getOffice365ActiveUserCounts"), ("Detail", DETAIL)],
)
def test_the_2017_forms_give_the_csv_of_the_function_that_replaced_them(
    running: tuple[FunctionsHost, Control], view: str, report: str
) -> None:
    host, _ = running
    base, function = ("personal/", "personal_reports") if view == "Detail" else ("", "reports")
    old = get(host, f"{base}beta/reports/Office365ActiveUsers(view='{view}',period='D30')/content", function)
    new = get(host, f"{base}v1.0/reports/{report}(period='D30')", function)
    assert (old.status_code, old.content) == (200, new.content)


def test_a_key_of_one_function_does_not_open_the_other(running: tuple[FunctionsHost, Control]) -> None:
    assert get(running[0], f"personal/v1.0/reports/{DETAIL}(period='D7')", "reports").status_code == 401
    assert get(running[0], f"personal/v1.0/reports/{DETAIL}(period='D7')", "personal_reports").status_code == 200


def test_pseudonyms_have_a_key_of_their_own_that_opens_nothing_else(running: tuple[FunctionsHost, Control]) -> None:
    opened = {
        (root, function): get(running[0], f"{root}/v1.0/reports/{DETAIL}(period='D7')", function).status_code
        for root in ("personal", "pseudonymous")
        for function in ("reports", "personal_reports", "pseudonymous_reports")
    }
    assert {at for at, status in opened.items() if status == 200} == {
        ("personal", "personal_reports"),
        ("pseudonymous", "pseudonymous_reports"),
    }
    assert {*opened.values()} == {200, 401}


def test_personal_data_is_not_behind_the_other_route(running: tuple[FunctionsHost, Control]) -> None:
    answer = get(running[0], f"v1.0/reports/{DETAIL}(period='D7')")
    assert (answer.status_code, answer.json()["code"]) == (404, "personal_report")


def test_the_page_and_its_modules_need_no_key(running: tuple[FunctionsHost, Control]) -> None:
    root = f"{running[0].url}/api/dashboard"
    for url in (root, f"{root}/"):
        page = requests.get(url, timeout=30)
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    modules = re.findall(r'(?:src|href)="(/api/dashboard/\w+/[\w.]+)"', page.text)
    assert len(modules) > 10
    for module in modules:
        answer = requests.get(running[0].url + module, timeout=30)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    missing = requests.get(f"{root}/0123/main.js", timeout=30)
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_path")


@pytest.mark.parametrize("path", ["v1.0/reports/getNothing", f"v1.0/reports/{SERVICES}(period='D8')", "v1.0/%00"])
def test_a_bad_request_is_a_problem_document(running: tuple[FunctionsHost, Control], path: str) -> None:
    answer = get(running[0], path)
    assert answer.status_code in (400, 404)
    assert answer.headers["Content-Type"] == "application/json"


def test_another_method_is_not_allowed(running: tuple[FunctionsHost, Control]) -> None:
    host, _ = running
    answer = requests.post(f"{host.url}/api/v1.0/reports/{D7}", params={"code": host.keys["reports"]}, timeout=30)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_wrong_setting_is_named_at_first_use_and_does_not_stop_the_app_from_starting(tmp_path: Path) -> None:
    code = (
        "import azure.functions as func, function_app as f;"
        "request = func.HttpRequest('GET', '/api/v1.0/reports', route_params={'version': 'v1.0', 'path': 'reports'},"
        " body=b'');"
        "answer = f.reports.build().get_user_function()(request);"
        "print(answer.status_code, answer.get_body().decode())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ARCHIVE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment, check=True
    )
    assert done.stdout.startswith("500 ")
    assert "The app setting ARCHIVE_URL is not set; it wants the blob service URL" in done.stdout


def test_the_status_tells_how_each_call_stands(running: tuple[FunctionsHost, Control]) -> None:
    told = get(running[0], "status", "status").json()
    assert told["permission"] == "granted"
    assert {call["outcome"] for call in told["calls"]} == {"published"}
    assert D7 in {call["call"] for call in told["calls"]}


@pytest.mark.parametrize(
    ("setting", "level"),
    [
        ("ANONYMOUS", "ANONYMOUS"),
        ("anonymous", "FUNCTION"),
        *(pytest.param(each, "FUNCTION", marks=pytest.mark.long) for each in ("", "no")),
    ],
)
def test_only_personal_data_needs_a_key_where_entra_guards_the_app(setting: str, level: str) -> None:
    code = (
        "import function_app as f;"
        "levels = {each.get_function_name(): each.get_trigger().get_dict_repr().get('authLevel')"
        " for each in f.app.get_functions()};"
        "print(*(levels[name].name for name in ('reports', 'status', 'personal_reports', 'pseudonymous_reports')))"
    )
    environment = os.environ | {"HTTP_AUTH_LEVEL": setting}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment, check=True
    )
    assert done.stdout.split() == [level, level, "FUNCTION", "FUNCTION"]


def test_the_download_origin_saw_no_bearer_no_cookie_and_no_key(running: tuple[FunctionsHost, Control]) -> None:
    downloads = running[1].get("record", listener="download")
    assert len(downloads) >= 12
    assert not any(any(download["carried"].values()) for download in downloads)


def test_doctor_asks_the_app_with_a_key_of_status(
    running: tuple[FunctionsHost, Control], capsys: pytest.CaptureFixture[str]
) -> None:
    host = running[0]
    with environment({KEY: host.keys["status"]}):
        assert doctor.main(["--url", f"{host.url}/api"]) in (0, 1)
    assert "Lines end in CRLF." in capsys.readouterr().out
    with environment({KEY: host.keys["reports"]}):
        assert doctor.main(["--url", f"{host.url}/api"]) == 2
    assert f"{KEY} holds no key of the function status" in capsys.readouterr().err
    assert doctor.main(["--url", f"{host.url}/api"]) == 2
    assert f"{KEY} is not set" in capsys.readouterr().err


def test_ten_urls_are_answered_by_this_host_as_ci_asks_microsofts_own(running: tuple[FunctionsHost, Control]) -> None:
    host = running[0]
    answered = list(ten_urls.ask(f"{host.url}/api", host.keys["_host"]))
    assert [said for said, is_right in answered if not is_right] == []
    assert len(answered) == 10
