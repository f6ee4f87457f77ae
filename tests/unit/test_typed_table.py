"""Parquet tables of snapshots, held against the snapshots by a reader that shares nothing with what wrote them."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import DamagedBlob
from shared.report.csv_records import distinct, same, to_csv
from shared.report.typed_columns import ParquetFile, have_same_rows
from shared.report.typed_table import Former, Part, write

REPORT = "getMicrosoft365CopilotUserCountSummary"
DOCUMENTED = ("Report Refresh Date", "Report Period", "Word Enabled Users", "Average prompts submitted", "Is Deleted")
TYPES = {
    "report refresh date": "date32[day]",
    "report period": "int64",
    "word enabled users": "int64",
    "average prompts submitted": "double",
    "is deleted": "bool",
}
DAY = date(2026, 11, 18)
OURS = ["refresh_date", "revision", "newest", "_unfit", "snapshot_sha256"]


def part(rows: Sequence[Sequence[str]], day: date = DAY, revision: int = 1, newest: bool = True) -> Part:
    body = b"\xef\xbb\xbf" + b"".join(to_csv(rows))
    return Part(day, revision, newest, f"{day}{revision}", rows[0], lambda: [body])


def table(*parts: Part) -> ParquetFile:
    return write(REPORT, [DOCUMENTED], parts)


def read(file: ParquetFile) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(io.BytesIO(file.content)).to_pylist()
    return rows


def types(file: ParquetFile) -> dict[str, str]:
    return {field.name: str(field.type) for field in parquet.read_schema(io.BytesIO(file.content))}


NAMES = st.sampled_from(
    [*DOCUMENTED, "IS DELETED", "New", "new", " new ", "", "a.b,c", "revision", "_unfit", "x\0y", "Ü"]
)
CELLS = st.one_of(
    st.sampled_from(["", "0", "7", "-3", "007", "9223372036854775807", "9223372036854775808", "1.5", "1e3", "1e400"]),
    st.sampled_from(["True", "no", "t", "2026-11-18", "2026-11-18T00:00:00Z", "2026-02-30", "2026-1-8", "NaN", " 5"]),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\ufeff"), max_size=5),
)


@st.composite
def snapshots(draw: st.DrawFn) -> list[list[str]]:
    """The header and the rows of one body."""
    header = draw(st.lists(NAMES, min_size=1, max_size=6))
    rows = draw(st.lists(st.lists(CELLS, min_size=len(header), max_size=len(header)), max_size=4))
    return [header, *(row for row in rows if any(row))]


@given(st.lists(st.lists(snapshots(), min_size=1, max_size=2), max_size=4))
def test_a_table_says_what_the_snapshots_say(history: list[list[list[list[str]]]]) -> None:
    parts, expected = [], []
    for number, revisions in enumerate(history):
        for revision, rows in enumerate(revisions, 1):
            parts.append(part(rows, DAY + timedelta(number), revision, revision == len(revisions)))
            expected += [(parts[-1], told) for told in said(rows)]
    file = table(*parts)
    found = read(file)
    assert (len(found), file.rows) == (len(expected), len(expected))
    for row, (of, told) in zip(found, expected, strict=True):
        assert [row[name] for name in OURS if name != "_unfit"] == [
            of.refresh_date,
            of.revision,
            of.is_newest,
            of.sha256,
        ]
        unfit = json.loads(row["_unfit"] or "{}")
        here = {same(name): (value, unfit.get(name)) for name, value in row.items() if name not in OURS}
        assert {name: pair for name, pair in here.items() if pair != (None, None)} == told
    kinds = [(name, kind) for name, kind in types(file).items() if name not in OURS]
    assert [*types(file)] == [*OURS[:3], *(name for name, _ in kinds), *OURS[3:]]
    assert {kind for name, kind in kinds if same(name) not in TYPES} <= {"string"}
    assert {same(name): kind for name, kind in kinds if same(name) in TYPES} == TYPES


@given(st.lists(snapshots(), min_size=2, max_size=5), st.data())
def test_a_table_of_tables_is_the_table_of_their_snapshots(bodies: list[list[list[str]]], data: st.DataObject) -> None:
    parts = [part(rows, DAY + timedelta(number)) for number, rows in enumerate(bodies)]
    ends = sorted(data.draw(st.sets(st.integers(1, len(parts)), min_size=1)))
    groups = [parts[start:end] for start, end in pairwise([0, *ends])]
    tables = [table(*each) for each in groups]
    there = data.draw(st.lists(st.booleans(), min_size=len(tables), max_size=len(tables)))
    stored = [file.content if is_there else None for file, is_there in zip(tables, there, strict=True)]
    formers = [
        Former(each, [content].pop, file.unfit) for each, content, file in zip(groups, stored, tables, strict=True)
    ]
    made, straight = write(REPORT, [DOCUMENTED], [*formers, *parts[ends[-1] :]]), table(*parts)
    assert made._replace(content=b"") == straight._replace(content=b"")
    assert have_same_rows(made.content, straight.content)


def said(rows: list[list[str]]) -> Sequence[Mapping[str, tuple[Any, str | None]]]:
    """What each row says, by `same` of the column: the value, and the text of a cell that is none of its type."""
    names = distinct([*OURS, *(name.replace("\0", "\ufffd") for name in rows[0])])[len(OURS) :]
    lines = csv.reader(io.StringIO(b"".join(to_csv(rows)).decode(), newline=""))
    told = []
    for row in [row for row in lines if row][1:]:
        cells = {same(name): value_of(same(name), cell) for name, cell in zip(names, row, strict=True) if cell}
        told.append(cells)
    return told


def value_of(name: str, cell: str) -> tuple[Any, str | None]:
    kind = TYPES.get(name)
    value: Any = None
    if kind == "int64" and re.fullmatch(r"[+-]?\d+", cell, re.ASCII) and -(2**63) <= int(cell) < 2**63:
        value = int(cell)
    elif kind == "double" and re.fullmatch(r"-?\d+(\.\d+)?(e\d\d?)?", cell, re.ASCII):
        value = float(cell)
    elif kind == "date32[day]":
        try:
            value = date.fromisoformat(cell.removesuffix("T00:00:00Z")) if "-" in cell[4:8:3] else None
        except ValueError:
            value = None
    elif kind == "bool":
        value = {"true": True, "yes": True, "false": False, "no": False}.get(cell.lower())
    return (cell, None) if kind is None else (value, None if value is not None else cell)


def test_a_table_without_rows_has_all_columns_with_their_types() -> None:
    assert read(table(part([DOCUMENTED]))) == []
    assert types(table(part([DOCUMENTED]))) == types(table(part([DOCUMENTED, ["2026-11-18", "7", "1", "0.5", "no"]])))


def test_a_cell_that_does_not_fit_is_told_and_counted() -> None:
    file = table(part([["Word Enabled Users", "Is Deleted"], ["many", "maybe"], ["3", "yes"]]))
    assert [json.loads(row["_unfit"] or "{}") for row in read(file)] == [
        {"Word Enabled Users": "many", "Is Deleted": "maybe"},
        {},
    ]
    assert file.unfit == 2


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        *(("Report Refresh Date", f"{day}", day) for day in (date.min, date(1969, 12, 31), date(2149, 6, 7), date.max)),
        ("Report Refresh Date", "2026-11-18T00:00:00Z", date(2026, 11, 18)),
        *(
            ("Report Refresh Date", cell, None)
            for cell in ("0000-01-01", "2026-1-8", "20260118", "2026-02-30", "+2026-01-08")
        ),
        *(("Is Deleted", cell, cell.lower() in ("true", "yes")) for cell in ("True", "true", "YES", "False", "no")),
        *(("Is Deleted", cell, None) for cell in ("t", "1", "on", "Y", " True")),
    ],
)
def test_a_value_is_read_as_the_snapshots_mean_it(name: str, cell: str, value: date | bool | None) -> None:
    (row,) = read(table(part([[name], [cell]])))
    assert (row[name], row["_unfit"]) == (value, None if value is not None else json.dumps({name: cell}))


def test_columns_are_in_the_order_in_which_they_were_first_seen() -> None:
    file = table(part([["B", "Is Deleted"]]), part([["A", "b"]], revision=2))
    assert [*types(file)] == [*OURS[:3], *DOCUMENTED, "B", "A", *OURS[3:]]


def test_no_column_is_taken_for_a_folder_or_for_one_of_ours() -> None:
    """Of files below `month=2026-11`, DuckDB and Spark give that in place of a column `Month`."""
    file = table(part([["Month", "period", "REPORT", "Revision", "year"]]))
    named = [name for name in types(file) if name not in OURS and name not in DOCUMENTED]
    assert named == ["Month (2)", "period (2)", "REPORT (2)", "Revision (2)", "year"]


def test_readers_pass_over_the_rows_of_other_days() -> None:
    rows = [["New"], *[["1"]] * 40_000]
    file = write("", [], [part(rows, DAY + timedelta(number)) for number in range(3)])
    told = parquet.read_metadata(io.BytesIO(file.content))
    spans = [told.row_group(number).column(0).statistics for number in range(told.num_row_groups)]
    assert [(span.min, span.max) for span in spans] == [
        (DAY, DAY + timedelta(1)),
        (DAY + timedelta(1), DAY + timedelta(2)),
    ]


@pytest.mark.parametrize("body", [b'"a', b"a,b\n\xff,1\n"], ids=["a quote without an end", "not UTF-8"])
def test_what_is_no_csv_makes_no_table(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"CSV|utf-8"):
        table(part([["a", "b"]])._replace(pieces=lambda: [body]))


def test_a_header_other_than_the_one_that_was_told_makes_no_table() -> None:
    with pytest.raises(ValueError, match="header"):
        table(part([["a"], ["1"]])._replace(header=["b"]))


def test_tables_are_compared_by_their_rows() -> None:
    one, other = part([["New"], ["1"]]), part([["New"], ["2"]])
    assert have_same_rows(table(one).content, table(one).content)
    assert not have_same_rows(table(one).content, table(other).content)
    assert not have_same_rows(table(one).content, table(one, other).content)
    assert not have_same_rows(table(one).content, table(part([["Newer"], ["1"]])).content)


@pytest.mark.parametrize("error", [KeyboardInterrupt, DamagedBlob("a blob")])
def test_what_is_raised_while_a_table_is_made_comes_out_as_it_is(error: BaseException) -> None:
    def pieces() -> list[bytes]:
        raise error

    with pytest.raises((KeyboardInterrupt, DamagedBlob)):
        table(part([DOCUMENTED])._replace(pieces=pieces))


def test_what_days_have_in_common_is_stored_once() -> None:
    people = [["Name"], *([f"person{number * 7919 % 20_011}@contoso.com"] for number in range(20_000))]
    one, three = (table(*(part(people, DAY + timedelta(day)) for day in range(days))) for days in (1, 3))
    assert three.rows == 3 * one.rows
    assert len(three.content) < 1.1 * len(one.content)


def test_a_table_has_the_same_bytes_whether_it_is_made_of_tables_or_of_snapshots() -> None:
    people = [["Name", "Groups", "Licence"]]
    people += [[f"person{number}@contoso.com", f"{number}" * 60, "E5" * (number % 9)] for number in range(20_000)]
    parts = [part(people, DAY + timedelta(day)) for day in range(3)]
    days = [Former([each], [table(each).content].pop, 0) for each in parts]
    assert write(REPORT, [DOCUMENTED], days).content == table(*parts).content


def test_texts_that_repeat_have_a_dictionary_and_it_is_of_the_whole_column() -> None:
    many, few = range(9_000), "a" * 120
    rows = [
        [*DOCUMENTED, "Name", "a.b"],
        *(["2026-11-18", "7", "5", "1.5", "True", f"person{number}", few] for number in many),
    ]
    later = [rows[0], *([*row[:-1], f"{number}" * 100] for number, row in enumerate(rows[1:]))]
    file = table(part(rows), *(part(later, revision=number) for number in (2, 3)))
    group = parquet.read_metadata(io.BytesIO(file.content)).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    dictionaries = {each.path_in_schema: each.total_uncompressed_size for each in columns if each.has_dictionary_page}
    assert dictionaries.keys() == {"a.b", "_unfit", "snapshot_sha256"}
    assert dictionaries["a.b"] < 1.1 * sum(len(row[-1]) for row in later)
