"""The history of a call, as the formats read it: day by day, so that memory need not hold it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import chain
from typing import NamedTuple, Protocol

from shared.report.csv_records import Row, to_csv
from shared.report.table import Column, fitted


class History(Protocol):
    """Columns, and rows by day."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The refresh date first."""

    def by_day(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """Yield the days, oldest first, with rows that are each as long as the header; read them at once."""


class Concatenation(NamedTuple):
    """The history of snapshots without a Report Date: that of merging them. Memory holds one snapshot at a time."""

    columns: tuple[Column, ...]
    snapshots: Callable[[], Iterable[tuple[date, bytes]]]
    """Yields their bodies with their refresh dates, oldest first."""

    def by_day(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """Yield the refresh dates, oldest first, with their rows."""
        for refresh_date, body in self.snapshots():
            yield refresh_date.isoformat(), fitted(self.columns, refresh_date, body)


def rows(history: History) -> Iterator[Row]:
    """Yield the rows by day, oldest first."""
    return chain.from_iterable(rows for _, rows in history.by_day())


def with_header(history: History) -> Iterator[Row]:
    """Yield the header, and the rows by day, oldest first."""
    return chain([tuple(map(str, history.columns))], rows(history))


def pieces(history: History) -> Iterator[bytes]:
    """Yield a history as CSV in UTF-8 without a BOM, with the line ends of RFC 4180."""
    return to_csv(with_header(history))
