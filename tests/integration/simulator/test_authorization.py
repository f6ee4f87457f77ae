"""Who gets a token, and whom Graph lets in."""

import base64
import json
import time
from typing import Any

import pytest

from simulator import Simulator
from tests.integration.simulator.client import Client

CALL = "getOffice365ServicesUserCounts(period='D7')"
ASKED = {"resource": "https://graph.microsoft.com", "api-version": "2019-08-01"}


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return content


def test_token_answer_has_the_fields_of_app_service(client: Client) -> None:
    answer = client.identity(**ASKED, client_id="chosen").json()
    assert set(answer) == {"access_token", "client_id", "expires_on", "resource", "token_type"}
    assert (answer["client_id"], answer["resource"], answer["token_type"]) == ("chosen", ASKED["resource"], "Bearer")
    assert int(answer["expires_on"]) > time.time() + 23 * 3600


def test_token_of_graph_carries_the_role_and_that_of_storage_none(client: Client) -> None:
    graph, storage = (
        claims(client.new_token("https://graph.microsoft.com/.default")),
        claims(client.new_token("https://storage.azure.com/")),
    )
    assert (graph["aud"], graph["roles"]) == ("https://graph.microsoft.com", ["Reports.Read.All"])
    assert storage["aud"] == "https://storage.azure.com"
    assert "roles" not in storage
    assert storage["iss"] == f"https://sts.windows.net/{storage['tid']}/"


def test_token_needs_the_secret(client: Client) -> None:
    assert client.identity(secret="guessed", **ASKED).status_code == 401


def test_identity_knows_one_path(client: Client) -> None:
    assert client.session.get(client.simulator.identity_endpoint + "/other").status_code == 404


@pytest.mark.parametrize("missing", ["resource", "api-version"])
def test_token_needs_resource_and_api_version(client: Client, missing: str) -> None:
    assert client.identity(**{name: value for name, value in ASKED.items() if name != missing}).status_code == 400


def test_graph_refuses_a_missing_token_in_its_published_form(client: Client) -> None:
    answer = client.session.get(
        f"{client.simulator.graph_endpoint}/v1.0/reports/{CALL}", headers={"client-request-id": "mine"}
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (401, "InvalidAuthenticationToken")
    assert error["innerError"] == {
        "date": "2026-11-20T12:00:00",
        "request-id": answer.headers["request-id"],
        "client-request-id": "mine",
    }
    assert answer.headers["client-request-id"] == "mine"
    assert answer.headers["Date"] == "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "e30.e30."], ids=["no JWT", "no JSON", "no signature"])
def test_graph_refuses_a_forged_token(client: Client, token: str) -> None:
    assert client.call(CALL).status_code == 302
    assert client.get(f"/v1.0/reports/{CALL}", token=token).status_code == 401


def test_graph_refuses_a_token_of_another_simulator(client: Client) -> None:
    with Simulator() as other:
        foreign = Client(other)
        token = foreign.new_token("https://graph.microsoft.com")
        foreign.session.close()
    assert client.get(f"/v1.0/reports/{CALL}", token=token).status_code == 401


def test_graph_refuses_an_expired_token() -> None:
    with Simulator(token_life=0) as simulator:
        client = Client(simulator)
        answer = client.call(CALL)
        client.session.close()
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_graph_refuses_a_token_for_storage(client: Client) -> None:
    assert client.get(f"/v1.0/reports/{CALL}", token=client.new_token("https://storage.azure.com")).status_code == 401


@pytest.mark.parametrize("root", ["https://graph.microsoft.com", "https://microsoftgraph.chinacloudapi.cn/"])
def test_graph_takes_a_token_for_any_cloud(client: Client, root: str) -> None:
    assert client.get(f"/v1.0/reports/{CALL}", token=client.new_token(root)).status_code == 302


def test_graph_refuses_a_token_without_the_role_until_a_new_one_has_it(client: Client) -> None:
    client.steer("PUT", "/roles", {"roles": []})
    bare = client.new_token()
    refused = client.get(f"/v1.0/reports/{CALL}", token=bare)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "S2SUnauthorized")
    assert refused.json()["error"]["message"] == "Invalid permission."
    client.steer("PUT", "/roles", {"roles": ["Reports.Read.All"]})
    assert client.get(f"/v1.0/reports/{CALL}", token=bare).status_code == 403
    assert client.get(f"/v1.0/reports/{CALL}", token=client.new_token()).status_code == 302


def test_api_usage_is_for_users_only(client: Client) -> None:
    assert client.call("getApiUsage(period='D7')", "beta").status_code == 403
    client.steer("PUT", "/roles", {"scopes": ["Reports.Read.All"]})
    assert client.get("/beta/reports/getApiUsage(period='D7')", token=client.new_token()).status_code == 200
