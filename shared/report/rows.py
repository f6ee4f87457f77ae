"""Some rows of a body, to be looked at column by column, which is faster than each row by itself. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

_QUOTE = ord('"')


class Rows:
    """Rows of any widths."""

    def __init__(self, rows: Sequence[Sequence[bytes]], texts: Sequence[bytes], together: bytes) -> None:
        self.rows = rows
        """The cells of each, in UTF-8."""
        self.texts = texts
        """The same in one piece, with zeros between them."""
        self.together = together
        """All of them in one piece, maybe with some quotes."""

    @classmethod
    def of(cls, records: Iterable[Sequence[str]]) -> Rows:
        """Return records as rows."""
        rows = [[cell.encode() for cell in record] for record in records]
        texts = [*map(b"\0".join, rows)]
        return cls(rows, texts, b"".join(texts))

    def then(self, more: Rows) -> Rows:
        """Return these rows, and more behind them."""
        return Rows([*self.rows, *more.rows], [*self.texts, *more.texts], self.together + more.together)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[list[str]]:
        return map(self.row, range(len(self)))

    def row(self, number: int) -> list[str]:
        """Return the cells of one; -1 is the last."""
        cells, row = self.texts[number].decode().split("\0"), self.rows[number]
        return cells if len(cells) == len(row) else [cell.decode() for cell in row]

    def cells(self, place: int) -> list[bytes]:
        """Return the cells in one place, in UTF-8; empty where a row has none."""
        try:
            return [row[place] for row in self.rows]
        except IndexError:
            return [row[place] if place < len(row) else b"" for row in self.rows]

    def values(self, place: int) -> list[str]:
        """Return the cells in one place that are not empty."""
        cells = [*filter(None, self.cells(place))]
        values = b"\n".join(cells).decode().split("\n")
        return values if len(values) == len(cells) else [cell.decode() for cell in cells]


def regular(lines: Sequence[bytes]) -> Rows | None:
    """Return lines with zeros in place of commas as rows, if each is one, and neither blank nor long; else None."""
    texts = [line.removesuffix(b"\r") for line in lines]
    together = b"".join(texts)
    if not texts or b"" in texts or b"\r" in together or max(map(len, texts)) > csv.field_size_limit():
        return None
    rows = [text.split(b"\0") for text in texts]
    if b'"' in together:
        quoted = [number for number, text in enumerate(texts) if _QUOTE in text]
        try:
            records = [*csv.reader((texts[number].replace(b"\0", b",").decode() for number in quoted), strict=True)]
        except csv.Error:
            return None
        if len(records) != len(quoted):  # some row has a line feed
            return None
        for number, record in zip(quoted, records, strict=True):
            rows[number] = [cell.encode() for cell in record]
            texts[number] = b"\0".join(rows[number])
    return Rows(rows, texts, together)
