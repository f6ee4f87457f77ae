"""The records of a CSV file, read and written one by one, so that memory holds a record and not the file. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from operator import itemgetter

BOM = "\ufeff"
_PIECE = 1 << 16
"""Bytes, about."""
_READ = 1 << 14
"""Bytes that are made lines at once: with four times as many, or half, it takes longer."""
_NAMELESS = "(no name)"
Row = tuple[str, ...]
"""The cells in the order of the columns; cells that are missing at the end are empty."""
_BETWEEN_ITEMS = re.compile(r"(?<!\s)\+(?!\s)")


def records(body: bytes | Iterable[bytes], *, has_header: bool = True) -> Iterator[list[str]]:
    """Yield every record of a body or its pieces, the header first.

    A blank line is an empty record; BOMs before the header are left out. Without a header, it is a body's later part.

    Raise ValueError if the body is not CSV in UTF-8.
    """
    # Lines end at line feeds alone, as for the check that each snapshot went through.
    lines = io.TextIOWrapper(io.BytesIO(body), "utf-8", newline="\n") if isinstance(body, bytes) else _lines(body)
    try:
        yield from split(_without_bom(lines) if has_header else lines)
    except csv.Error as error:
        raise ValueError(f"This is not a CSV file: {error}.") from error


def split(lines: Iterator[str]) -> Iterator[list[str]]:
    """Yield the records of lines that end at line feeds, as `csv.reader` does; a line without quotes in a third of it.

    Raise csv.Error where it does, if it is strict.
    """
    longest, looked_at = csv.field_size_limit(), list[str]()
    reader = csv.reader(_from(looked_at, lines), strict=True)
    for line in lines:
        cells = line.rstrip("\r\n")
        if '"' in cells or "\r" in cells or len(cells) > longest:
            looked_at.append(line)
            yield from islice(reader, 1)
        else:
            yield cells.split(",") if cells else []


def _from(first: list[str], others: Iterator[str]) -> Iterator[str]:
    """Take away and yield what is first, whenever there is something, and else one of the others."""
    while line := first.pop() if first else next(others, ""):
        yield line


def to_csv(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield the rows as CSV in UTF-8, with the line ends of RFC 4180, in pieces of about 64 KB."""
    piece = io.StringIO(newline="")
    writer = csv.writer(piece)
    for row in rows:
        writer.writerow(row)
        if piece.tell() > _PIECE:
            yield piece.getvalue().encode()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue().encode()


def cells_of(body: bytes | Iterable[bytes], names: Sequence[str]) -> Iterator[Row]:
    """Return of each row of a body or its pieces the cells of the columns with these names; empty where there is none.

    Raise ValueError if the body is not CSV in UTF-8.
    """
    lines = records(body)
    header = [same(name) for name in next(lines, [])]
    places = [header.index(same(name)) if same(name) in header else -1 for name in names]
    return map(placing(places), filter(None, lines))


def placing(places: Sequence[int]) -> Callable[[Sequence[str]], Row]:
    """Return what takes the cells at these places out of a row; -1 is none, and what is missing is empty."""
    needed = max(places) + 1
    at_once = itemgetter(*places) if min(places) >= 0 and len(places) > 1 else None

    def placed(cells: Sequence[str]) -> Row:
        if at_once and len(cells) >= needed:
            row: Row = at_once(cells)
            return row
        return tuple([cells[place] if 0 <= place < len(cells) else "" for place in places])

    return placed


def same(name: str) -> str:
    """Return what two names of columns have in common that a reader takes for the same: PowerShell ignores case."""
    return _folded(str(name))


@lru_cache(maxsize=1024)
def _folded(name: str) -> str:
    return name.strip().casefold()


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names of a header, told apart: the second of a name gets ` (2)`, the third ` (3)`.

    A column without a name gets one. Names that a reader could take for the same are told apart.
    """
    names_so_far: dict[str, str] = {}
    for name in names:
        shown = name if name.strip() else _NAMELESS
        unique, number = shown, 1
        while same(unique) in names_so_far:
            number += 1
            unique = f"{shown.strip()} ({number})"
        names_so_far[same(unique)] = unique
    return list(names_so_far.values())


def items(cell: str) -> list[str]:
    """Return what a cell such as `Assigned Products` lists; a `+` beside a blank is part of a name."""
    return _BETWEEN_ITEMS.split(cell)


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in (each[start : start + _READ] for each in pieces for start in range(0, len(each), _READ)):
        whole, end, rest = (rest + piece).rpartition(b"\n")
        yield from io.StringIO((whole + end).decode(), newline="\n")
    if rest:
        yield rest.decode()


def _without_bom(lines: Iterator[str]) -> Iterator[str]:
    return chain((line.lstrip(BOM) for line in islice(lines, 1)), lines)
