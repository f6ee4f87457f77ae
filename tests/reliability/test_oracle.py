"""The oracle: an archive that holds what Graph said and showed passes, and what it lacks is reported."""

import re
import zlib
from datetime import UTC, date, datetime, timedelta

import pytest

from local.in_memory import KeptBlob
from shared.archive.run_record import PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.outcome import Outcome
from shared.domain.selection import Selection
from tests.reliability.checks import At, sha256
from tests.reliability.oracle import Oracle, Slot

REPORT = "getOffice365ServicesUserCounts"
PEOPLE = "getOffice365ActiveUserDetail"
D7 = Call(REPORT, period="D7")
NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
NEWEST = date(2026, 11, 18)


def body(day: date = NEWEST, number: int = 1) -> bytes:
    return f"\ufeffReport Refresh Date,Exchange,Report Period\n{day},{number},7\n".encode()


def kept(content: bytes) -> KeptBlob:
    return KeptBlob(zlib.compress(content, wbits=31), {"sha256": sha256(content)}, '"1"')


def at(day: date = NEWEST, revision: int = 1) -> At:
    name = f"report={REPORT}/period=D7/refresh_date={day}/revision={revision}/{REPORT}_D7_{day}_r{revision}.csv.gz"
    return "usage", name


def record(*pulls: PullResult, started: datetime = NOW, **more: object) -> tuple[At, KeptBlob]:
    run = RunRecord("id", started, started, list(pulls), 0, **more)  # type: ignore[arg-type]
    return ("usage-derived", f"runs/{started:%Y-%m}/{started:%d%H%M}.json"), KeptBlob(run.to_json(), {}, '"1"')


def well(day: date = NEWEST, read: bool = False, at: datetime = NOW) -> PullResult:
    return PullResult(D7, Outcome.UNCHANGED, at, refresh_date=day, read=read)


def said(*contents: bytes, faults: tuple[str, ...] = (), **more: object) -> list[dict[str, object]]:
    """As the simulator records that they were downloaded."""
    usual = {"listener": "download", "status": 200, "call": str(D7), "faults": faults, "carried": {}}
    return [{**usual, "sha256": sha256(content), **more} for content in contents]


@pytest.fixture
def oracle() -> Oracle:
    oracle = Oracle(Selection(frozenset([D7]), frozenset()))
    oracle.answer(said(body(), body(number=2)))
    return oracle


def test_a_healthy_archive_passes(oracle: Oracle) -> None:
    first, second = {at(): kept(body())}, {at(revision=2): kept(body(number=2))}
    assert oracle.look(first) == []
    assert oracle.look(first | second | dict([record(well(read=True))])) == []
    assert (oracle.newest_day(D7), oracle.newest(D7)) == (NEWEST, sha256(body(number=2)))


@pytest.mark.parametrize(
    ("blobs", "violated"),
    [
        ({at(): kept(body(number=9))}, "I1: .* is nothing that Graph said"),
        (dict([record()]), "I6: .* was not pulled, and nothing says why"),
        (dict([record(well()._replace(blob="b"))]), "I2: .* is not there"),
        (dict([record(well(date(2026, 11, 17), read=True))]), "I4: .* what was read is not archived"),
    ],
)
def test_what_is_wrong_with_what_is_stored(oracle: Oracle, blobs: dict[At, KeptBlob], violated: str) -> None:
    (only,) = oracle.look(blobs)
    assert re.match(violated, only)


@pytest.mark.parametrize("fault", ["cut", "gzip_cut", "reset"])
def test_a_body_that_was_cut_on_its_way_was_not_said(fault: str) -> None:
    oracle = Oracle(Selection(frozenset([D7]), frozenset()))
    oracle.answer(said(body(), faults=(fault,)))
    assert oracle.look({at(): kept(body())}) == [f"I1: {D7} of {NEWEST}, revision 1 is nothing that Graph said"]


# -- what is missing ---------------------------------------------------------------------------------------------------


def slots(oracle: Oracle, *shown: date, until: datetime = NOW) -> None:
    """The schedule's last instants, and what was to be seen at each."""
    for number, day in enumerate(shown):
        oracle.schedule(Slot(until - timedelta(hours=6 * (len(shown) - 1 - number)), {REPORT: day}))


def day(number: int) -> date:
    return date(2026, 11, number)


@pytest.mark.parametrize(("times", "missed"), [(1, []), (2, [day(17)]), (3, [day(17)])])
def test_a_refresh_date_that_two_pulls_could_have_seen_has_to_be_archived_or_named(
    oracle: Oracle, times: int, missed: list[date]
) -> None:
    slots(oracle, day(16), *[day(17)] * times, day(18))
    oracle.look(dict([record(well(day(16)), started=NOW - timedelta(days=1))]))
    assert oracle.missed() == []
    blobs = dict([record(well(day(16)), started=NOW - timedelta(days=1)), record(well(day(18)))])
    oracle.look(blobs)
    assert oracle.missed() == [f"I6: {D7} of {each} was to be seen, is not archived and not named" for each in missed]
    again = record(well(day(18)), started=NOW + timedelta(minutes=1), lost={str(D7): ["2026-11-17"]})
    assert oracle.look(blobs | dict([again])) == []
    assert oracle.missed() == []


@pytest.mark.parametrize(
    ("shown", "violated"),
    [
        ([day(15), day(18)], ["was never there, and no pull was missed"]),
        ([day(15), day(15), day(18)], []),
        ([day(15), day(16), day(18)], []),
    ],
)
def test_a_refresh_date_is_not_named_as_lost_that_nobody_missed(
    oracle: Oracle, shown: list[date], violated: list[str]
) -> None:
    slots(oracle, *shown)
    before = record(well(day(15)), started=NOW - timedelta(hours=6 * (len(shown) - 1)))
    oracle.look(dict([before]))
    violations = oracle.look(dict([before, record(well(day(18)), lost={str(D7): ["2026-11-16"]})]))
    assert [each.partition("named as lost, ")[2] for each in violations] == violated


def test_what_is_archived_is_not_named_as_lost(oracle: Oracle) -> None:
    slots(oracle, NEWEST)
    violations = oracle.look({at(): kept(body())} | dict([record(well(), lost={str(D7): [str(NEWEST)]})]))
    assert violations == [f"I6: {D7} of {NEWEST} is named as lost, and archived"]


def daily() -> Oracle:
    oracle = Oracle(Selection(frozenset(), frozenset([PEOPLE])))
    for number in range(2):
        oracle.schedule(Slot(NOW + timedelta(hours=number), {PEOPLE: NEWEST}))
    return oracle


def test_single_days_have_to_be_archived_while_they_can_be_asked_for_and_named_afterwards() -> None:
    oracle = daily()
    oracle.look(dict([record()]))
    reachable = [NEWEST - timedelta(days=back) for back in range(25)]
    assert oracle.days_missed(NOW.date(), lambda call: False) == [
        f"I6: {Call(PEOPLE, date=each)} is not archived" for each in reversed(reachable)
    ]
    (oldest, *_), later = reversed(reachable), NOW + timedelta(days=1)
    assert f"I6: {Call(PEOPLE, date=oldest)} is out of reach and not named" in oracle.days_missed(
        later.date(), lambda call: False
    )
    oracle.look(dict([record(), record(started=later, lost={PEOPLE: [str(oldest)]})]))
    assert str(oldest) not in str(oracle.days_missed(later.date(), lambda call: False))
    assert oracle.days_missed(later.date(), lambda call: True) == []


def test_a_single_day_is_not_named_as_lost_while_it_can_be_asked_for() -> None:
    (violated,) = daily().look(dict([record(lost={PEOPLE: ["2026-10-25"]})]))
    assert violated.endswith("can be asked for")
