"""What `run --demo` opens, and how much of its year is still to be lived through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from local import demo
from local.run_options import parse
from shared.domain.catalogue import catalogue
from shared.domain.selection import select

NOW = datetime(2026, 11, 21, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "days"),
    [
        (None, 365),
        (timedelta(hours=23), 0),
        (timedelta(days=9, hours=2), 9),
        (timedelta(days=330, hours=1), 330),
        (timedelta(days=800), 365),
    ],
    ids=["never opened", "opened today", "opened days ago", "broken off in its second month", "opened years ago"],
)
def test_a_year_is_made_once_and_goes_on_to_today(ago: timedelta | None, days: int) -> None:
    begun = NOW - ago if ago else None

    def newest(at: datetime) -> datetime | None:
        return begun if begun and timedelta() <= at - begun < timedelta(days=31) else None

    assert demo.days_to_live(demo.DAYS, newest, NOW) == days


def test_the_demo_has_a_place_people_and_reports_of_its_own() -> None:
    options, usual = parse(["--demo"]), parse([])
    assert (options.archive, options.users, options.days) == (demo.FOLDER, demo.USERS, 365)
    assert (usual.archive != demo.FOLDER, usual.users, usual.days) == (True, None, 0)
    assert parse(["--demo", "--archive", "x", "--days", "2", "--users", "9"]).days == 2


def test_its_reports_exist_and_name_people() -> None:
    selection = select(demo.REPORTS, catalogue())
    assert len(selection.calls) == 20
    assert selection.directory
    assert not selection.daily, "single days would take a thousand files of people"


def test_options_that_contradict_it_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--demo", "--personal"])
    assert "leave out --personal" in capsys.readouterr().err
