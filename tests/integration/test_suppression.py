"""Whoever is on the suppression list does not come back: over a simulated tenant, with storage in memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from local.in_memory import InMemoryBlobStore
from local.in_process import InProcessControl
from shared.archive.archive import Archive
from shared.archive.hash_key import HashKey, PseudonymKey
from shared.archive.layout import ERASED, SUPPRESSED
from shared.archive.suppression import Suppression, SuppressionList
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.errors import AccessRefused
from shared.domain.outcome import Outcome, Reason
from shared.report.erasing import Remainder, url_form
from shared.views.erased import ErasedPeople
from simulator import Simulator
from tests.integration.test_directory import MORNING, World
from tests.integration.test_views import ADDRESS, person
from tests.integration.test_views import World as Written

REPORTS = "personal, users, -getSharePointSiteUsageDetail(period='D180')"
EMAIL, TEAMS = Call("getEmailActivityUserDetail", period="D7"), Call("getTeamsUserActivityUserDetail", period="D7")
DRIVES, GROUPS = (
    Call("getOneDriveUsageAccountDetail", period="D7"),
    Call("getOffice365GroupsActivityDetail", period="D7"),
)
USERS = Call("users")
FEW = ", ".join(map(str, (EMAIL, TEAMS, DRIVES, GROUPS, USERS)))


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    made = Simulator(users=30)
    yield made
    made.stop()


@pytest.fixture
def world(simulator: Simulator) -> World:
    InProcessControl(simulator).reset()
    return World(simulator)


def rows(body: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))]


def suppress(store: InMemoryBlobStore, id_: str, *addresses: str) -> None:
    before = Suppression(store).read()
    listed = before or SuppressionList(HashKey.new(MORNING))
    Suppression(store).keep(listed.with_person(id_, dict.fromkeys(addresses, ""), MORNING), before)


def test_rows_of_a_suppressed_person_are_dropped_before_publication_and_counted(world: World) -> None:
    world.run(FEW)
    before = {call: world.body(call) for call in (EMAIL, TEAMS, DRIVES, GROUPS, USERS)}
    ann = next(each for each in rows(before[USERS]) if each["User Principal Name"] == rows(before[EMAIL])[3][ADDRESS])
    owner = rows(before[GROUPS])[0]["Owner Principal Name"]
    assert owner not in ("", ann[ADDRESS])
    world.store.clear()
    suppress(world.store, ann["User Id"], ann[ADDRESS].upper())
    suppress(world.store, "", owner)
    record = world.run(FEW)
    assert {pull.outcome for pull in record.pulls} == {Outcome.PUBLISHED}
    gone = (ann[ADDRESS], url_form(ann[ADDRESS]), ann["User Id"], owner, url_form(owner))
    for pull in record.pulls:
        left = world.body(pull.call)
        assert not [name for name in gone if name.encode() in left], pull.call
        untouched = [line for line in before[pull.call].split(b"\n") if not any(name.encode() in line for name in gone)]
        assert {*untouched} <= {*left.split(b"\n")}
        assert pull.redacted == len(before[pull.call].split(b"\n")) - len(untouched)
    assert {pull.call: pull.rows for pull in record.pulls}[GROUPS] == len(rows(before[GROUPS]))


def test_the_same_body_is_unchanged_without_an_erased_row_and_no_correction(world: World) -> None:
    world.run(str(EMAIL))
    ann = rows(world.body(EMAIL))[3][ADDRESS]
    world.store.clear()
    suppress(world.store, "", ann)
    assert world.run(str(EMAIL)).pulls[0].outcome is Outcome.PUBLISHED
    world.control.put("faults", {"rules": [{"fault": "stuck", "times": None, "args": {"days": 9}}]})
    world.next_day()
    pull = world.run(str(EMAIL)).pulls[0]
    assert (pull.outcome, pull.read, pull.redacted) == (Outcome.UNCHANGED, True, 1)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"key": "", "since": "", "people": []}', b"\xff"])
def test_while_the_list_is_damaged_no_personal_snapshot_is_published_and_that_is_said(
    world: World, content: bytes
) -> None:
    world.store.put(ERASED, SUPPRESSED, content, {})
    pulls = {pull.call: pull for pull in world.run("directory, getOffice365ServicesUserCounts(period='D7')").pulls}
    assert pulls[USERS].reason is Reason.SUPPRESSION_UNKNOWN
    assert SUPPRESSED in pulls[USERS].detail
    assert [pull.outcome for call, pull in pulls.items() if call != USERS] == [Outcome.PUBLISHED] * 2
    assert not [at for at in world.store.blobs if at[0] == "usage-personal"]
    assert world.requests("users") == []


def test_while_the_list_is_refused_no_personal_snapshot_is_published(world: World) -> None:
    def refuse(operation, carry_out):  # type: ignore[no-untyped-def]
        if operation.container == ERASED:
            raise AccessRefused("The role is missing.")
        return carry_out()

    world.store = InMemoryBlobStore(refuse, world.control.now)
    assert {pull.reason for pull in world.run(str(EMAIL)).pulls} == {Reason.SUPPRESSION_UNKNOWN}


ANN, BOB = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
X, Y = "x@contoso.com", "y@contoso.com"


def body_left(store: InMemoryBlobStore, day: date, *cells: str) -> list[str]:
    listed = Suppression(store).read()
    assert listed
    people = ErasedPeople(Archive(store, catalogue()).snapshots, listed)
    table = Remainder(
        [f"Report Refresh Date,{ADDRESS}\n".encode(), *(f"{day},{each}\n".encode() for each in cells)], people
    )
    return [each[ADDRESS] for each in rows(b"".join(table))]


def test_an_address_that_was_given_again_to_somebody_else_is_archived_from_that_day_on() -> None:
    world, first = Written(with_products=False), date(2026, 11, 10)
    world.users(person(BOB, **{ADDRESS: Y}), day=first)
    world.users(person(BOB, **{ADDRESS: X}), day=first + timedelta(days=5))
    suppress(world.shelf.memory, ANN, X)
    assert body_left(world.shelf.memory, first + timedelta(days=4), X, Y) == [Y]
    assert body_left(world.shelf.memory, first + timedelta(days=5), X.upper(), Y) == [X.upper(), Y]
    assert body_left(world.shelf.memory, first - timedelta(days=9), X, Y) == [Y]


def test_a_new_key_of_pseudonyms_lets_nobody_come_back() -> None:
    world, day = Written(with_products=False), date(2026, 11, 10)
    suppress(world.shelf.memory, ANN, X)
    PseudonymKey(world.shelf.memory).rotate(MORNING)
    assert body_left(world.shelf.memory, day, X, Y) == [Y]


def test_a_row_with_the_id_of_somebody_else_is_theirs_whatever_the_directory_knows() -> None:
    store = InMemoryBlobStore()
    suppress(store, ANN, X)
    listed = Suppression(store).read()
    assert listed
    people = ErasedPeople(Archive(store, catalogue()).snapshots, listed)
    body = f"User Id,{ADDRESS}\n{BOB},{X}\n,{X}\n".encode()
    assert b"".join(Remainder([body], people)) == f"User Id,{ADDRESS}\n{BOB},{X}\n".encode()


def test_an_address_of_whom_the_directory_knew_nothing_stays_suppressed() -> None:
    world, day = Written(with_products=False), date(2026, 11, 10)
    world.users(person(BOB, **{ADDRESS: X}), day=day)
    suppress(world.shelf.memory, "", X)
    assert body_left(world.shelf.memory, day, X, Y) == [Y]


def test_a_suppressed_person_who_was_renamed_is_known_by_the_new_address_from_the_directory_on(world: World) -> None:
    world.run(FEW)
    ann = rows(world.body(TEAMS))[3]
    world.store.clear()
    suppress(world.store, ann["User Id"], "another@contoso.com")
    record = world.run(FEW)
    assert {pull.redacted for pull in record.pulls} >= {1}
    assert ann[ADDRESS].encode() not in b"".join(world.body(pull.call) for pull in record.pulls)
    listed = Suppression(world.store).read()
    assert listed
    assert len(listed.called(ann[ADDRESS])) == 1
