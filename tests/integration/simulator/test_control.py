"""The door for tests: clock, record, expectations and corrections."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.integration.simulator.client import CALL, Client, rows


def test_clock_can_stand_run_and_move(client: Client) -> None:
    assert client.steer("GET", "/clock") == {"now": "2026-11-20T12:00:00+00:00", "running": False}
    moved = client.steer("PUT", "/clock", {"now": "2026-01-31", "running": True})
    assert moved["running"]
    first, second = (datetime.fromisoformat(client.steer("GET", "/clock")["now"]) for _ in range(2))
    assert datetime(2026, 1, 31, tzinfo=UTC) < first < second < datetime(2026, 1, 31, 0, 1, tzinfo=UTC)
    client.steer("PUT", "/clock", {"running": False})
    assert client.steer("GET", "/clock") == client.steer("GET", "/clock")


def test_record_tells_what_each_listener_saw(client: Client) -> None:
    client.steer("DELETE", "/record")
    client.new_token()
    content = client.download(client.call(CALL, Cookie="a=b"), **{"x-functions-key": "secret"}).content
    identity, graph, download = client.steer("GET", "/record")
    assert (identity["listener"], identity["status"], identity["carried"]["key"]) == ("identity", 200, True)
    assert graph["path"].startswith("/v1.0/reports/getOffice365ServicesUserCounts(period=")
    assert graph["carried"] == {"authorization": True, "cookie": True, "key": False}
    assert "authorization" in graph["headers"]
    assert (graph["call"], graph["status"], graph["method"], graph["size"]) == (CALL, 302, "GET", 0)
    assert (download["path"], download["call"], download["status"]) == ("/data/v1.0/download", CALL, 200)
    assert download["carried"] == {"authorization": False, "cookie": False, "key": True}
    assert (download["sha256"], download["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (download["at"], download["etag"]) == ("2026-11-20T12:00:00+00:00", graph["etag"])


def test_record_knows_a_body_as_a_client_reads_it(client: Client) -> None:
    whole = client.pull(CALL)
    client.set_fault("wrong_length", "download", extra=-60)
    content = client.download(client.call(CALL)).content
    entry = client.steer("GET", "/record")[-1]
    assert content == whole[:-60]
    assert (entry["sha256"], entry["size"]) == (hashlib.sha256(content).hexdigest(), len(whole))


def test_record_holds_refusals_and_can_be_narrowed_and_cleared(client: Client) -> None:
    client.call("getEmailActivityCounts(period='D5')")
    (entry,) = client.steer("GET", "/record", listener="graph")
    assert (entry["call"], entry["status"], entry["etag"]) == ("getEmailActivityCounts(period='D5')", 400, "")
    assert client.steer("GET", "/record", listener="download") == []
    client.steer("DELETE", "/record")
    assert client.steer("GET", "/record") == []


@pytest.mark.parametrize(
    ("call", "version"),
    [
        (CALL, "v1.0"),
        ("getFormsUserActivityUserDetail(date=2026-11-10)", "beta"),
        ("getOffice365ActivationCounts", "v1.0"),
    ],
)
def test_expectation_is_what_a_pull_gives(client: Client, call: str, version: str) -> None:
    expected = client.steer("GET", "/expected", call=call, version=version)
    content = client.pull(call, version)
    assert expected == {
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "refresh_date": rows(content)[0]["Report Refresh Date"],
        "rows": len(rows(content)),
    }


def test_expectation_of_an_earlier_refresh_date_is_what_was_pulled_then(client: Client) -> None:
    content = client.pull(CALL)
    refreshed = client.visible("getOffice365ServicesUserCounts")
    client.wait(days=5)
    earlier = client.steer("GET", "/expected", call=CALL, refresh_date=refreshed)
    assert earlier["sha256"] == hashlib.sha256(content).hexdigest()
    assert client.steer("GET", "/expected", call=CALL)["sha256"] != earlier["sha256"]


def test_expectation_of_copilot_knows_its_path(client: Client) -> None:
    call = "getMicrosoft365CopilotUserCountTrend(period='ALL')"
    content = client.get(f"/v1.0/copilot/reports/{call}").content
    assert client.steer("GET", "/expected", call=call)["sha256"] == hashlib.sha256(content).hexdigest()


def test_refresh_dates_come_two_to_three_days_late_and_never_go_back(client: Client) -> None:
    reports = ("getEmailActivityCounts", "getOffice365ActiveUserCounts", "getTeamsTeamCounts", "getMailboxUsageStorage")
    start = datetime(2026, 11, 1, tzinfo=UTC)
    together = set()
    seen: dict[str, list[date]] = {report: [] for report in reports}
    for hour in range(0, 96, 3):
        now = start + timedelta(hours=hour)
        client.steer("PUT", "/clock", {"now": now.isoformat()})
        for report in reports:
            seen[report].append(date.fromisoformat(client.visible(report)))
            assert timedelta(days=2) <= now.date() - seen[report][-1] <= timedelta(days=3)
        together.add(len({dates[-1] for dates in seen.values()}))
    assert together == {1, 2}
    assert all(dates == sorted(dates) for dates in seen.values())


@pytest.mark.parametrize(
    "call",
    [
        CALL,
        "getOffice365ActiveUserDetail(period='D180')",
        "getMailboxUsageStorage(period='D30')",
        "getOffice365ActivationsUserCounts",
        "getSharePointSiteUsageSiteCounts(period='D7')",
    ],
)
def test_restated_day_has_other_numbers_under_the_same_etag(client: Client, call: str) -> None:
    report = call.partition("(")[0]
    refreshed = client.visible(report)
    answers = [client.download(client.call(call))]
    for revision in (1, 2):
        client.steer("PUT", "/restate", {"report": report, "refresh_date": refreshed, "revision": revision})
        answers.append(client.download(client.call(call)))
    assert len({answer.content for answer in answers}) == 3
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    client.steer("PUT", "/restate", {"report": report, "refresh_date": refreshed, "revision": 0})
    assert client.pull(call) == answers[0].content


def test_restated_day_changes_its_own_rows_alone(client: Client) -> None:
    call, day = "getOffice365ActiveUserCounts(period='D30')", "2026-11-10"
    before, other = client.rows(call), client.pull("getEmailActivityUserCounts(period='D30')")
    client.steer("PUT", "/restate", {"report": "getOffice365ActiveUserCounts", "refresh_date": day, "revision": 1})
    changed = [old["Report Date"] for old, new in zip(before, client.rows(call), strict=True) if old != new]
    assert changed == [day]
    assert client.pull("getEmailActivityUserCounts(period='D30')") == other


def test_reset_forgets_everything_but_the_time(client: Client) -> None:
    before, report = client.pull(CALL), CALL.partition("(")[0]
    client.wait(hours=1)
    time = client.steer("GET", "/clock")
    client.steer("PUT", "/restate", {"report": report, "refresh_date": client.visible(report), "revision": 1})
    client.steer("PUT", "/roles", {"roles": [], "scopes": ["User.Read"]})
    client.set_fault("server_error")
    client.steer("PUT", "/neighbour", {"function": "*", "used": 40})
    client.steer("DELETE", "/state")
    assert client.steer("GET", "/record") == []
    assert client.steer("GET", "/clock") == time
    client.token = client.new_token()
    assert client.statuses(15) == [302] * 14 + [429]
    client.steer("DELETE", "/state")
    assert client.pull(CALL) == before


@pytest.mark.parametrize(
    ("method", "path", "json", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("PUT", "/record", {}, 404),
        ("GET", "/expected?call=getNothing", None, 400),
        ("GET", "/visible?report=getNothing", None, 400),
        ("PUT", "/restate", {"report": "getMailboxUsageStorage", "refresh_date": "2026-11-10", "revision": 8}, 400),
        ("PUT", "/clock", {"now": "noon"}, 400),
        ("PUT", "/roles", ["Reports.Read.All"], 400),
        ("POST", "/clock", {}, 405),
    ],
)
def test_control_refuses_what_it_does_not_know(
    client: Client, method: str, path: str, json: object, status: int
) -> None:
    assert client.session.request(method, client.simulator.control + path, json=json).status_code == status
