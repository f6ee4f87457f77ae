"""What to draw of a table: its numbers over the days or, where rows are people and things, how many rows there are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from operator import gt

from shared.report.table import REFRESH_DATE, REPORT_DATE, Column, Row, Table
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

Numbers = dict[str, dict[date, float]]
"""By label, then by day."""


def line_chart(table: Table, title: str) -> bytes:
    """Return the table as SVG.

    A column of numbers is a line; where a day has several rows, one for each product, site type or period, there is a
    line for each of them. Where rows are about one person, site, group or team, the lines are numbers of rows: all,
    those with recent activity, those with a yes. A blank cell is a gap. The picture says what it leaves out.
    """
    kinds = _kinds(table)
    counted = "number" not in kinds or any(_ABOUT_ONE.search(name) for name in table.header)
    numbers = _counted(table, kinds) if counted else _measured(table, kinds)
    ranked = list(numbers) if counted else sorted(numbers, key=lambda label: -max(numbers[label].values()))
    lines = [Line(label, numbers[label]) for label in numbers if label in ranked[:MAX_LINES]]
    notes = []
    if len(lines) < len(numbers):
        notes.append(f"Drawn: {MAX_LINES} of {len(numbers)} lines{'' if counted else ', the highest'}.")
    durations = [name for name, kind in zip(table.header, kinds, strict=True) if kind == "duration"]
    if durations and not counted:
        notes.append(f"Not drawn: {', '.join(durations)}.")
    return draw(title, [day for day, _ in _dated(table)], lines, " ".join(notes))


def _kinds(table: Table) -> list[str]:
    """Return what most cells of each column are: a name of `_KINDS`, or `text`, or `blank`.

    Columns that say which report and day a row belongs to are `key`.
    """
    kind = lru_cache(1 << 12)(_kind)
    seen: list[Counter[str]] = [Counter() for _ in table.columns]
    for row in table.rows():
        for counter, cell in zip(seen, row, strict=True):
            if cell:
                counter[kind(cell)] += 1
    keys = (REFRESH_DATE, REPORT_DATE, _PERIOD)
    return [
        "key" if column in keys else max(counter, key=counter.__getitem__, default="blank")
        for column, counter in zip(table.columns, seen, strict=True)
    ]


def _kind(cell: str) -> str:
    return next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(cell)), "text")


def _measured(table: Table, kinds: Sequence[str]) -> Numbers:
    """Return the columns of numbers, with a line for each value of the columns of text, and for each period."""
    names = table.header
    measures = [place for place, kind in enumerate(kinds) if kind == "number"]
    texts = [place for place, kind in enumerate(kinds) if kind == "text"]
    parting = [place for place in texts if len({row[place] for row in table.rows()}) > 1]
    if len(_periods(table)) > 1:
        parting.append(table.columns.index(_PERIOD))
    numbers: Numbers = {}
    for day, rows in _dated(table):
        for row in rows:
            parts = [row[place] or "(blank)" for place in parting]
            for place in measures:
                if _NUMBER.fullmatch(row[place]):
                    label = ": ".join([*parts, *([names[place]] if len(measures) > 1 or not parts else [])])
                    numbers.setdefault(label, {})[day] = float(row[place])
    return numbers


def _counted(table: Table, kinds: Sequence[str]) -> Numbers:
    """Return the numbers of rows: all, those with activity in the period of the report, those with a yes."""
    names = table.header
    active = [place for place, name in enumerate(names) if kinds[place] == "date" and _LAST_ACTIVE.search(name)]
    flags = [place for place, kind in enumerate(kinds) if kind == "flag"]
    periods = _periods(table)
    within = f"within {min(periods)} days" if len(periods) == 1 else "within the period"
    within = "on the day" if periods == {1} else within
    labels = {place: f"{names[place]} {within}" if periods else f"with {names[place]}" for place in active}
    labels |= {place: names[place] for place in flags}
    period = table.columns.index(_PERIOD) if periods else None
    numbers: Numbers = {}
    for day, rows in _dated(table):
        numbers.setdefault("Rows", {})[day] = float(len(rows))
        since = [_before(day, row[period]) if period is not None else "" for row in rows]
        for place, label in labels.items():
            cells = [row[place] for row in rows]
            if any(cells):
                hits = (cell.lower() in _TRUE for cell in cells) if place in flags else map(gt, cells, since)
                numbers.setdefault(label, {})[day] = float(sum(hits))
    return numbers


def _periods(table: Table) -> set[int]:
    """Return the periods of the rows, in days."""
    if _PERIOD not in table.columns:
        return set()
    place = table.columns.index(_PERIOD)
    return {int(row[place]) for row in table.rows() if _DAYS.fullmatch(row[place])}


def _before(day: date, period: str) -> str:
    """Return the last day before a period that ends on `day`; what is no period has no beginning."""
    if not _DAYS.fullmatch(period):
        return ""
    return date.fromordinal(max(1, day.toordinal() - int(period))).isoformat()


def _dated(table: Table) -> Iterator[tuple[date, list[Row]]]:
    """Yield the days that are in the calendar, oldest first, with their rows."""
    width = len(table.columns)
    for text in sorted(table.days):
        with suppress(ValueError):
            day = date.fromisoformat(text)
            if day.isoformat() == text:
                yield day, [row + ("",) * (width - len(row)) for row in table.days[text]]
