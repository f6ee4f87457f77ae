"""The cells of a CSV file as columns of texts, read by arro3 wherever that says the same as `csv_records`. Pure."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice

from arro3.core import Array, ChunkedArray, DataType, Field, Schema
from arro3.io import read_csv

from shared.report.body_form import BOM
from shared.report.csv_records import placing, records

BATCH = 8_192
"""Rows that are held as text."""
_AT_ONCE = 1 << 20
"""Bytes."""
STRING = DataType.string()
Texts = Sequence[Array]
"""Columns of texts; null is an empty cell."""


def text_columns(
    body: Iterable[bytes], place: Callable[[Sequence[str]], Sequence[int]], at_once: int = _AT_ONCE
) -> Iterator[Texts]:
    """Yield the columns of a body, some thousands of rows at a time.

    `place` is given the header, and returns which of its columns are wanted, in their order; -1 is one of empty cells.
    Raise ValueError if the body is no CSV in UTF-8, and what `place` raises.
    """
    blocks = _blocks(body, at_once)
    first = next(blocks, b"")
    header, _, rest = first.partition(b"\n")
    is_plain = b'"' not in header and b"\r" not in header.removesuffix(b"\r")
    own = next(records(header), []) if is_plain else []
    if not own:
        lines = filter(None, records(chain([first], blocks)))
        yield from _by_rows(lines, place(next(lines, [])))
        return
    places = place(own)
    for block in chain([rest] if rest else [], blocks):
        if _is_regular(block):
            yield from _at_once(block, len(own), places)
        else:  # a cell may go on in the next
            yield from _by_rows(records(chain([block], blocks), has_header=False), places)


def columns_of(rows: Iterable[Sequence[str]]) -> list[Array]:
    """Return the columns of rows that have the same length."""
    return [Array([cell or None for cell in cells], type=STRING) for cells in zip(*rows, strict=True)]


def joined(blocks: Sequence[Texts]) -> Texts:
    """Return the columns of all rows of some blocks that have the same columns."""
    if len(blocks) == 1:
        return blocks[0]
    return [ChunkedArray(chunks).combine_chunks() for chunks in zip(*blocks, strict=True)]


def nulls(kind: DataType, height: int) -> Array:
    """Return a column with nothing in any row."""
    return Array([None] * height, type=STRING).cast(kind)


def _by_rows(lines: Iterator[list[str]], places: Sequence[int]) -> Iterator[Texts]:
    rows = map(placing(places), filter(None, lines))
    while some := [*islice(rows, BATCH)]:
        yield columns_of(some)


def _at_once(block: bytes, width: int, places: Sequence[int]) -> Iterator[Texts]:
    """Yield the columns of whole rows that have so many cells, or what Python makes of them if they have not."""
    rows = min(block.count(b"\n") + 1, BATCH)  # arro3 makes room for so many at once
    try:
        batches = [*read_csv(io.BytesIO(block), _schema(width), has_header=False, batch_size=rows)]
    except Exception:  # arro3 has no name for what it raises
        yield from _by_rows(records(block, has_header=False), places)
        return
    for batch in batches:
        columns = [batch.column(number).cast(STRING) for number in range(width)]  # which leaves its name behind
        yield [nulls(STRING, batch.num_rows) if place < 0 else columns[place] for place in places]


@lru_cache(maxsize=64)
def _schema(width: int) -> Schema:
    return Schema([Field(str(number), STRING, nullable=True) for number in range(width)])


def _is_regular(block: bytes) -> bool:
    """Whether lines are whole rows, whose quotes and ends leave no room for two opinions (RFC 4180)."""
    if block.startswith(BOM) or block.count(b"\r") != block.count(b"\r\n"):  # arro3 takes a BOM for the file's
        return False
    parts = block.split(b'"')
    unquoted = parts[::2]  # of which two quotes in a cell have an empty one between them
    before, behind = {each[-1:] for each in unquoted[:-1]}, {each[:1] for each in unquoted[1:]}
    return len(parts) % 2 == 1 and before <= {b"", b",", b"\n"} and behind <= {b"", b",", b"\r", b"\n"}


def _blocks(pieces: Iterable[bytes], at_once: int) -> Iterator[bytes]:
    """Yield whole lines, about so many bytes at a time."""
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
        yield b"".join(held)
