"""The forms of a table for JSON and for Excel say what the CSV says."""

import csv
import io
import json
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.report.csv_records import records
from shared.report.table import Table, parse
from shared.web.formats import excel, table_json
from tests.shelf import lines


def to_json(table: Table) -> bytes:
    return b"".join(table_json.pieces(table))


def harmless(body: bytes) -> bytes:
    return b"".join(excel.pieces(records(body)))


# JSON


def test_json_has_an_object_for_each_row_and_nothing_but_text() -> None:
    table = parse(
        lines("Report Refresh Date,Users,Report Date", "x,7,2026-11-17", "x,,2026-11-16", "x"), date(2026, 11, 18)
    )
    assert json.loads(to_json(table)) == {
        "value": [
            {"Report Refresh Date": "2026-11-18", "Users": "", "Report Date": "2026-11-16"},
            {"Report Refresh Date": "2026-11-18", "Users": "7", "Report Date": "2026-11-17"},
        ]
    }


def test_json_tells_columns_of_one_name_apart() -> None:
    table = parse(lines("Report Refresh Date,Used,Used", "2026-11-18,1,2"))
    assert to_json(table) == b'{"value":[{"Report Refresh Date":"2026-11-18","Used":"1","Used (2)":"2"}]}'


def test_json_of_no_rows_is_an_empty_list() -> None:
    assert to_json(parse(lines("Report Refresh Date,Users"))) == b'{"value":[]}'


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=4))
@example(['"', "\\", "\n", "</script>", "ü😀"])
def test_json_holds_any_text(names: list[str]) -> None:
    body = io.StringIO(newline="")
    csv.writer(body).writerows([["Report Refresh Date", "Name"], *(["2026-11-18", name] for name in names)])
    told = json.loads(to_json(parse(body.getvalue().encode())))
    assert [row["Name"] for row in told["value"]] == names


# Excel

EXCEL = {
    "a formula": ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
    "plus": ("+1+1", "'+1+1"),
    "minus": ("-1+1", "'-1+1"),
    "at": ("@SUM(A1)", "'@SUM(A1)"),
    "full-width signs": ("＝1", "'＝1"),  # noqa: RUF001
    "behind spaces": ("  =1", "'  =1"),
    "behind quotes": ('"=1', "'\"=1"),
    "tab": ("\t1", "'\t1"),
    "carriage return": ("\r1", "'\r1"),
    "line feed": ("\n1", "'\n1"),
    "NUL": ("\0=1", "'\0=1"),
    "where a semicolon begins a cell": ("x;=1", "x;'=1"),
    "where a tab begins a cell": ("x\t=1", "x\t'=1"),
    "where a line end begins a row": ("x\n@y\r\n -z", "x\n'@y\r\n' -z"),
    "a telephone number": ("+49 30 1234", "'+49 30 1234"),
    "a negative number": ("-12.5", "-12.5"),
    "a negative number with an exponent": ("-1.5E-05", "-1.5E-05"),
    "a negative number of other digits": ("-\u0661", "'-\u0661"),
    "a date": ("2026-11-18", "2026-11-18"),
    "signs inside": ("a=b+c-d@e", "a=b+c-d@e"),
    "an apostrophe": ("'=1", "'=1"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("cell", "shown"), EXCEL.values(), ids=EXCEL.keys())
@pytest.mark.parametrize("place", ["in the header", "first", "last"])
def test_a_cell_is_made_harmless(cell: str, shown: str, place: str) -> None:
    rows = {
        "in the header": [["A", cell], ["1", "2"]],
        "first": [["A", "B"], [cell, "2"]],
        "last": [["A", "B"], ["1", cell]],
    }
    expected = [[shown if each == cell else each for each in row] for row in rows[place]]
    body = io.StringIO(newline="")
    csv.writer(body).writerows(rows[place])
    told = io.StringIO(harmless(body.getvalue().encode()).decode("utf-8-sig"), newline="")
    assert list(csv.reader(told)) == expected


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_excel_gets_one_bom_and_its_own_line_ends(bom: str) -> None:
    assert harmless(f'{bom}A,B\n"1,5",ü\n\n7'.encode()) == '\ufeffA,B\r\n"1,5",ü\r\n\r\n7\r\n'.encode()


def test_what_is_no_csv_has_no_excel_form() -> None:
    with pytest.raises(ValueError, match="not a CSV"):
        harmless(b'A\n"b"c\n')


@given(st.lists(st.lists(st.text("=+-@;\"' \t\r\n1a", max_size=5), min_size=1, max_size=3), max_size=3))
def test_no_cell_begins_a_formula_and_apostrophes_are_all_that_is_added(rows: list[list[str]]) -> None:
    body = io.StringIO(newline="")
    csv.writer(body).writerows(rows)
    told = list(csv.reader(io.StringIO(harmless(body.getvalue().encode()).decode("utf-8-sig"), newline="")))
    for row, harmless_row in zip(rows, told, strict=True):
        for cell, shown in zip(row, harmless_row, strict=True):
            assert shown.replace("'", "") == cell.replace("'", "")
            assert shown.lstrip(' "')[:1] not in tuple("=+-@\t\r\n") or float(shown) < 0
