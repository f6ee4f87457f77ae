"""What lies in the quarantine is told, and nobody's name with it."""

from datetime import date

import pytest

from shared.archive.layout import PERSONAL, QUARANTINE, LargeQuarantineName, Partition, QuarantineName
from shared.domain.catalogue import catalogue
from shared.verification.quarantine import quarantined
from tests.shelf import Blobs, as_blobs

PEOPLE = Partition("getOffice365ActiveUserDetail", "day")
DAY = date(2026, 11, 18)
SMALL = str(QuarantineName(PEOPLE, DAY, "not_csv", "0a"))
LARGE = str(LargeQuarantineName(Partition(PEOPLE.report, "D7"), None, "0b"))
WHEN = {"pulled_at": "2026-11-20T07:15:00+00:00"}
PLACE = "report=getOffice365ActiveUserDetail/period="


def told(name: str, container: str = QUARANTINE, **metadata: str) -> list[str]:
    return quarantined(as_blobs({(container, name): (b"", metadata)}), catalogue())


def test_each_body_has_its_call_its_reason_and_the_time_since_when_it_is_there() -> None:
    assert told(SMALL, **WHEN) == [f"quarantined: {PLACE}day, date=2026-11-18: not_csv, since 2026-11-20T07:15:00Z"]
    assert told(LARGE, **WHEN, reason="wrong_period") == [
        f"quarantined: {PLACE}D7: wrong_period, since 2026-11-20T07:15:00Z"
    ]


def test_what_is_there_longest_comes_first() -> None:
    later = {"pulled_at": "2026-11-21T00:00:00+00:00", "reason": "not_csv"}
    blobs: Blobs = {(QUARANTINE, LARGE): (b"", later), (QUARANTINE, SMALL): (b"", WHEN)}
    assert ["day" in line for line in quarantined(as_blobs(blobs), catalogue())] == [True, False]


@pytest.mark.parametrize(
    ("name", "metadata"),
    [
        (LARGE, WHEN | {"reason": "Ann_Andersen"}),
        (LARGE, {"reason": "not_csv", "pulled_at": "Ann_Andersen"}),
        (SMALL.replace("not_csv", "Ann_Andersen"), WHEN),
        (SMALL.replace(PEOPLE.report, "Ann_Andersen"), WHEN),
        ("Ann_Andersen.csv", WHEN),
    ],
)
def test_no_word_of_another_is_told(name: str, metadata: dict[str, str]) -> None:
    assert "Ann" not in str(told(name, **metadata))


def test_a_snapshot_is_not_in_the_quarantine() -> None:
    assert told(SMALL, PERSONAL, **WHEN) == []
