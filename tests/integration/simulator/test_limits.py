"""The sliding window of 14 requests per function and app, and the tenant's 40."""

import pytest

from simulator import Simulator
from tests.integration.simulator.client import Client

CALL = "getOffice365ServicesUserCounts(period='D7')"
OTHER = "getEmailActivityCounts(period='D7')"


def statuses(client: Client, times: int, call: str = CALL) -> list[int]:
    return [client.call(call).status_code for _ in range(times)]


def test_the_fifteenth_request_is_refused_in_the_published_form(client: Client) -> None:
    assert statuses(client, 14) == [302] * 14
    refused = client.call(CALL)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["message"]) == (
        429,
        "TooManyRequests",
        "Please retry again later.",
    )
    assert error["innerError"]["code"] == error["innerError"]["status"] == "429"
    assert error["innerError"]["message"] == "Please retry after"
    assert refused.headers["Retry-After"] == "600"


def test_waiting_as_told_helps(client: Client) -> None:
    statuses(client, 10)
    client.wait(seconds=100)
    statuses(client, 4)
    refused = client.call(CALL)
    wait = int(refused.headers["Retry-After"])
    assert wait == 500
    client.wait(seconds=wait - 1)
    assert client.call(CALL).status_code == 429
    client.wait(seconds=1)
    assert client.call(CALL).status_code == 302


def test_refused_requests_count_as_well(client: Client) -> None:
    statuses(client, 14)
    client.wait(seconds=599)
    assert statuses(client, 14) == [429] * 14
    client.wait(seconds=1)
    assert client.call(CALL).status_code == 429


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
    for _ in range(14):
        client.call(**spend)
    assert client.call(CALL).status_code == 429


def test_304_counts(client: Client) -> None:
    etag = client.download(client.call(CALL)).headers["ETag"]
    assert {client.call(CALL, **{"If-None-Match": etag}).status_code for _ in range(13)} == {304}
    assert client.call(CALL, **{"If-None-Match": etag}).status_code == 429


def test_unauthorised_requests_do_not_count(client: Client) -> None:
    for _ in range(20):
        client.get(f"/v1.0/reports/{CALL}", token="nonsense")
    assert client.call(CALL).status_code == 302


def test_functions_do_not_share_the_limit(client: Client) -> None:
    assert statuses(client, 15)[-1] == 429
    assert client.call(OTHER).status_code == 302


def test_other_apps_leave_less(client: Client) -> None:
    client.steer("PUT", "/neighbour", {"function": "getOffice365ServicesUserCounts", "used": 38})
    assert statuses(client, 3) == [302, 302, 429]
    assert client.call(OTHER).status_code == 302
    client.steer("PUT", "/neighbour", {"function": "*", "used": 40})
    refused = client.call(OTHER)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    client.steer("PUT", "/neighbour", {"function": "*", "used": 0})
    assert [client.call(call).status_code for call in (OTHER, CALL)] == [302, 302]


def test_apps_share_the_tenants_forty(simulator: Simulator, client: Client) -> None:
    query = {"resource": simulator.graph_endpoint, "api-version": "2019-08-01"}
    tokens = [client.identity(**query, client_id=app).json()["access_token"] for app in ("a", "b", "c")]
    spent = [client.get(f"/v1.0/reports/{CALL}", token=token).status_code for token in tokens for _ in range(14)]
    assert spent == [302] * 40 + [429] * 2
