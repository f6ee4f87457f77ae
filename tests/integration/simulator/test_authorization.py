"""Who gets a token, and whom Graph lets in."""

import time
from collections.abc import Callable

import pytest

from simulator import Simulator
from tests.integration.simulator.client import CALL, Client, claims

GRAPH, STORAGE = "https://graph.microsoft.com", "https://storage.azure.com"


def test_token_answer_has_the_fields_of_app_service(client: Client) -> None:
    answer = client.identity(resource=GRAPH, client_id="chosen").json()
    assert set(answer) == {"access_token", "client_id", "expires_on", "resource", "token_type"}
    assert (answer["client_id"], answer["resource"], answer["token_type"]) == ("chosen", GRAPH, "Bearer")
    assert int(answer["expires_on"]) > time.time() + 23 * 3600


def test_token_of_graph_carries_the_role_and_that_of_storage_none(client: Client) -> None:
    graph, storage = claims(client.new_token(f"{GRAPH}/.default")), claims(client.new_token(f"{STORAGE}/"))
    assert (graph["aud"], graph["roles"]) == (GRAPH, ["Reports.Read.All"])
    assert storage["aud"] == STORAGE
    assert "roles" not in storage
    assert storage["iss"] == f"https://sts.windows.net/{storage['tid']}/"


@pytest.mark.parametrize(
    ("change", "status"),
    [({"secret": "guessed"}, 401), ({"resource": None}, 400), ({"api-version": None}, 400)],
    ids=str,
)
def test_token_needs_the_secret_a_resource_and_the_api_version(
    client: Client, change: dict[str, str | None], status: int
) -> None:
    assert client.identity(**change).status_code == status


def test_identity_knows_one_path(client: Client) -> None:
    assert client.session.get(client.simulator.identity_endpoint + "/other").status_code == 404


def test_graph_refuses_a_missing_token_in_its_published_form(client: Client) -> None:
    url = f"{client.simulator.graph_endpoint}/v1.0/reports/{CALL}"
    answer = client.session.get(url, headers={"client-request-id": "mine"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (401, "InvalidAuthenticationToken")
    assert error["innerError"] == {
        "date": "2026-11-20T12:00:00",
        "request-id": answer.headers["request-id"],
        "client-request-id": "mine",
    }
    assert answer.headers["client-request-id"] == "mine"
    assert answer.headers["Date"] == "Fri, 20 Nov 2026 12:00:00 GMT"


def of_another_simulator(client: Client) -> str:
    with Simulator() as other, Client(other) as foreign:
        return foreign.new_token(GRAPH)


@pytest.mark.parametrize(
    ("token", "status"),
    [
        pytest.param(lambda client: client.token, 302, id="good"),
        pytest.param(lambda client: client.new_token(GRAPH), 302, id="for the global cloud"),
        pytest.param(lambda client: client.new_token("https://microsoftgraph.chinacloudapi.cn/"), 302, id="for China"),
        pytest.param(lambda client: "nonsense", 401, id="no JWT"),
        pytest.param(lambda client: "a.b.c", 401, id="no JSON"),
        pytest.param(lambda client: "e30.e30.", 401, id="no signature"),
        pytest.param(lambda client: client.new_token(STORAGE), 401, id="for storage"),
        pytest.param(of_another_simulator, 401, id="of another simulator"),
    ],
)
def test_graph_takes_its_own_tokens_and_no_others(client: Client, token: Callable[[Client], str], status: int) -> None:
    assert client.call(CALL, token=token(client)).status_code == status


def test_graph_refuses_an_expired_token() -> None:
    with Simulator(token_life=0) as simulator, Client(simulator) as client:
        answer = client.call(CALL)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_graph_refuses_a_token_without_the_role_until_a_new_one_has_it(client: Client) -> None:
    client.steer("PUT", "/roles", {"roles": []})
    bare = client.new_token()
    refused = client.call(CALL, token=bare)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "S2SUnauthorized")
    assert refused.json()["error"]["message"] == "Invalid permission."
    client.steer("PUT", "/roles", {"roles": ["Reports.Read.All"]})
    assert client.call(CALL, token=bare).status_code == 403
    assert client.call(CALL, token=client.new_token()).status_code == 302


def test_api_usage_is_for_users_only(client: Client) -> None:
    assert client.call("getApiUsage(period='D7')", "beta").status_code == 403
    client.steer("PUT", "/roles", {"scopes": ["Reports.Read.All"]})
    assert client.call("getApiUsage(period='D7')", "beta", client.new_token()).status_code == 200
