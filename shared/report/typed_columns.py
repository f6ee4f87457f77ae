"""Columns of cells that have types, and what becomes a Parquet file of them. Pure.

Nothing else has to know how arro3 makes values of texts, and files.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from itertools import chain, islice, repeat, zip_longest
from typing import IO, Any, NamedTuple

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import read_parquet, write_csv, write_parquet

from shared.report.column_types import ColumnType, column_types
from shared.report.csv_records import same, to_csv
from shared.report.refresh_dates import DATE
from shared.report.text_columns import BATCH, STRING, Texts, nulls

_ROW_GROUP = 65_536
"""Rows, about 10 MB of thirty columns: a reader of one day passes over the groups of others."""
_COLUMN = 64 << 20
"""Bytes, more than a row group has of a column: it is in one page, and all of it in the dictionary or nothing.

Where a dictionary ends before its column does, fastparquet 2026.9.0 reads nothing from there on. Where either ended, it
would be at another row if the same rows came in other batches, and the same table would have other bytes.
"""
_REPEATED = 4
"""Times that a text occurs in the mean, for its column to have a dictionary."""
_COMPRESSION = "zstd(3)"
_MAGIC = b"PAR1"
"""What each Parquet file begins and ends with."""

DAY, INTEGER, TRUTH = DataType.date32(), DataType.int32(), DataType.bool()
_TYPES = {
    ColumnType.TEXT: STRING,
    ColumnType.LIST: STRING,
    ColumnType.DATE: DAY,
    ColumnType.NUMBER: DataType.int64(),
    ColumnType.FRACTION: DataType.float64(),
    ColumnType.BOOLEAN: TRUTH,
}
_EPOCH = date(1970, 1, 1)
_FRACTION = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}


def _few(kind: DataType) -> DataType:
    """Return the type of a column that holds each of its values once, and is read in a fraction of the time."""
    return DataType.dictionary(INTEGER, kind)


def _written_days(days: Array) -> Array:
    """Write days of 1970 to 2149, of which there are 65,536: arro3 knows a year 0, and Python does not."""
    for kind in (INTEGER, DataType.uint16(), INTEGER, DAY, STRING):
        days = days.cast(_few(kind))
    return days.cast(STRING)


_TRUTHS = Array(["False", "True"], type=STRING)
_WRITTEN: Mapping[ColumnType, Callable[[Array], Array]] = {
    ColumnType.DATE: _written_days,
    ColumnType.BOOLEAN: lambda truths: _TRUTHS.take(truths.cast(TRUTH).cast(DataType.uint32())),
}
"""Writes a column of few values as Microsoft does."""


class ParquetFile(NamedTuple):
    """A table as it is stored."""

    content: bytes
    rows: int
    unfit: int
    """Cells that do not fit the type of their column."""
    columns: Sequence[str]
    """Those of the report."""


class Typed(NamedTuple):
    """Some rows."""

    arrays: Sequence[Array]
    told: Array
    """Of each row, as JSON, the cells that do not fit the type of their column; null if all do."""
    unfit: int
    """How many these are."""


class Columns:
    """The columns of a report that have these names, no two of which are the same."""

    def __init__(self, report: str, names: Iterable[str], *, are_means: bool = False) -> None:
        """What is whole in the report may have a fraction if these `are_means`."""
        types = column_types(report)
        kinds = ((name, types.get(same(name), ColumnType.TEXT)) for name in names)
        self._columns = [
            (name, ColumnType.FRACTION if are_means and kind is ColumnType.NUMBER else kind) for name, kind in kinds
        ]
        self._values = {kind: _Values(read) for kind, read in _READERS.items()}
        self.types = {name: _TYPES[kind] for name, kind in self._columns}

    def typed(self, texts: Texts) -> Typed:
        """Return columns with their types, as many as there are; null stays null."""
        unfit: dict[int, dict[str, str]] = {}
        arrays = []
        for (name, kind), column in zip(self._columns, texts, strict=True):
            array = self._typed(kind, column)
            arrays.append(array)
            if array.null_count > column.null_count:
                for row, (cell, value) in enumerate(zip(column.to_pylist(), array.to_pylist(), strict=True)):
                    if cell and value is None:
                        unfit.setdefault(row, {})[name] = cell
        height = len(texts[0])
        if not unfit:
            return Typed(arrays, nulls(STRING, height), 0)
        told = [json.dumps(unfit[row], ensure_ascii=False) if row in unfit else None for row in range(height)]
        return Typed(arrays, Array(told, type=STRING), sum(map(len, unfit.values())))

    def _typed(self, kind: ColumnType, texts: Array) -> Array:
        """Return a column with that type, null where a cell does not fit."""
        arrow = _TYPES[kind]
        if arrow == STRING:
            return texts
        if kind is ColumnType.NUMBER:
            return texts.cast(arrow)
        if texts.null_count == len(texts):
            return nulls(arrow, len(texts))
        if kind in _WRITTEN:
            few = texts.cast(_few(STRING))
            values = few.cast(_few(arrow))
            if _WRITTEN[kind](values) == few.cast(STRING):  # as arro3 reads a value from many other texts too
                return values.cast(arrow)
        value = self._values[kind]
        return _array([None if cell is None else value[cell] for cell in texts.to_pylist()], arrow)


def schema(types: Mapping[str, DataType]) -> Schema:
    """Return the columns of a file, each with its id."""
    fields = (
        Field(name, kind, nullable=True, metadata={"PARQUET:field_id": str(field_id(name))})
        for name, kind in types.items()
    )
    return Schema([*fields])


@lru_cache(maxsize=4096)
def field_id(name: str) -> int:
    """Return the number that a column of that name has in all files; some readers of Delta tables want it."""
    return int.from_bytes(sha256(name.encode()).digest()[:4]) % (1 << 30) + 1


def repeated(values: Iterable[tuple[date | int | bool | str, int]], kind: DataType) -> Array:
    """Return a column of values, each in so many rows."""
    cells = [(day_number(value) if isinstance(value, date) else value, height) for value, height in values]
    column = [*chain.from_iterable(repeat(cell, height) for cell, height in cells)]
    return _array(column, kind)


def _array(values: Sequence[Any], kind: DataType) -> Array:
    """Return a column of values. Days come as their numbers, as arro3 makes none of Python's dates."""
    return Array(values, type=INTEGER).cast(DAY) if kind == DAY else Array(values, type=kind)


def to_parquet(columns: Schema, batches: Iterable[RecordBatch]) -> bytes:
    """Return the file of the batches, which are made one by one. Raise what making them raises.

    The days of a month say much alike. Compression finds that within a page, and in values as they are: those of a
    dictionary have so few bits that the same ones lie at other places of a byte. Texts that repeat have one all the
    same, as readers group by them four times as fast.
    """
    file = BytesIO()
    raised: list[BaseException] = []
    batches, first = iter(batches), list[RecordBatch]()
    while sum(each.num_rows for each in first) < BATCH and (batch := next(batches, None)):
        first.append(batch)

    def watched() -> Iterator[RecordBatch]:
        try:
            yield from chain(first, batches)
        except BaseException as error:
            raised.append(error)
            raise

    try:
        write_parquet(
            RecordBatchReader.from_batches(columns, watched()),
            file,
            compression=_COMPRESSION,
            max_row_group_size=_ROW_GROUP,
            data_page_row_count_limit=_ROW_GROUP,
            data_page_size_limit=_COLUMN,
            dictionary_page_size_limit=_COLUMN,
            dictionary_enabled=False,
            column_dictionary_enabled=dict.fromkeys(_repeated_texts(columns, first), True),
            skip_arrow_metadata=True,
        )
    except Exception as error:  # arro3 tells of an error in an iterator, and of an interrupt, by one of its own
        raise (raised[0] if raised else error) from None
    return file.getvalue()


def _repeated_texts(columns: Schema, first: Sequence[RecordBatch]) -> Iterator[str]:
    """Yield the columns of texts that repeat within the first rows, as many as there are in a batch at most."""
    for name in columns.names:
        if columns.field(name).type == STRING:
            cells = [*islice(chain.from_iterable(each.column(name).to_pylist() for each in first), BATCH)]
            if _REPEATED * len({*cells}) <= len(cells):
                yield name


def rows_in(content: bytes) -> RecordBatchReader:
    """Return the rows of a Parquet file, some thousands at a time. Raise ValueError if it is none."""
    if not (content.startswith(_MAGIC) and content.endswith(_MAGIC)):  # of which arro3 tells on standard error too
        raise ValueError("This is no Parquet file.")
    with _reading():
        return read_parquet(content, batch_size=BATCH)


def height_of(content: bytes) -> int:
    """Return how many rows a Parquet file has. Raise ValueError if it is none, or damaged."""
    with _reading():
        return sum(batch.num_rows for batch in rows_in(content))


@contextmanager
def _reading() -> Iterator[None]:
    """Raise ValueError for whatever arro3 raises in the block."""
    try:
        yield
    except BaseException as error:  # arro3 panics, and that is no Exception
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise ValueError("This is no Parquet file.") from None
        raise


def rows_with(content: bytes, columns: Schema) -> Iterator[RecordBatch] | None:
    """Return the rows of a Parquet file with these columns, null where it lacks one; None, if it has others.

    Raise ValueError if it is none.
    """
    file = rows_in(content)
    wanted, own = ({name: each.field(name).type for name in each.names} for each in (columns, file.schema))
    if not own.items() <= wanted.items():
        return None
    return (
        RecordBatch.from_arrays(
            [batch.column(name) if name in own else nulls(kind, batch.num_rows) for name, kind in wanted.items()],
            schema=columns,
        )
        for batch in file
    )


def have_same_rows(one: bytes, other: bytes) -> bool:
    """Whether two Parquet files have the same columns, types and rows. Raise ValueError if one is none."""
    first, second = rows_in(one), rows_in(other)
    return first.schema == second.schema and all(this == that for this, that in zip_longest(first, second))


def values_of(content: bytes, column: str) -> set[str]:
    """Return the values of a column of texts in a Parquet file. Raise ValueError if it is none."""
    return {value for batch in rows_in(content) for value in batch.column(column).to_pylist()}


def write_as_csv(content: bytes, file: IO[bytes]) -> None:
    """Write a file that `to_parquet` made as CSV in UTF-8 with a header, some thousands of rows at a time.

    Raise OSError if the file does not take it.
    """
    try:
        rows = rows_in(content)
        names = rows.schema.names
        write_csv(rows, file)
        if not file.tell():  # arro3 writes the header with the first row
            file.writelines(to_csv([names]))
    except Exception as error:  # arro3 tells of an error of the file by one of its own
        raise OSError(str(error)) from None


class _Values(dict[str, Any]):
    """What cells say, each read once: there are few dates, and but two truths."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> Any:
        if len(self) > BATCH:
            self.clear()
        value = self[cell] = self._read(cell)
        return value


def _read_date(cell: str) -> int | None:
    match = DATE.fullmatch(cell)
    try:
        return day_number(date.fromisoformat(match[1])) if match else None
    except ValueError:
        return None


def _read_fraction(cell: str) -> float | None:
    value = float(cell) if _FRACTION.fullmatch(cell) else math.nan
    return value if math.isfinite(value) else None


def _read_boolean(cell: str) -> bool | None:
    return _TRUTH.get(cell.lower())


def day_number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return (day - _EPOCH).days


_READERS: Mapping[ColumnType, Callable[[str], Any]] = {
    ColumnType.DATE: _read_date,
    ColumnType.FRACTION: _read_fraction,
    ColumnType.BOOLEAN: _read_boolean,
}
