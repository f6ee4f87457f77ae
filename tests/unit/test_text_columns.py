"""Columns of texts, held against what Python's own reader says of the same bytes."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.report.csv_records import placing, records, to_csv
from shared.report.text_columns import text_columns

HEADER = "a,b,c\r\n"
CELLS = st.sampled_from(
    ["", "x", "é", " ", '"q"', '"q""r"', '"q,r"', '"q\nr"', '"q\r\nr"', 'x"y', '"x"y', '"', "\ufeff", "\r", "\0"]
)
LINES = st.builds(
    lambda cells, end: ",".join(cells) + end,
    st.one_of(st.lists(CELLS, min_size=3, max_size=3), st.lists(CELLS, max_size=4)),
    st.sampled_from(["\n", "\r\n", "\n\n", "\r\n\r\n", "\r\r\n", ""]),
)
TEXTS = st.builds("".join, st.lists(LINES, max_size=5))
"""What is CSV now and then."""
ROWS = st.lists(st.lists(st.text(st.sampled_from('x,"\n\r'), max_size=4), min_size=3, max_size=3), max_size=12)
NAMES = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=4)
BODIES = st.lists(st.tuples(st.sampled_from([HEADER, "b,a,c\n", 'b,a,"c"\n', "\n" + HEADER]), TEXTS), max_size=4)
Column = list[str | None]


def by_rows(bodies: Iterable[bytes], names: Sequence[str]) -> tuple[list[Column], dict[int, int]]:
    """The columns, and how many rows of these are of which body."""
    rows: list[Sequence[str]] = []
    heights: dict[int, int] = {}
    for number, body in enumerate(bodies):
        lines = filter(None, records(body))
        before = len(rows)
        rows += map(placing(place(names)(next(lines, []))), lines)
        heights |= {number: len(rows) - before} if len(rows) > before else {}
    return [[cell or None for cell in cells] for cells in zip(*rows, strict=True)], heights


def at_once(bodies: Iterable[Iterable[bytes]], names: Sequence[str], size: int) -> tuple[list[Column], dict[int, int]]:
    columns: list[Column] = []
    heights: dict[int, int] = {}
    for texts, of in text_columns(enumerate(bodies), place(names), size):
        columns = columns or [[] for _ in texts]
        for column, more in zip(columns, texts, strict=True):
            column += more.to_pylist()
        for number, height in of:
            heights[number] = heights.get(number, 0) + height
    return columns, heights


def place(names: Sequence[str]) -> Callable[[Sequence[str]], Sequence[int]]:
    return lambda header: [header.index(name) if name in header else -1 for name in names]


def told(read: Callable[[], tuple[list[Column], dict[int, int]]]) -> tuple[list[Column], dict[int, int]] | str:
    try:
        return read()
    except ValueError:
        return "This is no CSV."


@given(BODIES, NAMES, st.integers(1, 60), st.integers(1, 60))
def test_columns_say_of_any_text_what_rows_do(
    texts: list[tuple[str, str]], names: list[str], cut: int, size: int
) -> None:
    bodies = [(header + text).encode() for header, text in texts]
    pieces = [[body[start : start + cut] for start in range(0, len(body), cut)] for body in bodies]
    assert told(lambda: at_once(pieces, names, size)) == told(lambda: by_rows(bodies, names))


@pytest.mark.parametrize(
    "row",
    [
        *("\ufeffx,1,2", "x\ufeff,1,2", "", "\r", "x", "x,1", "x,1,2,3", " ", "x\0,1,2", ",,", '"",,'),
        *('"x",1,2', '"x""y",1,2', '"x,y",1,2', '"x\ny",1,2', '"x\r\ny",1,2', '"x\ry",1,2', '"\n\n",1,2', '"x"\r,1,2'),
        *('"x"y,1,2', 'x"y,1,2', 'x"y",1,2', 'x"y\nz",1,2', '"x" ,1,2', ' "x",1,2', "x\ry,1,2", '"x,1,2', '1,2,x"'),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_columns_say_of_a_row_what_python_does(row: str, end: str) -> None:
    first, middle, last = (f"a,b,c{end}{text}".encode() for text in (f"{row}{end}p,q,r", f"p,q,r{end}{row}{end}", row))
    for bodies in ([first], [middle], [last], [middle, b"c,b,a\n1,2,3\n", first]):
        found = told(partial(at_once, [[each] for each in bodies], ["c", "a"], 1 << 20))
        assert found == told(partial(by_rows, bodies, ["c", "a"]))


@given(st.lists(ROWS, max_size=4), NAMES, st.integers(1, 200))
def test_columns_say_what_was_written_as_rows(bodies: list[list[list[str]]], names: list[str], size: int) -> None:
    written = [b"\xef\xbb\xbf" + b"".join(to_csv([["a", "b", "c"], *rows])) for rows in bodies]
    assert at_once([[body] for body in written], names, size) == by_rows(written, names)
