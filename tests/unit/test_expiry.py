"""What is too old is deleted wherever it lies, by its refresh date, and nothing else takes it for lost or damaged."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.folder import FILES
from local.in_memory import InMemoryBlobStore, Operation
from local.verify import main
from shared.archive.archive import Archive
from shared.archive.coverage_index import CoverageIndex
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.hash_key import PseudonymKey
from shared.archive.layout import (
    ACCOUNTS,
    COVERAGE,
    DERIVED,
    PERSONAL,
    PERSONAL_DERIVED,
    QUARANTINE,
    USAGE,
    ExpiredBefore,
    Partition,
    QuarantineName,
    SeriesName,
    SnapshotName,
    TableName,
    parse,
)
from shared.archive.series_state import count, fingerprints_of
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.pulling.expiry import Expiry, oldest_kept
from shared.pulling.table_keeping import TableKeeping
from shared.report.compression import compress
from shared.verification.finding import FindingCode
from shared.views.pseudonyms import KeptAccounts, read_accounts
from tests.reliability.checks import findings
from tests.shelf import Shelf, lines, run_of, snapshot

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEPT = date(2026, 8, 23)
"""The oldest day that is kept for 90 days."""
DAYS = [KEPT + timedelta(days=number) for number in range(-4, 10)]
DETAIL = Call("getOffice365ActiveUserDetail", period="D7")
SINGLE = Call("getTeamsUserActivityUserDetail", date=KEPT)
USERS = Call("users")
COUNTS = Call("getOffice365ActiveUserCounts", period="D7")
PERSONAL_CALLS = (DETAIL, SINGLE, USERS)
At = tuple[str, str]


class Killed(BaseException):
    """The process is gone."""


class Aged:
    """An archive of three weeks around the oldest day that is kept, with everything that is derived."""

    def __init__(self) -> None:
        self.disturb: Callable[[Operation, Callable[[], Any]], Any] = lambda operation, carry_out: carry_out()
        self.operations: list[Operation] = []
        self.time, self.storage_time = NOW, NOW
        self.store = InMemoryBlobStore(self._around, lambda: self.storage_time)
        self.archive = Archive(self.store, catalogue())

    @classmethod
    def made(cls) -> Aged:
        aged, shelf, snapshots = cls(), Shelf(), []
        for call in (*PERSONAL_CALLS, COUNTS):
            for day in DAYS:
                of_day = call._replace(date=day) if call.date else call
                body = lines("Report Refresh Date,User Principal Name,User Id", f"{day},ann{day:%d}@contoso.com,ann")
                if call is COUNTS:
                    body = lines("Report Refresh Date,Exchange", f"{day},{day:%d}")
                snapshots.append(snapshot(of_day, day, body))
                shelf.put(snapshots[-1], body)
        for at, kept in shelf.memory.blobs.items():
            aged.store.put(*at, kept.content, kept.metadata)
        run = run_of(*snapshots)
        aged.archive.runs.keep(run)
        coverage = aged.archive.coverage.read(run.id)
        aged.tables(coverage, retention=0)
        for call in (*PERSONAL_CALLS, COUNTS):
            aged.archive.series.table(call, NOW.date())
        read_accounts(aged.store, aged.archive.snapshots, PseudonymKey(aged.store).current(NOW))
        for name, pulled_at in (
            (QuarantineName(Partition.of(DETAIL), None, "not_csv", "0a"), "2026-08-22T23:00:00+00:00"),
            (QuarantineName(Partition.of(DETAIL), None, "not_csv", "0b"), "2026-08-23T01:00:00+00:00"),
            (
                QuarantineName(Partition.of(SINGLE), KEPT - timedelta(days=1), "not_csv", "0c"),
                "2026-09-01T01:00:00+00:00",
            ),
            (QuarantineName(Partition.of(COUNTS), None, "not_csv", "0d"), "2026-08-01T01:00:00+00:00"),
        ):
            aged.store.put(QUARANTINE, str(name), b"anything", {"pulled_at": pulled_at})
        return aged

    def copy(self) -> Aged:
        other = Aged()
        for at, kept in self.store.blobs.items():
            other.store.put(*at, kept.content, kept.metadata)
        return other

    def _around(self, operation: Operation, carry_out: Callable[[], Any]) -> Any:
        self.operations.append(operation)
        return self.disturb(operation, carry_out)

    def coverage(self) -> CoverageIndex:
        return CoverageIndex.from_bytes(self.store.blobs[DERIVED, COVERAGE].content)

    def tables(self, coverage: CoverageIndex | None, retention: int = 90) -> None:
        TableKeeping(self.archive, catalogue(), lambda: self.time, retention).keep(
            coverage, self.time + timedelta(days=1)
        )

    def run(self, retention: int = 90, seconds: int = 1500) -> None:
        """What the end of a run does."""
        expiry = Expiry(self.archive, catalogue(), retention, lambda: self.time)
        self.tables(expiry.carry_out(self.coverage(), self.time + timedelta(seconds=seconds)), retention)

    def names(self, container: str) -> list[Any]:
        return [parse(name) for place, name in sorted(self.store.blobs) if place == container]

    def days(self, container: str = PERSONAL) -> set[date]:
        return {name.refresh_date for name in self.names(container) if isinstance(name, SnapshotName)}

    def contents(self) -> dict[At, bytes]:
        return {at: kept.content for at, kept in self.store.blobs.items() if at != (DERIVED, COVERAGE)}


@pytest.fixture(scope="module")
def made() -> Aged:
    return Aged.made()


@pytest.fixture
def aged(made: Aged) -> Aged:
    return made.copy()


def test_what_is_of_a_day_before_is_gone_wherever_it_lay_and_nothing_else_is(aged: Aged) -> None:
    assert aged.days() == {*DAYS}
    before = aged.contents()
    aged.run()
    assert aged.days() == {day for day in DAYS if day >= KEPT}
    assert aged.days(USAGE) == {*DAYS}
    tables = [name for name in aged.names(PERSONAL_DERIVED) if isinstance(name, TableName)]
    assert {name.day for name in tables if name.month == "2026-08"} == {
        day for day in DAYS if day >= KEPT and day.month == 8
    }
    assert [name.sha256 for name in aged.names(QUARANTINE)] == ["0b"]
    kept = {at: content for at, content in aged.contents().items() if at[0] in (PERSONAL, USAGE)}
    assert kept.items() <= before.items()


def test_nothing_is_told_to_be_lost_or_damaged_afterwards(aged: Aged) -> None:
    assert told(aged) == []
    aged.run()
    assert told(aged) == []
    assert aged.coverage().dates[Partition.of(DETAIL)].first == KEPT
    assert aged.coverage().lost == {}


def test_the_command_says_what_expired(aged: Aged, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aged.run()
    folder = FolderBlobStore(tmp_path / FILES)
    for at, kept in aged.store.blobs.items():
        if at[0] != QUARANTINE:
            folder.create(*at, kept.content, kept.metadata)
    assert main(["--archive", str(tmp_path)]) == 0
    assert "expired: what tells of people and is of days before 2026-08-23." in capsys.readouterr().out


def told(aged: Aged) -> list[Any]:
    """What `verify` finds, but for the bodies in the quarantine, which are none."""
    return [each for each in findings(aged.store.blobs, NOW) if each.container not in (QUARANTINE, "usage-erased")]


def test_what_is_lost_or_damaged_of_a_day_that_is_kept_is_told_as_ever(aged: Aged) -> None:
    aged.run()
    lost, damaged = (str(SnapshotName(Partition.of(DETAIL), day, 1)) for day in DAYS[-2:])
    aged.store.delete(PERSONAL, lost)
    aged.store.put(PERSONAL, damaged, b"?", aged.store.blobs[PERSONAL, damaged].metadata)
    found = {(each.name, each.code) for each in told(aged)}
    assert {(lost, FindingCode.GONE), (damaged, FindingCode.NOT_GZIP)} <= found


def test_of_days_that_are_gone_no_address_is_kept_for_pseudonyms(aged: Aged) -> None:
    key = PseudonymKey(aged.store).current(NOW)
    aged.run()
    gone = key.hash("address\0ann22@contoso.com")
    kept = KeptAccounts(key).read(aged.store.blobs[PERSONAL_DERIVED, ACCOUNTS].content)
    assert gone not in kept.holders
    assert (len(kept.holders), kept.days.first) == (10, KEPT)


def test_a_series_knows_of_what_is_kept_alone(aged: Aged) -> None:
    aged.run()
    for call in PERSONAL_CALLS:
        metadata = aged.store.blobs[DERIVED, str(SeriesName(Partition.of(call)))].metadata
        assert sum(map(count, fingerprints_of(metadata).values())) == 10


def test_where_all_of_a_call_is_too_old_nothing_is_left_of_it(aged: Aged) -> None:
    aged.time = aged.storage_time = NOW + timedelta(days=365)
    aged.run()
    assert aged.days() == set()
    assert not [name for name in aged.names(PERSONAL_DERIVED) if name]
    assert told(aged) == []


def test_a_revision_never_stays_without_the_one_before(aged: Aged) -> None:
    body = lines("Report Refresh Date,User Principal Name,User Id", f"{DAYS[0]},eve@contoso.com,eve")
    second = snapshot(DETAIL, DAYS[0], body, revision=2)
    aged.store.put(PERSONAL, second.blob, compress(body), second.metadata.to_metadata())
    aged.run()
    deleted = (parse(each.blob) for each in aged.operations if (each.name, each.container) == ("delete", PERSONAL))
    of_day = [name for name in deleted if isinstance(name, SnapshotName) and name.refresh_date == DAYS[0]]
    assert [name.revision for name in of_day if name.partition == Partition.of(DETAIL)] == [2, 1]


def test_who_lists_tables_meanwhile_finds_no_day_twice(aged: Aged) -> None:
    seen = set()

    def look(operation: Operation, carry_out: Callable[[], Any]) -> Any:
        blobs = [(parse(name), kept.content) for (at, name), kept in aged.store.blobs.items() if at == PERSONAL_DERIVED]
        tables = [name for name, content in blobs if isinstance(name, TableName) and content.startswith(b"PAR1")]
        for partition, month in {(name.partition, name.month) for name in tables}:
            days = [name.day for name in tables if (name.partition, name.month) == (partition, month)]
            assert None not in days or days == [None]
            seen.add(None in days)
        return carry_out()

    aged.disturb = look
    aged.run()
    assert seen == {True, False}


def test_a_run_with_nothing_to_expire_asks_storage_for_nothing(aged: Aged) -> None:
    aged.run()
    aged.operations.clear()
    coverage = aged.coverage()
    for retention in (0, 90):
        assert Expiry(aged.archive, catalogue(), retention, lambda: NOW).carry_out(coverage, NOW) == coverage
    assert Expiry(aged.archive, catalogue(), 90, lambda: NOW).carry_out(None, NOW) is None
    assert aged.operations == []
    aged.run()
    aged.tables(aged.coverage())
    assert {operation.name for operation in aged.operations} == {"get"}


def test_the_next_day_takes_one_table_and_makes_none_of_the_month(aged: Aged) -> None:
    aged.run()
    before = {name for name in aged.names(PERSONAL_DERIVED) if isinstance(name, TableName)}
    aged.time = aged.storage_time = NOW + timedelta(days=1)
    aged.operations.clear()
    aged.run()
    after = {name for name in aged.names(PERSONAL_DERIVED) if isinstance(name, TableName)}
    assert {name.day for name in before - after} == {KEPT}
    assert not after - before
    assert not [each for each in aged.operations if each.name == "put_blob" and each.blob.endswith(".parquet")]


def test_the_marker_of_what_expired_is_one_and_never_takes_back_what_it_said(aged: Aged) -> None:
    aged.run(180)
    assert ExpiredBefore(KEPT) not in aged.names(DERIVED)
    aged.run()
    aged.archive.markers.mark_expired(date(2020, 1, 1))
    assert [name for name in aged.names(DERIVED) if isinstance(name, ExpiredBefore)] == [ExpiredBefore(KEPT)]


def test_an_app_whose_clock_is_ahead_of_that_of_storage_deletes_no_more_than_that_says(aged: Aged) -> None:
    aged.time = NOW + timedelta(days=5 * 365)
    aged.run()
    assert aged.days() == {day for day in DAYS if day >= KEPT}


def test_a_run_without_time_leaves_the_rest_to_the_next_and_says_so(
    aged: Aged, caplog: pytest.LogCaptureFixture
) -> None:
    def tick(operation: Operation, carry_out: Callable[[], Any]) -> Any:
        aged.time += timedelta(seconds=operation.name == "delete")
        return carry_out()

    aged.disturb = tick
    with caplog.at_level(logging.INFO):
        aged.run(seconds=5)
    assert "expiry.behind" in caplog.text
    assert len(aged.days()) > 10
    assert told(aged) == []
    aged.run()
    assert aged.days() == {day for day in DAYS if day >= KEPT}


def test_a_deletion_that_is_refused_is_said_and_the_run_goes_on(aged: Aged, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(operation: Operation, carry_out: Callable[[], Any]) -> Any:
        if (
            operation.name == "delete"
            and "getOffice365ActiveUserDetail" in operation.blob
            and operation.container == PERSONAL
        ):
            raise ArchiveUnavailable("Blob storage does not answer as it should: BlobImmutableDueToPolicy.")
        return carry_out()

    aged.disturb = refuse
    with caplog.at_level(logging.INFO):
        aged.run()
    assert re.search(r'expiry.behind {"detail": "[^"]*BlobImmutableDueToPolicy.", "troubles": 1}', caplog.text)
    assert 'archive.expired {"before": "2026-08-23", "snapshots": 8, "quarantined": 3}' in caplog.text
    dates = aged.coverage().dates
    assert (dates[Partition.of(DETAIL)].first, dates[Partition.of(USERS)].first) == (DAYS[0], KEPT)
    assert told(aged) == []
    aged.disturb = lambda operation, carry_out: carry_out()
    aged.run()
    assert aged.coverage().dates[Partition.of(DETAIL)].first == KEPT


def but_for_generations(aged: Aged) -> list[tuple[str, str, bytes]]:
    """All blobs, without what their names say of how often a table was made."""
    return sorted((at, re.sub(r"_g1-\d+", "_g1", name), content) for (at, name), content in aged.contents().items())


@pytest.mark.parametrize("is_carried_out", [False, True], ids=["before", "after"])
def test_a_run_that_dies_at_any_operation_is_finished_by_the_next(
    made: Aged, pytestconfig: pytest.Config, is_carried_out: bool
) -> None:
    whole = made.copy()
    whole.run()
    numbers = range(1, len(whole.operations) + 1, 5 if pytestconfig.getoption("--long") else 31)
    assert len(numbers) > 4
    assert told(whole) == []
    for number in numbers:
        aged = made.copy()

        def die(operation: Operation, carry_out: Callable[[], Any], number: int = number) -> Any:
            if len(aged.operations) >= number:  # noqa: B023 (it is called in this turn alone)
                if is_carried_out and len(aged.operations) == number:  # noqa: B023
                    carry_out()
                raise Killed
            return carry_out()

        aged.disturb = die
        with suppress(Killed):
            aged.run()
        aged.disturb = lambda operation, carry_out: carry_out()
        lost = [each for each in told(aged) if each.container == PERSONAL]
        assert lost == [], number
        aged.run()
        assert but_for_generations(aged) == but_for_generations(whole), number
        assert aged.coverage() == whole.coverage(), number


@pytest.mark.parametrize(
    ("retention", "today", "oldest"),
    [
        (0, date(2026, 11, 21), None),
        (90, date(2026, 11, 21), KEPT),
        (9999, date(20, 1, 1), None),
        (365, date(2028, 2, 29), date(2027, 3, 1)),
    ],
)
def test_days_are_counted_from_the_refresh_date(retention: int, today: date, oldest: date | None) -> None:
    assert oldest_kept(retention, today) == oldest
