"""Other forms of a report's CSV that carry the same text: JSON, and a CSV that spreadsheet programs open safely."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator

from shared.report.csv_records import distinct, records
from shared.report.table import Table

# https://owasp.org/www-community/attacks/CSV_Injection, with the full-width signs, which Excel reads alike. Where the
# list separator of Windows is a semicolon, Excel overlooks the quotes of a CSV with commas: for it a cell also begins
# behind a semicolon, tab or line end inside of a cell.
_FORMULA = r'[ "]*[=+\-@＝＋－＠'  # noqa: RUF001
_BEGINS = re.compile(rf"^(?={_FORMULA}\t\r\n\0])|(?<=[;\t\r\n])(?={_FORMULA}])")
_BEGINS_SOMEWHERE = re.compile(rf"[;\t\r\n]{_FORMULA}\t\r\n\0]")
_NEGATIVE = re.compile(r"-\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


def to_json(table: Table) -> bytes:
    """`{"value": [{column: text}]}`: what the CSV says, all of it as text.

    Of several columns with one name the second is `NAME (2)`, the third `NAME (3)`.
    """
    encoded = json.JSONEncoder(ensure_ascii=False).encode
    keys = [encoded(name) + ":" for name in distinct(table.header)]
    content = io.BytesIO()
    text = io.TextIOWrapper(content, "utf-8", newline="")
    text.write('{"value":[')
    before = "{"
    for row in table.rows():
        text.write(before + ",".join([key + encoded(cell) for key, cell in zip(keys, row, strict=True)]))
        before = "},{"
    text.write("]}" if before == "{" else "}]}")
    text.flush()
    return content.getvalue()


def harmless(body: bytes) -> bytes:
    """The same CSV for Excel: UTF-8 with a BOM, CR LF, and an apostrophe before what would be taken for a formula.

    The apostrophe is seen in the cell. A tab or a space would not be, but some programs strip them when they open or
    save the file, and then the cell is a formula after all. Negative numbers stay numbers.
    Raises ValueError if `body` is not a CSV in UTF-8.
    """
    content = io.BytesIO()
    text = io.TextIOWrapper(content, "utf-8-sig", newline="")
    csv.writer(text).writerows(_without_formulas(records(body)))
    text.flush()
    return content.getvalue()


def _without_formulas(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    for row in rows:
        if _BEGINS_SOMEWHERE.search(";" + ";".join(row)):
            row = [cell if _NEGATIVE.fullmatch(cell) else _BEGINS.sub("'", cell) for cell in row]
        yield row
