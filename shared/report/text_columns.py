"""The cells of CSV files as columns of texts, read by arro3 wherever that says the same as `csv_records`. Pure."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Generic, TypeVar

from arro3.core import Array, DataType, Field, Schema
from arro3.io import read_csv

from shared.report.body_form import BOM
from shared.report.csv_records import placing, records

BATCH = 8_192
"""Rows that Python holds as text."""
_AT_ONCE = 1 << 20
"""Bytes."""
STRING = DataType.string()
Texts = list[Array]
"""Columns of texts; null is an empty cell."""
Key = TypeVar("Key")


def text_columns(
    bodies: Iterable[tuple[Key, Iterable[bytes]]],
    place: Callable[[Sequence[str]], Sequence[int]],
    at_once: int = _AT_ONCE,
) -> Iterator[tuple[Texts, Sequence[tuple[Key, int]]]]:
    """Yield the columns of bodies, about a million bytes at a time, and how many of their rows are of each body.

    `place` is given a header, and returns which of its columns are wanted, in their order; -1 is one of empty cells.
    Raise ValueError if a body is no CSV in UTF-8, and what `place` raises.
    """
    waiting = _Waiting[Key](b"\n", ())  # which no header is
    for key, body in bodies:
        blocks = _blocks(body, at_once)
        first = next(blocks, b"")
        header, _, rest = first.partition(b"\n")
        if header != waiting.header:
            yield from waiting.taken()
            own = _plain_header(header)
            if not own:
                lines = filter(None, records(chain([first], blocks)))
                yield from _by_rows(key, lines, place(next(lines, [])))
                continue
            waiting = _Waiting(header, place(own), len(own))
        for block in chain([rest] if rest else [], blocks):
            height = _height(block)
            if height is None:  # a cell may go on in the next
                yield from waiting.taken()
                lines = filter(None, records(chain([block], blocks), has_header=False))
                yield from _by_rows(key, lines, waiting.places)
            elif waiting.add(key, block, height) >= at_once:
                yield from waiting.taken()
    yield from waiting.taken()


def texts_of(rows: Sequence[Sequence[str]]) -> Texts:
    """Return the columns of rows that have the same length."""
    return [Array([cell or None for cell in cells], type=STRING) for cells in zip(*rows, strict=True)]


def nulls(kind: DataType, height: int) -> Array:
    """Return a column with nothing in any row."""
    return Array([None] * height, type=STRING).cast(kind)


class _Waiting(Generic[Key]):
    """Whole rows below the same header that are read at once, a million bytes or so, be they of one body or of many."""

    def __init__(self, header: bytes, places: Sequence[int], width: int = 0) -> None:
        self.header = header
        self.places = places
        self._width = width
        self._blocks: list[bytes] = []
        self._of: list[tuple[Key, int]] = []
        self._size = 0

    def add(self, key: Key, block: bytes, height: int) -> int:
        """Take so many rows of a body; return how many bytes wait."""
        self._blocks.append(block)
        self._of.append((key, height))
        self._size += len(block)
        return self._size

    def taken(self) -> Iterator[tuple[Texts, Sequence[tuple[Key, int]]]]:
        """Yield what waits, if anything does."""
        block, of = b"".join(self._blocks), self._of
        self._blocks, self._of, self._size = [], [], 0
        if of:
            yield self._columns(block, sum(height for _, height in of)), of

    def _columns(self, block: bytes, rows: int) -> Texts:
        try:
            (batch,) = read_csv(io.BytesIO(block), _schema(self._width), has_header=False, batch_size=rows)
        except Exception:  # some have too few cells, or too many; arro3 has no name for what it raises
            return texts_of([*map(placing(self.places), records(block, has_header=False))])
        return [nulls(STRING, rows) if place < 0 else batch.column(place) for place in self.places]


@lru_cache(maxsize=64)
def _schema(width: int) -> Schema:
    return Schema([Field(str(number), STRING, nullable=True) for number in range(width)])


def _plain_header(line: bytes) -> list[str]:
    """Return the names of a header that is one line without quotes, and else none."""
    if b'"' in line or b"\r" in line.removesuffix(b"\r"):
        return []
    return next(records(line), [])


def _height(block: bytes) -> int | None:
    """Return how many rows there are in lines that are whole rows and leave no room for two opinions (RFC 4180).

    None: they do, or they are not, or one of them is blank.
    """
    if block.startswith((BOM, b"\n", b"\r\n")) or block.count(b"\r") != block.count(b"\r\n"):
        return None
    parts = block.split(b'"')
    unquoted = parts[::2]  # of which two quotes in a cell have an empty one between them
    before, behind = {each[-1:] for each in unquoted[:-1]}, {each[:1] for each in unquoted[1:]}
    if len(parts) % 2 == 0 or not before <= {b"", b",", b"\n"} or not behind <= {b"", b",", b"\r", b"\n"}:
        return None
    if any(b"\n\n" in each or b"\n\r\n" in each for each in unquoted):
        return None
    return sum(each.count(b"\n") for each in unquoted)


def _by_rows(
    key: Key, lines: Iterator[list[str]], places: Sequence[int]
) -> Iterator[tuple[Texts, Sequence[tuple[Key, int]]]]:
    rows = map(placing(places), lines)
    while some := [*islice(rows, BATCH)]:
        yield texts_of(some), [(key, len(some))]


def _blocks(pieces: Iterable[bytes], at_once: int) -> Iterator[bytes]:
    """Yield whole lines, about so many bytes at a time, the last one with a line feed too."""
    held, size = list[bytes](), 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= at_once:
            whole, end, rest = b"".join(held).rpartition(b"\n")
            if end:
                yield whole + end
            held, size = [rest], len(rest)
    if size:
        last = b"".join(held)
        yield last if last.endswith(b"\n") else last + b"\n"
