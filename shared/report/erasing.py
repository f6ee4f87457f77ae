"""What is left of a table without some people: rows of theirs go, and cells of others that name them are emptied. Pure.

Every other byte stays as it was. What is no CSV passes unchanged: it is no report, and nobody publishes it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain
from typing import NamedTuple, Protocol, Self

from shared.report.csv_records import BOM, same, split
from shared.report.validator import REFRESH_DATES

_IDS = ("user id", "userid", "id")
_ADDRESSES = ("user principal name", "userprincipalname")
"""Columns that say whose a row is, those of a file of the organisation's own among them."""
_OWNER = "owner principal name"
_NOBODY = "00000000-0000-0000-0000-000000000000"
_PERSONAL = "personal"
"""What stands before the name of an account in the URL of its site."""
_ID_LENGTH = 32
"""Characters that an id has at least."""
_PIECE = 1 << 16
"""Characters, about, that are given at once."""
_LONGEST = 2 << 20
"""Bytes of a line; of a longer one, which no report has, parts count as lines."""


class Who(Protocol):
    """The people who are taken out. Texts come as they stand there, days as refresh dates do; empty: nobody says."""

    def is_id(self, text: str) -> bool:
        """Whether an id is theirs."""

    def is_address(self, text: str, day: str, *, is_anothers: bool = False) -> bool:
        """Whether an address was theirs on a day; `is_anothers`: it stands beside an id which is not theirs."""

    def is_url_form(self, text: str, day: str) -> bool:
        """Whether part of a URL, as `url_form` returns it, was made of an address that was theirs on a day."""


def url_form(text: str) -> str:
    """Return what SharePoint makes of an address in a URL, so that `Ann.Lee@contoso.com` is `ann_lee_contoso_com`."""
    return re.sub("[^0-9a-z]", "_", text.strip().casefold())


class Remainder:
    """A table without some people: pass over its pieces once, and then ask what was taken out."""

    def __init__(
        self, pieces: Iterable[bytes], who: Who | None, *, is_of_owner: bool = False, delimiter: str = ","
    ) -> None:
        """`pieces` are the bytes of a CSV with a header; `who` is None if nobody is to be taken out.

        `is_of_owner`: a row is its owner's, unless a URL in it says whose it is.
        """
        self._pieces = pieces
        self._who = who
        self._is_of_owner = is_of_owner
        self._delimiter = delimiter
        self._taken: list[str] = []
        """The lines of the record that is being read."""
        self._columns: _Columns | None = None
        self.rows = 0
        """Rows that were taken out, or of which cells were emptied."""
        self.addresses: set[tuple[str, str]] = set()
        """The ids by which rows were taken out, each with an address that stood there."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield what is left."""
        if not self._who:
            yield from self._pieces
            return
        lines = _lines(self._pieces)
        kept, size = list[str](), 0
        try:
            for row in self._records(lines):
                raw = self._left("".join(self._taken), row, self._who)
                self._taken.clear()
                kept.append(raw)
                size += len(raw)
                if size > _PIECE:
                    yield _encoded(kept)
                    kept, size = [], 0
        except csv.Error:
            yield _encoded(kept)
            yield from (line.encode(errors="surrogateescape") for line in chain(self._taken, lines))
            return
        if kept:
            yield _encoded(kept)

    def _records(self, lines: Iterator[str]) -> Iterator[list[str]]:
        def noted() -> Iterator[str]:
            for number, line in enumerate(lines):
                self._taken.append(line)
                yield line if number else line.lstrip(BOM)

        if self._delimiter == ",":
            return split(noted())
        return csv.reader(noted(), delimiter=self._delimiter, strict=True)

    def _left(self, raw: str, row: list[str], who: Who) -> str:
        """Return what is left of a record, which is `row` in these very characters."""
        if not self._columns:
            self._columns = _Columns.of(row) if row else None
            return raw
        if self._is_theirs(row, self._columns, who):
            self.rows += 1
            return ""
        emptied = _naming(row, self._columns, who)
        if not emptied:
            return raw
        self.rows += 1
        return _emptied(raw, row, emptied, self._delimiter)

    def _is_theirs(self, row: Sequence[str], columns: _Columns, who: Who) -> bool:
        id_, address, day = (_first(row, places) for places in (columns.ids, columns.addresses, columns.days))
        is_anothers = bool(id_) and id_ != _NOBODY
        if is_anothers and who.is_id(id_):
            self.addresses |= {(id_, address)} if "@" in address else set()
            return True
        if address and who.is_address(address, day, is_anothers=is_anothers):
            return True
        owner, parts = _first(row, columns.owners), [part for cell in row if "://" in cell for part in cell.split("/")]
        for part in map(url_form, parts):
            if who.is_url_form(part, day):
                # Two addresses may have the same form: then the owner tells whose it is.
                return url_form(owner) != part or who.is_address(owner, day)
        is_owners = self._is_of_owner and _PERSONAL not in parts
        return is_owners and bool(owner) and who.is_address(owner, day)


class _Columns(NamedTuple):
    """Where something stands in the rows of a table."""

    subjects: Sequence[str]
    """Of each column whom it names, such as `owner`; empty for others."""
    ids: Sequence[int]
    addresses: Sequence[int]
    owners: Sequence[int]
    days: Sequence[int]

    @classmethod
    def of(cls, header: Sequence[str]) -> Self:
        """Return what a header says."""
        names = [same(name) for name in header]
        wanted = (_IDS, _ADDRESSES, (_OWNER,), tuple(map(same, REFRESH_DATES)))
        places = ([place for place, name in enumerate(names) if name in each] for each in wanted)
        return cls([*map(_subject, names)], *places)


def _first(row: Sequence[str], places: Sequence[int]) -> str:
    """Return the first cell in these places that is not empty; or nothing."""
    return next((text for place in places if place < len(row) and (text := row[place].strip())), "")


def _naming(row: Sequence[str], columns: _Columns, who: Who) -> set[int]:
    """Return the places of the cells that name them in a row of somebody else, or of something."""
    found = set[int]()
    for place, cell in enumerate(row):
        if ("@" in cell or len(cell) >= _ID_LENGTH) and place not in columns.ids and place not in columns.addresses:
            is_address = "@" in cell and who.is_address(cell, _first(row, columns.days))
            found |= {place} if is_address or who.is_id(cell) else set()
    subjects = {columns.subjects[place] for place in found if place < len(columns.subjects)} - {""}
    return found | {place for place, each in enumerate(columns.subjects) if each in subjects} if found else found


def _subject(name: str) -> str:
    """Return whom the column of a name names, such as `owner`; empty for another column."""
    first, _, rest = name.partition(" ")
    return first if rest in ("principal name", "display name") else ""


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of bytes, which may be anything: what is not UTF-8 is escaped."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (f"{line.decode(errors='surrogateescape')}\n" for line in whole)
        if len(rest) > _LONGEST:
            yield rest.decode(errors="surrogateescape")
            rest = b""
    if rest:
        yield rest.decode(errors="surrogateescape")


def _encoded(texts: Iterable[str]) -> bytes:
    return "".join(texts).encode(errors="surrogateescape")


def _emptied(raw: str, row: Sequence[str], places: set[int], delimiter: str) -> str:
    """Return a record with nothing in these places, and every other cell as it was written."""
    record = raw.rstrip("\r\n")
    cells = _written(record, delimiter)
    if len(cells) != len(row):  # quotes in the middle of cells, which readers take in more ways than one
        text = StringIO(newline="")
        csv.writer(text, delimiter=delimiter, lineterminator="").writerow(row)
        cells = _written(text.getvalue(), delimiter)
    left = ["" if place in places else cell for place, cell in enumerate(cells)]
    return delimiter.join(left) + raw[len(record) :]


def _written(record: str, delimiter: str) -> list[str]:
    """Return the cells of a record as they are written, with their quotes."""
    cells, is_quoted = [""], False
    for piece in re.split(f'(["{re.escape(delimiter)}])', record):
        if piece == delimiter and not is_quoted:
            cells.append("")
            continue
        is_quoted ^= piece == '"'
        cells[-1] += piece
    return cells
