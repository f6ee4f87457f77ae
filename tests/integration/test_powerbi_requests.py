"""What the Power BI project asks for, the archive answers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable

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


def examples() -> list[tuple[str, dict[str, str]]]:
    """The path and the query of each example of the query to paste, below `/api`, as its function makes them."""
    (text,) = Project(FOLDER).queries.values()
    found = re.findall(r'^//   Archive\("(\w+)"(?:, \[(.*?)\])?\)', text, re.MULTILINE)
    (names,) = re.findall(r"Record\.FieldNames\(Asked\), \{(.*?)\}", text)
    of_history = set(re.findall(r"\w+", names))
    asked = []
    for name, options in found:
        query = dict(re.findall(r'(\w+) = "(.*?)"', options))
        tenant = query.pop("tenant", "")
        is_history = tenant == "all" or query.keys() & of_history
        folder = f"tenants/{tenant}/" if tenant else ""
        asked.append((f"{folder}v1.0/reports/{name}{'/series' if is_history else ''}", query))
    return asked


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
    assert f'"{code(reply)}"' in Project(FOLDER).expressions["Rows"]


def test_the_examples_of_the_query_to_paste_get_rows(app: App) -> None:
    (snapshot,) = json.loads(ask(app, f"v1.0/reports/{SERVICES}/snapshots", {"period": "D30"}).body)["value"]
    today = {"refreshDate": snapshot["refreshDate"], "asOf": snapshot["pulledAt"][:10], "to": "2040-01-01"}
    own = [(path, query) for path, query in examples() if not path.startswith("tenants/")]
    asked = [(path, query | {name: today[name] for name in query.keys() & today}) for path, query in own]
    assert len(asked) == 6
    for path, query in asked[:-1]:
        reply = ask(app, path, query)
        assert header(reply)[0] == "Report Refresh Date"
        assert reply.body.count(b"\n") > 1, path


def test_the_views_are_below_the_one_base_url_of_power_query(app: App) -> None:
    for view in ("licences", "adoption"):
        assert ask(app, f"v1.0/reports/{view}").body == ask(app, f"v1.0/{view}").body


def test_the_first_page_finds_calls_and_refresh_dates_where_it_looks_for_them(app: App) -> None:
    reports = json.loads(ask(app, "v1.0/reports").body)["value"]
    calls = [call for report in reports for call in report["calls"]]
    assert sorted(call["call"] for call in calls) == [f"{USERS}(period='D180')", f"{SERVICES}(period='D30')"]
    source = Project(FOLDER).sources("m")["Freshness"]
    assert {"name", "calls"} <= reports[0].keys()
    assert {"call", "refreshDate"} <= calls[0].keys()
    assert all(f'"{name}"' in source for name in ("name", "calls", "call", "refreshDate"))
