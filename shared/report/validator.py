"""What can be told from a report's CSV while it streams by, in constant memory."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import repeat

from shared.domain.errors import PullError, RejectedBody, Retryable
from shared.domain.outcome import Reason
from shared.report.csv_records import split
from shared.report.lines import LONGEST, Lines
from shared.report.names import Names, columns_about_one
from shared.report.refresh_dates import RefreshDates
from shared.report.row_digests import RowDigests
from shared.report.rows import Rows, regular

REFRESH_DATES = ("Report Refresh Date", "Data as of", "ContentDate")
"""Names of the column: of today, and of the 2017 beta."""

REPORT_DATE_NAME = "Report Date"
_ERROR = re.compile(r'<(?:!doctype|\?xml|html|body)\b|\{\s*"error"', re.IGNORECASE)
"""How pages and errors of services begin."""
_ROWS_AT_ONCE = 512
"""So many rows are looked at together, column by column, which is faster than each by itself."""


class Body:
    """One body of one report: pass its chunks to `read`, then ask for what was found.

    Size and SHA-256 are those of the bytes received: BOM, line ends and quoting included.
    """

    def __init__(
        self,
        headers: Iterable[Sequence[str]] = (),
        today: date = date.max,
        period: str | None = None,
        *,
        is_personal: bool = True,
    ) -> None:
        """`headers` are those documented, `today` is the day in UTC, `period` that of the call, such as `D7`.

        Rows that are each about one person, site, group or team are another report's unless it `is_personal`.

        A body is another report's if more than half of its columns are not documented, unless all that are in one
        header are there, or if its date is yet to come; and another call's if its first row tells another number of
        days.
        """
        self.size = 0
        """Bytes."""
        self.rows = 0
        """Data rows: the header and blank lines do not count."""
        self.ragged = 0
        """Rows with more or fewer fields than the header."""
        self.undated = 0
        """Rows without a Report Date, where the header or the documentation has that column."""
        self.is_ended = False
        """Whether the last line has an end."""
        self.looks_cut = False
        """Whether the last line has no end, the last row alone has too few fields, or an error may be in it."""
        self.has_error = False
        """Whether the last row holds what pages and errors of services begin with."""
        self.header: list[str] = []
        self.naming = Names(())
        """What its columns of names tell."""
        self.refresh_date: date | None = None
        """Known as soon as no later row can change it, mostly with the first."""
        self._headers = [{name.lower() for name in header} for header in headers]
        self._is_personal = is_personal
        self._days = (period or "")[1:]
        self._period = ""
        """Of the first row."""
        self._sha256 = hashlib.sha256()
        self._dates = RefreshDates(today)
        self._blank: list[int] = []
        self._pending = 0
        """Characters of the row that is being read."""
        self._digests = RowDigests(())
        self._broken_off: Exception | None = None
        """What the chunks raised."""

    @property
    def sha256(self) -> str:
        """In hexadecimal."""
        return self._sha256.hexdigest()

    @property
    def content(self) -> str:
        """A digest of the values that does not depend on the order of rows, nor of the products inside a cell."""
        return self._digests.content

    @property
    def former_content(self) -> str:
        """The same digest by the rule of version 0.1."""
        return self._digests.former_content

    @property
    def has_own_dates(self) -> bool:
        """Whether each row has its own Report Date as its refresh date, and they differ."""
        return self._dates.are_several

    @property
    def blank(self) -> list[str]:
        """The columns in which no row has a value."""
        return [self.header[number] for number in self._blank]

    @property
    def names(self) -> str:
        """Whether people, sites and teams are `named`, `concealed`, `mixed`, or `none` are there."""
        return self.naming.verdict

    @property
    def repeated(self) -> int:
        """Rows that were there before, in the same report of the same day."""
        return self._digests.repeated

    def read(self, chunks: Iterable[bytes], see: Callable[[Iterable[list[str]]], object] | None = None) -> date:
        """Consume the whole body and tell its refresh date. `see` is given the data rows, some at a time.

        Raises RejectedBody when there is no data row, or when it is not UTF-8, not this report, or has no (single) sane
        refresh date; PullError when the last record is cut. Errors of `chunks` pass through.
        """
        try:
            self._read(Lines(self._checked(chunks)), see)
        except UnicodeDecodeError as error:
            raise RejectedBody(Reason.NOT_UTF8, f"The body is not UTF-8 at byte {error.start} of a chunk.") from error
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise PullError(Reason.CUT_SHORT, "The body ends inside a quoted field.") from error
            raise RejectedBody(Reason.NOT_CSV, f"The body is not a CSV file: {error}.") from error
        self.refresh_date = self._dates.newest
        if not self.header:
            raise RejectedBody(Reason.EMPTY_BODY, "The body is empty.")
        if not self.rows:
            raise RejectedBody(Reason.NO_ROWS, "The body has a header and no rows.")
        if self.refresh_date is None:
            raise RejectedBody(Reason.NO_REFRESH_DATE, "No row has a refresh date.")
        return self.refresh_date

    def skip(self, chunks: Iterable[bytes]) -> None:
        """Take the rest of a body that `read` gave up, for its size and SHA-256 alone.

        Errors of `chunks` pass through, also those that `read` had no use for.
        """
        for chunk in chunks:
            self._take(chunk)
        if self._broken_off:
            raise self._broken_off

    def _read(self, lines: Lines, see: Callable[[Iterable[list[str]]], object] | None) -> None:
        records = split(self._counted(lines))
        self.header = next(filter(None, records), [])
        if not self.header:
            return
        column = self._refresh_date_column()
        self.naming = Names(self.header)
        self._digests = RowDigests(self.header)
        dated = self._report_date_column()
        self._blank = list(range(len(self.header)))
        first = next(filter(None, records), [])
        if not first:
            return
        self._period = self._period_of(first)
        self._check_period(self._period)
        day = first[dated] if dated is not None and dated < len(first) else ""
        self._see_date(first[column] if len(first) >= len(self.header) else "", day)  # the body may be sent there
        rows = None
        for rows in self._batches(first, lines, records):
            self._see_dates(rows, column, dated)
            self._add(rows, dated)
            if see:
                see(rows)
        if rows:
            self._check_end(rows.row(-1), column)

    def _batches(self, first: list[str], lines: Lines, records: Iterator[list[str]]) -> Iterator[Rows]:
        """Yield the rows that are not blank, many at once; before an error those that came before it.

        `records` are those of the lines behind the first row.
        """
        self._pending = 0
        rows = [first]
        is_more = True
        while is_more:
            if at_once := _regular_rows(lines):
                yield Rows.of(rows).then(at_once) if rows else at_once
                rows = []
                continue
            known, size = len(rows), 0
            try:
                for record in records:
                    size += self._pending
                    self._pending = 0
                    if record:
                        rows.append(record)
                    if len(rows) == known + _ROWS_AT_ONCE or (len(rows) > known and size > LONGEST):
                        break
                else:
                    is_more = False
            except Exception:  # and not `finally`: whoever stops reading takes no more
                if rows:
                    yield Rows.of(rows)
                raise
            if rows:
                yield Rows.of(rows)
            rows = []

    def _see_dates(self, rows: Rows, column: int, dated: int | None) -> None:
        """Take the dates of rows, with the refresh date and the Report Date in these columns."""
        width = len(self.header)
        is_ragged = min(map(len, rows.rows)) < width
        dates = [row[column] if len(row) >= width else b"" for row in rows.rows] if is_ragged else rows.cells(column)
        days = rows.cells(dated) if dated is not None else repeat(b"", len(rows))
        for text, day in dict.fromkeys(zip(dates, days, strict=True)):
            self._see_date(text.decode(), day.decode())

    def _see_date(self, refresh_date: str, report_date: str) -> None:
        self._dates.see(refresh_date, report_date)
        self.refresh_date = self._dates.settled

    def _add(self, rows: Rows, dated: int | None) -> None:
        """Take more rows."""
        self.rows += len(rows)
        self.ragged += len(rows) - [*map(len, rows.rows)].count(len(self.header))
        self.undated += rows.cells(dated).count(b"") if dated is not None else 0
        self.naming.add(rows)
        self._blank = [place for place in self._blank if not any(rows.cells(place))]
        self._digests.add(rows)

    def _refresh_date_column(self) -> int:
        documented = set[str]().union(*self._headers)
        names = {name.lower() for name in self.header}
        is_most = 2 * len(documented & names) >= len(names)
        ours = not documented or is_most or any(header <= names for header in self._headers)
        column = next((name for name in REFRESH_DATES if name in self.header), None)
        if column is None or not ours or any("@" in name for name in names):  # an address: it is a row
            theirs = [name for name in self.header if name.lower() in documented or name in REFRESH_DATES]
            which = f"of them it has {', '.join(theirs[:5])}" if theirs else "it has none of them"
            raise RejectedBody(Reason.NOT_THIS_REPORT, f"The body has not the columns of this report: {which}.")
        if not self._is_personal and columns_about_one(self.header):
            detail = "The body names people, sites, groups or teams, and its report does not."
            raise RejectedBody(Reason.NOT_THIS_REPORT, detail)
        return self.header.index(column)

    def _report_date_column(self) -> int | None:
        """Return the place of the column, one behind all if it should be there and is not, or None."""
        if REPORT_DATE_NAME in self.header:
            return self.header.index(REPORT_DATE_NAME)
        return sys.maxsize if any(REPORT_DATE_NAME.lower() in header for header in self._headers) else None

    def _check_period(self, days: str) -> None:
        numbers = self._days.isdecimal() and days.isascii() and days.isdecimal()
        if numbers and days.lstrip("0") != self._days:
            told = days if len(days) <= 3 else "another number of"
            raise RejectedBody(Reason.WRONG_PERIOD, f"The rows are of {told} days.")

    def _period_of(self, record: Sequence[str]) -> str:
        return dict(zip(self.header, record, strict=False)).get("Report Period", "")

    def _check_end(self, last: Sequence[str], column: int) -> None:
        """Raise PullError if the last row is not whole, or is an error that came behind whole rows.

        A last row that may be whole `looks_cut`.
        """
        fields, width = len(last), len(self.header)
        if fields < width and not (self.is_ended and self._dates.has(last[column] if column < fields else "")):
            raise PullError(Reason.CUT_SHORT, f"The last row has {fields} of {width} fields.")
        self.has_error = bool(_ERROR.search(",".join(last)))
        if fields < width and self.has_error:
            raise Retryable(Reason.CUT_SHORT, "The last row goes on with an error.")
        period = self._period_of(last)
        is_number = period.isdecimal() or not self._period.isdecimal()
        if fields >= width and period != self._period and not (self.is_ended and is_number):
            raise PullError(Reason.CUT_SHORT, "The last row has another Report Period than the first.")
        if fields >= width and period:
            self._check_period(period)
        self.looks_cut = not self.is_ended or self.has_error or (fields < width and self.ragged == 1)

    def _checked(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks, and raise UnicodeDecodeError where they are not UTF-8."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        for chunk in self._received(chunks):
            decoder.decode(chunk)
            yield chunk
        decoder.decode(b"", final=True)

    def _received(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        try:
            for chunk in chunks:
                self._take(chunk)
                self.is_ended = chunk.endswith(b"\n") if chunk else self.is_ended
                yield chunk
        except Exception as error:
            self._broken_off = error
            raise

    def _take(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._sha256.update(chunk)

    def _counted(self, lines: Lines) -> Iterator[str]:
        """Yield the lines with their ends, and raise RejectedBody where those of one row are too long."""
        for line in lines:
            self._pending += len(line) + 1
            if self._pending > LONGEST:
                raise RejectedBody(Reason.NOT_CSV, f"The body has a row of more than {LONGEST} characters.")
            yield line + "\n"


def _regular_rows(lines: Lines) -> Rows | None:
    """Take the rows of the next lines, if each line is one of them and all are not long."""
    ahead = lines.ahead(_ROWS_AT_ONCE)
    rows = regular(ahead) if len(ahead) + sum(map(len, ahead)) <= LONGEST else None
    lines.take(len(rows) if rows else 0)
    return rows
