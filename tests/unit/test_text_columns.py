"""Columns of texts, held against what Python's own reader says of the same bytes."""

from collections.abc import Callable, Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from shared.report.csv_records import placing, records, to_csv
from shared.report.text_columns import joined, text_columns

HEADER = "a,b,c\r\n"
TEXTS = st.text(st.sampled_from('xé,"\n\r \0\ufeff'), max_size=40)
"""What is CSV now and then."""
ROWS = st.lists(st.lists(st.text(st.sampled_from('x,"\n\r'), max_size=4), min_size=3, max_size=3), max_size=12)
PLACES = st.lists(st.integers(-1, 2), min_size=1, max_size=4)


def by_rows(body: bytes, places: Sequence[int]) -> list[list[str | None]]:
    """The columns, row by row."""
    lines = filter(None, records(body))
    next(lines, None)
    rows = [*map(placing(places), lines)]
    return [[cell or None for cell in cells] for cells in zip(*rows, strict=True)]


def at_once(pieces: Iterable[bytes], places: Sequence[int], size: int) -> list[list[str | None]]:
    blocks = [*text_columns(pieces, lambda _: places, size)]
    return [column.to_pylist() for column in joined(blocks)] if blocks else []


def told(read: Callable[[], list[list[str | None]]]) -> list[list[str | None]] | str:
    try:
        return read()
    except ValueError:
        return "This is no CSV."


@given(TEXTS, PLACES, st.integers(1, 60), st.integers(1, 60))
def test_columns_say_of_any_text_what_rows_do(text: str, places: list[int], cut: int, size: int) -> None:
    body = (HEADER + text).encode()
    pieces = [body[start : start + cut] for start in range(0, len(body), cut)]
    assert told(lambda: at_once(pieces, places, size)) == told(lambda: by_rows(body, places))


@given(ROWS, PLACES, st.integers(1, 60))
def test_columns_say_what_was_written_as_rows(rows: list[list[str]], places: list[int], size: int) -> None:
    body = b"\xef\xbb\xbf" + b"".join(to_csv([["a", "b\n", '"c"'], *rows]))
    assert at_once([body], places, size) == by_rows(body, places)


def test_the_header_tells_where_columns_are() -> None:
    (columns,) = text_columns([b"b,a\n1,2\n"], lambda header: [header.index("a"), -1])
    assert [column.to_pylist() for column in columns] == [["2"], [None]]
