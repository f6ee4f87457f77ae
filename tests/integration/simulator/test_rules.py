"""When faults happen: what a rule fits, how often, how likely, and that a run is its seed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator import Simulator
from simulator.faults.rules import Rule, Rules
from tests.integration.simulator.client import CALL, OTHER, Client
from tests.integration.simulator.test_program import addresses, end_input, start


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [500, 302, 302, 302]),
        ({"nth": 2}, [302, 500, 302, 302]),
        ({"nth": 2, "times": 2}, [302, 500, 500, 302]),
        ({"times": None}, [500] * 4),
        ({"p": 0}, [302] * 4),
    ],
)
def test_a_rule_applies_from_the_nth_request_so_many_times(
    client: Client, rule: dict[str, Any], expected: list[int]
) -> None:
    client.set_faults({"fault": "server_error", **rule})
    assert client.statuses(4) == expected


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"call": CALL}, [True, False]),
        ({"call": "getEmail*"}, [False, True]),
        ({"call": "*(date=*"}, [False, False]),
        ({"path": "/v1.0/reports/*"}, [True, True]),
        ({"path": "/beta/*"}, [False, False]),
        ({"method": "GET", "listener": "graph"}, [True, True]),
        ({"listener": "identity"}, [False, False]),
    ],
)
def test_a_rule_is_for_the_requests_that_it_matches(client: Client, match: dict[str, str], fits: list[bool]) -> None:
    client.set_faults({"fault": "server_error", "match": match, "times": None})
    assert [client.call(call).status_code == 500 for call in (CALL, OTHER)] == fits


def test_requests_that_a_fault_cannot_apply_to_do_not_count(client: Client) -> None:
    client.set_faults({"fault": "empty"}, {"fault": "redirect_body", "args": {"size": 1}})
    redirect = client.call(CALL)
    assert redirect.content == b"O"
    assert client.download(redirect).content == b""


def test_a_rule_can_take_a_fault_to_another_listener(client: Client) -> None:
    client.set_fault("throttled", "download")
    assert client.download(client.call(CALL)).status_code == 429


def test_the_resource_of_a_token_can_be_matched(client: Client) -> None:
    client.set_faults({"fault": "token_error", "match": {"path": "*resource=graph*"}, "times": None})
    assert client.identity(resource="https://storage.azure.com").status_code == 200
    assert client.identity().status_code == 500


def test_control_shows_the_rules_and_the_record_their_doing(client: Client) -> None:
    client.set_faults({"fault": "no_bom", "times": 2}, {"fault": "lf", "nth": 2, "times": 2}, seed=7)
    client.steer("DELETE", "/record")
    for _ in range(3):
        client.pull(CALL)
    shown = client.steer("GET", "/faults")
    assert shown["seed"] == 7
    assert [(rule["fault"], rule["fitting"], rule["hits"]) for rule in shown["rules"]] == [
        ("no_bom", 3, 2),
        ("lf", 3, 2),
    ]
    entries = client.steer("GET", "/record", listener="download")
    assert [entry["faults"] for entry in entries] == [["no_bom"], ["no_bom", "lf"], ["lf"]]
    assert client.steer("DELETE", "/faults")["rules"] == []


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"fault": "no_such"},
        {"fault": "empty", "often": 1},
        {"fault": "empty", "args": {"size": 1}},
        {"fault": "truncated", "args": {"at": "half"}},
        {"fault": "empty", "args": []},
        {"fault": "empty", "match": {"host": "x"}},
        {"fault": "empty", "match": {"call": 7}},
        {"fault": "empty", "nth": 0},
        {"fault": "empty", "times": 0},
        {"fault": "empty", "p": 2},
    ],
)
def test_a_bad_rule_is_refused_and_the_others_stay(client: Client, rule: dict[str, Any]) -> None:
    client.set_fault("server_error")
    with pytest.raises(requests.HTTPError, match="400"):
        client.set_faults({"fault": "empty"}, rule)
    assert [rule["fault"] for rule in client.steer("GET", "/faults")["rules"]] == ["server_error"]


def drawn(seed: int, calls: list[str]) -> dict[str, list[bool]]:
    """What a rule with p = 0.5 hits of each call."""
    rules = Rules([Rule("empty", times=None, p=0.5)], seed)
    hits: dict[str, list[bool]] = {call: [] for call in calls}
    for call in calls:
        hits[call].append(rules.apply({"call": call}, False, lambda rule, hit: True, lambda rule, hit: True))
    return hits


def test_a_run_is_its_seed_whatever_the_order_of_the_calls() -> None:
    calls = [f"call {number % 10}" for number in range(200)]
    hits = drawn(1, calls)
    assert drawn(1, calls) == drawn(1, sorted(calls)) == hits != drawn(2, calls)
    assert 70 < sum(sum(of_call) for of_call in hits.values()) < 130


def test_two_simulators_with_one_seed_fail_alike() -> None:
    runs = []
    for _ in range(2):
        scenario = {"rules": [{"fault": "server_error", "times": None, "p": 0.5}]}
        now = datetime(2026, 11, 20, tzinfo=UTC)
        with Simulator(seed=5, users=10, now=now, scenario=scenario) as simulator, Client(simulator) as client:
            runs.append([client.statuses(10, call) for call in (CALL, OTHER)])
    assert runs[0] == runs[1]
    assert {302, 500} == set(runs[0][0])


def test_a_scenario_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps({"rules": [{"fault": "refused"}]}), "utf-8")
    with start("--users", "10", "--scenario", str(file)) as program:
        told = addresses(program)
        assert requests.get(f"{told['control']}/faults").json()["rules"][0]["fault"] == "refused"
        with pytest.raises(requests.ConnectionError):
            requests.get(told["identity_endpoint"])
        end_input(program)
