"""What nobody can bring back is named."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.gaps import lost_days, lost_refresh_dates

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
HELD = date(2026, 11, 8)


def test_refresh_dates_of_an_outage_are_lost() -> None:
    lost = lost_refresh_dates(HELD, NOW - timedelta(days=10), date(2026, 11, 12), NOW)
    assert lost == [date(2026, 11, 9), date(2026, 11, 10), date(2026, 11, 11)]


@pytest.mark.parametrize("hours", [6, 24, 36])
def test_a_refresh_date_that_was_skipped_while_the_archive_watched_was_never_shown(hours: int) -> None:
    assert lost_refresh_dates(HELD, NOW - timedelta(hours=hours), date(2026, 11, 12), NOW) == []


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
