"""When the timer fires, read as the Functions host reads `PULL_SCHEDULE`, which is not as cron would. Pure.

https://github.com/atifaziz/NCrontab is what the host reads it with. The time spans that it takes besides are for App
Service plans alone: https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#timespan
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise, product
from typing import NamedTuple

from shared.domain.errors import SettingError


class _Field(NamedTuple):
    meaning: str
    first: int
    last: int
    names: Sequence[str] = ()


_MONTHS = "January February March April May June July August September October November December"
_WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday"
_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS.split()),
    _Field("day of the week", 0, 6, _WEEKDAYS.split()),
)
_NUMBER = re.compile("[+-]?[0-9]{1,9}")
_YEARS = 400
_CYCLE = date(2000 + _YEARS, 1, 1).toordinal() - date(2000, 1, 1).toordinal()
"""Days after which the calendar repeats itself, days of the week too."""


@functools.cache
def longest_gap(schedule: str) -> timedelta:
    """Return the longest time between two firings, of all that there will ever be.

    Raise SettingError if the host does not understand the schedule, or if the timer never fires.
    """
    try:
        return _gap(_parsed(schedule))
    except ValueError as error:
        raise SettingError("PULL_SCHEDULE", schedule[:80], str(error)) from None


def next_firing(schedule: str, after: datetime) -> datetime:
    """Return when the timer fires next after a time in UTC. Raise SettingError as `longest_gap` does."""
    latest = after + longest_gap(schedule)
    seconds, minutes, hours, days, months, weekdays = _parsed(schedule)
    for ordinal in range(after.toordinal(), latest.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if day.day in days and day.month in months and day.isoweekday() % 7 in weekdays:
            for of_day in product(hours, minutes, seconds):
                if (found := datetime.combine(day, time(*of_day), after.tzinfo)) > after:
                    return found
    raise AssertionError("the longest gap is not the longest")


def _parsed(schedule: str) -> list[list[int]]:
    """Return what each field selects. Raise ValueError that says what it should be."""
    fields = list(filter(None, schedule.split(" ")))
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6:
        raise ValueError("NCRONTAB, six fields: second, minute, hour, day of the month, month, day of the week")
    return [_values(text, field) for text, field in zip(fields, _FIELDS, strict=True)]


def _gap(fields: Sequence[Sequence[int]]) -> timedelta:
    seconds, minutes, hours, *on = fields
    times = [3600 * hour + 60 * minute + second for hour, minute, second in product(hours, minutes, seconds)]
    days = _days(*on)
    if not days:
        raise ValueError("a day that there is: none of its months has that day, so the timer never fires")
    within = max((later - earlier for earlier, later in pairwise(times)), default=0)
    between = max(later - earlier for earlier, later in pairwise(days)) * 86400 - (times[-1] - times[0])
    return timedelta(seconds=max(within, between))


def _days(days: Sequence[int], months: Sequence[int], weekdays: Sequence[int]) -> list[int]:
    """Return the ordinals of the days on which all three agree, where cron would take one: a cycle, and the next day.

    The cycle is a week where weekdays alone choose.
    """
    if len(days) == 31 and len(months) == 12:
        return [*weekdays, weekdays[0] + 7]
    found = []
    for year, month in product(range(2000, 2000 + _YEARS), months):
        before = date(year, month, 1).toordinal() - 1
        length = date(year + month // 12, month % 12 + 1, 1).toordinal() - 1 - before
        found += [before + day for day in days if day <= length and (before + day) % 7 in weekdays]
    return [*found, *(day + _CYCLE for day in found[:1])]


def _values(text: str, field: _Field) -> list[int]:
    """Return what a field selects, in order. Raise ValueError that says what it should be."""
    values: set[int] = set()
    for item in text.split(","):
        base, slash, step = item.partition("/")
        if slash and not _NUMBER.fullmatch(step):
            raise ValueError(f"a number behind /, not {item!r}")
        start, hyphen, end = base.partition("-")
        if base == "*":
            first, last = field.first, field.last
        elif hyphen:
            first, last = sorted((_value(start, field), _value(end, field)))  # the host turns them round too
        else:
            first = _value(base, field)
            last = field.last if slash else first
        values.update(range(first, last + 1, max(1, int(step or 1))))
    return sorted(values)


def _value(text: str, field: _Field) -> int:
    """Return the number that a part of a field stands for; a name may be cut anywhere."""
    if re.fullmatch("[0-9]{1,9}", text) and field.first <= (number := int(text)) <= field.last:
        return number
    for number, name in enumerate(field.names, field.first):
        if text and name.lower().startswith(text.lower()):
            return number
    names = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
    raise ValueError(f"for the {field.meaning} {field.first} to {field.last}{names}, not {text!r}")
