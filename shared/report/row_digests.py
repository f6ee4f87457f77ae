"""Digests of the rows of a body: by them bodies with the same values, and rows that are there twice, are told. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

from shared.report.csv_records import items

_ONE_ROW_EACH = "Site Id"
"""A site with a row for each of its URLs was counted twice by a product, so its rows count as repeated."""
_FEW = 1_000
"""Rows whose digests are held whole."""
_COMPARED = 4_000_000
"""Rows, from the first, among which repeated ones are looked for: they take eight bytes of memory each."""


class RowDigests:
    """What the rows of one body have in common with others: pass the rows to `add`."""

    def __init__(self, header: Sequence[str]) -> None:
        self._site = header.index(_ONE_ROW_EACH) if _ONE_ROW_EACH in header else None
        self._rows = 0
        self._content = 0
        self._former_more = 0
        """By which the digest of version 0.1 is more than today's."""
        self._few: list[bytes] = []
        """The digests of the rows, as long as these are few; then there are ..."""
        self._heaps: defaultdict[int, bytearray] = defaultdict(bytearray)
        """... eight bytes of a digest of each row, sorted by another one, so that equal ones are in the same heap."""

    @property
    def content(self) -> str:
        """A digest of the values that does not depend on the order of rows, nor of the products inside a cell."""
        return f"{self._content % (1 << 128):032x}"

    @property
    def former_content(self) -> str:
        """The same digest by the rule of version 0.1, which cut the products at every `+`."""
        return f"{(self._content + self._former_more) % (1 << 128):032x}"

    @property
    def repeated(self) -> int:
        """Rows that were there before, in the same report of the same day."""
        of_many = sum(len(heap) // 8 - len(set(memoryview(heap).cast("Q"))) for heap in self._heaps.values())
        return of_many + len(self._few) - len({*self._few})

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Take more rows."""
        texts = ["\0".join(row) for row in rows]
        formers: list[tuple[str, str]] = []
        for place, text in enumerate(texts):
            if "+" in text:
                texts[place], former = _ordered(rows[place])
                if former != texts[place]:
                    formers.append((texts[place], former))
        digests = [_digest(text) for text in texts]
        self._content += sum(map(int.from_bytes, digests))
        for text, former in formers:
            self._former_more += int.from_bytes(_digest(former)) - int.from_bytes(_digest(text))
        if self._site is not None:
            digests = [self._of_site(row, digest) for row, digest in zip(rows, digests, strict=True)]
        self._few += digests[: max(0, _COMPARED - self._rows)]
        self._rows += len(rows)
        if self._rows > _FEW:
            for digest in self._few:
                self._heaps[digest[0]] += digest[1:9]
            self._few.clear()

    def _of_site(self, row: Sequence[str], digest: bytes) -> bytes:
        """Return the digest of the row's site alone, unless that is blank or concealed."""
        site = row[self._site] if self._site is not None and self._site < len(row) else ""
        return _digest(site) if site.strip("0-") else digest


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def _ordered(row: Sequence[str]) -> tuple[str, str]:
    """Return a row with the products inside each cell in order, as of today and as version 0.1 cut them."""
    now, then = [*row], [*row]
    for place, cell in enumerate(row):
        if "+" in cell:
            now[place], then[place] = _in_order(cell)
    return "\0".join(now), "\0".join(then)


@lru_cache(maxsize=1024)
def _in_order(cell: str) -> tuple[str, str]:
    """Return the same of one cell. Version 0.1 cut it at every `+`."""
    return "+".join(sorted(items(cell))), "+".join(sorted(cell.split("+")))
