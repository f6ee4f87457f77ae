"""`python3 -m local erase`: a person goes out of every byte of an archive, and nothing else changes."""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from arro3.io import read_parquet

from local.erase import erase, main
from local.folder import FILES
from local.in_memory import InMemoryBlobStore, KeptBlob, Operation
from local.in_process import InProcessControl
from shared.archive.archive import Archive
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import (
    CONTAINERS,
    DERIVED,
    ERASED,
    INPUT,
    LEASE,
    PERSONAL,
    PERSONAL_DERIVED,
    QUARANTINE,
    SUPPRESSED,
    USAGE,
    Partition,
    QuarantineName,
    SnapshotName,
    TableName,
    parse,
)
from shared.archive.tenant_blob_store import TenantBlobStore
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.domain.outcome import Outcome
from shared.report.compression import compress
from shared.report.erasing import url_form
from shared.report.typed_table import RULES
from shared.verification.archive import everything, verify
from simulator import Simulator
from tests.asking import ask
from tests.integration.local.test_person import ADA, BOB, account, days_ago
from tests.integration.test_directory import World
from tests.integration.test_views import ACTIVE, ADDRESS, KNOWN, NOW, TODAY, did
from tests.integration.test_views import World as Written
from tests.shelf import snapshot

EMAIL, TEAMS = Call("getEmailActivityUserDetail", period="D7"), Call("getTeamsUserActivityUserDetail", period="D7")
DRIVES, GROUPS = (
    Call("getOneDriveUsageAccountDetail", period="D7"),
    Call("getOffice365GroupsActivityDetail", period="D7"),
)
SITES, USERS = Call("getSharePointSiteUsageDetail", period="D7"), Call("users")
CALLS = (EMAIL, TEAMS, DRIVES, GROUPS, SITES, USERS)
FEW = ", ".join(["getOffice365ServicesUserCounts(period='D7')", *map(str, CALLS)])
ALL = "personal, directory"
TENANT = "1a111111-2222-3333-4444-555555555555"
At = tuple[str, str]
Blobs = Mapping[At, KeptBlob]


class Person(NamedTuple):
    """Whom the archive knows."""

    id: str
    addresses: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def canaries(self) -> list[bytes]:
        """What nobody may find."""
        names = [self.id, *self.addresses, *map(url_form, self.addresses)]
        return [each.encode() for each in names]


class Tenant(World):
    """A tenant that has been archived for some days."""

    reports = FEW

    def live(self, days: int) -> None:
        for _ in range(days):
            self.run(self.reports)
            self.next_day()

    def people(self, calls: Sequence[Call] = CALLS) -> list[Person]:
        """Everybody whom the directory knows of any day: first who was renamed, then who stands in most reports."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        snapshots = self.app().archive.snapshots
        for each in snapshots.all(USERS):
            for row in rows(snapshots.content(each)):
                found[row["User Id"]].append((row["User Principal Name"], row["Display Name"]))
        people = [Person(id_, *map(tuple, map(dict.fromkeys, zip(*them, strict=True)))) for id_, them in found.items()]
        bodies = [self.body(call) for call in calls]
        reports = {each: sum(without(body, each)[1] > 0 for body in bodies) for each in people}
        return sorted(people, key=lambda each: (-len(each.addresses), -reports[each]))

    def erase(self, name: str, *, for_good: bool = True) -> int:
        return erase(self.store, name, for_good=for_good)

    def findings(self) -> list[str]:
        return [*map(str, verify([*everything(self.store)], catalogue(), self.control.now()))]

    def as_of(self, day: date) -> dict[Call, bytes]:
        """What is answered of a past day, but for what changes with every answer."""
        found = {}
        for call in CALLS:
            answer = ask(
                self.app(), f"v1.0/reports/{call}" if call != USERS else "v1.0/users", {"asOf": f"{day}"}, personal=True
            )
            found[call] = answer.body
        return found

    def holding(self, person: Person) -> set[At]:
        """The blobs that have one of the canaries in any byte, as it is stored or as it is read."""
        return {
            at
            for at, kept in self.store.blobs.items()
            for text in [b"\n".join([at[1].encode(), kept.content, readable(kept.content)]).lower()]
            if any(canary in text for canary in person.canaries)
        }


def readable(content: bytes) -> bytes:
    """What a reader makes of a blob."""
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    if content.startswith(b"PAR1"):
        table = read_parquet(content).read_all()
        return repr([table.column(name).to_pylist() for name in table.column_names]).encode()
    return content


def rows(body: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))]


def without(body: bytes, person: Person) -> tuple[list[bytes], int]:
    """The lines of a body that do not name a person, and how many do."""
    lines = body.split(b"\n")
    left = [line for line in lines if not any(canary in line.lower() for canary in person.canaries)]
    return left, len(lines) - len(left)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    made = Simulator(users=40)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def lived(simulator: Simulator) -> Blobs:
    """An archive of five days."""
    tenant = fresh(simulator)
    tenant.live(5)
    return dict(tenant.store.blobs)


@pytest.fixture
def tenant(simulator: Simulator, lived: Blobs) -> Tenant:
    tenant = fresh(simulator)
    for (container, name), kept in lived.items():
        tenant.store.put(container, name, kept.content, kept.metadata)
    tenant.next_day(5)
    return tenant


def fresh(simulator: Simulator) -> Tenant:
    InProcessControl(simulator).reset()
    return Tenant(simulator)


def check_erased(tenant: Tenant, before: Blobs, ann: Person) -> None:
    """Nothing names her, and all else is as it was, but for owners' cells that named her."""
    assert tenant.holding(ann) == set()
    assert tenant.findings() == []
    # The table of a month that is over gets another name.
    assert {at for at in before if at[0] not in (QUARANTINE, PERSONAL_DERIVED)} <= {*tenant.store.blobs}
    for at, kept in before.items():
        if at[0] == PERSONAL:
            now, metadata = tenant.store.blobs[at], dict(kept.metadata)
            lines, touched = without(gzip.decompress(kept.content), ann)
            left = gzip.decompress(now.content).split(b"\n")
            assert [line for line in left if line in {*lines}] == lines, at
            emptied = len(left) - len(lines)
            assert not [line for line in left if line not in {*lines} and not {b""} <= {*line.split(b",")}]
            assert int(now.metadata.get("redacted", 0)) == touched
            assert emptied <= touched
            for fact in ("pulled_at", "etag", "request_id", "columns", "flags", "app_version"):
                assert now.metadata.get(fact) == metadata.get(fact)
        elif at[0] not in (PERSONAL_DERIVED, ERASED, INPUT, QUARANTINE) and not at[1].startswith("series/"):
            assert at[1] == "lease.json" or tenant.store.blobs[at].content == kept.content


def test_a_person_goes_out_of_every_byte_and_all_else_stays(tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    ann, bob, *_ = tenant.people()
    people = (
        f"id,userPrincipalName,Manager\r\n,{ann.addresses[0]},\r\n,{bob.addresses[0]},{ann.addresses[-1].upper()}\r\n"
    )
    tenant.store.put(INPUT, "people.csv", people.encode(), {})
    quarantine(tenant, f'{{"error": "not a report of {ann.addresses[0]}"}}'.encode())
    quarantine(tenant, f"https://contoso/personal/{url_form(ann.addresses[0])}/x".encode("utf-16"))
    before, days = dict(tenant.store.blobs), [(tenant.control.now() - timedelta(days=ago)).date() for ago in (1, 2, 4)]
    asked = {day: tenant.as_of(day) for day in days}
    assert tenant.erase(ann.addresses[0], for_good=False) == 0
    assert dict(tenant.store.blobs) == before
    assert "Nothing was changed" in capsys.readouterr().out
    assert tenant.erase(ann.addresses[0]) == 0
    assert tenant.store.blobs[INPUT, "people.csv"].content == people.encode().replace(
        f",{ann.addresses[0]},\r\n".encode(), b""
    ).replace(ann.addresses[-1].upper().encode(), b"")
    check_erased(tenant, before, ann)
    for day in days:
        for call, body in tenant.as_of(day).items():
            lines, _ = without(asked[day][call], ann)
            assert {*lines} <= {*body.split(b"\n")}
            assert not any(canary in body.lower() for canary in ann.canaries)


def quarantine(tenant: Tenant, body: bytes) -> None:
    name = QuarantineName(Partition.of(EMAIL), None, "not_csv", sha256(body).hexdigest())
    metadata = {"pulled_at": tenant.control.now().isoformat(), "reason": "not_csv", "sha256": name.sha256}
    tenant.store.put(QUARANTINE, str(name), compress(body), metadata)


def test_whoever_was_erased_does_not_come_back_with_a_correction_of_an_erased_day(tenant: Tenant) -> None:
    ann = tenant.people()[0]
    assert tenant.erase(ann.id) == 0
    outcomes = correct_erased_day(tenant)
    assert {outcomes[call] for call in (TEAMS, DRIVES, GROUPS, SITES)} == {Outcome.UNCHANGED}
    assert tenant.holding(ann) == set()
    assert tenant.findings() == []


def correct_erased_day(tenant: Tenant) -> dict[Call, Outcome]:
    """Let Graph give the newest day once more, of one report with other numbers; return how the pulls end."""
    day = max(name.refresh_date for name in snapshots_of(tenant, EMAIL))
    tenant.control.put("restate", {"report": EMAIL.report, "refresh_date": f"{day}", "revision": 1})
    now = tenant.control.now()
    tenant.control.set_time(now - timedelta(days=1))
    tenant.control.put("faults", {"rules": [{"fault": "stuck", "times": None, "args": {"days": 9}}]})
    tenant.control.set_time(now)
    pulls = {pull.call: pull for pull in tenant.run(tenant.reports).pulls}
    assert (pulls[EMAIL].outcome, pulls[EMAIL].redacted) == (Outcome.REVISED, 1)
    return {call: pull.outcome for call, pull in pulls.items()}


def snapshots_of(tenant: Tenant, call: Call) -> list[SnapshotName]:
    parsed = [parse(name) for container, name in tenant.store.blobs if container == PERSONAL]
    return [name for name in parsed if isinstance(name, SnapshotName) and name.partition == Partition.of(call)]


def test_no_list_counts_an_erasure_as_a_correction_and_series_go_on_without_the_person(tenant: Tenant) -> None:
    def told(path: str, **query: str) -> bytes:
        return ask(tenant.app(), f"v1.0/{path}", query, personal=True).body

    def lists() -> list[bytes]:
        return [told("restatements"), told("reports"), told(f"reports/{EMAIL}/snapshots", format="link")]

    before, series, ann = lists(), told(f"reports/{EMAIL}/series"), tenant.people()[0]
    assert tenant.erase(ann.id) == 0
    assert lists() == before
    assert told(f"reports/{EMAIL}/series").split(b"\n") == without(series, ann)[0] != series.split(b"\n")


def test_a_reader_with_the_former_etag_gets_what_is_left_at_once(tenant: Tenant) -> None:
    app, path = tenant.app(), f"v1.0/reports/{EMAIL}"
    before, ann = ask(app, path, personal=True), tenant.people()[0]
    assert tenant.erase(ann.id) == 0
    after = ask(app, path, personal=True, headers={"if-none-match": before.headers["ETag"]})
    assert (after.status, after.headers["ETag"] == before.headers["ETag"]) == (200, False)
    assert without(before.body, ann)[0] == after.body.split(b"\n")


@pytest.mark.parametrize("name", ["nobody@contoso.com", "Ann", "", "00000000-0000-0000-0000-000000000000"])
def test_a_person_whom_nobody_knows_changes_nothing(
    tenant: Tenant, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(tenant)
    assert tenant.erase(name) == 1
    assert capsys.readouterr().err == "Nobody has this id or address.\n"
    assert contents(tenant) == before


def contents(tenant: Tenant) -> dict[At, bytes]:
    """What is stored, but for the lease."""
    return {at: kept.content for at, kept in tenant.store.blobs.items() if at[1] != "lease.json"}


def test_while_a_run_is_under_way_nothing_is_changed(tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    ann = tenant.people()[0]
    with Archive(tenant.store, catalogue()).lease.hold("abcdef"):
        before = contents(tenant)
        assert tenant.erase(ann.id) == 2
    assert "A run is under way since 20" in capsys.readouterr().err
    assert contents(tenant) == before


def test_a_run_that_fires_during_an_erasure_is_skipped(tenant: Tenant) -> None:
    ann, fired = tenant.people()[0], list[bool]()
    tenant.control.put("faults", {"rules": []})

    def around(operation: Operation, carry_out: Callable[[], Any]) -> Any:
        if operation.name == "put_blob" and operation.container == PERSONAL and not fired:
            fired.append(True)
            tenant.app(tenant.reports).pull()
        return carry_out()

    runs = [at for at in tenant.store.blobs if at[1].startswith("runs/")]
    assert erase(InMemoryBlobStore(around, tenant.control.now, same_as=tenant.store), ann.id, for_good=True) == 0
    assert fired
    assert [at for at in tenant.store.blobs if at[1].startswith("runs/")] == runs


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_with_a_damaged_list_nothing_is_changed(tenant: Tenant, content: bytes) -> None:
    ann = tenant.people()[0]
    tenant.store.put(ERASED, SUPPRESSED, content, {})
    before = contents(tenant)
    with pytest.raises(ArchiveUnavailable, match=SUPPRESSED):
        tenant.erase(ann.id)
    assert contents(tenant) == before


def test_an_address_of_two_people_is_asked_about_and_by_id_each_loses_what_was_theirs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = Written(with_products=False)
    for number, id_ in ((9, ADA), (8, ADA), (2, BOB), (1, BOB)):
        world.users(account(id_, "kim@contoso.com"), day=days_ago(number))
        world.active({ADDRESS: "kim@contoso.com", "Display Name": f"Kim {id_[:3]}"}, day=days_ago(number))
    store = world.shelf.memory
    assert erase(store, "kim@contoso.com", for_good=True) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[1:] == [f"  {ADA} from {days_ago(9)} on", f"  {BOB} from {days_ago(2)} on"]
    assert erase(store, ADA, for_good=True) == 0
    left = {
        row["Display Name"]
        for each in world.shelf.snapshots.all(ACTIVE)
        for row in rows(world.shelf.snapshots.content(each))
    }
    assert left == {f"Kim {BOB[:3]}"}
    assert erase(store, "kim@contoso.com", for_good=True) == 2
    assert "somebody who is kept out since" in capsys.readouterr().err


def test_rows_of_a_deleted_account_stay_when_whoever_has_its_address_since_is_erased() -> None:
    """The directory does not list who is deleted, and reports do so for months."""
    world = Written(with_products=False)
    for number in range(9, 0, -1):
        holder = {9: [ADA], 8: [ADA], 2: [BOB], 1: [BOB]}.get(number, [])
        world.users(
            account("c" * 36, "cy@contoso.com"),
            *(account(id_, "kim@contoso.com") for id_ in holder),
            day=days_ago(number),
        )
        world.active({ADDRESS: "kim@contoso.com", "Display Name": f"{number}"}, did("cy", 1), day=days_ago(number))
    assert erase(world.shelf.memory, BOB, for_good=True) == 0
    shelf = world.shelf.snapshots
    left = {row["Display Name"] for each in shelf.all(ACTIVE) for row in rows(shelf.content(each))} - {"Cy"}
    assert left == set("9876543")
    assert erase(world.shelf.memory, ADA, for_good=True) == 0
    assert {row["Display Name"] for each in shelf.all(ACTIVE) for row in rows(shelf.content(each))} == {"Cy"}


def test_a_namesake_stays_and_concealed_days_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    world = Written(with_products=False)
    world.active(
        {ADDRESS: "ann@contoso.com", "Display Name": "Ann Lee"},
        {ADDRESS: "joann@contoso.com", "Display Name": "Ann Lee"},
    )
    hidden = {ADDRESS: "0123456789ABCDEF0123456789ABCDEF", "Display Name": "0123456789ABCDEF0123456789ABCDEF"}
    world.active(hidden, day=days_ago(20))
    assert erase(world.shelf.memory, "ann@contoso.com", for_good=True) == 1
    assert (
        f"Not searched. Names are concealed: {ACTIVE}, {days_ago(20)} to {days_ago(20)}.\n" in capsys.readouterr().out
    )
    newest = world.shelf.snapshots.all(ACTIVE)[-1]
    assert [row[ADDRESS] for row in rows(world.shelf.snapshots.content(newest))] == ["joann@contoso.com"]


def test_without_a_directory_an_id_is_known_by_reports_with_ids_and_its_address_by_them() -> None:
    world = Written(with_products=False)
    world.put(TEAMS, KNOWN, {"User Id": ADA, ADDRESS: "ada@contoso.com"}, {"User Id": BOB, ADDRESS: "bob@contoso.com"})
    world.active({ADDRESS: "ada@contoso.com"}, {ADDRESS: "bob@contoso.com"})
    assert erase(world.shelf.memory, ADA, for_good=True) == 0
    for call in (TEAMS, ACTIVE):
        (left,) = world.shelf.snapshots.all(call)
        assert [row[ADDRESS] for row in rows(world.shelf.snapshots.content(left))] == ["bob@contoso.com"]


def test_two_revisions_that_differ_in_an_erased_row_alone_stay_two_and_both_erasures_are_counted() -> None:
    world = Written(with_products=False)
    ann, bob, cy = ({ADDRESS: f"{name}@contoso.com"} for name in ("ann", "bob", "cy"))
    world.active(ann, bob, cy)
    (first,) = world.shelf.snapshots.all(ACTIVE)
    body = world.shelf.snapshots.content(first).replace(b"ann@contoso.com,", b"ann@contoso.com,Ann")
    second = snapshot(ACTIVE, KNOWN, body, revision=2, pulled_at=first.metadata.pulled_at + timedelta(days=1))
    world.shelf.put(second, body)
    world.shelf.rebuilt(ACTIVE)
    assert erase(world.shelf.memory, "ann@contoso.com", for_good=True) == 0
    assert erase(world.shelf.memory, "bob@contoso.com", for_good=True) == 0
    left = world.shelf.snapshots.all(ACTIVE)
    assert [(each.revision, each.metadata.rows, each.metadata.redacted) for each in left] == [(1, 1, 2), (2, 1, 2)]
    assert [*verify([*everything(world.shelf.memory)], catalogue(), NOW)] == []


def test_who_alone_stands_in_a_report_leaves_a_snapshot_without_rows(tenant: Tenant) -> None:
    world = Written(with_products=False)
    world.active({ADDRESS: "ann@contoso.com", "Display Name": "Ann"})
    world.shelf.tables.make_again([TableName(Partition.of(ACTIVE), f"{KNOWN:%Y-%m}", KNOWN, RULES, 1)], TODAY)
    world.shelf.rebuilt(ACTIVE)
    assert erase(world.shelf.memory, "ann@contoso.com", for_good=True) == 0
    (left,) = world.shelf.snapshots.all(ACTIVE)
    assert (left.metadata.rows, left.metadata.redacted) == (0, 1)
    assert [*verify([*everything(world.shelf.memory)], catalogue(), NOW)] == []


def test_a_table_of_a_snapshot_that_is_gone_goes_too(tenant: Tenant) -> None:
    ann = tenant.people()[0]
    gone = min(snapshots_of(tenant, EMAIL))
    tenant.store.delete(PERSONAL, str(gone))
    assert tenant.erase(ann.id) == 0
    assert tenant.holding(ann) == set()


def test_a_table_of_a_damaged_snapshot_goes_and_the_snapshot_is_named(
    tenant: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    ann, damaged = tenant.people()[0], min(snapshots_of(tenant, EMAIL))
    kept = tenant.store.blobs[PERSONAL, str(damaged)]
    tenant.store.put(PERSONAL, str(damaged), b"rot", kept.metadata)
    assert tenant.erase(ann.id) == 1
    assert f"Damaged, which verify tells more of: {EMAIL}, {damaged.refresh_date}" in capsys.readouterr().out
    assert tenant.holding(ann) == set()
    assert [each.split()[0] for each in tenant.findings()] == ["not_gzip:", "table_gone:"]


def test_the_list_is_shown_and_lifted_and_then_they_come_back(
    tenant: Tenant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ann = tenant.people()[0]
    folder = TenantBlobStore(FolderBlobStore(tmp_path / FILES), TENANT)
    for at, kept in tenant.store.blobs.items():
        folder.create(*at, kept.content, kept.metadata)
    place = ["--archive", str(tmp_path), "--tenant", TENANT.upper()]
    assert main([f" {ann.addresses[-1].upper()} ", "--yes", *place]) == 0
    assert main(["--list", *place]) == 0
    shown = capsys.readouterr().out
    assert "The person is kept out from now on.\n" in shown
    assert "by the id; addresses: 1\nPeople who are kept out: 1.\n" in shown
    assert not any(canary.decode() in shown for canary in ann.canaries)
    assert main([ann.addresses[0], "--lift", *place]) == 0
    assert main([ann.addresses[0], "--lift", *place]) == 1
    assert main(["--list", *place]) == 0
    assert capsys.readouterr().out.endswith("People who are kept out: 0.\n")


@pytest.mark.parametrize(
    "arguments",
    [[], ["--list", "x"], ["--lift"], ["--yes"], ["x", "--yes", "--lift"], ["x", "--tenant", "contoso.com"]],
)
def test_wrong_options_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


# -- crashes -----------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("days", [1, pytest.param(3, marks=pytest.mark.long)])
def test_an_erasure_that_is_killed_at_any_step_is_finished_by_the_next(simulator: Simulator, days: int) -> None:
    start, ann = small_archive(simulator, days)
    steps = list[Operation]()
    end, status = killed_at(start, ann, 0, steps)
    assert (status, [at for at in end if any(canary in readable(end[at]) for canary in ann.canaries)]) == (0, [])
    changes = [number for number, step in enumerate(steps, 1) if step.name not in ("get", "list")]
    assert {steps[number - 1].container for number in changes} == {*CONTAINERS, INPUT} - {USAGE}
    for number in changes:  # what dies before a change is as what died after the one before
        assert killed_at(start, ann, number, []) == (end, 0), steps[number - 1]


def test_a_run_after_a_killed_erasure_brings_nobody_back_and_the_next_one_ends_it(tenant: Tenant) -> None:
    ann, written = tenant.people()[0], list[Operation]()

    def around(operation: Operation, carry_out: Callable[[], Any]) -> Any:
        written.extend([operation] if operation.name == "put_blob" and operation.container == PERSONAL else [])
        if len(written) > 3:
            raise Killed
        return carry_out()

    with suppress(Killed):
        erase(InMemoryBlobStore(around, tenant.control.now, same_as=tenant.store), ann.id, for_good=True)
    left = tenant.holding(ann)
    tenant.next_day()
    tenant.run(tenant.reports)
    assert tenant.holding(ann) == left != set()
    assert tenant.erase(ann.id) == 0
    assert tenant.holding(ann) == set()
    assert tenant.findings() == []


def small_archive(simulator: Simulator, days: int) -> tuple[Blobs, Person]:
    """An archive of few reports."""
    tenant = fresh(simulator)
    calls = (TEAMS, GROUPS, USERS) if days > 1 else (TEAMS, USERS)
    tenant.reports = ", ".join(map(str, calls))
    tenant.live(days)
    person = tenant.people(calls)[0]
    quarantine(tenant, person.canaries[1])
    tenant.store.put(INPUT, "people.csv", f"id,note\n{person.id},x\ny,\n".encode(), {})
    return dict(tenant.store.blobs), person


def killed_at(start: Blobs, ann: Person, number: int, steps: list[Operation]) -> tuple[dict[At, bytes], int]:
    """Erase, die after a step, and erase again; return what is stored in the end but for hashes, and the status.

    A table that was made once more has another generation: all have the same in the names that are returned.
    """
    sound = InMemoryBlobStore(clock=lambda: NOW)
    for at, kept in start.items():
        sound.put(*at, kept.content, kept.metadata)

    def around(operation: Operation, carry_out: Callable[[], Any]) -> Any:
        steps.append(operation)
        if number and len(steps) > number:
            raise Killed
        result = carry_out()
        if len(steps) == number:
            raise Killed
        return result

    status = -1
    with suppress(Killed):
        status = erase(InMemoryBlobStore(around, lambda: NOW, same_as=sound), ann.id, for_good=True)
    if number:
        later = InMemoryBlobStore(clock=lambda: NOW + timedelta(hours=1), same_as=sound)
        status = erase(later, ann.id, for_good=True)
    hashes = [(ERASED, SUPPRESSED), (DERIVED, LEASE)]
    end = {(at[0], of_any_generation(at[1])): kept.content for at, kept in sound.blobs.items() if at not in hashes}
    assert len(end) == len(sound.blobs.keys() - {*hashes})
    return end, status


def of_any_generation(name: str) -> str:
    parsed = parse(name)
    return str(parsed._replace(generation=1)) if isinstance(parsed, TableName) else name


# -- sixty days --------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_sixty_days_of_all_reports_lose_a_person_and_nothing_else() -> None:
    with Simulator(users=25, seed=9) as simulator:
        ann = lose_a_person(fresh(simulator), 60)
    assert len(ann.addresses) > 1  # renamed within these days


def lose_a_person(tenant: Tenant, lived: int) -> Person:
    """Live for so many days, erase who was renamed meanwhile, look at ten days of the past, and return the person."""
    tenant.reports = f"{ALL}, getOffice365ServicesUserCounts(period='D7')"
    begin = tenant.control.now()
    tenant.live(lived)
    ann, before = tenant.people()[0], dict(tenant.store.blobs)
    days = [(begin + timedelta(days=lived * part / 10)).date() for part in range(1, 11)]
    asked = {day: tenant.as_of(day) for day in days}
    assert tenant.findings() == []
    assert tenant.erase(ann.addresses[0]) == 0
    check_erased(tenant, before, ann)
    for day in days:
        for call, body in tenant.as_of(day).items():
            lines, _ = without(asked[day][call], ann)
            assert [line for line in body.split(b"\n") if line in {*lines}] == lines
    correct_erased_day(tenant)
    assert tenant.holding(ann) == set()
    assert tenant.findings() == []
    return ann
