"""The bench: what it makes of figures, and what it says of rows that cannot be measured."""

import json
import sys
from pathlib import Path

import pytest

from bench import cost, table
from bench.measure import Row, Scale, compared, held, interleaved


def test_sides_take_turns_after_warming_up_and_another_begins_each_round() -> None:
    turns: list[str] = []

    def side(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    took = interleaved({"ours": lambda: side("ours"), "theirs": lambda: side("theirs")}, rounds=2)
    assert turns == ["ours", "theirs", "ours", "theirs", "theirs", "ours"]
    assert took == {"ours": [3.0, 6.0], "theirs": [4.0, 5.0]}


def test_the_ratio_is_the_median_of_the_rounds_and_not_that_of_the_medians() -> None:
    row = compared("", [1.0, 20.0, 3.0], "", [1.0, 10.0, 1.0], "s", 1.5)
    assert (row.figure, row.limit, row.ratio) == (3.0, 1.0, 2.0)


@pytest.mark.parametrize(("ours", "at_least", "met"), [(1.5, False, True), (1.6, False, False), (0.6, True, True)])
def test_a_target_is_met_up_to_its_very_figure(ours: float, at_least: bool, met: bool) -> None:
    assert compared("", [ours], "", [1.0], "s", 1.5, at_least=at_least).met is met


def answered(name: str, scale: Scale) -> list[Row]:
    """In place of what takes minutes: a figure of 0.5 or 2, of which 1 is the limit."""
    return [held(name, {"fast": 0.5, "slow": 2.0}[name], "the limit", 1.0, "s")]


def test_a_missed_target_is_named_and_is_the_exit_status(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert table.run(only=["fast"], file=tmp_path / "bench.json", ask=answered) == 0
    assert table.run(only=["fast", "slow"], file=tmp_path / "bench.json", ask=answered) == 1
    assert "missed: slow" in capsys.readouterr().out
    assert [row["met"] for row in json.loads((tmp_path / "bench.json").read_text())["rows"]] == [True, False]


def test_what_needs_a_package_that_is_not_there_is_skipped_and_said_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for package in ("duckdb", "pandas", "pathspec"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "bench.package", raising=False)
    assert table.run(only=["series", "package"], file=tmp_path / "bench.json") == 0
    said = capsys.readouterr().out
    assert "skipped: series: neither duckdb nor pandas is installed" in said
    assert "skipped: package: pathspec is not installed" in said


def test_the_cost_in_the_documentation_is_what_the_script_computes() -> None:
    page = cost.PAGE.read_text("utf-8")
    assert page == cost.written(page, cost.section(cost.known())), "run `python -m bench.cost`"


def test_what_costs_nothing_more_for_more_people_is_all_but_the_blobs() -> None:
    _, _, *rows = (line.strip("| ").split(" | ") for line in cost.table(cost.known(), cost.PRICES, cost.GUESSES))
    assert {row[0] for row in rows if len(set(row[1:])) > 1} == {"blobs", "**together**"}
