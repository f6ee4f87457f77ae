"""Which calls Graph understands, and what it answers to the others."""

from datetime import date, timedelta

import pytest

from tests.integration.simulator.client import Client

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    "path",
    [
        "/v1.0/reports/getEmailActivityCounts(period='D7')",
        "/v1.0/reports/getEmailActivityCounts(period%3D%27D7%27)",
        "/v1.0/reports/microsoft.graph.getEmailActivityCounts(period='D7')",
        "/beta/reports/getEmailActivityCounts(period='D7')?$format=text/csv",
        "/beta/reports/EmailActivity(view='Activity',period='d7')/content",
        "/beta/reports/EmailActivity(view='Activity',period='D7',date='2026-11-01')/content",
    ],
    ids=["plain", "encoded", "namespace", "beta", "2017", "2017 with a date to ignore"],
)
def test_forms_of_one_call_give_the_same_file(client: Client, path: str) -> None:
    content = client.pull("getEmailActivityCounts(period='D7')")
    assert client.download(client.get(path)).content == content


@pytest.mark.parametrize("name", ["getOffice365ActivationCounts", "getOffice365ActivationCounts()"])
def test_reports_without_argument_are_called_without(client: Client, name: str) -> None:
    assert len(client.rows(name)) == 3


@pytest.mark.parametrize("day", ["2026-11-12", "'2026-11-12'"], ids=["bare", "quoted"])
def test_date_goes_bare_or_quoted(client: Client, day: str) -> None:
    assert {row["Report Refresh Date"] for row in client.rows(f"getTeamsUserActivityUserDetail(date={day})")} == {
        "2026-11-12"
    }


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("/v1.0/reports/getNothing(period='D7')", "getNothing"),
        ("/v1.0/reports/getEmailActivityUserDetail", "getEmailActivityUserDetail"),
        ("/v1.0/reports/getEmailActivityCounts(period=D7)", "getEmailActivityCounts(period=D7)"),
        ("/v1.0/reports/getEmailActivityCounts(period='D7'", "getEmailActivityCounts(period='D7'"),
        ("/v1.0/reports/getEmailActivityCounts(period='D7',)", "getEmailActivityCounts(period='D7',)"),
        ("/v1.0/reports/getEmailActivityCounts(period='D7')/content", "content"),
        ("/v1.0/reports/getEmailActivityCounts(date=2026-11-12)", "getEmailActivityCounts(date=2026-11-12)"),
        ("/v1.0/reports/getTeamsTeamCounts(period='D7',date=2026-11-12)", None),
        ("/v1.0/reports/getFormsUserActivityCounts(period='D7')", "getFormsUserActivityCounts"),
        ("/v1.0/reports/getMicrosoft365CopilotUserCountTrend(period='D7')", "getMicrosoft365CopilotUserCountTrend"),
        ("/v1.0/copilot/reports/getEmailActivityCounts(period='D7')", "getEmailActivityCounts"),
        ("/v1.0/reports/EmailActivity(view='Activity',period='D7')/content", "EmailActivity"),
        ("/beta/reports/EmailActivity(view='Activity',period='D7')", None),
        ("/beta/reports/EmailActivity(view='Other',period='D7')/content", None),
        ("/beta/reports/EmailActivity(view='Activity')/content", "EmailActivity(view='Activity')"),
        ("/v1.0/reports/get-nothing(period='D7')", "get-nothing(period='D7')"),
        ("/v2.0/reports/getEmailActivityCounts(period='D7')", None),
    ],
)
def test_what_graph_cannot_resolve_names_the_segment(client: Client, path: str, segment: str | None) -> None:
    answer = client.get(path)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "BadRequest")
    if segment:
        assert error["message"] == f"Resource not found for the segment '{segment}'."


@pytest.mark.parametrize(
    "path",
    [
        "/v1.0/reports/getEmailActivityCounts(period='D28')",
        "/v1.0/reports/getEmailActivityCounts(period='')",
        "/v1.0/reports/getEmailActivityUserDetail(date=yesterday)",
        "/v1.0/reports/getEmailActivityUserDetail(date=2026-02-30)",
        "/v1.0/copilot/reports/getMicrosoft365CopilotUserCountTrend(period='D28')",
        "/v1.0/copilot/reports/getMicrosoft365CopilotUserCountTrend(period='D30',version='v2')",
        "/v1.0/copilot/reports/getMicrosoft365CopilotUserCountTrend(period='D7',version='v3')",
    ],
)
def test_values_out_of_range_are_invalid_arguments(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidArgument")


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_json_is_not_offered(client: Client, version: str) -> None:
    answer = client.get(f"/{version}/reports/getEmailActivityCounts(period='D7')?$format=application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "JSON format is not supported."


def test_dates_reach_back_28_days(client: Client) -> None:
    oldest = TODAY - timedelta(days=28)
    assert client.rows(f"getEmailActivityUserDetail(date={oldest})")
    answer = client.call(f"getEmailActivityUserDetail(date={oldest - timedelta(days=1)})")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        "Invalid date value specified: 2026-10-22. Only support data for the past 28 days."
    )


@pytest.mark.parametrize("day", ["2026-11-19", "2026-11-20", "2026-12-24"])
def test_a_day_that_is_not_out_yet_has_the_header_alone(client: Client, day: str) -> None:
    content = client.pull(f"getEmailActivityUserDetail(date={day})")
    assert content.count(b"\n") == 1
    assert content.startswith(b"\xef\xbb\xbfReport Refresh Date,User Principal Name,")


def test_graph_takes_get_alone(client: Client) -> None:
    answer = client.session.post(f"{client.simulator.graph_endpoint}/v1.0/reports/getEmailActivityCounts(period='D7')")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
