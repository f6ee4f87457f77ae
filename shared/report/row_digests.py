"""Digests of the rows of a body: by them bodies with the same values, and rows that are there twice, are told. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence

from shared.report.csv_records import items

_ONE_ROW_EACH = "Site Id"
"""A site with a row for each of its URLs was counted twice by a product, so its rows count as repeated."""
_PLUS_IN_NAME = re.compile(r"\s\+|\+\s")
_COMPARED = 4_000_000
"""Rows, from the first, among which repeated ones are looked for: they take eight bytes of memory each."""


class RowDigests:
    """What the rows of one body have in common with others: pass each row to `add`."""

    def __init__(self, header: Sequence[str]) -> None:
        self._site = header.index(_ONE_ROW_EACH) if _ONE_ROW_EACH in header else None
        self._rows = 0
        self._content = 0
        self._former_content = 0
        self._heaps = [bytearray() for _ in range(256)]
        """Eight bytes of a digest of each row, sorted by another one, so that equal ones are in the same heap."""

    @property
    def content(self) -> str:
        """A digest of the values that does not depend on the order of rows, nor of the products inside a cell."""
        return f"{self._content % (1 << 128):032x}"

    @property
    def former_content(self) -> str:
        """The same digest by the rule of version 0.1, which cut the products at every `+`."""
        return f"{self._former_content % (1 << 128):032x}"

    @property
    def repeated(self) -> int:
        """Rows that were there before, in the same report of the same day."""
        return sum(len(heap) // 8 - len(set(memoryview(heap).cast("Q"))) for heap in self._heaps)

    def add(self, record: Sequence[str]) -> None:
        """Take one more row."""
        text = former = "\0".join(record)
        if "+" in text:
            text = _in_order(record, items)
            former = _in_order(record, lambda cell: cell.split("+")) if _PLUS_IN_NAME.search(text) else text
        row = _digest(text)
        self._content += int.from_bytes(row)
        self._former_content += int.from_bytes(row if former == text else _digest(former))
        self._rows += 1
        if self._rows <= _COMPARED:
            if self._site is not None and self._site < len(record) and record[self._site].strip("0-"):
                # else it is blank or concealed
                row = _digest(record[self._site])
            self._heaps[row[0]] += row[1:9]


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _in_order(record: Sequence[str], items_of: Callable[[str], list[str]]) -> str:
    """Return the cells of a record as one text, the products inside each in order."""
    return "\0".join(["+".join(sorted(items_of(cell))) if "+" in cell else cell for cell in record])
