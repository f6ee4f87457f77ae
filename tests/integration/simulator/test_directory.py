"""The simulated directory: its accounts are the people of the reports, in pages."""

from typing import Any

import pytest
import requests

from simulator.protocol.directory import AUDIT, PERMISSIONS
from tests.integration.simulator.client import Client

SELECT = "id,userPrincipalName,displayName,accountEnabled,userType,department,assignedLicenses"


@pytest.fixture
def directory(client: Client) -> Client:
    """The client, with the permissions of the directory."""
    grant(client, *PERMISSIONS.values())
    return client


def grant(client: Client, *roles: str) -> None:
    client.steer("PUT", "/roles", {"roles": ["Reports.Read.All", *roles]})
    client.token = client.new_token()


def get(client: Client, url: str, **headers: str) -> requests.Response:
    path = url.removeprefix(client.simulator.graph_endpoint)
    return client.get(path if path != url else f"/v1.0/{url}", **headers)


def pages(client: Client, url: str, **headers: str) -> list[Any]:
    found = [get(client, url, **headers).json()]
    while link := found[-1].get("@odata.nextLink"):
        found.append(get(client, link, **headers).json())
    return found


def accounts(client: Client) -> list[dict[str, Any]]:
    return [account for page in pages(client, f"users?$select={SELECT}&$top=999") for account in page["value"]]


def test_pages_hold_everybody_once_and_tell_their_number_where_it_is_asked_for(directory: Client) -> None:
    found = pages(directory, f"users?$select={SELECT}&$top=7&$count=true", ConsistencyLevel="eventual")
    ids = [account["id"] for page in found for account in page["value"]]
    assert [len(page["value"]) for page in found[:-1]] == [7] * (len(found) - 1)
    assert len({*ids}) == len(ids) == found[0]["@odata.count"]
    assert ids != sorted(ids)


def test_what_is_assigned_is_what_the_products_count(directory: Client) -> None:
    (page,) = pages(directory, "subscribedSkus")
    consumed = {sku["skuId"]: sku["consumedUnits"] for sku in page["value"]}
    assigned = [each["skuId"] for account in accounts(directory) for each in account["assignedLicenses"]]
    assert {sku: assigned.count(sku) for sku in consumed} == consumed
    assert all(sku["prepaidUnits"]["enabled"] >= sku["consumedUnits"] for sku in page["value"])


def test_people_are_those_of_the_reports(directory: Client) -> None:
    report = directory.rows("getOffice365ActiveUserDetail(period='D7')")
    named = {row["User Principal Name"]: row["Display Name"] for row in report if row["Is Deleted"] == "False"}
    licensed = {
        each["userPrincipalName"]: each["displayName"] for each in accounts(directory) if each["assignedLicenses"]
    }
    since_the_report = named.items() ^ {(name, display.replace('"', "#QUOT#")) for name, display in licensed.items()}
    assert len(since_the_report) <= 2 < len(named)


def test_there_are_guests_disabled_and_unlicensed_accounts_and_departments(directory: Client) -> None:
    everybody = accounts(directory)
    kinds = {(each["userType"], each["accountEnabled"], bool(each["assignedLicenses"])) for each in everybody}
    assert {("Guest", True, False), ("Member", False, False), ("Member", False, True), ("Member", True, True)} <= kinds
    assert len({each["department"] for each in everybody}) > 5


def test_sign_ins_need_a_permission_of_their_own(directory: Client) -> None:
    url = "users?$select=id,signInActivity"
    assert get(directory, url).json()["error"]["code"] == "Authentication_MSGraphPermissionMissing"
    grant(directory, *PERMISSIONS.values(), AUDIT)
    assert any("signInActivity" in account for account in get(directory, url).json()["value"])


@pytest.mark.parametrize("path", PERMISSIONS)
def test_each_collection_needs_its_permission(directory: Client, path: str) -> None:
    grant(directory, *({*PERMISSIONS.values()} - {PERMISSIONS[path]}))
    answer = get(directory, path.rpartition("/")[2])
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")


@pytest.mark.parametrize(
    "query", ["$top=1000", "$top=0", "$count=true", "$select=id,nothing", "$skiptoken=forged"], ids=str
)
def test_a_query_that_graph_does_not_understand_is_an_error(directory: Client, query: str) -> None:
    assert get(directory, f"users?{query}").status_code == 400


def fault(client: Client, name: str, **args: Any) -> None:
    rule = {"fault": name, "nth": 2, "match": {"call": "users"}, "args": args}
    client.steer("PUT", "/faults", {"rules": [rule]})


@pytest.mark.parametrize(("name", "more"), [("page_repeats", 1), ("page_loses", -1)])
def test_a_rule_changes_what_a_page_holds(directory: Client, name: str, more: int) -> None:
    fault(directory, name)
    found = pages(directory, "users?$select=id&$top=50")
    assert [len(page["value"]) for page in found[:3]] == [50, 50 + more, 50]


@pytest.mark.parametrize(("url", "link"), [("https://graph.example/x", "https://graph.example/x"), (None, None)])
def test_a_rule_changes_where_the_next_page_is(directory: Client, url: str | None, link: str | None) -> None:
    fault(directory, "page_link", url=url)
    found = [get(directory, "users?$top=50").json() for _ in range(2)]
    assert found[0]["@odata.nextLink"].startswith(directory.simulator.graph_endpoint)
    assert found[1].get("@odata.nextLink") == link
