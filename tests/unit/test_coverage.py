"""What is missing is named: what can still be had, what nobody can bring back, and what never was."""

from collections.abc import Container
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.archive.coverage import Gap, GapState, classify, gaps, lost_days
from shared.domain.date_ranges import NO_DAYS, DateRanges

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)


def day(number: int) -> date:
    return date(2026, 11, number)


def days(first: int, last: int) -> DateRanges:
    return DateRanges(((day(first), day(last)),))


# -- out of reach ------------------------------------------------------------------------------------------------------


def test_missing_days_that_go_out_of_reach_are_lost() -> None:
    archived = DateRanges.of([date(2026, 10, 16)])
    assert lost_days(archived, NOW - timedelta(days=10), NOW)[:3] == [
        date(2026, 10, 15),
        date(2026, 10, 17),
        date(2026, 10, 18),
    ]


def test_no_day_is_lost_before_the_archive_began() -> None:
    assert lost_days(NO_DAYS, None, NOW) == []
    assert lost_days(NO_DAYS, NOW, NOW) == []


# -- between the days that are there -----------------------------------------------------------------------------------


def test_nothing_is_missing_between_neighbouring_days() -> None:
    assert gaps(days(1, 20)) == []


def test_nothing_is_missing_of_what_was_never_archived() -> None:
    assert gaps(NO_DAYS) == []


def test_dates_that_were_skipped_in_a_jump_while_the_archive_watched_were_never_published() -> None:
    assert gaps(days(1, 8) | days(12, 14)) == [Gap(day(9), day(11), GapState.NEVER_PUBLISHED)]


def test_dates_of_an_outage_are_lost() -> None:
    assert gaps(days(1, 8) | days(12, 14), days(9, 11)) == [Gap(day(9), day(11), GapState.LOST)]


def test_a_gap_ends_where_its_state_does() -> None:
    assert gaps(days(1, 8) | days(12, 14), days(9, 9) | days(11, 11)) == [
        Gap(day(9), day(9), GapState.LOST),
        Gap(day(10), day(10), GapState.NEVER_PUBLISHED),
        Gap(day(11), day(11), GapState.LOST),
    ]


def test_a_report_that_comes_weekly_has_a_gap_in_each_week() -> None:
    weekly = DateRanges.of([day(1), day(8), day(15)])
    assert [(gap.first, gap.days) for gap in gaps(weekly)] == [(day(2), 6), (day(9), 6)]


def test_what_is_archived_after_all_is_not_lost() -> None:
    assert gaps(days(1, 14), days(9, 11)) == []


def test_a_single_day_within_reach_is_recoverable_and_not_lost() -> None:
    assert gaps(days(1, 8) | days(12, 14), days(9, 11), reachable=days(10, 14)) == [
        Gap(day(9), day(9), GapState.LOST),
        Gap(day(10), day(11), GapState.RECOVERABLE),
    ]


def test_all_days_within_reach_are_recoverable_before_the_first_is_archived() -> None:
    assert gaps(NO_DAYS, NO_DAYS, reachable=days(1, 14)) == [Gap(day(1), day(14), GapState.RECOVERABLE)]


def test_days_within_reach_are_recoverable_outside_of_what_is_archived_too() -> None:
    assert gaps(days(3, 4), NO_DAYS, reachable=days(1, 6)) == [
        Gap(day(1), day(2), GapState.RECOVERABLE),
        Gap(day(5), day(6), GapState.RECOVERABLE),
    ]


def test_days_that_were_lost_before_the_first_that_is_archived_are_told() -> None:
    assert gaps(days(10, 14), days(7, 8)) == [Gap(day(7), day(8), GapState.LOST)]


def test_a_recoverable_gap_can_be_filled_until_its_first_day_goes_out_of_reach() -> None:
    (gap,) = gaps(NO_DAYS, NO_DAYS, reachable=days(1, 3))
    assert gap.until is not None
    last_chance = datetime(gap.until.year, gap.until.month, gap.until.day, 23, 59, tzinfo=UTC)
    assert lost_days(NO_DAYS, NOW - timedelta(days=30), last_chance)[-1] < gap.first
    assert lost_days(NO_DAYS, NOW - timedelta(days=30), last_chance + timedelta(hours=1))[-1] == gap.first


@pytest.mark.parametrize("state", [GapState.EMPTY, GapState.LOST, GapState.NEVER_PUBLISHED])
def test_other_gaps_cannot_be_filled(state: GapState) -> None:
    assert Gap(day(1), day(3), state).until is None


def state_of(each: date, lost: Container[date], reachable: Container[date], empty: Container[date]) -> GapState:
    if each in reachable:
        return GapState.EMPTY if each in empty else GapState.RECOVERABLE
    return GapState.LOST if each in lost else GapState.NEVER_PUBLISHED


def test_a_missing_day_can_be_had_or_is_lost_or_never_was() -> None:
    states = (GapState.RECOVERABLE, GapState.EMPTY, GapState.LOST, GapState.NEVER_PUBLISHED)
    found = classify(days(1, 4), lost=days(1, 3), reachable=days(1, 2), empty=days(2, 2) | days(4, 4))
    assert found == [Gap(day(number), day(number), state) for number, state in enumerate(states, 1)]


def test_empty_days_are_told_only_between_days_that_are_not() -> None:
    assert gaps(days(2, 2) | days(4, 4), NO_DAYS, reachable=days(1, 6), empty=days(1, 6)) == [
        Gap(day(3), day(3), GapState.EMPTY)
    ]


DAYS = st.sets(st.integers(1, 30).map(day))


@given(DAYS, DAYS, DAYS, DAYS)
def test_ranges_tell_what_single_days_tell(
    archived: set[date], lost: set[date], reachable: set[date], empty: set[date]
) -> None:
    between = {day for day in days(1, 30).days if archived and min(archived) < day < max(archived)}
    missing = (between | lost | (reachable - empty)) - archived
    found = gaps(*map(DateRanges.of, (archived, lost, reachable, empty)))
    told = [(each, gap.state) for gap in found for each in DateRanges(((gap.first, gap.last),)).days]
    assert sorted(told) == [(each, state_of(each, lost, reachable, empty)) for each in sorted(missing)]
    assert found == sorted(found)
