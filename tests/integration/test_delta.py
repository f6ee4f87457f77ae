"""Tables as Delta tables: read by Delta's own readers, whatever happened to the tables and to their log."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import deltalake
import pytest
from deltalake.exceptions import DeltaError

from local.in_memory import Operation
from shared.archive.layout import DERIVED, DeltaLogName, Partition, TableName, parse
from shared.domain.call import calls_in
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.pulling.table_keeping import TableKeeping
from shared.report.typed_columns import field_id
from tests.integration.consumers.duck import duck
from tests.unit.test_tables import COUNTS, TODAY, Tables

FOLDER = str(Partition.of(COUNTS))
Row = tuple[str, int, bool, object, object]
ERRORS = (DeltaError, OSError)
"""What readers raise for a file that is gone or no Parquet."""


class DeltaTables(Tables):
    """An archive whose runs keep Delta tables."""

    def keeping(self) -> TableKeeping:
        return TableKeeping(self.shelf, catalogue(), lambda: self.time, with_delta=True)

    def findings(self) -> list[str]:
        found = super().findings()
        assert all(each.startswith(("table", "manifest", "delta")) for each in found)
        return found

    @property
    def log(self) -> list[DeltaLogName]:
        """What there is of the log."""
        return sorted(name for _, blob in self.shelf.blobs if isinstance(name := parse(blob), DeltaLogName))

    def end_of_log(self) -> str:
        return str([each for each in self.log if not each.is_checkpoint][-1])

    def written(self, folder: Path) -> Path:
        """Write what there is into a new folder below, and return that of the table."""
        folder /= hashlib.sha256(repr(sorted(self.shelf.blobs.items())).encode()).hexdigest()
        for (container, name), (content, _) in self.shelf.blobs.items():
            if container == DERIVED:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        return folder / FOLDER

    def read(self, folder: Path) -> list[Row]:
        """What a reader of Delta tables gets, in the order of the days and revisions."""
        rows = deltalake.DeltaTable(self.written(folder)).to_pyarrow_table().to_pylist()
        found = [
            (str(each["refresh_date"]), each["revision"], each["newest"], each.get("Teams"), each.get("Copilot, Chat"))
            for each in rows
        ]
        return sorted(found, key=lambda row: row[:2])


@pytest.fixture
def tables() -> DeltaTables:
    return DeltaTables()


def columns_change(tables: DeltaTables) -> list[Row]:
    """Let columns come and go, one without a name, a day be corrected, and a cell not fit its type; return the rows."""
    tables.put(COUNTS, date(2026, 9, 1), "1")
    tables.keep()
    tables.put(COUNTS, TODAY, "2")
    tables.keep()
    tables.put(COUNTS, TODAY + timedelta(1), "3,x", header='"Copilot, Chat",')
    tables.keep()
    tables.put(COUNTS, TODAY, "4", revision=2)
    tables.put(COUNTS, TODAY + timedelta(3), "many")
    tables.keep()
    return [
        ("2026-09-01", 1, True, 1, None),
        ("2026-11-18", 1, False, 2, None),
        ("2026-11-18", 2, True, 4, None),
        ("2026-11-19", 1, True, None, "3"),
        ("2026-11-21", 1, True, None, None),
    ]


def test_a_reader_of_delta_tables_gets_every_row_with_its_type(tables: DeltaTables, tmp_path: Path) -> None:
    expected = columns_change(tables)
    assert tables.read(tmp_path) == expected
    tables.time = datetime.fromisoformat("2027-01-15T00:00:00+00:00")
    tables.keep()
    assert [name.rpartition("_")[0][-7:] for name in tables.names] == ["2026-09", "2026-11"]
    assert tables.read(tmp_path) == expected
    assert tables.findings() == []


def test_duckdbs_own_reader_gets_the_same(tables: DeltaTables, tmp_path: Path) -> None:
    expected = columns_change(tables)
    query = 'SELECT refresh_date::VARCHAR, revision, newest, "Teams", "Copilot, Chat" FROM delta_scan(?) ORDER BY 1, 2'
    with duck("delta") as database:
        assert database.execute(query, [str(tables.written(tmp_path))]).fetchall() == expected


def test_a_log_does_not_grow_with_age_and_needs_no_part_that_is_gone(tables: DeltaTables, tmp_path: Path) -> None:
    for number in range(45):
        tables.put(COUNTS, TODAY + timedelta(number), str(number))
        tables.time = datetime.fromisoformat(f"{TODAY + timedelta(number + 2)}T00:00:00+00:00")
        tables.keep()
    assert len(tables.log) <= 22
    assert [each.version for each in tables.log if each.is_checkpoint] == [30, 40]
    assert tables.log[0].version == 30
    assert [row[3] for row in tables.read(tmp_path)] == [*range(45)]


def test_without_a_change_nothing_is_written(tables: DeltaTables) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.keep()
    before = tables.log
    tables.shelf.tables.logs.keep(COUNTS, tables.time)
    tables.keep()
    assert tables.log == before


def test_a_run_that_is_cut_short_anywhere_leaves_old_rows_new_ones_or_an_error_and_the_next_mends_it(
    tables: DeltaTables, tmp_path: Path
) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.put(COUNTS, TODAY + timedelta(1), "2")
    tables.keep()
    old = tables.read(tmp_path)
    tables.put(COUNTS, TODAY, "3", revision=2)
    new = [("2026-11-18", 1, False, 1, None), ("2026-11-18", 2, True, 3, None), ("2026-11-19", 1, True, 2, None)]
    for step in tables.runs_cut_short():
        with suppress(*ERRORS):
            assert tables.read(tmp_path) in (old, new), f"step {step} leaves a mixture"
        tables.keep()
        assert tables.read(tmp_path) == new
        assert tables.findings() == []


def test_while_a_table_is_being_replaced_its_rows_do_not_leave_the_log(tables: DeltaTables, tmp_path: Path) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.keep()
    tables.put(COUNTS, TODAY, "2", revision=2)
    tables.put(COUNTS, date(2026, 9, 1), "3")
    written: list[str] = []

    def refuse_the_first(operation: Operation) -> None:
        if operation.name == "put_blob" and "2026-11-18_g1-2" in operation.blob:
            written.append(operation.blob)
            if len(written) == 1:
                raise ArchiveUnavailable("The storage is busy.")

    tables.disturb = refuse_the_first
    tables.keep()
    with pytest.raises(ERRORS):
        tables.read(tmp_path)
    tables.keep()
    assert [row[3] for row in tables.read(tmp_path)] == [3, 1, 2]


def test_of_two_runs_at_once_each_finds_its_commit_behind_the_others(tables: DeltaTables, tmp_path: Path) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.keep()
    other = [tables.keeping()]
    tables.put(COUNTS, TODAY + timedelta(1), "2")

    def meanwhile(operation: Operation) -> None:
        if operation.name == "put_blob" and "_delta_log" in operation.blob and other:
            keeping = other.pop()
            tables.put(COUNTS, TODAY + timedelta(2), "3")
            tables.keep(keeping)

    tables.disturb = meanwhile
    tables.keep()
    assert [row[3] for row in tables.read(tmp_path)] == [1, 2, 3]


DAMAGE: dict[str, Callable[[DeltaTables], object]] = {
    "the last commit is damaged": lambda tables: tables.shelf.memory.put(DERIVED, tables.end_of_log(), b"{}", {}),
    "the last commit is gone": lambda tables: tables.shelf.memory.delete(DERIVED, tables.end_of_log()),
    "the last commit is cut": lambda tables: tables.shelf.memory.put(
        DERIVED, tables.end_of_log(), tables.shelf.memory.blobs[DERIVED, tables.end_of_log()].content[:-30], {}
    ),
    "the first commit is gone": lambda tables: tables.shelf.memory.delete(DERIVED, str(tables.log[0])),
    "a table is gone": lambda tables: tables.shelf.memory.delete(
        DERIVED, next(name for _, name in tables.shelf.blobs if "2026-11-18_g" in name)
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_wrong_with_a_log_is_found_and_made_again(tables: DeltaTables, damage: str, tmp_path: Path) -> None:
    expected = columns_change(tables)
    DAMAGE[damage](tables)
    findings = tables.findings()
    assert "delta_differs" in {each.partition(":")[0] for each in findings}
    names: list[Any] = [parse(each.split(": ")[1].partition("/")[2]) for each in findings]
    tables.shelf.tables.make_again(names, tables.time.date())
    assert tables.findings() == []
    assert tables.read(tmp_path) == expected


@pytest.mark.parametrize(
    "metadata",
    [{}, {"size": "many", "rows": "1"}, {"size": "1", "rows": "many"}, {"size": "1", "rows": "1"}],
    ids=["none", "size", "rows", "columns"],
)
@pytest.mark.parametrize("days", ["2026-11-17", "2026-11-18", "2026-11"])
def test_what_is_no_table_is_left_out_of_the_log_and_stops_nothing(
    tables: DeltaTables, days: str, metadata: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.keep()
    stray = f"{FOLDER}/month=2026-11/{COUNTS.report}_D7_{days}_g1-9.parquet"
    tables.shelf.memory.put(DERIVED, stray, b"no table", metadata)
    tables.put(COUNTS, TODAY + timedelta(1), "2")
    tables.keep()
    assert [row[3] for row in tables.read(tmp_path)] == [1, 2]
    assert not caplog.text


@pytest.mark.parametrize("keeps_log", [True, False], ids=["told of before", "new to the log"])
def test_of_a_table_without_its_metadata_the_log_tells_what_it_is(
    tables: DeltaTables, keeps_log: bool, tmp_path: Path
) -> None:
    tables.put(COUNTS, TODAY, "1,x", header='"Copilot, Chat",')
    tables.keep()
    (name,) = (name for _, name in tables.shelf.blobs if name.endswith(".parquet"))
    tables.shelf.memory.put(DERIVED, name, tables.shelf.memory.blobs[DERIVED, name].content, {})
    if not keeps_log:
        tables.shelf.memory.delete(DERIVED, tables.end_of_log())
    tables.put(COUNTS, TODAY + timedelta(1), "2")
    tables.keep()
    assert [row[3:] for row in tables.read(tmp_path)] == [(None, "1"), (2, None)]
    assert {each.partition(":")[0] for each in tables.findings()} == {"table_differs"}


def test_a_damaged_table_of_a_damaged_snapshot_is_an_error_for_readers_and_does_not_end_the_log(
    tables: DeltaTables, tmp_path: Path
) -> None:
    damaged = tables.put(COUNTS, TODAY, "1")
    tables.keep()
    (name,) = (name for _, name in tables.shelf.blobs if name.endswith(".parquet"))
    tables.overwrite(name, b"no table")
    stored = tables.shelf.memory.blobs["usage", damaged.blob]
    tables.shelf.memory.put("usage", damaged.blob, b"damaged", stored.metadata)
    tables.put(COUNTS, TODAY + timedelta(1), "2")
    tables.keep()
    assert len(tables.log) == 2
    with pytest.raises(ValueError, match="not a parquet file"):
        tables.read(tmp_path)
    names: Any = [parse(name)]
    tables.shelf.tables.make_again(names, TODAY, without_damaged=True)
    assert [row[3] for row in tables.read(tmp_path)] == [2]


def test_a_log_that_cannot_be_made_again_stops_no_other(tables: DeltaTables, tmp_path: Path) -> None:
    others = [COUNTS._replace(period=period) for period in ("D30", "D90", "D180")]
    for call in (COUNTS, *others):
        tables.put(call, TODAY, "1")
    tables.keep()
    for name in tables.log:
        tables.shelf.memory.put(DERIVED, str(name), b"{}", {})
    sign = TableName(Partition.of(others[0]), f"{TODAY:%Y-%m}", TODAY - timedelta(1), 1, 0)
    tables.shelf.memory.put(DERIVED, str(sign), b"This table is being replaced.", {})
    with pytest.raises(ArchiveUnavailable, match="being replaced"):
        tables.shelf.tables.make_again(tables.log, TODAY)
    assert [each for each in tables.findings() if each.startswith("delta_differs")] == []
    assert {name.partition for name in tables.log} == {Partition.of(call) for call in (COUNTS, *others[1:])}
    assert [row[3] for row in tables.read(tmp_path)] == [1]


def test_a_day_that_a_dead_run_left_in_two_tables_is_told_of_once(tables: DeltaTables, tmp_path: Path) -> None:
    tables.put(COUNTS, TODAY, "1")
    tables.put(COUNTS, date(2026, 9, 1), "2")
    tables.keep()
    for name in [name for _, name in tables.shelf.blobs if name.endswith(".parquet")]:
        tables.copy(name, name.replace("_g1-", "_g0-"))
        tables.copy(name, name.replace("2026-09_g1-", "2026-09-01_g1-"))
    tables.put(COUNTS, TODAY + timedelta(1), "3")
    tables.keep()
    assert [row[3] for row in tables.read(tmp_path)] == [2, 1, 3]


def test_without_the_setting_there_is_no_log() -> None:
    tables = Tables()
    tables.put(COUNTS, TODAY, "1")
    tables.keep()
    assert not [name for _, name in tables.shelf.blobs if "_delta_log" in name]


def test_no_two_documented_columns_of_a_report_have_one_id() -> None:
    for call in calls_in(catalogue()):
        headers = catalogue().reports[call.report].documented(call.version, call.report_type)
        names = {name for header in headers for name in header}
        assert len({field_id(name) for name in names}) == len(names)
