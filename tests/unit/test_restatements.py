"""The days that Microsoft restated, over all reports."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.app import App
from shared.domain.call import Call
from shared.settings import read
from tests.asking import ask, code
from tests.shelf import Shelf, lines, snapshot

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
SERVICES = Call("getOffice365ServicesUserCounts", period="D7")
DETAIL = Call("getOffice365ActiveUserDetail", date=date(2026, 11, 12))
PATH = "v1.0/restatements"


@pytest.fixture(scope="module")
def app() -> App:
    """With three revisions of the 18th and two of the 30th of September, of a report without people and of one with."""
    shelf = Shelf()
    for call, day, revisions in (
        *((SERVICES, date(2026, 11, 18), 3), (SERVICES, date(2026, 11, 17), 1), (SERVICES, date(2026, 9, 30), 2)),
        (DETAIL, date(2026, 11, 12), 2),
    ):
        for revision in range(1, revisions + 1):
            body = lines("Report Refresh Date,Teams Active", *[f"{day},{revision}"] * revision)
            shelf.put(snapshot(call, day, body, revision), body)
    return App(read({"ARCHIVE_URL": "https://nowhere.invalid"}), lambda: NOW, store=shelf.memory)


def told(app: App, query: dict[str, str] | None = None, *, personal: bool = False) -> list[tuple[Any, ...]]:
    answer = ask(app, PATH, {"format": "json", **(query or {})}, personal=personal)
    rows = json.loads(answer.body)["value"]
    return [(row["Refresh Date"], row["Call"], row["Revisions"], row["Rows Before"], row["Rows Now"]) for row in rows]


def test_a_day_with_several_revisions_was_restated(app: App) -> None:
    assert told(app) == [("2026-11-18", str(SERVICES), 3, 2, 3), ("2026-09-30", str(SERVICES), 2, 1, 2)]


def test_people_are_behind_the_personal_key(app: App) -> None:
    assert [row[1] for row in told(app, personal=True)] == [str(SERVICES), str(DETAIL), str(SERVICES)]


def test_a_range_chooses_and_an_instant_says_what_was_known(app: App) -> None:
    assert [row[0] for row in told(app, {"from": "2026-09-30", "to": "2026-11-18"})] == ["2026-09-30"]
    assert [row[:3] for row in told(app, {"asOf": "2026-11-21", "from": "2026-11-01"})] == [
        ("2026-11-18", str(SERVICES), 2)
    ]


def test_as_csv_it_has_a_title_for_people_and_tells_the_periods_of_a_report_apart(app: App) -> None:
    rows = list(csv.DictReader(io.StringIO(ask(app, PATH, personal=True).body.decode(), newline="")))
    services = ("Active and inactive users by service", "D7")
    assert [(row["Title"], row["Period"]) for row in rows] == [services, ("Services by person", "day"), services]


@pytest.mark.parametrize("query", [{"from": "2025-01-01"}, {"from": "2026-11-18", "to": "2026-11-18"}, {"report": "x"}])
def test_a_range_that_is_too_long_or_none_is_told(app: App, query: dict[str, str]) -> None:
    assert code(ask(app, PATH, query)) == "bad_argument"


@pytest.mark.parametrize("day", ["0001-01-02", "9999-12-31"])
def test_the_ends_of_the_calendar_are_days_too(app: App, day: str) -> None:
    assert ask(app, PATH, {"to": day}).status == 200
