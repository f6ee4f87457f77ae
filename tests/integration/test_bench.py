"""The bench: what it makes of figures, and what it says of rows that cannot be measured."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import cost, table
from bench.__main__ import parse
from bench.measure import Row, Scale, Skipped, TrueLimit, compared, held, interleaved
from bench.page import written
from local.setup import ROOT


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
    told = json.loads((tmp_path / "bench.json").read_text())
    assert [row["met"] for name in ("fast", "slow") for row in told[name]["rows"]] == [True, False]


@pytest.mark.parametrize(
    ("figures", "limit", "said", "status"),
    [
        ([1.0], 2.0, "met", 0),
        ([2.0], 2.0, "cannot be met: it is far; true limit 2.00", 0),
        ([2.0, 2.1, 2.2], 2.0, "cannot be met: it is far; true limit 2.00", 0),
        ([2.5, 2.5, 2.5], 2.0, "**missed**, and cannot be met: it is far; true limit 2.00", 1),
        ([2.0], 0.9, "**missed**", 1),
    ],
    ids=["met after all", "at the limit", "as far as it spreads", "far from the limit", "the target is in reach"],
)
def test_a_target_that_cannot_be_met_is_said_to_be_so_with_what_can(
    figures: list[float], limit: float, said: str, status: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    why = TrueLimit(limit, "it is far")
    row = compared("a pull", figures, "theirs", [1.0] * len(figures), "s", 1.0, true_limit=why)
    assert table.run(only=["pull"], file=(file := tmp_path / "bench.json"), ask=lambda name, scale: [row]) == status
    assert f"| <= 1 | {said} |" in capsys.readouterr().out
    assert f"| <= 1 | {said} |" in "\n".join(table.section(json.loads(file.read_text())))


def test_a_ratio_that_should_be_high_may_be_lower_than_its_true_limit_by_its_spread() -> None:
    def row(*theirs: float) -> Row:
        why = TrueLimit(80.0, "it is far")
        return compared("", [1.0] * len(theirs), "", [*theirs], "s", 100, at_least=True, true_limit=why)

    assert [row(*each).is_at_limit for each in ([80.0], [75.0, 79.0, 81.0], [75.0] * 3)] == [True, True, False]


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


@pytest.mark.parametrize("name", ["sries", "measure"])
def test_a_question_that_there_is_not_is_refused_and_not_skipped(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--only", "series", "--only", name])
    assert f"invalid choice: '{name}'" in capsys.readouterr().err


def test_a_module_of_our_own_that_is_missing_is_not_skipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "bench.series", None)
    with pytest.raises(ModuleNotFoundError, match=r"bench\.series"):
        table.run(only=["series"], file=tmp_path / "bench.json")


def test_rows_that_came_before_what_is_skipped_are_kept(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def half(name: str, scale: Scale) -> Iterator[Row]:
        yield held("our own", 0.5, "the limit", 1.0, "s")
        raise Skipped("the peer is not installed")

    assert table.run(only=["memory"], file=tmp_path / "bench.json", ask=half) == 0
    said = capsys.readouterr().out
    assert "| our own |" in said
    assert "skipped: memory: the peer is not installed" in said


def test_the_table_in_the_documentation_is_that_of_a_run_with_its_machine(tmp_path: Path) -> None:
    table.run(only=["fast", "slow"], file=tmp_path / "bench.json", ask=answered)
    told = json.loads((tmp_path / "bench.json").read_text())
    page = written("before <!-- x writes this -->old<!-- until here --> after", "x", "\n".join(table.section(told)))
    assert page.startswith("before <!-- x writes this -->\n\n| Question |")
    assert "| slow | 2.00 s | the limit | 1.00 s | 2.00 |  | <= 1 | **missed** |" in page
    assert f"{told['slow']['cores']} cores" in page
    assert page.endswith("<!-- until here --> after")


def test_a_question_that_is_asked_alone_leaves_the_answers_to_others(tmp_path: Path) -> None:
    """The table is written of all that is known, each row with the run that it is of."""
    file, kept, page = tmp_path / "bench.json", tmp_path / "answers.json", tmp_path / "page.md"
    page.write_text("<!-- bench/table.py writes this --><!-- until here -->")
    figures = iter([2.0, 3.0, 4.0])
    for name in ("status", "imports", "status"):
        table.run(only=[name], file=file, ask=lambda name, scale: [held(name, next(figures), "the limit", 1.0, "s")])
        told = json.loads(file.read_text())
        file.write_text(json.dumps(told | {name: told[name] | {"begun": f"when {name} was asked"}}))
    assert table.write(file, kept, page) == 0
    file.write_text("{}")  # as after another set-up
    assert table.write(file, kept, page) == 0
    rows = [line.split(" | ")[:2] for line in page.read_text().splitlines() if "the limit" in line]
    assert rows == [["| imports", "3.00 s"], ["| status", "4.00 s"]]
    for name in ("status", "imports"):
        assert re.search(rf"^- when {name} was asked: .*: {name}\.$", page.read_text(), re.MULTILINE)


def test_the_peers_named_in_the_documentation_are_those_that_are_pinned() -> None:
    named = dict(re.findall(r"`(msgraph-sdk|duckdb|pandas)` ([\d.]+\d)", table.PAGE.read_text("utf-8")))
    pinned = dict(re.findall(r"^([\w-]+)==([\d.]+)", (ROOT / "local" / "tests.lock").read_text(), re.MULTILINE))
    assert named == {peer: pinned[peer] for peer in ("msgraph-sdk", "duckdb", "pandas")}


def test_the_cost_in_the_documentation_is_what_the_script_computes() -> None:
    page = cost.PAGE.read_text("utf-8")
    assert page == cost.written(page), "run `python -m bench.cost`"


@pytest.mark.long
@pytest.mark.parametrize("reports", cost.known())
def test_the_cost_is_computed_from_what_a_day_takes_now(reports: str) -> None:
    """Counts are the same on every machine; bytes within a tenth, as zlib is not everywhere the same."""
    known, now = cost.known()[reports], cost.measured(reports)
    counts, sizes = ("requests", "writes", "reads", "lines"), ("snapshots", "records", "log")
    again = "run `python -m bench.cost measure`"
    assert [getattr(now, name) for name in counts] == [getattr(known, name) for name in counts], again
    assert [getattr(now, name) for name in sizes] == pytest.approx([getattr(known, name) for name in sizes], 0.1), again


def test_what_costs_nothing_more_for_more_people_is_all_but_the_blobs() -> None:
    _, _, *rows = (line.strip("| ").split(" | ") for line in cost.table(cost.known(), cost.PRICES, cost.GUESSES))
    assert {row[0] for row in rows if len(set(row[1:])) > 1} == {"blobs", "**together**"}


def test_compute_is_of_the_runs_and_of_the_reads() -> None:
    """Each read is billed at least a second of an instance of 2 GB."""
    runs = cost.compute(cost.known(), cost.GUESSES._replace(read=0))
    assert cost.compute(cost.known(), cost.GUESSES) == pytest.approx(runs + 30 * 1_000 * 2)
