"""What the Power BI project asks for, the archive answers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping

import pytest

from shared.app import App
from shared.domain.catalogue import catalogue
from shared.web.http import Response
from tests.asking import ask, code
from tests.unit.powerbi.project import FOLDER, Project

SERVICES, USERS, PEOPLE = (
    f"getOffice365{name}" for name in ("ServicesUserCounts", "ActiveUserCounts", "ActiveUserDetail")
)
VALUES = {"period": "D30", "every": "month", "from": "2020-01-01", "to": "2040-01-01"}
"""What stands for the parameters of the model."""


@pytest.fixture
def app(make_app: Callable[..., App]) -> App:
    """With one run's snapshots."""
    app = make_app(REPORTS=f"{SERVICES}(period='D30'), {USERS}(period='D180')")
    app.pull_run.execute()
    return app


def header(reply: Response) -> list[str]:
    return next(csv.reader(io.StringIO(reply.body.decode("utf-8-sig"), newline="")))


def pasted(name: str, today: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The path and the query of a query to paste, with dates of today in place of its examples."""
    text = (FOLDER / "queries" / f"{name}.pq").read_text("utf-8")
    values = {**dict(re.findall(r'^    (\w+) = "(.*?)"', text, re.MULTILINE)), **today}
    (parameters,) = re.findall(r"Asked = \[(.*)\]", text)
    (path,) = re.findall(r"RelativePath = (.*?), Timeout", text)
    query = {key: values[value] for key, value in re.findall(r"(\w+) = (\w+)", parameters)}
    return f"v1.0/reports/{values['Report']}{'/series' if 'series' in path else ''}", query


def test_a_table_asks_for_a_series_that_has_its_columns(make_app: Callable[..., App]) -> None:
    app = make_app()
    for request in {each.report: each for each in Project(FOLDER).requests}.values():
        query = {name: VALUES[name] for name in request.query}
        columns = header(ask(app, f"v1.0/reports/{request.report}/series", query, personal=True))
        assert columns[0] == "Report Refresh Date"
        assert set(request.columns) <= set(columns), request.report


def test_a_personal_report_is_an_empty_table_for_those_without_its_key(make_app: Callable[..., App]) -> None:
    assert catalogue().reports[PEOPLE].personal_data
    reply = ask(make_app(), f"v1.0/reports/{PEOPLE}/series")
    assert reply.status == 404
    assert f'"{code(reply)}"' in Project(FOLDER).expressions["Series"]


def test_a_query_to_paste_gets_rows(app: App) -> None:
    (snapshot,) = json.loads(ask(app, f"v1.0/reports/{SERVICES}/snapshots", {"period": "D30"}).body)["value"]
    today = {
        "RefreshDate": snapshot["refreshDate"],
        "AsOf": snapshot["pulledAt"][:10],
        "From": "2020-01-01",
        "To": "2040-01-01",
    }
    for name in ("latest", "by-date", "as-of", "series"):
        path, query = pasted(name, today)
        reply = ask(app, path, query)
        assert header(reply)[0] == "Report Refresh Date"
        assert reply.body.count(b"\n") > 1, name


def test_the_first_page_finds_calls_and_refresh_dates_where_it_looks_for_them(app: App) -> None:
    reports = json.loads(ask(app, "v1.0/reports").body)["value"]
    calls = [call for report in reports for call in report["calls"]]
    assert sorted(call["call"] for call in calls) == [f"{USERS}(period='D180')", f"{SERVICES}(period='D30')"]
    source = Project(FOLDER).sources("m")["Freshness"]
    assert {"name", "calls"} <= reports[0].keys()
    assert {"call", "refreshDate"} <= calls[0].keys()
    assert all(f'"{name}"' in source for name in ("name", "calls", "call", "refreshDate"))
