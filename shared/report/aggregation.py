"""One number for a week or a month in place of one a day: the mean of the days that there are, or the largest. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from shared.report.csv_records import Row
from shared.report.table import REFRESH_DATE, REPORT_DATE, Table, period_of

OF = ("last", "mean", "max")
"""What may stand for a week or a month: the last day that there is, or all of its days."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_DURATION = re.compile(
    r"P(?=[\dT])(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_SECONDS = (86400, 3600, 60, 1)
"""Of the parts of a duration."""
_PLACES = Decimal("0.0001")


def aggregated(table: Table, every: str, of: str) -> Table:
    """Return what stands for each `week` or `month`, as a row of the last of its days; `of` is one of OF.

    Rows that are of the same, such as a type of sites, are one row. A column is of numbers if all cells with anything
    in them are numbers, or durations such as PT3H20M; an empty cell counts for nothing.
    """
    if of == "last" or every == "day":
        return table.thinned(every)
    numbers = [place for place, column in enumerate(table.columns) if _is_number(table, place, column)]
    of_period: dict[object, list[str]] = {}
    for day in sorted(table.days):
        of_period.setdefault(period_of(day, every), []).append(day)
    combine = _mean if of == "mean" else _largest
    return table._replace(days={days[-1]: _combined(table, days, numbers, combine) for days in of_period.values()})


def _is_number(table: Table, place: int, column: str) -> bool:
    if column in (REFRESH_DATE, REPORT_DATE):
        return False
    cells = [row[place] for rows in table.days.values() for row in rows if place < len(row) and row[place]]
    return bool(cells) and (all(map(_NUMBER.fullmatch, cells)) or all(map(_DURATION.fullmatch, cells)))


def _combined(
    table: Table, days: Sequence[str], numbers: Sequence[int], combine: Callable[[Sequence[Decimal]], Decimal]
) -> list[Row]:
    """Return the rows of one week or month; its last row of the same says what is no number."""
    dates = [place for place, column in enumerate(table.columns) if column in (REFRESH_DATE, REPORT_DATE)]
    told_apart = any(len(rows) > 1 for rows in table.days.values())
    alike: dict[Row, list[Row]] = {}
    for day in days:
        for row in table.days[day]:
            whole = row + ("",) * (len(table.columns) - len(row))
            key = tuple(cell for place, cell in enumerate(whole) if place not in numbers and place not in dates)
            alike.setdefault(key if told_apart else (), []).append(whole)
    rows = []
    for same in alike.values():
        cells = list(same[-1])
        for place in numbers:
            texts = [row[place] for row in same if row[place]]
            write = _duration if texts and texts[0].startswith("P") else _text
            cells[place] = write(combine([*map(_value, texts)])) if texts else ""
        rows.append(tuple(cells))
    return rows


def _value(text: str) -> Decimal:
    """Return a number, or of a duration its seconds."""
    if duration := _DURATION.fullmatch(text):
        return sum((Decimal(part) * unit for part, unit in zip(duration.groups("0"), _SECONDS, strict=True)), Decimal())
    return Decimal(text)


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal()) / len(values)


def _largest(values: Sequence[Decimal]) -> Decimal:
    return max(values)


def _text(value: Decimal) -> str:
    """Return a number with at most four decimals, and without needless zeros."""
    text = f"{value.quantize(_PLACES):f}"
    return text.rstrip("0").rstrip(".")


def _duration(seconds: Decimal) -> str:
    """Return whole seconds as ISO 8601 writes a duration, as Graph does."""
    return f"PT{round(seconds)}S"
