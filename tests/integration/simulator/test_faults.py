"""Faults of the answers: errors, redirects, tokens, refresh dates; and the rules that say when."""

import json
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from simulator import Simulator
from simulator.faults.table import FAULTS
from tests.integration.simulator.client import CALL, Client, claims

REPORT = "getOffice365ServicesUserCounts"


def answer(client: Client, fault: str, **args: Any) -> requests.Response:
    """Graph's answer, or that of the download host if Graph still sends there."""
    client.set_fault(fault, **args)
    given = client.call(CALL)
    return client.download(given) if given.status_code == 302 else given


@pytest.mark.parametrize(
    ("fault", "status", "code", "message"),
    [
        ("throttled", 429, "TooManyRequests", "Please retry again later."),
        ("server_error", 500, "UnknownError", ""),
        ("date_too_old", 400, "InvalidArgument", "Only support data for the past 28 days."),
        ("no_json", 400, "InvalidArgument", "JSON format is not supported."),
        ("unknown_segment", 400, "BadRequest", "Resource not found for the segment"),
        ("token_rejected", 401, "InvalidAuthenticationToken", "expired"),
        ("no_permission", 403, "S2SUnauthorized", "Invalid permission."),
        ("not_switched_on", 403, "accessDenied", "Tenant is not enabled for this report type."),
        ("unknown_tenant", 404, "UnknownTenantId", "We do not recognize this tenant ID"),
        ("missing_credentials", 403, "MissingCredentials", "Valid Authorization header is needed."),
    ],
)
def test_error_in_the_published_form(client: Client, fault: str, status: int, code: str, message: str) -> None:
    refused = answer(client, fault)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (status, code)
    assert message in error["message"]
    assert error["innerError"]["date"] == "2026-11-20T12:00:00"
    assert client.call(CALL).status_code == 302


def test_error_wrapped_in_another(client: Client) -> None:
    error = answer(client, "no_permission", wrapped=True).json()["error"]
    assert error["code"] == "UnknownError"
    assert json.loads(error["message"])["error"]["code"] == "S2SUnauthorized"


@pytest.mark.parametrize("text", ["2.128", "Fri, 20 Nov 2026 12:00:30 GMT", "0", "-1", "abc", "86400", None])
def test_any_text_as_retry_after(client: Client, text: str | None) -> None:
    assert answer(client, "throttled", retry_after=text).headers.get("Retry-After") == text


def test_429_does_not_say_when_to_come_back_unless_it_is_asked_to(client: Client) -> None:
    assert "Retry-After" not in answer(client, "throttled").headers


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(("form", "start"), [("json", b"{"), ("html", b"<!DOCTYPE html>"), ("empty", b"")])
def test_server_error_has_one_of_three_bodies(client: Client, status: int, form: str, start: bytes) -> None:
    failed = answer(client, "server_error", status=status, form=form)
    assert failed.status_code == status
    assert failed.content.startswith(start)
    assert bool(failed.content) == bool(start)


def test_any_report_answers_with_the_csv_itself(client: Client) -> None:
    true = client.pull(CALL)
    client.set_fault("direct")
    direct = client.call(CALL)
    assert (direct.status_code, direct.content) == (200, true)


LOCATIONS = [
    "https://reportsapc.office.com/data/v1.0/download?token=x",
    "http://reports.office.com/data/",
    "https://user:pass@reports.office.com/data/",
    "https://reports.office.com:444/data/",
    "https://reports.office.com.evil.example/data/",
    "https://evil.reports.office.com/data/",
    "https://reports.office.com\\@evil.example/data/",
    "http://127.0.0.1/data/",
    "http://169.254.169.254/metadata/",
    "http://[::1]/data/",
    "https://reports.office.com/data/#fragment",
    f"https://reports.office.com/data/{'x' * 9000}",
    "/data/download",
    "",
    None,
]


@pytest.mark.parametrize("location", LOCATIONS)
def test_any_location(client: Client, location: str | None) -> None:
    client.set_fault("redirect", location=location)
    assert client.call(CALL).headers.get("Location") == location


def test_location_that_is_made_of_the_true_ones(client: Client) -> None:
    client.set_faults(*({"fault": "redirect", "args": {"location": text}} for text in ("{here}", "{true}#x")))
    loop = client.call(CALL)
    assert loop.headers["Location"] == loop.url + "#x"


def test_location_with_a_line_end_adds_a_header(client: Client) -> None:
    client.set_fault("redirect", location="https://reports.office.com/\r\nSet-Cookie: a=b", status=307)
    split = client.call(CALL)
    assert (split.status_code, split.headers["Set-Cookie"]) == (307, "a=b")


def test_redirect_with_a_body(client: Client) -> None:
    client.set_fault("redirect_body", size=100_000)
    redirect = client.call(CALL)
    assert (len(redirect.content), redirect.headers["Content-Type"]) == (100_000, "text/plain")
    assert client.download(redirect).status_code == 200


@pytest.mark.parametrize("status", [403, 404, 410])
def test_expired_url(client: Client, status: int) -> None:
    assert answer(client, "url_expired", status=status).status_code == status


def test_equal_etag_or_304_although_the_bytes_differ(client: Client) -> None:
    first = client.download(client.call(CALL))
    day = client.visible(REPORT)
    client.steer("PUT", "/restate", {"report": REPORT, "refresh_date": day, "revision": 1})
    client.set_fault("etag", etag='"x"')
    restated = client.download(client.call(CALL))
    assert restated.headers["ETag"] == '"x"'
    assert restated.headers["Transfer-Encoding"] == "chunked"
    assert restated.content != first.content
    client.set_fault("not_modified")
    same = client.call(CALL)
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", first.headers["ETag"])


def token(client: Client, fault: str, **args: Any) -> requests.Response:
    client.set_fault(fault, **args)
    return client.identity()


@pytest.mark.parametrize(
    ("fault", "status", "message", "changed"),
    [
        ("token_expired", 401, "expired", {"iat": -86460, "nbf": -86460, "exp": -60}),
        ("token_skewed", 401, "not valid yet", {"iat": 600, "nbf": 600, "exp": 87000}),
        ("token_for_another", 401, "Invalid audience", {"aud": "https://vault.azure.net"}),
        ("token_without_roles", 403, "Invalid permission", {"roles": None}),
    ],
)
def test_token_that_graph_refuses(
    client: Client, fault: str, status: int, message: str, changed: dict[str, Any]
) -> None:
    true, begin = claims(client.token), int(time.time())
    given = token(client, fault).json()
    now = claims(given["access_token"])
    for name, value in changed.items():
        expected = range(begin + value, begin + value + 10) if isinstance(value, int) else (value,)
        assert now.get(name) in expected
    same = set(true) - {"iat", "nbf", "exp"} - set(changed)
    assert {name: now[name] for name in same} == {name: true[name] for name in same}
    assert given["expires_on"] == str(now["exp"])
    refused = client.call(CALL, token=given["access_token"])
    assert (refused.status_code, message in refused.text) == (status, True)


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_token_endpoint_that_fails(client: Client, status: int) -> None:
    failed = token(client, "token_error", status=status, retry_after="5" if status == 429 else None)
    assert (failed.status_code, failed.json()["statusCode"]) == (status, status)
    assert failed.headers.get("Retry-After") == ("5" if status == 429 else None)
    assert client.new_token()


def test_garbage_for_a_token(client: Client) -> None:
    garbage = token(client, "token_garbage")
    assert (garbage.status_code, garbage.text) == (200, '{"access_token": ')


def refused(client: Client) -> bool:
    try:
        client.new_token()
    except requests.ConnectionError as error:
        assert "Connection refused" in str(error)  # noqa: PT017
        return True
    return False


def test_token_endpoint_refuses_connections_for_some_seconds_of_the_clock(client: Client) -> None:
    client.set_fault("refused", seconds=20)
    assert refused(client)
    client.wait(seconds=19)
    assert refused(client)
    assert client.call(CALL).status_code == 302
    client.wait(seconds=1)
    assert not refused(client)


def test_refused_listener_opens_when_the_rules_go(client: Client) -> None:
    client.set_fault("refused", "*")
    assert refused(client)
    client.steer("DELETE", "/faults")
    assert not refused(client)
    client.set_fault("refused", seconds=20)
    client.set_fault("refused", seconds=None)
    client.wait(seconds=30)
    assert refused(client)


def test_refused_listener_opens_in_real_time_as_well(client: Client) -> None:
    client.simulator.clock.set(client.simulator.clock.now(), running=True)
    client.set_fault("refused", seconds=0.05)
    while refused(client):
        pass


def test_refused_listener_stays_closed_when_the_simulator_stops(simulator: Simulator) -> None:
    simulator.faults.set({"rules": [{"fault": "refused", "args": {"seconds": 20}}]})
    simulator.stop()
    simulator.clock.set(simulator.clock.now() + timedelta(minutes=1), running=False)
    with pytest.raises(requests.ConnectionError):
        requests.get(simulator.identity_endpoint)


def test_refresh_date_that_is_stuck_and_then_jumps(client: Client) -> None:
    day, other = (datetime.fromisoformat(client.visible(report)) for report in (REPORT, "getEmailActivityCounts"))
    client.set_faults({"fault": "stuck", "match": {"call": "getOffice365*"}, "args": {"days": 4}})
    etag = client.call(CALL).headers.get("ETag") or client.download(client.call(CALL)).headers["ETag"]
    client.wait(days=3)
    assert datetime.fromisoformat(client.visible(REPORT)) == day
    assert client.call(CALL, **{"If-None-Match": etag}).status_code == 304
    assert datetime.fromisoformat(client.visible("getEmailActivityCounts")) == other + timedelta(days=3)
    client.wait(days=1)
    assert datetime.fromisoformat(client.visible(REPORT)) == day + timedelta(days=4)


@pytest.mark.parametrize("days", [-3, 2.0])
def test_refresh_date_that_is_shifted(client: Client, days: float) -> None:
    day = datetime.fromisoformat(client.visible(REPORT))
    client.set_fault("shifted", days=days)
    assert datetime.fromisoformat(client.visible(REPORT)) == day + timedelta(days=days)
    assert client.rows(CALL)[0]["Report Refresh Date"] == client.visible(REPORT)
    client.steer("DELETE", "/faults")
    assert datetime.fromisoformat(client.visible(REPORT)) == day


def test_ids_of_the_table() -> None:
    wires = {id for fault in FAULTS.values() for id in fault.ids.split()}
    assert wires == {
        *(f"F{number:02}" for number in (*range(1, 16), 18, 19, 21, 23, 24, 25, 27, 28, 29, 30, 31, 33, 34)),
        *(f"F{number}" for number in (36, 37, 39, 40, 41, 42, 45, 46, 48, 49, 50, 51, 52, 53, 54, 55, 56)),
    }
    assert all(fault.meaning for fault in FAULTS.values())
