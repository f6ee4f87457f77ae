"""The sliding window of 14 requests per function and app, and the tenant's 40."""

import pytest

from tests.integration.simulator.client import CALL, OTHER, Client


def test_the_fifteenth_request_is_refused_in_the_published_form(client: Client) -> None:
    assert client.statuses(14) == [302] * 14
    refused = client.call(CALL)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (429, "TooManyRequests")
    assert error["message"] == "Please retry again later."
    assert error["innerError"]["code"] == error["innerError"]["status"] == "429"
    assert error["innerError"]["message"] == "Please retry after"
    assert "Retry-After" not in refused.headers


def test_waiting_ten_minutes_helps(client: Client) -> None:
    client.statuses(10)
    client.wait(seconds=100)
    client.statuses(4)
    assert client.statuses(1) == [429]
    client.wait(seconds=499)
    assert client.statuses(1) == [429]
    client.wait(seconds=1)
    assert client.statuses(1) == [302]


def test_refused_requests_count_as_well(client: Client) -> None:
    client.statuses(14)
    client.wait(seconds=599)
    assert client.statuses(14) == [429] * 14
    client.wait(seconds=1)
    assert client.statuses(1) == [429]


@pytest.mark.parametrize(
    "spend",
    [
        {"call": "getOffice365ServicesUserCounts(period='D5')"},
        {"call": "getOffice365ServicesUserCounts"},
        {"call": "Office365ActiveUsers(view='Services',period='D7')/content", "version": "beta"},
    ],
    ids=["bad period", "no argument", "2017"],
)
def test_every_request_for_the_function_counts(client: Client, spend: dict[str, str]) -> None:
    client.statuses(14, **spend)
    assert client.statuses(1) == [429]


def test_304_counts(client: Client) -> None:
    known = {"If-None-Match": client.download(client.call(CALL)).headers["ETag"]}
    assert client.statuses(14, **known) == [304] * 13 + [429]


def test_unauthorised_requests_do_not_count(client: Client) -> None:
    client.statuses(20, token="nonsense")
    assert client.statuses(1) == [302]


def test_functions_do_not_share_the_limit(client: Client) -> None:
    assert client.statuses(15)[-1] == 429
    assert client.statuses(1, OTHER) == [302]


def test_other_apps_leave_less(client: Client) -> None:
    client.steer("PUT", "/neighbour", {"function": "getOffice365ServicesUserCounts", "used": 38})
    assert client.statuses(3) == [302, 302, 429]
    assert client.statuses(1, OTHER) == [302]
    client.steer("PUT", "/neighbour", {"function": "*", "used": 40})
    assert client.statuses(1, OTHER) == [429]
    client.steer("PUT", "/neighbour", {"function": "*", "used": 0})
    assert client.statuses(1, OTHER) + client.statuses(1) == [302, 302]


def test_apps_share_the_tenants_forty(client: Client) -> None:
    tokens = [client.identity(client_id=app).json()["access_token"] for app in ("a", "b", "c")]
    statuses = [status for token in tokens for status in client.statuses(14, token=token)]
    assert statuses == [302] * 40 + [429] * 2
