"""Snapshots of one call as a Parquet file that every reader understands alike. Pure.

Each row tells what the name of a file would: of which refresh date, revision and snapshot it is, and whether that is
the newest revision. A column has one type in all files of a report. A cell that does not fit it is null, and stands as
text in `_unfit` of its row.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from io import BytesIO
from itertools import chain, islice, zip_longest
from typing import IO, Any, NamedTuple

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import read_parquet, write_parquet

from shared.report.column_types import ColumnType, column_types
from shared.report.csv_records import distinct, records, same
from shared.report.refresh_dates import DATE
from shared.report.table import placing

RULES = 1
"""Raise this when the same snapshots give another table than before: all are then made anew, under other names."""
REFRESH_DATE, REVISION, NEWEST = "refresh_date", "revision", "newest"
UNFIT, SNAPSHOT = "_unfit", "snapshot_sha256"
_FIRST = {REFRESH_DATE: DataType.date32(), REVISION: DataType.int32(), NEWEST: DataType.bool()}
_LAST = {UNFIT: DataType.string(), SNAPSHOT: DataType.string()}
_OURS = (*_FIRST, *_LAST)
_BATCH = 8_192
"""Rows that are held as text."""
_ROW_GROUP = 65_536
"""Rows, about 10 MB of thirty columns: a reader of one day passes over the groups of others."""
_COMPRESSION = "zstd(3)"

_TYPES = {
    ColumnType.TEXT: DataType.string(),
    ColumnType.LIST: DataType.string(),
    ColumnType.DATE: DataType.date32(),
    ColumnType.NUMBER: DataType.int64(),
    ColumnType.FRACTION: DataType.float64(),
    ColumnType.BOOLEAN: DataType.bool(),
}
_EPOCH = date(1970, 1, 1)
_FRACTION = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}


class Part(NamedTuple):
    """A snapshot, as far as a table knows of it."""

    refresh_date: date
    revision: int
    is_newest: bool
    """Whether it is the last revision of its refresh date."""
    sha256: str
    header: Sequence[str]
    open: Callable[[], IO[bytes]]
    """Opens the bytes that Graph sent."""


class ParquetFile(NamedTuple):
    """A table as it is stored."""

    content: bytes
    rows: int
    unfit: int
    """Cells that do not fit the type of their column."""


def write(report: str, documented: Iterable[Sequence[str]], parts: Sequence[Part]) -> ParquetFile:
    """Return the table of the parts, which are in the order of their refresh dates and revisions.

    It has the columns of the `documented` headers, and then those of the parts in first-seen order. Raise ValueError if
    a part is no CSV in UTF-8, or has another header than it says. Memory holds the file and some thousands of rows.
    """
    writing = _Writing(_columns(chain(documented, (part.header for part in parts))), column_types(report))
    file = BytesIO()
    try:
        write_parquet(
            RecordBatchReader.from_batches(writing.schema, writing.batches(parts)),
            file,
            compression=_COMPRESSION,
            max_row_group_size=_ROW_GROUP,
            skip_arrow_metadata=True,
        )
    except Exception as error:  # arro3 tells of an error in an iterator by one of its own
        raise writing.error or error from None
    return ParquetFile(file.getvalue(), writing.rows, writing.unfit)


def have_same_rows(one: bytes, other: bytes) -> bool:
    """Whether two tables that `write` made have the same columns, types and rows; arro3 panics at anything else."""
    first, second = (read_parquet(content, batch_size=_BATCH) for content in (one, other))
    return first.schema == second.schema and all(this == that for this, that in zip_longest(first, second))


def _columns(headers: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return the columns of all headers, in first-seen order."""
    seen: dict[str, str] = {}
    for header in headers:
        for name in _told_apart(header):
            seen.setdefault(same(name), name)
    return tuple(seen.values())


def _told_apart(header: Iterable[str]) -> list[str]:
    """Return the names of a header, no two of which a reader takes for the same, nor for one of ours."""
    names = (name.replace("\0", "\ufffd") for name in header)  # arro3 panics at a zero
    return distinct([*_OURS, *names])[len(_OURS) :]


class _Writing:
    """The rows of a table on their way into a file."""

    def __init__(self, columns: Sequence[str], types: Mapping[str, ColumnType]) -> None:
        self._places = {same(name): place for place, name in enumerate(columns)}
        self._columns = [(name, types.get(same(name), ColumnType.TEXT)) for name in columns]
        typed = {name: _TYPES[kind] for name, kind in self._columns}
        self.schema = Schema([Field(name, kind, nullable=True) for name, kind in (_FIRST | typed | _LAST).items()])
        self._values = {kind: _Values(read) for kind, read in _READERS.items()}
        self.rows = 0
        self.unfit = 0
        self.error: Exception | None = None
        """What went wrong while the rows were read."""

    def batches(self, parts: Iterable[Part]) -> Iterator[RecordBatch]:
        """Yield the rows of the parts, some thousands at once."""
        try:
            for part in parts:
                yield from self._batches_of(part)
        except Exception as error:
            self.error = error
            raise

    def _batches_of(self, part: Part) -> Iterator[RecordBatch]:
        with part.open() as body:
            lines = filter(None, records(body))
            own = [same(name) for name in _told_apart(next(lines, []))]
            if not {*own} <= self._places.keys():
                raise ValueError("The header is not the one that was told.")
            placed = placing([own.index(name) if name in own else -1 for name in self._places])
            while rows := [*islice(map(placed, lines), _BATCH)]:
                yield self._batch(part, [*zip(*rows, strict=True)])

    def _batch(self, part: Part, columns: Sequence[Sequence[str]]) -> RecordBatch:
        height = len(columns[0])
        unfit: dict[int, dict[str, str]] = {}
        typed = []
        for (name, kind), cells in zip(self._columns, columns, strict=True):
            array, rows = self._typed(kind, cells)
            typed.append(array)
            for row in rows:
                unfit.setdefault(row, {})[name] = cells[row]
        self.rows += height
        self.unfit += sum(map(len, unfit.values()))
        told = [json.dumps(unfit[row], ensure_ascii=False) if row in unfit else None for row in range(height)]
        arrays = [
            Array([_day(part.refresh_date)] * height, type=DataType.int32()).cast(DataType.date32()),
            Array([part.revision] * height, type=DataType.int32()),
            Array([part.is_newest] * height, type=DataType.bool()),
            *typed,
            Array(told, type=DataType.string()),
            Array([part.sha256] * height, type=DataType.string()),
        ]
        return RecordBatch.from_arrays(arrays, schema=self.schema)

    def _typed(self, kind: ColumnType, cells: Sequence[str]) -> tuple[Array, list[int]]:
        """Return the cells as that type, an empty one as null, and which rows have one that does not fit."""
        arrow = _TYPES[kind]
        if not any(cells):
            return Array([None] * len(cells), type=_STORED.get(kind, arrow)).cast(arrow), []
        if arrow == DataType.string():
            return Array([cell or None for cell in cells], type=arrow), []
        if kind is ColumnType.NUMBER:
            array = Array(cells, type=DataType.string()).cast(arrow)
        else:
            array = Array([*map(self._values[kind].__getitem__, cells)], type=_STORED.get(kind, arrow)).cast(arrow)
        if array.null_count == cells.count(""):
            return array, []
        pairs = zip(cells, array.to_pylist(), strict=True)
        return array, [row for row, (cell, value) in enumerate(pairs) if cell and value is None]


class _Values(dict[str, Any]):
    """What cells say, each read once: there are few dates, and but two truths."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> Any:
        if len(self) > _BATCH:
            self.clear()
        value = self[cell] = self._read(cell)
        return value


def _read_date(cell: str) -> int | None:
    match = DATE.fullmatch(cell)
    try:
        return _day(date.fromisoformat(match[1])) if match else None
    except ValueError:
        return None


def _read_fraction(cell: str) -> float | None:
    value = float(cell) if _FRACTION.fullmatch(cell) else math.nan
    return value if math.isfinite(value) else None


def _read_boolean(cell: str) -> bool | None:
    return _TRUTH.get(cell.lower())


def _day(day: date) -> int:
    return (day - _EPOCH).days


_READERS: Mapping[ColumnType, Callable[[str], Any]] = {
    ColumnType.DATE: _read_date,
    ColumnType.FRACTION: _read_fraction,
    ColumnType.BOOLEAN: _read_boolean,
}
_STORED = {ColumnType.DATE: DataType.int32()}
"""Of what arro3 makes an array of that type, as it does not of Python's dates."""
