"""Snapshots of one call as a Parquet file that every reader understands alike. Pure.

Each row tells what the name of a file would: of which refresh date, revision and snapshot it is, and whether that is
the newest revision. A column has one type in all files of a report. A cell that does not fit it is null, and stands as
text in `_unfit` of its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from arro3.core import DataType, RecordBatch, Schema

from shared.report.csv_records import distinct, same
from shared.report.history import History
from shared.report.history import rows as rows_of
from shared.report.text_columns import BATCH, STRING, Texts, text_columns, texts_of
from shared.report.typed_columns import (
    DAY,
    INTEGER,
    TRUTH,
    Columns,
    ParquetFile,
    Typed,
    repeated,
    rows_in,
    rows_with,
    schema,
    to_parquet,
)

RULES = 1
"""Raise this when the same snapshots give another table than before: all are then made anew, under other names."""
REFRESH_DATE, REVISION, NEWEST = "refresh_date", "revision", "newest"
UNFIT, SNAPSHOT = "_unfit", "snapshot_sha256"
_FIRST = {REFRESH_DATE: DAY, REVISION: INTEGER, NEWEST: TRUTH}
_LAST = {UNFIT: STRING, SNAPSHOT: STRING}
_FOLDERS = ("report", "period", "month")
"""What the names of a table's folders say: DuckDB, Spark and others give that in place of a column of that name."""
_OURS = (*_FIRST, *_LAST, *_FOLDERS)


class Part(NamedTuple):
    """A snapshot, as far as a table knows of it."""

    refresh_date: date
    revision: int
    is_newest: bool
    """Whether it is the last revision of its refresh date."""
    sha256: str
    header: Sequence[str]
    pieces: Callable[[], Iterable[bytes]]
    """Reads the bytes that Graph sent."""


class Former(NamedTuple):
    """A table of snapshots that `write` made before."""

    parts: Sequence[Part]
    """All that it is of."""
    read: Callable[[], bytes | None]
    """Reads it; None: it is gone."""
    unfit: int
    """Its cells that do not fit the type of their column."""


def write(report: str, documented: Iterable[Sequence[str]], sources: Sequence[Part | Former]) -> ParquetFile:
    """Return the table of snapshots, which are in the order of their refresh dates and revisions.

    It has the columns of the `documented` headers, and then those of the snapshots in first-seen order. What is in a
    former table costs a quarter of what it costs to read it from snapshots. Raise ValueError if one of these is no CSV
    in UTF-8, or has another header than it says. Memory holds the file, one former table and some thousands of rows.
    """
    parts = [part for each in sources for part in (each.parts if isinstance(each, Former) else (each,))]
    names = _columns(chain(documented, (part.header for part in parts)))
    columns, head = Columns(report, names), _head(report, names)
    wanted = [same(name) for name in names]
    count = _Count()

    def places(header: Sequence[str]) -> Sequence[int]:
        own = [same(name) for name in _told_apart(tuple(header))]
        if not {*own} <= {*wanted}:
            raise ValueError("The header is not the one that was told.")
        return [own.index(name) if name in own else -1 for name in wanted]

    def batch(texts: Texts, of: Sequence[tuple[Part, int]]) -> RecordBatch:
        typed = count.of(columns.typed(texts), len(texts[0]))
        arrays = [
            repeated([(part.refresh_date, height) for part, height in of], DAY),
            repeated([(part.revision, height) for part, height in of], INTEGER),
            repeated([(part.is_newest, height) for part, height in of], TRUTH),
            *typed.arrays,
            typed.told,
            repeated([(part.sha256, height) for part, height in of], STRING),
        ]
        return RecordBatch.from_arrays(arrays, schema=head)

    def batches() -> Iterator[RecordBatch]:
        waiting: list[Part] = []
        for source in sources:
            if isinstance(source, Part):
                waiting.append(source)
            elif (content := source.read()) and (former := rows_with(content, head)):
                yield from of_parts(waiting)
                waiting = []
                count.unfit += source.unfit
                for rows in former:
                    count.rows += rows.num_rows
                    yield rows
            else:
                waiting += source.parts
        yield from of_parts(waiting)

    def of_parts(parts: Iterable[Part]) -> Iterator[RecordBatch]:
        for texts, of in text_columns(((part, part.pieces()) for part in parts), places):
            yield batch(texts, of)

    content = to_parquet(head, batches())
    return ParquetFile(content, count.rows, count.unfit, names)


@lru_cache(maxsize=256)  # most tables of a report have the same
def _head(report: str, names: tuple[str, ...]) -> Schema:
    """Return the columns of a table with these columns of the report."""
    return schema(types_of(report, names))


def types_of(report: str, names: Iterable[str]) -> dict[str, DataType]:
    """Return the types of all columns of a table with these columns of the report."""
    return _FIRST | Columns(report, names).types | _LAST


def columns_in(content: bytes) -> list[str]:
    """Return the columns of the report in a table. Raise ValueError if it is no Parquet file."""
    names = rows_in(content).schema.names
    return names[len(_FIRST) : len(names) - len(_LAST)]


def write_history(report: str, history: History, *, are_means: bool = False) -> bytes:
    """Return a history as Parquet: its own columns with their types, and `_unfit`.

    Numbers that `are_means` may have fractions.
    """
    *names, unfit = distinct([*map(str, history.columns), UNFIT])
    columns, cells = Columns(report, names, are_means=are_means), rows_of(history)
    head = schema(columns.types | {unfit: STRING})

    def batches() -> Iterator[RecordBatch]:
        while batch := [*islice(cells, BATCH)]:
            typed = columns.typed(texts_of(batch))
            yield RecordBatch.from_arrays([*typed.arrays, typed.told], schema=head)

    return to_parquet(head, batches())


class _Count:
    """What goes into a file."""

    rows = 0
    unfit = 0

    def of(self, typed: Typed, rows: int) -> Typed:
        """Count some rows, and return them."""
        self.rows += rows
        self.unfit += typed.unfit
        return typed


def _columns(headers: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return the columns of all headers, in first-seen order."""
    seen: dict[str, str] = {}
    for header in headers:
        for name in _told_apart(tuple(header)):
            seen.setdefault(same(name), name)
    return tuple(seen.values())


@lru_cache(maxsize=256)
def _told_apart(header: tuple[str, ...]) -> Sequence[str]:
    """Return the names of a header, no two of which a reader takes for the same, nor for one of ours or a folder."""
    names = (name.replace("\0", "\ufffd") for name in header)  # arro3 panics at a zero
    return distinct([*_OURS, *names])[len(_OURS) :]
