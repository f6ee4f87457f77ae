"""Runs the part of KQL that the alarms use, over rows in memory: its expressions are written anew as Python's.

https://learn.microsoft.com/kusto/query. A comparison with null is false, `startswith` and `!contains` do not care about
case, `max` passes nulls over. An operator or function that has no line here is an error.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import CodeType
from typing import Any

Row = dict[str, Any]

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_TOKEN = re.compile(
    r"'[^']*'|(?P<left>\w+) (?P<word>startswith|!?contains) (?P<right>'[^']*')|(?P<count>\d+)(?P<unit>[dhm])\b"
    r"|(?P<among>\bin \()|\b(?P<aggregate>countif|max)\("
)


class _Null:
    """What is not there: no date is before or after it."""

    def __bool__(self) -> bool:
        return False

    def __lt__(self, other: object) -> bool:
        return False

    __gt__ = __lt__


class _Facts(dict[str, Any]):
    """An object of JSON, whose properties are those that it has, and None."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


def run(query: str, tables: Mapping[str, Iterable[Row]], now: datetime) -> list[Row]:
    """Return the rows that the query answers at `now`."""
    *lets, body = query.strip().split(";")
    for let in lets:
        name, value = let.removeprefix("let ").split(" = ")
        body = re.sub(rf"\b{name}\b", value, body)
    table, *steps = (step.strip() for step in body.split("\n|"))
    rows = [dict(row) for row in tables[table]]
    for step in steps:
        operator, _, rest = step.partition(" ")
        rows = _OPERATORS[operator](rows, rest, now)
    return rows


def _where(rows: list[Row], condition: str, now: datetime) -> list[Row]:
    code, scope = _compiled(condition), _scope(now)
    return [row for row in rows if eval(code, scope, row)]


def _extend(rows: list[Row], columns: str, now: datetime) -> list[Row]:
    code, scope = _compiled(f"dict({columns})"), _scope(now)
    return [row | eval(code, scope, row) for row in rows]


def _parse(rows: list[Row], rest: str, now: datetime) -> list[Row]:
    """`column with 'text' name 'text' name`: a name takes as little as it can, and the last one the rest."""
    column, _, form = rest.partition(" with ")
    parts = re.findall(r"'([^']*)'|(\w+)", form)
    pattern = re.compile("".join(f"(?P<{name}>.*?)" if name else re.escape(text) for text, name in parts), re.DOTALL)
    missing = {name: "" for _, name in parts if name}
    return [row | (match.groupdict() if (match := pattern.fullmatch(row[column])) else missing) for row in rows]


def _summarize(rows: list[Row], rest: str, now: datetime) -> list[Row]:
    columns, _, key = rest.rpartition(" by ")
    keys = key.split(", ")
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[each] for each in keys), []).append(row)
    code = _compiled(f"dict({columns})")
    return [dict(zip(keys, values, strict=True)) | eval(code, _scope(now, group)) for values, group in groups.items()]


_OPERATORS = {"where": _where, "extend": _extend, "parse": _parse, "summarize": _summarize}


def _scope(now: datetime, group: Iterable[Row] = ()) -> dict[str, Any]:
    """Return the functions there are at `now`; those over several rows are over a group."""

    def over(value: Callable[[], Any]) -> list[Any]:
        """Return a value for each row of the group."""
        return [scope.update(each) or value() for each in group]

    scope: dict[str, Any] = {
        **_FUNCTIONS,
        "ago": lambda span: now - span,
        "countif": lambda value: sum(map(bool, over(value))),
        "max": lambda value: max((each for each in over(value) if not isinstance(each, _Null)), default=_Null()),
    }
    return scope


@functools.cache
def _compiled(expression: str) -> CodeType:
    return compile(_TOKEN.sub(_rewritten, expression), expression, "eval")


def _rewritten(token: re.Match[str]) -> str:
    """Return in Python what reads otherwise there: words between values, durations, lists, and aggregates."""
    if word := token["word"]:
        return f"{word.replace('!', 'not_')}({token['left']}, {token['right']})"
    if count := token["count"]:
        return f"timedelta({_UNITS[token['unit']]}={count})"
    if aggregate := token["aggregate"]:
        return f"{aggregate}(lambda: "
    return "in values(" if token["among"] else token[0]


def _todatetime(text: str | None) -> datetime | _Null:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else _Null()


def _extract(pattern: str, group: int, text: str) -> str:
    match = re.search(pattern, text)
    return match[group] if match else ""


_FUNCTIONS: dict[str, Any] = {
    "__builtins__": {},
    "dict": dict,
    "timedelta": timedelta,
    "values": lambda *values: values,
    "startswith": lambda text, start: text.lower().startswith(start.lower()),
    "contains": lambda text, part: part.lower() in text.lower(),
    "not_contains": lambda text, part: part.lower() not in text.lower(),
    "extract": _extract,
    "iff": lambda condition, one, other: one if condition else other,
    "isnull": lambda value: isinstance(value, _Null),
    "parse_json": functools.cache(lambda text: _Facts(json.loads(text))),
    "todatetime": _todatetime,
    "tostring": lambda value: "" if value is None else str(value),
}
