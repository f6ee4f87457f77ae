"""What to draw of a table: its numbers over the days or, where rows are people and things, how many rows there are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from itertools import islice
from operator import gt
from typing import NamedTuple

from shared.report.csv_records import Row
from shared.report.history import History
from shared.report.history import rows as all_rows
from shared.report.table import REFRESH_DATE, REPORT_DATE, Column
from shared.web.formats.svg import MAX_LINES, Line, draw

_PERIOD = Column("Report Period")
_ABOUT_ONE = re.compile(r"(?:principal|display|team) name$|site url$|\b(?:user|group|site|team|app) id$", re.IGNORECASE)
_LAST_ACTIVE = re.compile(r"last (?:activity|activated|activation) date$", re.IGNORECASE)
_KINDS = {
    "number": re.compile(r"-?\d{1,18}(?:\.\d{1,18})?", re.ASCII),
    "date": re.compile(r"\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z?)?", re.ASCII),
    "flag": re.compile(r"true|false|yes|no", re.IGNORECASE),
    "duration": re.compile(r"-?P(?:\d+D)?(?:T[\dHMS.]+)?", re.ASCII),
}
_NUMBER = _KINDS["number"]
_DAYS = re.compile(r"[1-9]\d{0,3}", re.ASCII)
_TRUE = {"true", "yes"}
_BATCH = 5_000
"""Rows that are looked at together."""

Numbers = dict[str, dict[date, float]]
"""By label, then by day."""


def line_chart(history: History, title: str) -> bytes:
    """Return the history as SVG.

    A column of numbers is a line; where a day has several rows, one for each product, site type or period, there is a
    line for each of them. Where rows are about one person, site, group or team, the lines are numbers of rows: all,
    those with recent activity, those with a yes. A blank cell is a gap. The picture says what it leaves out.
    """
    survey = _Survey(history)
    kinds = survey.kinds
    counted = "number" not in kinds or any(map(_ABOUT_ONE.search, history.columns))
    numbers = survey.counted() if counted else _measured(history, survey)
    ranked = list(numbers) if counted else sorted(numbers, key=lambda label: -max(numbers[label].values()))
    lines = [Line(label, numbers[label]) for label in numbers if label in ranked[:MAX_LINES]]
    notes = []
    if len(lines) < len(numbers):
        notes.append(f"Drawn: {MAX_LINES} of {len(numbers)} lines{'' if counted else ', the highest'}.")
    durations = [name for name, kind in zip(history.columns, kinds, strict=True) if kind == "duration"]
    if durations and not counted:
        notes.append(f"Not drawn: {', '.join(durations)}.")
    return draw(title, [*survey.days], lines, " ".join(notes))


class _Survey:
    """What the cells of a history are, and what counting its rows gives. Reads it once, and holds a few rows of it."""

    def __init__(self, history: History) -> None:
        self._columns = history.columns
        self._period = self._columns.index(_PERIOD) if _PERIOD in self._columns else None
        self._kind = lru_cache(1 << 12)(_kind)
        self._cells: list[Counter[str]] = [Counter() for _ in self._columns]
        self.periods: set[int] = set()
        """Of the rows, in days."""
        self.days: dict[date, _Counts] = {}
        """Those that are in the calendar, oldest first."""
        for text, rows in history.by_day():
            day = _parsed(text)
            counts = _Counts(Counter(), Counter(), Counter(), Counter())
            for some in _batches(rows):
                self._read(some, day, counts)
            if day:
                self.days[day] = counts

    def _read(self, rows: Sequence[Row], day: date | None, counts: _Counts) -> None:
        """Read some rows of a day."""
        columns = list(zip(*rows, strict=True))
        since: Sequence[str] = [""] * len(rows)
        if self._period is not None:
            periods = {text: int(text) for text in {*columns[self._period]} if _DAYS.fullmatch(text)}
            self.periods.update(periods.values())
            before = {text: _before(day, days) for text, days in periods.items()} if day else {}
            since = [before.get(text, "") for text in columns[self._period]]
        for place, cells in enumerate(columns):
            counts.all[place] += len(rows)
            for cell, number in Counter(cells).items():
                if cell:
                    self._cells[place][self._kind(cell)] += number
                    counts.filled[place] += number
                    counts.yes[place] += number if cell.lower() in _TRUE else 0
            if _LAST_ACTIVE.search(self._columns[place]):
                counts.active[place] += sum(map(gt, cells, since))

    @property
    def kinds(self) -> list[str]:
        """What most cells of each column are: a name of `_KINDS`, or `text`, or `blank`.

        Columns that say which report and day a row belongs to are `key`.
        """
        keys = (REFRESH_DATE, REPORT_DATE, _PERIOD)
        return [
            "key" if column in keys else max(counter, key=counter.__getitem__, default="blank")
            for column, counter in zip(self._columns, self._cells, strict=True)
        ]

    def counted(self) -> Numbers:
        """Return the numbers of rows: all, those with activity in the period of the report, those with a yes."""
        within = f"within {min(self.periods)} days" if len(self.periods) == 1 else "within the period"
        within = "on the day" if self.periods == {1} else within
        names, kinds = self._columns, self.kinds
        active = [place for place, name in enumerate(names) if kinds[place] == "date" and _LAST_ACTIVE.search(name)]
        flags = [place for place, kind in enumerate(kinds) if kind == "flag"]
        labels = {place: f"{names[place]} {within}" if self.periods else f"with {names[place]}" for place in active}
        labels |= {place: str(names[place]) for place in flags}
        numbers: Numbers = {}
        for day, counts in self.days.items():
            numbers.setdefault("Rows", {})[day] = float(counts.all[0])
            for place, label in labels.items():
                if counts.filled[place]:
                    hits = counts.yes if place in flags else counts.active
                    numbers.setdefault(label, {})[day] = float(hits[place])
        return numbers


class _Counts(NamedTuple):
    """How many rows of a day there are, by the place of a column."""

    all: Counter[int]
    filled: Counter[int]
    """Rows with a cell that is not blank."""
    yes: Counter[int]
    active: Counter[int]
    """Rows with a date in the period."""


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows in batches."""
    rest = iter(rows)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _kind(cell: str) -> str:
    return next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(cell)), "text")


def _measured(history: History, survey: _Survey) -> Numbers:
    """Return the columns of numbers, with a line for each value of the columns of text, and for each period."""
    names, kinds = history.columns, survey.kinds
    measures = [place for place, kind in enumerate(kinds) if kind == "number"]
    texts = [place for place, kind in enumerate(kinds) if kind == "text"]
    parting = [place for place in texts if len({row[place] for row in all_rows(history)}) > 1]
    if len(survey.periods) > 1:
        parting.append(names.index(_PERIOD))
    numbers: Numbers = {}
    for text, rows in history.by_day():
        if day := _parsed(text):
            for row in rows:
                parts = [row[place] or "(blank)" for place in parting]
                for place in measures:
                    if _NUMBER.fullmatch(row[place]):
                        label = ": ".join([*parts, *([names[place]] if len(measures) > 1 or not parts else [])])
                        numbers.setdefault(label, {})[day] = float(row[place])
    return numbers


def _before(day: date, days: int) -> str:
    """Return the last day before a period that ends on `day`."""
    return date.fromordinal(max(1, day.toordinal() - days)).isoformat()


def _parsed(text: str) -> date | None:
    """Return the day if it is in the calendar."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:
            return day
    return None
