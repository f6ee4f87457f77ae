"""When a newer refresh date is to be expected."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.archive.cadence import Cadence

MONDAY = date(2026, 11, 16)


def at(day: date, days: float) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=days)


def after(*waits: float) -> Cadence:
    """A rhythm that heard, on Mondays in a row, that the next one came so many days later."""
    rhythm = Cadence()
    for number, days in enumerate(waits):
        monday = MONDAY - timedelta(weeks=len(waits) - number)
        rhythm = rhythm.observe(monday, at(monday, days))
    return rhythm


@pytest.mark.parametrize(
    ("newest", "days"),
    [(0, 5), (1, 5), (2, 5), (3, 6), (4, 6), (5, 6), (6, 5)],
    ids=["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
)
def test_at_first_the_next_day_is_expected_72_hours_after_its_end_and_96_if_it_is_friday_to_sunday(
    newest: int, days: int
) -> None:
    day = MONDAY + timedelta(days=newest)
    assert Cadence().next_expected(day) == at(day, days)


def test_once_the_rhythm_is_known_the_next_one_is_expected_a_day_later_than_usual() -> None:
    assert after(3.25, 3.5, 3.25).next_expected(MONDAY) == at(MONDAY, 4.25)


def test_one_wait_is_not_yet_a_rhythm() -> None:
    assert after(3.25).next_expected(MONDAY) == Cadence().next_expected(MONDAY)


def test_each_weekday_has_its_own_rhythm() -> None:
    tuesday = MONDAY + timedelta(days=1)
    assert after(3.25, 3.25).next_expected(tuesday) == Cadence().next_expected(tuesday)


def test_a_report_that_comes_weekly_is_expected_weekly() -> None:
    assert after(9.5, 9.25, 9.5).next_expected(MONDAY) == at(MONDAY, 10.5)


@pytest.mark.parametrize("other", [30, 2])
def test_an_outage_or_a_quick_week_does_not_change_what_is_usual(other: float) -> None:
    assert after(3.25, 3.25, other, 3.25).next_expected(MONDAY) == at(MONDAY, 4.25)


def test_what_has_changed_for_good_is_usual_after_three_weeks() -> None:
    assert after(3, 3, 3, 3, 3, 8, 8).next_expected(MONDAY) == at(MONDAY, 4)
    assert after(3, 3, 3, 3, 3, 8, 8, 8).next_expected(MONDAY) == at(MONDAY, 9)


@pytest.mark.parametrize("rhythm", [Cadence(), after(3.25, 8), after(*range(3, 10))])
def test_a_rhythm_is_kept_as_text(rhythm: Cadence) -> None:
    assert Cadence.from_text(str(rhythm)) == rhythm


@pytest.mark.parametrize("text", ["", "1,2,3", ",,,,,,,", "a,,,,,,"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"days|literal"):
        Cadence.from_text(text)
