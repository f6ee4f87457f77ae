"""What is missing is named: what can still be had, what nobody can bring back, and what never was."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.archive.coverage import (
    LOST,
    NEVER_PUBLISHED,
    RECOVERABLE,
    Gap,
    gaps,
    lost_days,
    lost_refresh_dates,
)
from shared.domain.dates import days_between

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
HELD = date(2026, 11, 8)


def day(number: int) -> date:
    return date(2026, 11, number)


def days(first: int, last: int) -> set[date]:
    return set(days_between(day(first), day(last + 1)))


# -- noticed in a run --------------------------------------------------------------------------------------------------


def test_refresh_dates_of_an_outage_are_lost() -> None:
    lost = lost_refresh_dates(HELD, NOW - timedelta(days=10), date(2026, 11, 12), NOW)
    assert lost == [date(2026, 11, 9), date(2026, 11, 10), date(2026, 11, 11)]


@pytest.mark.parametrize("hours", [6, 12, 15])
def test_a_refresh_date_that_was_skipped_while_the_archive_watched_was_never_shown(hours: int) -> None:
    assert lost_refresh_dates(HELD, NOW - timedelta(hours=hours), date(2026, 11, 12), NOW) == []


@pytest.mark.parametrize("hours", [16, 18, 24, 36])
def test_a_refresh_date_that_two_pulls_in_a_row_would_have_seen_is_lost(hours: int) -> None:
    assert lost_refresh_dates(HELD, NOW - timedelta(hours=hours), day(10), NOW) == [day(9)]


@pytest.mark.parametrize("number", [20, 21, 22])
def test_a_refresh_date_that_cannot_be_out_yet_proves_no_loss(number: int) -> None:
    assert lost_refresh_dates(HELD, NOW - timedelta(days=10), day(number), NOW) == []
    assert lost_refresh_dates(HELD, NOW - timedelta(days=10), day(19), NOW) != []


@pytest.mark.parametrize("came", [HELD, HELD + timedelta(days=1), HELD - timedelta(days=1)])
def test_nothing_is_lost_between_neighbouring_dates(came: date) -> None:
    assert lost_refresh_dates(HELD, NOW - timedelta(days=10), came, NOW) == []


def test_nothing_is_lost_before_the_archive_began() -> None:
    assert lost_refresh_dates(None, None, date(2026, 11, 12), NOW) == []
    assert lost_days(set(), NOW, NOW) == []


def test_missing_days_that_go_out_of_reach_are_lost() -> None:
    held = {date(2026, 10, 16)}
    assert lost_days(held, NOW - timedelta(days=10), NOW)[:3] == [
        date(2026, 10, 15),
        date(2026, 10, 17),
        date(2026, 10, 18),
    ]


# -- between the days that are there -----------------------------------------------------------------------------------


def test_nothing_is_missing_between_neighbouring_days() -> None:
    assert gaps(days(1, 20), set()) == []


def test_nothing_is_missing_of_what_was_never_archived() -> None:
    assert gaps(set(), set()) == []


def test_dates_that_were_skipped_in_a_jump_while_the_archive_watched_were_never_published() -> None:
    assert gaps(days(1, 8) | days(12, 14), set()) == [Gap(day(9), day(11), NEVER_PUBLISHED)]


def test_dates_of_an_outage_are_lost() -> None:
    assert gaps(days(1, 8) | days(12, 14), days(9, 11)) == [Gap(day(9), day(11), LOST)]


def test_a_gap_ends_where_its_state_does() -> None:
    assert gaps(days(1, 8) | days(12, 14), days(9, 9) | days(11, 11)) == [
        Gap(day(9), day(9), LOST),
        Gap(day(10), day(10), NEVER_PUBLISHED),
        Gap(day(11), day(11), LOST),
    ]


def test_a_report_that_comes_weekly_has_a_gap_in_each_week() -> None:
    weekly = {day(1), day(8), day(15)}
    assert [(gap.first, gap.days) for gap in gaps(weekly, set())] == [(day(2), 6), (day(9), 6)]


def test_what_is_archived_after_all_is_not_lost() -> None:
    assert gaps(days(1, 14), days(9, 11)) == []


def test_a_single_day_within_reach_is_recoverable_and_not_lost() -> None:
    assert gaps(days(1, 8) | days(12, 14), days(9, 11), reachable=days(10, 14)) == [
        Gap(day(9), day(9), LOST),
        Gap(day(10), day(11), RECOVERABLE),
    ]


def test_all_days_within_reach_are_recoverable_before_the_first_is_archived() -> None:
    assert gaps(set(), set(), reachable=days(1, 14)) == [Gap(day(1), day(14), RECOVERABLE)]


def test_days_within_reach_are_recoverable_outside_of_what_is_archived_too() -> None:
    assert gaps(days(3, 4), set(), reachable=days(1, 6)) == [
        Gap(day(1), day(2), RECOVERABLE),
        Gap(day(5), day(6), RECOVERABLE),
    ]


def test_days_that_were_lost_before_the_first_that_is_archived_are_told() -> None:
    assert gaps(days(10, 14), days(7, 8)) == [Gap(day(7), day(8), LOST)]


def test_a_recoverable_gap_can_be_filled_until_its_first_day_goes_out_of_reach() -> None:
    (gap,) = gaps(set(), set(), reachable=days(1, 3))
    assert gap.until is not None
    last_chance = datetime(gap.until.year, gap.until.month, gap.until.day, 23, 59, tzinfo=UTC)
    assert lost_days(set(), NOW - timedelta(days=30), last_chance)[-1] < gap.first
    assert lost_days(set(), NOW - timedelta(days=30), last_chance + timedelta(hours=1))[-1] == gap.first


@pytest.mark.parametrize("state", [LOST, NEVER_PUBLISHED])
def test_other_gaps_cannot_be_filled(state: str) -> None:
    assert Gap(day(1), day(3), state).until is None
