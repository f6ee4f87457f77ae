"""The model of what an archive must hold: a healthy archive passes, and whatever is wrong with one is told."""

import hashlib
import re
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from local.in_memory import KeptBlob
from shared.archive.run_record import PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.outcome import Outcome
from shared.domain.selection import Selection
from tests.reliability.oracle import Model, Slot

REPORT = "getOffice365ServicesUserCounts"
PEOPLE = "getOffice365ActiveUserDetail"
D7 = Call(REPORT, period="D7")
NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
NEWEST = date(2026, 11, 18)
At = tuple[str, str]


def body(day: date = NEWEST, number: int = 1) -> bytes:
    return f"\ufeffReport Refresh Date,Exchange,Report Period\n{day},{number},7\n".encode()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def kept(content: bytes, **metadata: str) -> KeptBlob:
    packer = zlib.compressobj(wbits=31)
    return KeptBlob(packer.compress(content) + packer.flush(), {"sha256": sha256(content), **metadata}, '"1"')


def at(day: date = NEWEST, revision: int = 1, report: str = REPORT, container: str = "usage") -> At:
    name = f"report={report}/period=D7/refresh_date={day}/revision={revision}/{report}_D7_{day}_r{revision}.csv.gz"
    return container, name


def record(*pulls: PullResult, started: datetime = NOW, **told: object) -> tuple[At, KeptBlob]:
    run = RunRecord("id", started, started, list(pulls), 0, **told)  # type: ignore[arg-type]
    return ("usage-derived", f"runs/{started:%Y-%m}/{started:%d%H%M}.json"), KeptBlob(run.to_json(), {}, '"1"')


def well(day: date = NEWEST, read: bool = False, asked: datetime = NOW) -> PullResult:
    return PullResult(D7, Outcome.UNCHANGED, asked, refresh_date=day, read=read)


def said(*contents: bytes, faults: tuple[str, ...] = (), **more: object) -> list[dict[str, object]]:
    """As the simulator records that they were downloaded."""
    usual = {"listener": "download", "status": 200, "call": str(D7), "faults": faults, "carried": {}}
    return [{**usual, "sha256": sha256(content), **more} for content in contents]


@pytest.fixture
def model() -> Model:
    model = Model(Selection(frozenset([D7]), frozenset()), personal=[PEOPLE], secrets=["CANARY"])
    model.answered(said(body(), body(number=2)))
    return model


def test_a_healthy_archive_passes(model: Model) -> None:
    first, second = {at(): kept(body())}, {at(revision=2): kept(body(number=2))}
    quarantined = {("usage-quarantine", f"reason=x/{sha256(b'<html>')}.csv.gz"): kept(b"<html>")}
    assert model.look(first) == []
    assert model.look(first | second | quarantined | dict([record(well(read=True))])) == []
    assert model.newest(D7) == (NEWEST, 2, sha256(body(number=2)))


@pytest.mark.parametrize(
    ("blobs", "violated"),
    [
        ({at(): kept(body(), sha256="0")}, "I1: .* is not what its metadata say"),
        ({at(): kept(body(number=9))}, "I1: .* is nothing that Graph said"),
        ({at(): kept(body()), at(revision=2): kept(body())}, "I4: .* is the body of another revision"),
        ({at(revision=2): kept(body())}, "I4: .* follows 0 revisions"),
        ({at(date(2026, 11, 17)): kept(body())}, "I5: .* has the refresh dates"),
        ({at(container="usage-personal"): kept(body())}, "I2: .* is in usage-personal"),
        ({("usage", "x.gz"): kept(b"")}, "I2: usage holds x.gz"),
        ({("usage-quarantine", "reason=x/0.csv.gz"): kept(b"<html>")}, "I5: .* is another body"),
        ({at(): kept(body(), etag="CANARY")}, "I7: 'CANARY' in"),
        ({("usage-derived", "lost/CANARY"): KeptBlob(b"CANARY", {}, "")}, "I7: 'CANARY' in"),
        (dict([record()]), "I6: .* was not pulled, and nothing says why"),
        (dict([record(well()._replace(blob="b"))]), "I2: .* is not there"),
        (dict([record(well(date(2026, 11, 17), read=True))]), "I4: .* what was read is not archived"),
    ],
)
def test_what_is_wrong_with_what_is_stored(model: Model, blobs: dict[At, KeptBlob], violated: str) -> None:
    (told,) = model.look(blobs)
    assert re.match(violated, told)


@pytest.mark.parametrize(
    "content", [b"", body()[:-12], body() + b"\xff", b'a,"b\n', body(date(2026, 1, 1)) + b"2026-1-2,1,7"]
)
def test_a_body_that_is_no_whole_report(model: Model, content: bytes) -> None:
    model.answered(said(content))
    (told,) = model.look({at(): kept(content)})
    assert told.startswith("I5: ")


@pytest.mark.parametrize("change", [lambda blobs: {}, lambda blobs: {at(): kept(body(number=2))}])
def test_what_was_changed_or_removed(model: Model, change: Callable[[object], dict[At, KeptBlob]]) -> None:
    blobs = {at(): kept(body())}
    assert model.look(blobs) == []
    assert model.look(change(blobs)) == [f"I2: {at()} was changed or removed"]


@pytest.mark.parametrize("fault", ["cut", "gzip_cut", "reset"])
def test_a_body_that_was_cut_on_its_way_was_not_said(fault: str) -> None:
    model = Model(Selection(frozenset([D7]), frozenset()), [], [])
    model.answered(said(body(), faults=(fault,)))
    assert model.look({at(): kept(body())}) == [f"I1: {at()[1]} is nothing that Graph said"]


def test_the_download_host_sees_a_secret(model: Model) -> None:
    assert model.answered(said(body(), carried={"authorization": True})) == ["I7: the download host saw a secret"]


@pytest.mark.parametrize(("requests", "violated"), [(10, 0), (11, 1)])
def test_more_requests_than_the_budget_allows(model: Model, requests: int, violated: int) -> None:
    ats = [NOW - timedelta(minutes=9.9) + timedelta(minutes=number * 0.9) for number in range(requests)]
    for moment in ats:
        model.answered(said(body(), listener="graph", status=302, at=moment.isoformat()))
    model.answered(said(body()))
    assert len(model.look(dict([record(well())]))) == violated


# -- what is missing ---------------------------------------------------------------------------------------------------


def slots(model: Model, *shown: date, until: datetime = NOW) -> None:
    """The schedule's last instants, and what was to be seen at each."""
    for number, day in enumerate(shown):
        model.scheduled(Slot(until - timedelta(hours=6 * (len(shown) - 1 - number)), {REPORT: day}))


def day(number: int) -> date:
    return date(2026, 11, number)


@pytest.mark.parametrize(("times", "missed"), [(1, []), (2, [day(17)]), (3, [day(17)])])
def test_a_refresh_date_that_two_pulls_could_have_seen_has_to_be_archived_or_named(
    model: Model, times: int, missed: list[date]
) -> None:
    slots(model, day(16), *[day(17)] * times, day(18))
    model.look(dict([record(well(day(16)), started=NOW - timedelta(days=1))]))
    assert model.missed() == []
    blobs = dict([record(well(day(16)), started=NOW - timedelta(days=1)), record(well(day(18)))])
    model.look(blobs)
    assert model.missed() == [f"I6: {D7} of {each} was to be seen, is not archived and not named" for each in missed]
    again = record(well(day(18)), started=NOW + timedelta(minutes=1), lost={str(D7): ["2026-11-17"]})
    assert model.look(blobs | dict([again])) == []
    assert model.missed() == []


@pytest.mark.parametrize(
    ("shown", "violated"),
    [
        ([day(15), day(18)], ["was never there, and no pull was missed"]),
        ([day(15), day(15), day(18)], []),
        ([day(15), day(16), day(18)], []),
    ],
)
def test_a_refresh_date_is_not_named_as_lost_that_nobody_missed(
    model: Model, shown: list[date], violated: list[str]
) -> None:
    slots(model, *shown)
    before = record(well(day(15)), started=NOW - timedelta(hours=6 * (len(shown) - 1)))
    model.look(dict([before]))
    found = model.look(dict([before, record(well(day(18)), lost={str(D7): ["2026-11-16"]})]))
    assert [each.partition("named as lost, ")[2] for each in found] == violated


def test_what_is_archived_is_not_named_as_lost(model: Model) -> None:
    slots(model, NEWEST)
    found = model.look({at(): kept(body())} | dict([record(well(), lost={str(D7): [str(NEWEST)]})]))
    assert found == [f"I6: {D7} of {NEWEST} is named as lost, and archived"]


def daily() -> Model:
    model = Model(Selection(frozenset(), frozenset([PEOPLE])), personal=[PEOPLE], secrets=[])
    for number in range(2):
        model.scheduled(Slot(NOW + timedelta(hours=number), {PEOPLE: NEWEST}))
    return model


def test_single_days_have_to_be_archived_while_they_can_be_asked_for_and_named_afterwards() -> None:
    model = daily()
    model.look(dict([record()]))
    reachable = [NEWEST - timedelta(days=back) for back in range(25)]
    assert model.days_missed(NOW.date(), lambda call: False) == [
        f"I6: {Call(PEOPLE, date=each)} is not archived" for each in reversed(reachable)
    ]
    (oldest, *_), later = reversed(reachable), NOW + timedelta(days=1)
    assert f"I6: {Call(PEOPLE, date=oldest)} is out of reach and not named" in model.days_missed(
        later.date(), lambda call: False
    )
    model.look(dict([record(), record(started=later, lost={PEOPLE: [str(oldest)]})]))
    assert str(oldest) not in str(model.days_missed(later.date(), lambda call: False))
    assert model.days_missed(later.date(), lambda call: True) == []


def test_a_single_day_is_not_named_as_lost_while_it_can_be_asked_for() -> None:
    (violated,) = daily().look(dict([record(lost={PEOPLE: ["2026-10-25"]})]))
    assert violated.endswith("can be asked for")
