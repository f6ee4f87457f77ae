"""What can be told from a report's CSV while it streams by, in constant memory."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date

from .errors import Deferred, NoData, Quarantined

REFRESH_DATE = "Report Refresh Date"

# Four beta reports wrote the date with a midnight time for a while: microsoftgraph/microsoft-graph-docs#14867.
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00:00(?:\.0+)?Z?)?", re.ASCII)
_BOM = "\ufeff"
_LONGEST_LINE = 1 << 20
"""Characters; far above any report's rows, so that a body without line ends cannot fill the memory."""


class Body:
    """One body of one report: pass its chunks to `read`, then ask for what was found.

    All figures are those of the bytes received: BOM, line ends and quoting included.
    """

    def __init__(self) -> None:
        self.size = 0
        """Bytes."""
        self.rows = 0
        """Data rows: the header and blank lines do not count."""
        self.header: list[str] = []
        self.refresh_date: date | None = None
        """Known as soon as the first data row has gone by."""
        self._sha256 = hashlib.sha256()
        self._seen = ""

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def read(self, chunks: Iterable[bytes]) -> date:
        """Consume the whole body and tell its refresh date.

        Raises NoData when there is no data row, Deferred when the last record is cut, Quarantined when it is not UTF-8,
        not this kind of CSV, or has no (single) refresh date. Errors of `chunks` pass through.
        """
        try:
            self._read(csv.reader(_lines(self._decoded(chunks)), strict=True))
        except UnicodeDecodeError as error:
            raise Quarantined("not_utf8", f"The body is not UTF-8 at byte {error.start} of a chunk.") from error
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise Deferred("cut_short", "The body ends inside a quoted field.") from error
            raise Quarantined("not_csv", f"The body is not a CSV file: {error}.") from error
        if not self.header:
            raise NoData("empty_body", "The body is empty.")
        if not self.rows:
            raise NoData("no_rows", "The body has a header and no rows.")
        if self.refresh_date is None:
            raise Quarantined("no_refresh_date", f"No row has a {REFRESH_DATE}.")
        return self.refresh_date

    def _read(self, records: Iterator[list[str]]) -> None:
        self.header = next(records, [])
        if not self.header:
            return
        if REFRESH_DATE not in self.header:
            start = ",".join(self.header)[:60]
            raise Quarantined("not_this_report", f"The body has no column {REFRESH_DATE!r}; it starts {start!r}.")
        column = self.header.index(REFRESH_DATE)
        width = len(self.header)
        fields = width
        for record in filter(None, records):
            self.rows += 1
            fields = len(record)
            if fields >= width and record[column]:
                self._see(record[column])
        if fields < width:
            raise Deferred("cut_short", f"The last row has {fields} of {width} fields.")

    def _see(self, text: str) -> None:
        if text == self._seen:
            return
        match = _DATE.fullmatch(text)
        try:
            seen = date.fromisoformat(match[1]) if match else None
        except ValueError:
            seen = None
        if seen is None:
            raise Quarantined("bad_refresh_date", f"A row has the {REFRESH_DATE} {text[:40]!r}.")
        if self.refresh_date not in (None, seen):
            raise Quarantined("two_refresh_dates", f"The rows have the dates {self.refresh_date} and {seen}.")
        self.refresh_date, self._seen = seen, text

    def _decoded(self, chunks: Iterable[bytes]) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        for chunk in chunks:
            self.size += len(chunk)
            self._sha256.update(chunk)
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """The text as lines with their ends, BOMs at the start left out."""
    rest = ""
    at_start = True
    for text in texts:
        rest += text
        if at_start:
            rest = rest.lstrip(_BOM)
            at_start = not rest
        *whole, rest = rest.split("\n")
        if len(rest) > _LONGEST_LINE:
            raise Quarantined("not_csv", f"The body has a line of more than {_LONGEST_LINE} characters.")
        for line in whole:
            yield line + "\n"
    if rest:
        yield rest
