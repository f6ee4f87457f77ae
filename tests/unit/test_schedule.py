"""The schedule is read as the Functions host reads it: NCrontab.Signed 3.4.0."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import SettingError
from shared.domain.schedule import longest_gap, next_firing
from shared.settings import SETTINGS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_the_default_leaves_six_hours() -> None:
    (default,) = (setting.default for setting in SETTINGS if setting.name == "PULL_SCHEDULE")
    assert default is not None
    assert longest_gap(default) == 6 * HOUR


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        ("* * * * * *", timedelta(seconds=1)),
        ("0 0 6 * * *", DAY),
        ("0 0 6,20 * * *", 14 * HOUR),
        ("0 6 * * *", DAY),  # five fields begin with the minute
        ("  0   0 6 * * *  ", DAY),
        ("0 0 6 * * 1-5", 3 * DAY),
        ("0 0 6 * * FRI-MON", 3 * DAY),  # turned round: Monday to Friday
        ("0 0 22-2 * * *", 4 * HOUR),  # turned round: 2 to 22
        ("0 */90 * * * *", HOUR),
        ("0 0 */0 * * *", HOUR),
        ("0 0 5/6 * * *", 6 * HOUR),
        ("0 0 1-10/4,20 * * *", 11 * HOUR),
        ("0 0 0 1 * *", 31 * DAY),
        ("0 0 0 31 * *", 61 * DAY),
        ("0 0 0 29 2 *", (8 * 365 + 1) * DAY),  # over 2100
        ("0 0 0 13 * FRI", 427 * DAY),  # both must agree; cron would take either
        ("0 0 0 * j S", (365 - 31 + 9) * DAY),  # January, Sunday
        ("0 0 0 * dec TUESDAY", 343 * DAY),
    ],
)
def test_what_the_host_understands(schedule: str, gap: timedelta) -> None:
    assert longest_gap(schedule) == gap


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ("0 0 0 * * 7", "the day of the week 0 to 6, or Sunday to Saturday, not '7'"),
        ("0 0 0 L * *", "the day of the month 1 to 31, not 'L'"),
        ("0 0 0 ? * *", "not '?'"),
        ("0 0 0 1W * *", "not '1W'"),
        ("0 0 0 * * 1#2", "not '1#2'"),
        ("0 0 0 * 13 *", "the month 1 to 12, or January to December, not '13'"),
        ("0 0 24 * * *", "the hour 0 to 23, not '24'"),
        ("0 0 -1 * * *", "not ''"),
        ("0 0 1, * * *", "not ''"),
        ("0 0 ٣ * * *", "not '٣'"),
        ("0 0 */x * * *", "a number behind /, not '*/x'"),
        ("@daily", "NCRONTAB, six fields"),
        ("0 0 0 * * * 2026", "NCRONTAB, six fields"),
        ("0 0\t6 * * * *", "not '0\\t6'"),
        ("0", "NCRONTAB, six fields"),
        ("06:00:00", "NCRONTAB, six fields"),  # a time span, which Flex Consumption does not take
    ],
)
def test_what_the_host_does_not_understand(schedule: str, says: str) -> None:
    with pytest.raises(SettingError, match=r"^The app setting PULL_SCHEDULE ") as raised:
        longest_gap(schedule)
    assert says in str(raised.value)


@pytest.mark.parametrize("schedule", ["0 0 0 31 2 *", "0 0 0 30,31 FEB MON", "* * * 31 4,6,9,11 *"])
def test_a_schedule_that_never_fires_is_told(schedule: str) -> None:
    with pytest.raises(SettingError, match="so the timer never fires"):
        longest_gap(schedule)


def numbers(first: int, last: int) -> st.SearchStrategy[list[int]]:
    every = list(range(first, last + 1))
    return st.just(every) | st.lists(st.sampled_from(every), min_size=1, max_size=4, unique=True).map(sorted)


def spelled(values: list[int], first: int, last: int) -> str:
    return "*" if len(values) == last - first + 1 else ",".join(map(str, values))


@cache
def all_days() -> list[tuple[int, int, int, int]]:
    """Return those of 1996 to 2442, more than the 400 years after which the calendar repeats itself."""
    days = map(date.fromordinal, range(728659, 891806))
    return [(it.toordinal(), it.month, it.day, it.isoweekday() % 7) for it in days]


@settings(max_examples=15)
@given(
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=2).map(sorted),
    days=numbers(1, 31),
    months=numbers(1, 12),
    weekdays=numbers(0, 6),
)
def test_the_gap_is_the_longest_of_all_between_two_firings(
    hours: list[int], days: list[int], months: list[int], weekdays: list[int]
) -> None:
    fitting = [it for it, month, day, weekday in all_days() if day in days and month in months and weekday in weekdays]
    firings = [24 * it + hour for it in fitting for hour in hours]
    fields = zip((hours, days, months, weekdays), ((0, 23), (1, 31), (1, 12), (0, 6)), strict=True)
    schedule = "0 0 " + " ".join(spelled(values, *limits) for values, limits in fields)
    if firings:
        assert longest_gap(schedule) == max(later - earlier for earlier, later in pairwise(firings)) * HOUR
    else:
        with pytest.raises(SettingError):
            longest_gap(schedule)


@given(bounds=st.tuples(st.integers(0, 59), st.integers(0, 59)), step=st.integers(-3, 99))
def test_a_range_is_what_it_is_turned_round(bounds: tuple[int, int], step: int) -> None:
    first, last = sorted(bounds)
    told = ",".join(map(str, range(first, last + 1, max(1, step))))
    assert longest_gap(f"0 {bounds[0]}-{bounds[1]}/{step} * * * *") == longest_gap(f"0 {told} * * * *")


@given(st.lists(st.sampled_from(["0", "15", "1,7", "*", "*/9", "9-1", "2-", "31", "FEB", "", "#", "-1"]), max_size=7))
def test_whatever_is_written_is_a_gap_or_a_setting_error(fields: list[str]) -> None:
    with suppress(SettingError):
        assert longest_gap(" ".join(fields)) > timedelta(0)


@pytest.mark.parametrize(
    ("schedule", "following"),
    [
        ("0 15 1,7,13,19 * * *", "2026-11-21T13:15:00"),
        ("0 15 7 * * *", "2026-11-22T07:15:00"),  # not the moment itself
        ("*/30 * * * * *", "2026-11-21T07:15:30"),
        ("0 0 6 * * MON", "2026-11-23T06:00:00"),
        ("0 0 0 29 2 *", "2028-02-29T00:00:00"),
    ],
)
def test_the_timer_fires_next_after_a_moment(schedule: str, following: str) -> None:
    at = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
    assert next_firing(schedule, at) == datetime.fromisoformat(f"{following}+00:00")
