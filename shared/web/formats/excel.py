"""A CSV that spreadsheet programs open safely: the same text, but no cell is a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from shared.report.csv_records import BOM, to_csv

# https://owasp.org/www-community/attacks/CSV_Injection, with the full-width signs, which Excel reads alike. Where the
# list separator of Windows is a semicolon, Excel overlooks the quotes of a CSV with commas: for it a cell also begins
# behind a semicolon, tab or line end inside of a cell.
_FORMULA = r'[ "]*[=+\-@＝＋－＠'  # noqa: RUF001
_BEGINS = re.compile(rf"^(?={_FORMULA}\t\r\n\0])|(?<=[;\t\r\n])(?={_FORMULA}])")
_BEGINS_SOMEWHERE = re.compile(rf"[;\t\r\n]{_FORMULA}\t\r\n\0]")
_NEGATIVE = re.compile(r"-\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


def pieces(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Yield a CSV for Excel: UTF-8 with a BOM, CR LF, and an apostrophe before what Excel takes for a formula.

    The apostrophe is seen in the cell. A tab or a space would not be, but some programs strip them when they open or
    save the file, and then the cell is a formula after all. Negative numbers stay numbers.
    """
    yield BOM.encode()
    yield from to_csv(_without_formulas(rows))


def _without_formulas(rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    for row in rows:
        if _BEGINS_SOMEWHERE.search(";" + ";".join(row)):
            row = [cell if _NEGATIVE.fullmatch(cell) else _BEGINS.sub("'", cell) for cell in row]
        yield row
