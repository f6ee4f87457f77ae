"""Digests of the rows of a body: by them bodies with the same values, and rows that are there twice, are told. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

from shared.report.csv_records import items
from shared.report.rows import Rows

_ONE_ROW_EACH = "Site Id"
"""A site with a row for each of its URLs was counted twice by a product, so its rows count as repeated."""
_FEW = 1_000
"""Rows whose digests are held whole."""
_COMPARED = 4_000_000
"""Rows, from the first, among which repeated ones are looked for: they take eight bytes of memory each."""
_NOTHING = blake2b(digest_size=16)
_PLUS = ord("+")


class RowDigests:
    """What the rows of one body have in common with others: pass the rows to `add`."""

    def __init__(self, header: Sequence[str]) -> None:
        self._site = header.index(_ONE_ROW_EACH) if _ONE_ROW_EACH in header else None
        self._listing = set[int]()
        """The places of columns in which there was a `+`, such as those that list products."""
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

    def add(self, rows: Rows) -> None:
        """Take more rows."""
        texts, former = self._in_order(rows)
        digests = _digests(texts)
        self._content += sum(map(int.from_bytes, digests))
        for number, digest in zip(former, _digests(former.values()), strict=True):
            self._former_more += int.from_bytes(digest) - int.from_bytes(digests[number])
        if self._site is not None:
            digests = [*map(_of_site, rows.cells(self._site), digests)]
        self._few += digests[: max(0, _COMPARED - self._rows)]
        self._rows += len(rows)
        if self._rows > _FEW:
            heaps = self._heaps
            for digest in self._few:
                heaps[digest[0]] += digest[1:9]
            self._few.clear()

    def _in_order(self, rows: Rows) -> tuple[Sequence[bytes], Mapping[int, bytes]]:
        """Return the rows as texts with the products inside each cell in order, and those that 0.1 had otherwise."""
        texts, former = [*rows.texts], dict[int, bytes]()
        for place, cells in self._with_plus(rows).items():
            orders = {cell: _in_order(cell) for cell in {*cells} if _PLUS in cell}
            others = {cell: order for cell, order in orders.items() if {*order} != {cell}}
            for number, cell in enumerate(cells) if others else ():
                if cell not in others:
                    continue
                now, then = others[cell]  # each is as long as the cell
                text, behind = texts[number], rows.rows[number][place + 1 :]
                end = len(text) - len(b"\0".join(behind)) - bool(behind)
                start = end - len(cell)
                if now != then or number in former:
                    before = former.get(number, text)
                    former[number] = before[:start] + then + before[end:]
                texts[number] = text[:start] + now + text[end:]
        return texts, former

    def _with_plus(self, rows: Rows) -> Mapping[int, Sequence[bytes]]:
        """Return the columns in which there is a `+`."""
        missing = rows.together.count(b"+")
        found = dict[int, Sequence[bytes]]()
        last_first = reversed(range(max(map(len, rows.rows)))) if missing else ()
        for place in (*self._listing, *last_first):
            if missing and place not in found and (number := b"".join(cells := rows.cells(place)).count(b"+")):
                found[place] = cells
                missing -= number
        self._listing |= found.keys()
        return found


def _of_site(site: bytes, digest: bytes) -> bytes:
    """Return the digest of a row's site alone, unless that is blank or concealed."""
    return _digests([site])[0] if site.strip(b"0-") else digest


def _digests(texts: Iterable[bytes]) -> list[bytes]:
    digests = []
    for text in texts:
        digest = _NOTHING.copy()  # in two thirds of the time that a new one takes
        digest.update(text)
        digests.append(digest.digest())
    return digests


@lru_cache(maxsize=1024)
def _in_order(cell: bytes) -> tuple[bytes, bytes]:
    """Return a cell with its products in order, as of today and as version 0.1 cut them: at every `+`."""
    text = cell.decode()
    return "+".join(sorted(items(text))).encode(), "+".join(sorted(text.split("+"))).encode()
