"""The tables that runs keep: what is in them, when they are made, and what others do at the same time."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pyarrow.parquet as parquet
import pytest

from local.in_memory import InMemoryBlobStore, Operation
from shared.archive.archive import Archive
from shared.archive.layout import DERIVED, PERSONAL, PERSONAL_DERIVED, TABLES, ManifestName, Partition, TableName, parse
from shared.archive.snapshot import Snapshot
from shared.archive.tables import TableArchive
from shared.domain.call import Call
from shared.domain.call import parse as call_of
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.domain.outcome import Outcome
from shared.pulling.table_keeping import TableKeeping
from shared.verification.archive import verify
from shared.verification.call import Blob
from tests.shelf import Shelf, as_blobs, lines, snapshot

COUNTS = call_of("getOffice365ActiveUserCounts(period='D7')", catalogue())
DETAIL = call_of("getOffice365ActiveUserDetail(period='D7')", catalogue())
DAYS = call_of("getOffice365ActiveUserDetail(date=2026-11-18)", catalogue())
TODAY = date(2026, 11, 18)
BLOCK = [date(2026, 11, day) for day in range(11, 16)]


class Tables:
    """An archive whose runs keep tables."""

    def __init__(self) -> None:
        self.disturb: Callable[[Operation], object] = lambda operation: None
        self.shelf = Shelf(self._around)
        self.seen: dict[tuple[str, str], bytes] = {}
        """What every table that ever was said under its name."""
        self.spoilt: set[tuple[str, str]] = set()
        self.rotten: list[Blob] = []
        self.time = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def _around(self, operation: Operation, carry_out: Callable[[], Any]) -> Any:
        self.disturb(operation)
        done = carry_out()
        for at, (content, _) in self.shelf.blobs.items() if operation.blob.endswith(".parquet") else ():
            name = parse(at[1])
            if isinstance(name, TableName) and name.generation and at not in self.spoilt:
                assert self.seen.setdefault(at, content) == content, f"{name} becomes something else"
        return done

    def put(self, call: Call, day: date, *teams: str, revision: int = 1, header: str = "Teams") -> Snapshot:
        body = lines(f"Report Refresh Date,User Principal Name,{header}", *(f"{day},a@b.c,{cell}" for cell in teams))
        one = snapshot(call._replace(date=day) if call.date else call, day, body, revision)
        self.shelf.put(one, body)
        return one

    def keeping(self) -> TableKeeping:
        return TableKeeping(self.shelf, catalogue(), lambda: self.time)

    def keep(self, keeping: TableKeeping | None = None, minutes: float = 25) -> None:
        """End a run, at which the coverage index tells of every snapshot."""
        undisturbed = Archive(InMemoryBlobStore(same_as=self.shelf.memory), catalogue())
        index = undisturbed.coverage.read(None)
        (keeping or self.keeping()).keep(index, self.time + timedelta(minutes=minutes))

    def runs_cut_short(self) -> Iterator[int]:
        """Let the next run be cut short before each of its operations on storage in turn, and yield after each."""
        start, steps = dict(self.shelf.memory.blobs), list[Operation]()
        self.disturb = steps.append
        self.keep()
        for number in range(len(steps)):
            self.shelf.memory.clear()
            for (container, name), kept in start.items():
                self.shelf.memory.put(container, name, kept.content, kept.metadata)
            self.disturb = partial(_cut, count(), number)
            self.keep()
            self.disturb = lambda operation: None
            yield number

    @property
    def names(self) -> list[str]:
        """The last parts of the names of all tables."""
        return [name.rpartition("/")[2] for container, name in self.shelf.blobs if isinstance(parse(name), TableName)]

    def of(self, call: Call) -> list[str]:
        """The days and generations of the tables of a call, as their names tell them."""
        return sorted(
            name.rpartition(f"_{call.key}_")[2].removesuffix(".parquet")
            for name in self.names
            if name.startswith(call.report)
        )

    @property
    def can_be_read(self) -> bool:
        """Whether all tables are tables, and none stands for one that is being replaced."""
        tables = (content for (_, name), (content, _) in self.shelf.blobs.items() if name.endswith(".parquet"))
        return all(content.startswith(b"PAR1") for content in tables)

    def rows(self, container: str = DERIVED) -> list[tuple[str, int, bool, Any]]:
        """Refresh date, revision, whether that is the newest, and the count, of all rows."""
        found = []
        for (at, name), (content, _) in sorted(self.shelf.blobs.items()):
            if at == container and name.endswith(".parquet"):
                rows = parquet.read_table(io.BytesIO(content)).to_pylist()
                found += [(str(each["refresh_date"]), each["revision"], each["newest"], each["Teams"]) for each in rows]
        return found

    def place(self, name: str) -> str:
        """The container of a blob."""
        return next(container for container, blob in self.shelf.blobs if blob == name)

    def overwrite(self, name: str, content: bytes, *, whole: bool = False) -> None:
        """Let a table have other bytes; with their SHA-256, if they are `whole`."""
        metadata = {"sha256": hashlib.sha256(content).hexdigest() if whole else "0" * 64}
        self.spoilt.add((self.place(name), name))
        self.shelf.memory.put(self.place(name), name, content, metadata)

    def rot(self, name: str, size: int) -> None:
        """Let storage keep so many bytes of a table, with the metadata and the MD5 that it had."""
        at = self.place(name), name
        self.rotten += [blob for blob in as_blobs(self.shelf.blobs) if blob.name == name]
        kept = self.shelf.memory.blobs[at]
        self.shelf.memory.blobs[at] = kept._replace(content=kept.content[:size])
        self.spoilt.add(at)

    def copy(self, name: str, other: str) -> None:
        content, metadata = self.shelf.blobs[self.place(name), name]
        self.shelf.memory.put(self.place(name), other, content, metadata)

    def other(self) -> bytes:
        """Return a table of rows that this archive has not."""
        others = Tables()
        others.put(COUNTS, TODAY, "77")
        others.keep()
        return next(content for (_, name), (content, _) in others.shelf.blobs.items() if name.endswith(".parquet"))

    def findings(self) -> list[str]:
        blobs = as_blobs(self.shelf.blobs, self.rotten)
        codes = verify(blobs, catalogue(), self.time + timedelta(days=30))
        return [str(each) for each in codes if each.code.startswith(("table", "manifest", "delta"))]


def _cut(numbers: Iterator[int], last: int, operation: Operation) -> None:
    if next(numbers) >= last:
        raise ArchiveUnavailable("The run was cut short.")


def refuse(blobs: str, refused: list[Operation] | None = None) -> Callable[[Operation], object]:
    """Let storage refuse to do anything with blobs of which the names have that in them."""

    def disturb(operation: Operation) -> None:
        if blobs in operation.blob:
            if refused is not None:
                refused.append(operation)
            raise ArchiveUnavailable("The storage is busy.")

    return disturb


@pytest.fixture
def tables() -> Iterator[Tables]:
    made = Tables()
    yield made
    made.disturb = lambda operation: None
    made.keep()
    assert made.findings() == []


def test_a_run_makes_tables_of_days_in_the_month_that_goes_on_and_of_the_months_before(tables: Tables) -> None:
    for day in (TODAY, TODAY - timedelta(1), date(2026, 10, 2), date(2026, 10, 1)):
        tables.put(COUNTS, day, "1")
    tables.keep()
    assert sorted(tables.names) == [
        "getOffice365ActiveUserCounts_D7_2026-10_g1-1.parquet",
        "getOffice365ActiveUserCounts_D7_2026-11-17_g1-1.parquet",
        "getOffice365ActiveUserCounts_D7_2026-11-18_g1-1.parquet",
    ]
    assert [day for day, *_ in tables.rows()] == ["2026-10-01", "2026-10-02", "2026-11-17", "2026-11-18"]


def test_a_snapshot_that_came_is_in_a_table_at_once(tables: Tables) -> None:
    one = tables.put(COUNTS, TODAY, "1")
    keeping = tables.keeping()
    keeping.add(Outcome.PUBLISHED, one, tables.shelf.snapshots.content(one))
    assert tables.rows() == [("2026-11-18", 1, True, 1)]
    asked: list[str] = []
    tables.disturb = lambda operation: asked.append(f"{operation.name} {operation.blob}")
    tables.keep(keeping)
    assert [each for each in asked if "parquet" in each] == []


def test_a_month_that_is_over_goes_from_tables_of_days_into_one(tables: Tables) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.put(COUNTS, TODAY + timedelta(1), "2")
    tables.keep()
    tables.time = datetime(2026, 12, 11, tzinfo=UTC)
    tables.keep()
    assert tables.names == ["getOffice365ActiveUserCounts_D7_2026-11_g1-1.parquet"]
    assert tables.rows() == [("2026-11-18", 1, True, 1), ("2026-11-19", 1, True, 2)]


def test_five_days_of_people_go_into_one_table_once_all_are_there(tables: Tables) -> None:
    for day in (*BLOCK, date(2026, 11, 16)):
        tables.put(COUNTS, day, "1")
        if day != BLOCK[2]:
            tables.put(DETAIL, day, "1")
    tables.keep()
    assert len(tables.of(COUNTS)) == 6
    assert tables.of(DETAIL) == [
        "2026-11-11_g1-1",
        "2026-11-12_g1-1",
        "2026-11-14_g1-1",
        "2026-11-15_g1-1",
        "2026-11-16_g1-1",
    ]
    tables.put(DETAIL, BLOCK[2], "1")
    tables.keep()
    assert tables.of(DETAIL) == ["2026-11-11-to-15_g1-1", "2026-11-16_g1-1"]
    assert [day for day, *_ in tables.rows(PERSONAL_DERIVED)] == [str(date(2026, 11, day)) for day in range(11, 17)]


def test_what_is_joined_is_taken_from_tables_and_not_read_again_from_snapshots(tables: Tables) -> None:
    for day in BLOCK[:-1]:
        tables.put(DETAIL, day, "1", "many")
    tables.keep()
    last = tables.put(DETAIL, BLOCK[-1], "2")
    keeping, content = tables.keeping(), tables.shelf.snapshots.content(last)
    keeping.add(Outcome.PUBLISHED, last, content)
    asked: list[str] = []
    tables.disturb = lambda operation: asked.append(f"{operation.name} {operation.blob}")
    tables.keep(keeping)
    assert [each for each in asked if each.startswith("get ") and ".csv.gz" in each] == []
    assert tables.of(DETAIL) == ["2026-11-11-to-15_g1-1"]
    tables.time = datetime(2026, 12, 11, tzinfo=UTC)
    asked.clear()
    tables.keep()
    assert [each for each in asked if each.startswith("get ") and ".csv.gz" in each] == []
    assert tables.of(DETAIL) == ["2026-11_g1-1"]


def test_a_revision_in_a_block_and_a_day_that_is_gone_from_it_are_made_again_with_it(tables: Tables) -> None:
    for day in BLOCK:
        gone = tables.put(DETAIL, day, "1")
    tables.keep()
    tables.put(DETAIL, BLOCK[0], "2", revision=2)
    tables.shelf.memory.delete(PERSONAL, gone.blob)
    tables.keep()
    assert tables.of(DETAIL) == ["2026-11-11-to-15_g1-2"]
    assert tables.rows(PERSONAL_DERIVED)[:3] == [
        ("2026-11-11", 1, False, 1),
        ("2026-11-11", 2, True, 2),
        ("2026-11-12", 1, True, 1),
    ]
    assert tables.rows(PERSONAL_DERIVED)[-1][0] == "2026-11-14"


@pytest.mark.parametrize("is_over", [False, True])
def test_a_revision_stands_beside_the_one_before_which_is_no_longer_the_newest(tables: Tables, is_over: bool) -> None:
    tables.time += timedelta(days=60 * is_over)
    tables.put(COUNTS, TODAY, "1")
    tables.keep()
    tables.put(COUNTS, TODAY, "2", revision=2)
    tables.keep()
    assert tables.rows() == [("2026-11-18", 1, False, 1), ("2026-11-18", 2, True, 2)]
    assert len(tables.names) == 1


def test_a_revision_that_runs_in_a_row_could_not_put_into_a_table_is_put_there_by_the_next(tables: Tables) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.keep()
    tables.put(COUNTS, TODAY, "2", revision=2)
    tables.disturb = refuse("month=")
    tables.keep()
    tables.put(COUNTS, TODAY + timedelta(1), "3")
    tables.keep()
    tables.disturb = lambda operation: None
    tables.keep()
    assert tables.rows() == [("2026-11-18", 1, False, 1), ("2026-11-18", 2, True, 2), ("2026-11-19", 1, True, 3)]


def test_trouble_with_one_call_keeps_no_other_from_its_tables(tables: Tables, caplog: pytest.LogCaptureFixture) -> None:
    tables.put(DETAIL, TODAY, "1")
    tables.put(COUNTS, TODAY, "2")
    tables.disturb = refuse(f"report={DETAIL.report}/period=D7/month=")
    tables.keep()
    assert tables.rows() == [("2026-11-18", 1, True, 2)]
    assert "The storage is busy." in caplog.text


def test_where_storage_answers_nothing_a_run_does_not_try_on_until_its_end(tables: Tables) -> None:
    for month in range(1, 10):
        tables.put(COUNTS, date(2026, month, 1), "1")
    asked: list[Operation] = []
    tables.disturb = refuse("month=", asked)
    tables.keep()
    assert len(asked) == 3


def test_people_are_in_a_container_of_their_own(tables: Tables) -> None:
    tables.put(DETAIL, TODAY, "1")
    tables.put(DAYS, TODAY, "1")
    tables.keep()
    kept = sorted(at for at in tables.shelf.blobs if "month=" in at[1])
    assert {container for container, _ in kept} == {PERSONAL_DERIVED}
    assert [re.sub(r"report=.*period=(\w+).*\.", r"\1 ", name) for _, name in kept] == [
        "newest/report=getOffice365ActiveUserDetail/month=2026-11/getOffice365ActiveUserDetail_2026-11_newest.json",
        "D7 parquet",
        "day parquet",
    ]


def test_what_is_deleted_or_expired_leaves_the_tables(tables: Tables) -> None:
    gone, kept = tables.put(DETAIL, date(2026, 9, 1), "1"), tables.put(DETAIL, date(2026, 9, 2), "2")
    alone = tables.put(DETAIL, TODAY, "3")
    tables.keep()
    for each in (gone, alone):
        tables.shelf.memory.delete(PERSONAL, each.blob)
    tables.keep()
    assert tables.rows(PERSONAL_DERIVED) == [(str(kept.refresh_date), 1, True, 2)]


def test_what_does_not_fit_the_time_of_a_run_is_made_by_the_next_newest_first(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    for month in (7, 8, 9):
        tables.put(COUNTS, date(2026, month, 1), "1")

    def tick(operation: Operation) -> None:
        if operation.blob.endswith(".parquet"):
            tables.time += timedelta(minutes=1)

    tables.disturb = tick
    tables.keep(minutes=2)
    assert [day for day, *_ in tables.rows()] == ["2026-08-01", "2026-09-01"]
    assert "tables.behind" in caplog.text
    tables.keep()
    assert len(tables.rows()) == 3


def into_a_month(tables: Tables) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.put(COUNTS, TODAY + timedelta(1), "2")
    tables.keep()
    tables.time = datetime(2026, 12, 11, tzinfo=UTC)


def into_a_block(tables: Tables) -> None:
    for day in BLOCK[:-1]:
        tables.put(DETAIL, day, "1")
    tables.keep()
    last = tables.put(DETAIL, BLOCK[-1], "1")
    tables.keeping().add(Outcome.PUBLISHED, last, tables.shelf.snapshots.content(last))


@pytest.mark.parametrize("go", [into_a_month, into_a_block])
def test_a_run_that_was_cut_short_anywhere_is_mended_by_the_next(tables: Tables, go: Callable[[Tables], None]) -> None:
    go(tables)
    rows = partial(tables.rows, PERSONAL_DERIVED if go is into_a_block else DERIVED)
    before = rows()
    for step in tables.runs_cut_short():
        assert not tables.can_be_read or rows() == before, f"step {step} leaves a mixture"
        tables.keep()
        assert rows() == before
        assert len(tables.names) == 1


def test_two_runs_at_once_leave_each_day_once(tables: Tables) -> None:
    first = tables.put(COUNTS, TODAY, "1")
    slow, fast = tables.keeping(), tables.keeping()
    content = tables.shelf.snapshots.content(first)
    slow.add(Outcome.PUBLISHED, tables.put(COUNTS, TODAY - timedelta(1), "0"), None)  # it has seen the index
    tables.put(COUNTS, TODAY, "2", revision=2)
    tables.keep(fast)
    slow.add(Outcome.PUBLISHED, first, content)
    tables.keep(slow)
    assert [row for row in tables.rows() if row[0] == "2026-11-18"] == [
        ("2026-11-18", 1, False, 1),
        ("2026-11-18", 2, True, 2),
    ]


def test_an_index_that_is_damaged_is_made_again_with_all_tables(tables: Tables) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.put(COUNTS, date(2026, 9, 1), "2")
    tables.keep()
    tables.shelf.memory.put(DERIVED, TABLES, b"no index", {})
    tables.keep()
    assert len(tables.rows()) == 2


def test_a_damaged_snapshot_keeps_only_its_own_month_from_being_made(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = tables.put(COUNTS, TODAY, "1"), tables.put(COUNTS, date(2026, 9, 1), "2")
    stored = tables.shelf.memory.blobs["usage", bad.blob]
    tables.shelf.memory.put("usage", bad.blob, b"damaged", stored.metadata)
    tables.keep()
    assert [day for day, *_ in tables.rows()] == [str(good.refresh_date)]
    assert bad.blob in caplog.text
    tables.shelf.memory.put("usage", bad.blob, stored.content, stored.metadata)


DAMAGE: dict[str, tuple[Callable[[Tables, str], object], str]] = {
    "bytes": (lambda tables, name: tables.overwrite(name, b"PAR1PAR1"), "table_differs"),
    "gone": (lambda tables, name: tables.shelf.memory.delete(PERSONAL_DERIVED, name), "table_gone"),
    "other rows": (lambda tables, name: tables.overwrite(name, tables.other(), whole=True), "table_differs"),
    "no bytes": (lambda tables, name: tables.overwrite(name, b""), "table_differs"),
    "cut on the disk": (lambda tables, name: tables.rot(name, 100), "table_differs"),
    "emptied on the disk": (lambda tables, name: tables.rot(name, 0), "table_differs"),
    "no table": (lambda tables, name: tables.overwrite(name, b"no table", whole=True), "table_differs"),
    "being replaced": (lambda tables, name: tables.overwrite(name, b"This table is being replaced."), "table_differs"),
    "older": (lambda tables, name: tables.copy(name, name.replace("_g1-", "_g0-")), "table_differs"),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("days", [[TODAY], [date(2026, 9, 1)], BLOCK], ids=["day", "month", "block"])
def test_what_is_wrong_with_a_table_is_found_and_made_again(tables: Tables, damage: str, days: Sequence[date]) -> None:
    for day in days:
        tables.put(DETAIL, day, "1")
    tables.keep()
    before = tables.rows(PERSONAL_DERIVED)
    spoil, code = DAMAGE[damage]
    spoil(tables, next(name for _, name in tables.shelf.blobs if name.endswith(".parquet")))
    findings = tables.findings()
    assert [each.partition(":")[0] for each in findings] == [code]
    names = [parse(each.split(": ")[1].partition("/")[2]) for each in findings]
    made = tables.shelf.tables.make_again([each for each in names if isinstance(each, TableName)], TODAY)
    assert (made, tables.rows(PERSONAL_DERIVED), tables.findings()) == (1, before, [])


@pytest.mark.parametrize("has_hash", [True, False], ids=["with its hash", "of an earlier version"])
@pytest.mark.parametrize("is_gzip", [True, False], ids=["of another day", "behind the head of its gzip"])
def test_of_a_damaged_snapshot_the_table_is_not_told_too(tables: Tables, has_hash: bool, is_gzip: bool) -> None:
    damaged, other = tables.put(COUNTS, TODAY, "1"), tables.put(COUNTS, date(2026, 9, 1), "2")
    tables.keep()
    stored = tables.shelf.memory.blobs["usage", damaged.blob]
    content = tables.shelf.memory.blobs["usage", other.blob].content if is_gzip else stored.content[:10] + b"\xff" * 20
    metadata = {name: value for name, value in stored.metadata.items() if has_hash or not name.startswith("gzip_")}
    tables.shelf.memory.put("usage", damaged.blob, content, metadata)
    found = {finding.name for finding in verify(as_blobs(tables.shelf.blobs), catalogue(), tables.time)}
    assert damaged.blob in found
    assert [name for name in found if isinstance(parse(name), TableName)] == []


def test_a_table_of_the_whole_month_that_goes_on_goes_and_each_day_keeps_its_own(tables: Tables) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.put(COUNTS, TODAY - timedelta(1), "2")
    tables.keep()
    before = tables.rows()
    stray = TableName(Partition.of(COUNTS), f"{TODAY:%Y-%m}", None, 1, 7)
    tables.shelf.memory.put(DERIVED, str(stray), b"no table", {})
    names = [name for at in tables.shelf.blobs if isinstance(name := parse(at[1]), TableName)]
    assert tables.shelf.tables.make_again(names, TODAY) == 2
    assert [each.partition("_")[0] for each in tables.of(COUNTS)] == ["2026-11-17", "2026-11-18"]
    assert (tables.rows(), tables.findings()) == (before, [])


@pytest.mark.parametrize(
    "name", [ManifestName("getX", "2026-11"), TableName(Partition("getX", "D7"), "2026-11", None, 1, 1)]
)
def test_nothing_is_made_of_a_report_that_there_is_not(tables: Tables, name: ManifestName | TableName) -> None:
    assert tables.shelf.tables.make_again([name], TODAY) == 0
    assert tables.shelf.blobs == {}


def test_a_damaged_snapshot_keeps_no_other_table_from_being_made_again(tables: Tables) -> None:
    damaged = tables.put(COUNTS, TODAY, "1")
    tables.put(COUNTS, TODAY - timedelta(1), "3")
    tables.put(COUNTS, date(2026, 9, 1), "2")
    tables.keep()
    stored = tables.shelf.memory.blobs["usage", damaged.blob]
    tables.shelf.memory.put("usage", damaged.blob, b"damaged", stored.metadata)
    names = [name for at in tables.shelf.blobs if isinstance(name := parse(at[1]), TableName)]
    for name in names:
        tables.shelf.memory.delete(DERIVED, str(name))
    assert tables.shelf.tables.make_again(names, TODAY) == 2
    assert [day for day, *_ in tables.rows()] == ["2026-09-01", "2026-11-17"]
    tables.shelf.memory.put("usage", damaged.blob, stored.content, stored.metadata)
    tables.shelf.tables.make_again(names, TODAY)


def test_without_a_coverage_index_nothing_is_taken_for_gone(tables: Tables) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.keep()
    tables.keeping().keep(None, tables.time)
    assert len(tables.rows()) == 1


def test_the_tables_of_a_month_of_very_many_rows_stay_in_days() -> None:
    tables = Tables()
    tables.put(COUNTS, date(2026, 9, 1), "1", "2")
    tables.put(COUNTS, date(2026, 9, 2), "3", "4")
    index = tables.shelf.coverage.read(None)
    archive = TableArchive(tables.shelf.memory, tables.shelf.snapshots, catalogue(), most_rows=3)
    (missing,) = archive.index().missing(index, TODAY)
    archive.note([archive.make(COUNTS, missing)], archive.index())
    assert [name.rpartition("_D7_")[2][:10] for name in tables.names] == ["2026-09-01", "2026-09-02"]
    assert archive.index().missing(index, TODAY) == []
