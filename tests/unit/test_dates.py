"""Ranges of days."""

import itertools
from datetime import date

import hypothesis.strategies as st
from hypothesis import given

from shared.domain.dates import days_between, month_before, stretches

DAYS = st.sets(st.dates(date(2024, 2, 20), date(2024, 3, 10)))


@given(DAYS)
def test_stretches_have_all_days_and_no_other_and_do_not_touch(days: set[date]) -> None:
    found = stretches(days)
    assert [day for first, last in found for day in [*days_between(first, last), last]] == sorted(days)
    assert all((later - last).days > 1 for (_, last), (later, _) in itertools.pairwise(found))


def test_the_end_of_a_range_is_not_in_it() -> None:
    assert days_between(date(2024, 2, 28), date(2024, 3, 1)) == [date(2024, 2, 28), date(2024, 2, 29)]
    assert days_between(date(2024, 3, 1), date(2024, 2, 28)) == []


def test_the_month_before_ends_with_its_last_day() -> None:
    assert month_before(date(2024, 3, 31)) == date(2024, 2, 29)
    assert month_before(date(2024, 1, 1)) == date(2023, 12, 31)
