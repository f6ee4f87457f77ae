"""What stands for a week or a month: the last day, the mean or the largest of its days."""

from __future__ import annotations

from datetime import date

import pytest

from shared.report.aggregation import aggregated
from shared.report.table import Table, merged, parse
from tests.shelf import lines

HEAD = "Report Refresh Date,Teams,Report Date,Report Period"


def history(head: str, *rows: str, day: date = date(2026, 11, 18)) -> Table:
    return merged(Table(), [parse(lines(head, *rows), day)])


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row[1:] for row in table.rows()]


WEEK = history(
    HEAD, *(f"2026-11-18,{value},2026-11-{day:02},7" for day, value in zip(range(9, 18), "678900012", strict=True))
)
"""Monday the 9th to Tuesday the 17th: six to nine on four days, none on Friday and at the weekend, then one and two."""


@pytest.mark.parametrize(
    ("of", "told"),
    [
        ("last", [("0", "2026-11-15", "7"), ("2", "2026-11-17", "7")]),
        ("mean", [("4.2857", "2026-11-15", "7"), ("1.5", "2026-11-17", "7")]),
        ("max", [("9", "2026-11-15", "7"), ("2", "2026-11-17", "7")]),
    ],
)
def test_a_week_is_told_by_its_last_day_by_the_mean_or_by_the_largest(of: str, told: list[tuple[str, ...]]) -> None:
    assert cells(aggregated(WEEK, "week", of)) == told


def test_a_month_is_told_too_and_a_day_is_what_it_is() -> None:
    assert cells(aggregated(WEEK, "month", "mean")) == [("3.6667", "2026-11-17", "7")]
    assert aggregated(WEEK, "day", "mean") == WEEK


def test_what_is_not_known_of_a_day_counts_for_nothing() -> None:
    known = history(HEAD, "2026-11-18,10,2026-11-16,7", "2026-11-18,,2026-11-17,7", "2026-11-18,,2026-11-23,7")
    assert cells(aggregated(known, "week", "mean")) == [("10", "2026-11-17", "7"), ("", "2026-11-23", "7")]


def test_rows_of_different_things_stay_apart() -> None:
    head = "Report Refresh Date,Site Type,Total,Report Date"
    sites = history(
        head,
        *("2026-11-18,Group,1,2026-11-16", "2026-11-18,All,10,2026-11-16"),
        *("2026-11-18,Group,2,2026-11-17", "2026-11-18,All,20,2026-11-17"),
    )
    assert cells(aggregated(sites, "week", "mean")) == [("Group", "1.5", "2026-11-17"), ("All", "15", "2026-11-17")]


def test_bytes_are_exact_and_a_text_among_numbers_makes_no_number() -> None:
    large = history(HEAD, *(f"2026-11-18,{2**60 + add},2026-11-{16 + add},7" for add in (0, 1)))
    assert cells(aggregated(large, "week", "mean"))[0][0] == f"{2**60}.5"
    texts = history(HEAD, "2026-11-18,4,2026-11-16,7", "2026-11-18,n/a,2026-11-17,7")
    assert [row[0] for row in cells(aggregated(texts, "week", "mean"))] == ["n/a"]


def test_without_a_report_date_the_days_are_refresh_dates() -> None:
    head = "Report Refresh Date,Teams"
    snapshots = [parse(lines(head, f"2026-11-{day},{day}"), date(2026, 11, day)) for day in (16, 18)]
    assert [*aggregated(merged(Table(), snapshots), "week", "mean").rows()] == [("2026-11-18", "17")]


def test_durations_have_a_mean_and_a_text_that_differs_each_day_makes_no_row_of_its_own() -> None:
    head = "Report Refresh Date,Meetings,Audio Duration,Newest,Report Date"
    teams = history(
        head, "2026-11-18,1,PT1H30M,a,2026-11-16", "2026-11-18,3,P1DT2M1S,b,2026-11-17", "2026-11-18,5,,c,2026-11-18"
    )
    assert cells(aggregated(teams, "week", "mean")) == [("3", "PT45960S", "c", "2026-11-18")]
    assert cells(aggregated(teams, "week", "max")) == [("5", "PT86521S", "c", "2026-11-18")]


@pytest.mark.parametrize("text", ["P", "PT", "PTS", "P1H"])
def test_what_is_no_duration_is_a_text(text: str) -> None:
    table = history(HEAD, f"2026-11-18,{text},2026-11-16,7", "2026-11-18,PT1S,2026-11-17,7")
    assert cells(aggregated(table, "week", "mean"))[0][0] == "PT1S"
