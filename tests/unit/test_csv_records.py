"""A CSV is read record by record, and every cell comes as it was sent."""

import csv
import io
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.report.csv_records import distinct, records, split

cells = st.text(st.characters(codec="utf-8"), max_size=6)


@given(st.lists(st.lists(cells, min_size=1, max_size=3), max_size=3), st.sampled_from(["\n", "\r\n"]))
def test_whatever_was_written_is_read(rows: list[list[str]], end: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    assert list(records(text.getvalue().encode())) == rows


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("A,B\n1,2", [["A", "B"], ["1", "2"]], id="no end of the last line"),
        pytest.param("\ufeff\ufeffA\n\ufeff1\n", [["A"], ["\ufeff1"]], id="BOMs before the header only"),
        pytest.param('A\n\n""\n', [["A"], [], [""]], id="blank line and empty cell"),
        pytest.param('A\n"1\r2\n3"\n', [["A"], ["1\r2\n3"]], id="line ends in a cell"),
    ],
)
def test_records(body: str, expected: list[list[str]]) -> None:
    assert list(records(body.encode())) == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"A\n\xff\n", id="not UTF-8"),
        pytest.param(b'A\n"b"c\n', id="text behind a quote"),
        pytest.param(b'A\n"b', id="cut short"),
        pytest.param(b"A\n1\r2\n", id="carriage return alone"),
    ],
)
def test_what_is_no_csv_is_told(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"utf-8|not a CSV"):
        list(records(body))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], []),
        (["A", "B"], ["A", "B"]),
        (["A", "A", "B", "A"], ["A", "A (2)", "B", "A (3)"]),
        (["A", "A (2)", "A"], ["A", "A (2)", "A (3)"]),
        (["", "", " "], ["(no name)", "(no name) (2)", "(no name) (3)"]),
        (["Teams", "teams", "Teams ", "TEAMS"], ["Teams", "teams (2)", "Teams (3)", "TEAMS (4)"]),
    ],
)
def test_names_are_told_apart(names: list[str], expected: list[str]) -> None:
    assert distinct(names) == expected


def by(reader: Callable[[Iterator[str]], Iterator[list[str]]], text: str) -> list[list[str] | str]:
    """What a reader of lines makes of a text, with its error at the end, if there is one."""
    found: list[list[str] | str] = []
    try:
        for record in reader(io.StringIO(text, newline="\n")):
            found.append(record)  # what came before an error counts
    except csv.Error as error:
        found.append(str(error))
    return found


@given(st.text('a," \r\n+', max_size=40))
def test_lines_are_split_as_the_csv_module_does(text: str) -> None:
    assert by(split, text) == by(lambda lines: csv.reader(lines, strict=True), text)


def test_a_cell_is_as_long_as_the_csv_module_lets_it_be() -> None:
    assert by(split, "a" * (csv.field_size_limit() + 1)) == ["field larger than field limit (131072)"]
