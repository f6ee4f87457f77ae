"""Edits of a report's rows: rows in, rows out, the header first. What is not edited stays, byte by byte.

An edit of a column that the report does not have changes nothing.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from itertools import islice
from math import ceil
from random import Random

from simulator.faults.bodies import Chunks
from simulator.tenant.publication import BOM, CHUNK_ROWS, LINE_END

Rows = Iterator[list[str]]

DATE = "Report Refresh Date"
REPORT_DATE = "Report Date"
PERSONAL = (
    *("User Principal Name", "Display Name", "Owner Principal Name", "Owner Display Name"),
    *("Group Display Name", "Team Name"),
)
"""Columns that are concealed as names are."""
_NO_ID = "00000000-0000-0000-0000-000000000000"
_PRODUCTS = re.compile(r"(?<! )\+(?! )")
"""What joins products, whose names may have a ` + `."""


def edited(edit: Callable[..., Rows]) -> Callable[..., Chunks]:
    """Return the edit as a change of the chunks of a report: the BOM, the header line, then blocks of rows."""

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
    """Return the text as a CSV field (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if re.search('[,"\r\n]', text) else text


def _is_in_share(number: int, share: float) -> bool:
    """Whether the row with that number is in an even share of all rows; row 0 always is."""
    return ceil((number + 1) * share) > ceil(number * share)


def _replaced(table: Rows, columns: Sequence[str], text: Callable[[str], str], share: float = 1.0) -> Rows:
    """Replace the text in some columns of a share of the rows."""
    header = next(table, [])
    yield header
    places = [place for place, name in enumerate(header) if name in columns]
    for number, row in enumerate(table):
        if _is_in_share(number, share):
            for place in places:
                row[place] = text(row[place])
        yield row


def refresh_date(table: Rows, text: str, share: float, today: date) -> Rows:
    """Replace the refresh date. Stand-ins: {date} and {us}, the true date, {before}, the day before, {tomorrow}."""

    def other(cell: str) -> str:
        if not cell:
            return cell
        day = date.fromisoformat(cell)
        us, before, tomorrow = f"{day.month}/{day.day}/{day.year}", day - timedelta(1), today + timedelta(1)
        return text.format(date=day, us=us, before=before, tomorrow=tomorrow)

    return _replaced(table, [DATE], other, share)


def own_dates(table: Rows) -> Rows:
    """Replace each row's refresh date by its own Report Date."""
    header = next(table, [])
    yield header
    own = {DATE, REPORT_DATE} <= set(header)
    for row in table:
        if own:
            row[header.index(DATE)] = row[header.index(REPORT_DATE)]
        yield row


def column_added(table: Rows, name: str, at: int | None, text: str) -> Rows:
    """Insert a column at a place (from 0, or from the end if below 0), or append it."""
    for number, row in enumerate(table):
        row.insert(len(row) if at is None else at, text if number else name)
        yield row


def column_moved(table: Rows, column: str, to: int) -> Rows:
    """Move a column to another place."""
    header = next(table, [])
    place = header.index(column) if column in header else to
    for row in _with(header, table):
        row.insert(to, row.pop(place))
        yield row


def column_renamed(table: Rows, column: str, to: str) -> Rows:
    """Rename a column."""
    return _with([to if name == column else name for name in next(table, [])], table)


def column_removed(table: Rows, column: str) -> Rows:
    """Remove a column."""
    header = next(table, [])
    kept = [name != column for name in header]
    for row in _with(header, table):
        yield [cell for cell, keep in zip(row, kept, strict=False) if keep]


def column_blank(table: Rows, column: str) -> Rows:
    """Empty a column."""
    return _replaced(table, [column], lambda cell: "")


def zeros_blank(table: Rows) -> Rows:
    """Empty every cell that is 0."""
    return (["" if cell == "0" else cell for cell in row] for row in table)


def odd_cell(table: Rows, row: int, column: str, text: str) -> Rows:
    """Replace one cell; the first row is 1."""
    header = next(table, [])
    for number, cells in enumerate(_with(header, table)):
        if number == row and column in header:
            cells[header.index(column)] = text
        yield cells


def rows_repeated(table: Rows, count: int, column: str, text: str) -> Rows:
    """Repeat the first rows; the repeated ones have that text in the column, if one is named."""
    header = next(table, [])
    for number, row in enumerate(_with(header, table)):
        yield row
        if 0 < number <= count:
            yield [text if name == column else cell for name, cell in zip(header, row, strict=False)]


def ragged(table: Rows, row: int, cells: int) -> Rows:
    """Add cells to one row, or drop some if below 0; the first row is 1."""
    for number, own in enumerate(table):
        yield (own[:cells] if cells < 0 else own + [""] * cells) if number == row else own


def concealed(table: Rows, share: float) -> Rows:
    """Replace names by 32 hex digits, the same for the same name, and ids by zeros; empty addresses of sites.

    Seen in github.com/pnp/cli-microsoft365 and github.com/rknightion/graph2otel.
    """

    def hidden(name: str) -> str:
        return blake2b(name.encode(), digest_size=16).hexdigest().upper() if name else ""

    concealed_names = _replaced(table, PERSONAL, hidden, share)
    concealed_ids = _replaced(concealed_names, ["User Id", "Site Id"], lambda cell: _NO_ID, share)
    return _replaced(concealed_ids, ["Site URL"], lambda cell: "", share)


def unnamed(table: Rows, columns: Sequence[str], text: str, share: float) -> Rows:
    """Replace names by a text; {number} in it is a number that each name has of its own."""
    numbers: dict[str, int] = {}
    return _replaced(table, columns, lambda cell: text.format(number=numbers.setdefault(cell, len(numbers))), share)


def rows_reordered(table: Rows) -> Rows:
    """Move the first row to the end."""
    yield from islice(table, 1)
    first = list(islice(table, 1))
    yield from table
    yield from first


def rows_shuffled(table: Rows, number: int) -> Rows:
    """Put the rows in an order that the number determines."""
    yield from islice(table, 1)
    rows = list(table)
    Random(number).shuffle(rows)
    yield from rows


def products_reordered(table: Rows) -> Rows:
    """Reverse the products in each cell, which are joined by +."""
    return _replaced(table, ["Assigned Products"], lambda cell: "+".join(reversed(_PRODUCTS.split(cell))))


def shrunk(table: Rows, share: float) -> Rows:
    """Keep an even share of the rows."""
    yield from islice(table, 1)
    yield from (row for number, row in enumerate(table) if _is_in_share(number, share))


def _with(header: list[str], table: Rows) -> Rows:
    yield header
    yield from table
