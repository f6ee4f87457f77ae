"""Marks are names, and nothing else is taken for one."""

from datetime import date

import pytest

from shared.archive.markers import Flip, Lost, Mark, Place, lost, place_of, read, stretches
from shared.domain.call import Call

D7 = place_of(Call("getOffice365ServicesUserCounts", period="D7"))
LOST = Lost(D7, date(2026, 11, 9), date(2026, 11, 11))
FLIP = Flip(D7, date(2026, 11, 9), 2, "named", "concealed")
NAMES = {
    LOST: "lost/report=getOffice365ServicesUserCounts/period=D7/first=2026-11-09/last=2026-11-11",
    FLIP: "flips/report=getOffice365ServicesUserCounts/period=D7/refresh_date=2026-11-09/revision=2/named-to-concealed",
}


@pytest.mark.parametrize("mark", NAMES)
def test_a_mark_is_all_in_its_name(mark: Mark) -> None:
    assert mark.name == NAMES[mark]
    assert read(mark.name) == mark


def test_single_days_have_a_place_together() -> None:
    call = Call("getOffice365ActiveUserDetail", date=date(2026, 11, 9))
    assert place_of(call) == place_of(call._replace(date=date(2026, 11, 10))) == Place(call.report, "day")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "lost/",
        NAMES[LOST] + "/",
        NAMES[LOST].replace("11-11", "11-31"),
        NAMES[LOST].replace("11-11", "11-08"),
        NAMES[LOST].replace("report=", "report=../"),
        NAMES[FLIP].replace("revision=2", "revision=0"),
        NAMES[FLIP].replace("named-to", "none-to"),
        NAMES[FLIP].replace("named-to", "concealed-to"),
        NAMES[FLIP].replace("flips/", "lost/"),
    ],
)
def test_another_name_is_no_mark(name: str) -> None:
    assert read(name) is None


def test_days_without_a_break_are_one_mark() -> None:
    days = [date(2026, 11, number) for number in (11, 9, 10, 10, 14)]
    assert list(lost(D7, days)) == [LOST, Lost(D7, date(2026, 11, 14), date(2026, 11, 14))]
    assert LOST.days == sorted(days[:3])


def test_no_days_have_no_stretch() -> None:
    assert stretches([]) == []
