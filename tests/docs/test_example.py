"""The example of docs/concepts.md, lived through: each query is answered as the page says."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

import pytest

from local.simulator_client import Control
from shared.app import App
from shared.web.http import Response
from tests.asking import ask
from tests.docs.pages import pages

SECTION = pages()["docs/concepts.md"].section("Two times")
CALL = "getOffice365ServicesUserCounts(period='D7')"
RUNS = re.findall(r"^\| (20\S+ \d\d:\d\d) \| (20[\d-]+)(, corrected)? \|", SECTION, re.MULTILINE)
QUERIES = re.findall(r"^\| (nothing|`\?[^`]+`) \| ([^|]+) \|$", SECTION, re.MULTILINE)


@pytest.fixture(scope="module")
def app(lasting: tuple[Callable[..., App], Control]) -> App:
    """The app after the runs of the page."""
    make_app, control = lasting
    app = make_app(REPORTS=CALL)
    report = CALL.partition("(")[0]
    for time, shown, corrected in RUNS:
        control.set_time(datetime.fromisoformat(time).replace(tzinfo=UTC))
        control.put("restate", {"report": report, "refresh_date": shown, "revision": 1 if corrected else 0})
        app.pull_run.execute()
        assert control.get("visible", report=report)["refresh_date"] == shown
    return app


def said(reply: Response) -> str:
    """As the page says it."""
    if reply.status != 200:
        return f"{reply.status} `{json.loads(reply.body)['code']}`"
    found = re.search(r"refreshDate=([\d-]+)&revision=(\d+)", reply.headers["Content-Location"])
    assert found
    return f"{date.fromisoformat(found[1])} revision {found[2]}"


def test_the_example_has_its_runs_and_queries() -> None:
    assert len(RUNS) == 3
    assert len(QUERIES) == 10
    assert CALL in SECTION


@pytest.mark.parametrize(("query", "answer"), QUERIES)
def test_a_query_of_the_example_is_answered_as_the_page_says(app: App, query: str, answer: str) -> None:
    asked = dict(parse_qsl(query.strip("`?"))) if query != "nothing" else {}
    assert said(ask(app, f"v1.0/reports/{CALL}", asked)) == answer
