"""Other tables made of a report's: rows in, rows out, the header first. What is not edited stays, byte by byte.

An edit of a column that the report has not leaves the report as it is.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from itertools import islice
from math import ceil

from simulator.faults.bodies import Chunks
from simulator.tenant.publication import BOM, CHUNK_ROWS, LINE_END

Rows = Iterator[list[str]]

DATE = "Report Refresh Date"
PERSONAL = (
    *("User Principal Name", "Display Name", "Owner Principal Name", "Owner Display Name"),
    *("Group Display Name", "Team Name", "Site URL"),
)
"""Columns with names that are concealed, besides the User Id."""


def edited(edit: Callable[..., Rows]) -> Callable[..., Chunks]:
    """The edit as a change of the bytes of a report with its BOM, of which it keeps the way it comes in chunks."""

    def change(chunks: Chunks, **args: object) -> Chunks:
        rows = edit(csv.reader(_lines(chunks)), **args)
        yield BOM
        size = 1  # the header line is a chunk of its own
        while block := list(islice(rows, size)):
            yield "".join(",".join(map(_field, row)) + LINE_END for row in block).encode()
            size = CHUNK_ROWS

    return change


def _lines(chunks: Chunks) -> Iterator[str]:
    for chunk in chunks:
        yield from io.StringIO(chunk.decode("utf-8-sig"), newline="")


def _field(text: str) -> str:
    """The text as a CSV field (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if re.search('[,"\r\n]', text) else text


def _chosen(number: int, share: float) -> bool:
    """Whether the row with that number, from 0, is among that share of all rows, which the first one is."""
    return ceil((number + 1) * share) > ceil(number * share)


def _replaced(table: Rows, columns: Sequence[str], text: Callable[[str], str], share: float = 1.0) -> Rows:
    """Other text in those columns of a share of the rows."""
    header = next(table, [])
    yield header
    places = [place for place, name in enumerate(header) if name in columns]
    for number, row in enumerate(table):
        if _chosen(number, share):
            for place in places:
                row[place] = text(row[place])
        yield row


def refresh_date(table: Rows, text: str, share: float, today: date) -> Rows:
    """Another refresh date. `{date}`, `{us}` and `{before}` stand for the true one and the day before, `{tomorrow}`."""

    def other(cell: str) -> str:
        if not cell:
            return cell
        day = date.fromisoformat(cell)
        us, before, tomorrow = f"{day.month}/{day.day}/{day.year}", day - timedelta(1), today + timedelta(1)
        return text.format(date=day, us=us, before=before, tomorrow=tomorrow)

    return _replaced(table, [DATE], other, share)


def column_added(table: Rows, name: str, at: int | None, text: str) -> Rows:
    """A new column in that place (from 0, or from the end if below 0), or behind all."""
    for number, row in enumerate(table):
        row.insert(len(row) if at is None else at, text if number else name)
        yield row


def column_moved(table: Rows, column: str, to: int) -> Rows:
    """The column in another place."""
    header = next(table, [])
    place = header.index(column) if column in header else to
    for row in _with(header, table):
        row.insert(to, row.pop(place))
        yield row


def column_renamed(table: Rows, column: str, to: str) -> Rows:
    """Another name for the column."""
    return _with([to if name == column else name for name in next(table, [])], table)


def column_removed(table: Rows, column: str) -> Rows:
    """No such column."""
    header = next(table, [])
    kept = [name != column for name in header]
    for row in _with(header, table):
        yield [cell for cell, keep in zip(row, kept, strict=False) if keep]


def column_blank(table: Rows, column: str) -> Rows:
    """Nothing in the column."""
    return _replaced(table, [column], lambda cell: "")


def zeros_blank(table: Rows) -> Rows:
    """Nothing wherever there is a zero."""
    return (["" if cell == "0" else cell for cell in row] for row in table)


def odd_cell(table: Rows, row: int, column: str, text: str) -> Rows:
    """That text in the column of one row, the first being 1."""
    header = next(table, [])
    for number, cells in enumerate(_with(header, table)):
        if number == row and column in header:
            cells[header.index(column)] = text
        yield cells


def rows_repeated(table: Rows, count: int, column: str, text: str) -> Rows:
    """The first rows twice; the second time with that text in the column, if one is named."""
    header = next(table, [])
    for number, row in enumerate(_with(header, table)):
        yield row
        if 0 < number <= count:
            yield [text if name == column else cell for name, cell in zip(header, row, strict=False)]


def ragged(table: Rows, row: int, cells: int) -> Rows:
    """So many cells more, or fewer if below 0, in one row, the first being 1."""
    for number, own in enumerate(table):
        yield (own[:cells] if cells < 0 else own + [""] * cells) if number == row else own


def concealed(table: Rows, share: float) -> Rows:
    """Names as 32 hex digits, the same for the same name, and zeros as User Id (github.com/pnp/cli-microsoft365)."""

    def hidden(name: str) -> str:
        return blake2b(name.encode(), digest_size=16).hexdigest().upper() if name else ""

    without_names = _replaced(table, PERSONAL, hidden, share)
    return _replaced(without_names, ["User Id"], lambda cell: "00000000-0000-0000-0000-000000000000", share)


def rows_reordered(table: Rows) -> Rows:
    """The first row behind the last."""
    yield from islice(table, 1)
    first = list(islice(table, 1))
    yield from table
    yield from first


def products_reordered(table: Rows) -> Rows:
    """The products of each cell, joined by +, the other way round."""
    return _replaced(table, ["Assigned Products"], lambda cell: "+".join(reversed(cell.split("+"))))


def shrunk(table: Rows, share: float) -> Rows:
    """Only that share of the rows, taken evenly."""
    yield from islice(table, 1)
    yield from (row for number, row in enumerate(table) if _chosen(number, share))


def _with(header: list[str], table: Rows) -> Rows:
    yield header
    yield from table
