"""The merged history of a call as a table: snapshots in, one CSV out. Pure; knows nothing of storage.

A snapshot replaces every day that it has rows for, the newest refresh date wins, and columns are only ever added.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from shared.report.csv_records import Row, distinct, placing, records, same, to_csv
from shared.report.refresh_dates import DATE
from shared.report.validator import REFRESH_DATES, REPORT_DATE_NAME


class Column(str):
    """The name of a column, as `distinct` gives it. Names that a reader takes for the same are equal."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and (str.__eq__(self, other) or same(self) == same(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(same(self))


REFRESH_DATE = Column(REFRESH_DATES[0])
REPORT_DATE = Column(REPORT_DATE_NAME)

_ALIASES = [Column(name) for name in REFRESH_DATES]
_DAY = len("YYYY-MM-DD")


class Table(NamedTuple):
    """Rows by day. The first column is the refresh date, from the snapshot's name, as `YYYY-MM-DD`."""

    columns: tuple[Column, ...] = (REFRESH_DATE,)
    days: Mapping[str, Sequence[Row]] = MappingProxyType({})
    """By `Report Date` where there is one, else by refresh date. The rows of a day are all from one snapshot."""

    @property
    def header(self) -> list[str]:
        return [str(column) for column in self.columns]

    def between(self, first: date | None, end: date | None) -> Table:
        """Return the days from `first` on and before `end`, with all columns."""
        return self._only(days_between(self.days, first, end))

    def thinned(self, every: str) -> Table:
        """Return the last day of each `week` or `month`, or every `day`."""
        return self._only(last_days(self.days, every))

    def _only(self, days: Collection[str]) -> Table:
        return self._replace(days={day: rows for day, rows in self.days.items() if day in days})

    def by_day(self) -> Iterator[tuple[str, Iterator[Row]]]:
        """Yield the days, oldest first, with their rows in their own order; each is as long as the header."""
        for day in sorted(self.days):
            yield day, _padded(self.days[day], len(self.columns))

    def rows(self) -> Iterator[Row]:
        """Yield the rows by day, oldest first."""
        return chain.from_iterable(rows for _, rows in self.by_day())

    def to_csv(self) -> bytes:
        """Return the table as CSV in UTF-8 without a BOM, with the line ends of RFC 4180."""
        return b"".join(to_csv(chain([self.header], self.rows())))


def days_between(days: Iterable[str], first: date | None, end: date | None) -> set[str]:
    """Return the days from `first` on and before `end`."""
    start, stop = (day.isoformat() if day else "" for day in (first, end))
    return {day for day in days if start <= day and (not stop or day < stop)}


def last_days(days: Iterable[str], every: str) -> set[str]:
    """Return the last of the given days in each `week` (from Monday on) or `month`, or every `day`."""
    last: dict[object, str] = {}
    for day in sorted(days):
        last[period_of(day, every)] = day
    return set(last.values())


def period_of(day: str, every: str) -> object:
    """Return what the days of one `week`, which begins on Monday, or one `month` have in common."""
    if every == "month":
        return day[:7]
    if every == "week":
        try:
            return date.fromisoformat(day).isocalendar()[:2]
        except ValueError:  # Graph sent something else as a Report Date: it is kept
            return day
    return day


def parse(body: bytes, refresh_date: date | None = None, *, is_dated: bool = False) -> Table:
    """Read a snapshot; without a refresh date, a CSV of `to_csv`. Raise ValueError if it is not CSV in UTF-8."""
    return of_records(records(body), refresh_date, is_dated=is_dated)


def of_records(lines: Iterable[Sequence[str]], refresh_date: date | None, *, is_dated: bool) -> Table:
    """Make a table of the records of such a body, the header first.

    A row without a Report Date, where there is such a column or `is_dated` says that there should be, is of no day and
    left out.
    """
    columns, rows = _parsed(lines, refresh_date)
    if is_dated and REPORT_DATE not in columns:
        return Table(columns)
    place = columns.index(REPORT_DATE) if REPORT_DATE in columns else 0
    days: dict[str, list[Row]] = {}
    for row in rows:
        if row[place]:
            days.setdefault(row[place], []).append(row)
    return Table(columns, days)


def pinned(*headers: Sequence[Column]) -> tuple[Column, ...]:
    """Return all columns, the refresh date first, then in the order in which they were first seen."""
    return tuple(dict.fromkeys(chain([REFRESH_DATE], *headers)))


def columns_of(names: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns that a snapshot with this header has in a table."""
    columns = _told_apart(names)
    alias = next((alias for alias in _ALIASES if alias in columns), None)
    return pinned([column for column in columns if column != alias])


def merged(history: Table, snapshots: Iterable[Table]) -> Table:
    """Merge snapshots into `history`. A later revision of the same date must not have been merged before.

    If one of them has a Report Date, the rows of others without that column are of no day, and left out.
    """
    columns, days = history.columns, dict(history.days)
    for snapshot in snapshots:
        was_dated = REPORT_DATE in columns
        columns = columns if columns == snapshot.columns else pinned(columns, snapshot.columns)
        if REPORT_DATE in columns:
            if not was_dated:
                days = {}
            if REPORT_DATE not in snapshot.columns:
                continue
        places = _places(snapshot.columns, columns)
        for day, rows in snapshot.days.items():
            if day not in days or days[day][0][0] <= rows[0][0]:
                days[day] = rows if places is None else list(_fitted(rows, places))
    return Table(columns, days)


def arranged(table: Table, columns: tuple[Column, ...]) -> Table:
    """Return the table with these columns in this order; they are at least its own."""
    if columns == table.columns:
        return table
    places = _places(table.columns, columns)
    days = {day: list(_fitted(rows, places)) for day, rows in table.days.items()}
    return Table(columns, days)


def split(content: bytes, parts: Sequence[Table]) -> tuple[bytes, bytes]:
    """Split a CSV that `to_csv` wrote at the first day that merging these tables can change.

    If a column is new or a cell is quoted (a line may end in it), nothing is kept back.
    """
    days = [day for part in parts for day in part.days]
    if not days or b'"' in content:
        return b"", content
    header, *rows = content.splitlines(keepends=True)
    columns = parse(header).columns
    if not {column for part in parts for column in part.columns} <= {*columns}:
        return b"", content
    place = columns.index(REPORT_DATE) if REPORT_DATE in columns else 0

    def day(row: bytes) -> str:
        cells = row.rstrip(b"\r\n").split(b",")
        return (cells[place] or cells[0]).decode()

    first = bisect_left(rows, min(days), key=day)
    return b"".join((header, *rows[:first])), b"".join((header, *rows[first:]))


def joined(before: bytes, after: bytes) -> bytes:
    """Put the two parts of `split` together again, after the second was changed."""
    return before + after[after.index(b"\n") + 1 :] if before else after


def fitted(columns: tuple[Column, ...], refresh_date: date, body: bytes) -> Iterator[Row]:
    """Yield the rows of a snapshot as rows of a table with these columns, one by one; its own are among them."""
    own, rows = _parsed(records(body), refresh_date)
    return _padded(_fitted(rows, _places(own, columns)), len(columns))


def _parsed(lines: Iterable[Sequence[str]], refresh_date: date | None) -> tuple[tuple[Column, ...], Iterator[Row]]:
    """Return the columns, and the rows one by one, without the cells beyond the header."""
    lines = filter(None, lines)
    columns, dated, placed = _heading(tuple(next(lines, ())))
    day = refresh_date.isoformat() if refresh_date else None

    def rows() -> Iterator[Row]:
        if not day:
            yield from map(tuple, lines)  # as `to_csv` wrote them
            return
        for record in lines:
            cells = placed(record)
            if dated and len(cells[dated]) != _DAY and (match := DATE.fullmatch(cells[dated])):
                cells = (*cells[:dated], match[1], *cells[dated + 1 :])
            yield (day, *cells[1:])

    return columns, rows()


@lru_cache(maxsize=64)
def _heading(names: tuple[str, ...]) -> tuple[tuple[Column, ...], int | None, Callable[[Sequence[str]], Row]]:
    """Return what a header says: the columns, the place of the Report Date, and what puts a row in their order."""
    told_apart, columns = _told_apart(names), columns_of(names)
    placed = placing([told_apart.index(column) if column in told_apart else -1 for column in columns])
    return columns, columns.index(REPORT_DATE) if REPORT_DATE in columns else None, placed


def _padded(rows: Iterable[Row], width: int) -> Iterator[Row]:
    return (row + ("",) * (width - len(row)) for row in rows)


def _told_apart(names: Iterable[str]) -> list[Column]:
    return [Column(name) for name in distinct(names)]


def _places(old: Sequence[Column], new: Sequence[Column]) -> list[int] | None:
    """Return where the cells of the columns `new`, which are all of `old` and maybe more, are among those of `old`.

    None: they are where they were.
    """
    if tuple(new[: len(old)]) == tuple(old):
        return None
    return [old.index(column) if column in old else -1 for column in new]


def _fitted(rows: Iterable[Row], places: Sequence[int] | None) -> Iterator[Row]:
    """Yield rows with their cells at these places."""
    return iter(rows) if places is None else map(placing(places), rows)
