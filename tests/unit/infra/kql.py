"""Runs the alarms' queries: exactly the part of KQL that they use, over rows in memory. Anything else raises KqlError.

https://learn.microsoft.com/kusto/query. A comparison with null is false; `contains` and `startswith` do not care about
case, `==` and `in` do; `max` passes nulls over.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

Row = Mapping[str, Any]
Value = Callable[["_Context"], Any]
Operator = Callable[[list[dict[str, Any]], datetime], list[dict[str, Any]]]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'[^']*')|(?P<time>\d+[dhm]\b)|(?P<number>\d+)|(?P<name>!?[A-Za-z_]\w*)|(?P<sign>==|!=|[<>=(),.*]))"
)
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "startswith": lambda a, b: a.lower().startswith(b.lower()),
    "!contains": lambda a, b: b.lower() not in a.lower(),
}


class KqlError(Exception):
    """The query uses what is not known here."""


class _Context(NamedTuple):
    row: Row
    now: datetime
    group: Sequence[Row] = ()
    """The rows that an aggregate is over."""


def run(query: str, tables: Mapping[str, Iterable[Row]], now: datetime) -> list[dict[str, Any]]:
    """The rows that the query answers at `now`."""
    table, steps = _read(query)
    rows = [dict(row) for row in tables[table]]
    for step in steps:
        rows = step(rows, now)
    return rows


@functools.cache
def _read(query: str) -> tuple[str, list[Operator]]:
    *lets, body = query.strip().split(";")
    for let in lets:
        name, value = let.removeprefix("let ").split(" = ")
        body = re.sub(rf"\b{name}\b", value, body)
    table, *steps = (step.strip() for step in body.split("\n|"))
    return table, [_operator(step) for step in steps]


def _operator(text: str) -> Operator:
    verb, _, rest = text.partition(" ")
    if verb not in _OPERATORS:
        raise KqlError(f"the operator {verb} is not known here")
    reader = _Reader(rest)
    operator = _OPERATORS[verb](reader)
    reader.end()
    return operator


def _where(reader: _Reader) -> Operator:
    condition = reader.expression()
    return lambda rows, now: [row for row in rows if condition(_Context(row, now))]


def _extend(reader: _Reader) -> Operator:
    columns = reader.columns()
    return lambda rows, now: [
        row | {name: value(_Context(row, now)) for name, value in columns.items()} for row in rows
    ]


def _parse(reader: _Reader) -> Operator:
    column, pattern, names = reader.pattern()
    return lambda rows, now: [row | _parsed(row[column], pattern, names) for row in rows]


def _summarize(reader: _Reader) -> Operator:
    columns, keys = reader.columns(), reader.names("by")
    return lambda rows, now: _summarized(rows, columns, keys, now)


def _top(reader: _Reader) -> Operator:
    count = int(reader.take())
    (key,) = reader.names("by")
    reader.expect("desc")
    return lambda rows, now: sorted(rows, key=lambda row: str(row[key]), reverse=True)[:count]


_OPERATORS: dict[str, Callable[[_Reader], Operator]] = {
    "where": _where,
    "extend": _extend,
    "parse": _parse,
    "summarize": _summarize,
    "top": _top,
}


def _parsed(text: str, pattern: re.Pattern[str], names: Sequence[str]) -> dict[str, str]:
    found = pattern.fullmatch(text)
    return dict(zip(names, found.groups() if found else [""] * len(names), strict=True))


def _summarized(
    rows: list[dict[str, Any]], columns: Mapping[str, Value], keys: Sequence[str], now: datetime
) -> list[dict[str, Any]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return [
        dict(zip(keys, group, strict=True))
        | {name: value(_Context({}, now, members)) for name, value in columns.items()}
        for group, members in groups.items()
    ]


class _Reader:
    """Reads what follows an operator's name, from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            token = _TOKEN.match(text, at)
            if not token:
                raise KqlError(f"cannot read {text[at:]!r}")
            self._tokens.append((str(token.lastgroup), token[0].strip()))
            at = token.end()

    def end(self) -> None:
        if self._tokens:
            raise KqlError(f"did not expect {self._tokens[0][1]!r}")

    def take(self) -> str:
        return self._tokens.pop(0)[1]

    def next(self) -> str:
        return self._tokens[0][1] if self._tokens else ""

    def expect(self, text: str) -> None:
        if self.next() != text:
            raise KqlError(f"expected {text!r}, not {self.next()!r}")
        self.take()

    def accept(self, text: str) -> bool:
        if self.next() == text:
            self.take()
            return True
        return False

    def columns(self) -> dict[str, Value]:
        """`a = expression, b = expression`."""
        found = {}
        while True:
            name = self.take()
            self.expect("=")
            found[name] = self.expression()
            if not self.accept(","):
                return found

    def names(self, after: str) -> list[str]:
        self.expect(after)
        found = [self.take()]
        while self.accept(","):
            found.append(self.take())
        return found

    def pattern(self) -> tuple[str, re.Pattern[str], list[str]]:
        """`column with 'text' name 'text' name`: a name takes as little as it can, and the last one the rest."""
        column = self.take()
        self.expect("with")
        parts, names = [], []
        while self._tokens:
            kind, text = self._tokens.pop(0)
            if kind == "string":
                parts.append(re.escape(text[1:-1]))
            else:
                names.append(text)
                parts.append("(.*?)")
        return column, re.compile("".join(parts), re.DOTALL), names

    def expression(self) -> Value:
        terms = [self._all()]
        while self.accept("or"):
            terms.append(self._all())
        return terms[0] if len(terms) == 1 else lambda context: any(term(context) for term in terms)

    def _all(self) -> Value:
        terms = [self._comparison()]
        while self.accept("and"):
            terms.append(self._comparison())
        return terms[0] if len(terms) == 1 else lambda context: all(term(context) for term in terms)

    def _comparison(self) -> Value:
        left = self._term()
        if self.accept("in"):
            self.expect("(")
            among = self._list()
            return lambda context: left(context) in [each(context) for each in among]
        if self.next() not in _COMPARE:
            return left
        compare = _COMPARE[self.take()]
        right = self._term()

        def compared(context: _Context) -> bool:
            a, b = left(context), right(context)
            return a is not None and b is not None and compare(a, b)

        return compared

    def _term(self) -> Value:
        kind, text = self._tokens.pop(0)
        if kind == "string":
            return lambda context: text[1:-1]
        if kind == "number":
            return lambda context: int(text)
        if kind == "time":
            return lambda context: timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        if text == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        if self.accept("("):
            return _call(text, self._list())
        if self.accept("."):
            field = self.take()
            return lambda context: context.row[text].get(field)
        return lambda context: context.row[text]

    def _list(self) -> list[Value]:
        found: list[Value] = []
        while not self.accept(")"):
            found.append(self.expression())
            self.accept(",")
        return found


def _call(name: str, arguments: Sequence[Value]) -> Value:
    if name in _AGGREGATES:
        over = _AGGREGATES[name]
        (each,) = arguments
        return lambda context: over([each(_Context(row, context.now)) for row in context.group])
    if name == "ago":
        (span,) = arguments
        return lambda context: context.now - span(context)
    if name not in _FUNCTIONS:
        raise KqlError(f"the function {name} is not known here")
    function = _FUNCTIONS[name]
    return lambda context: function(*(argument(context) for argument in arguments))


def _datetime(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _extract(pattern: str, group: int, text: str) -> str:
    found = re.search(pattern, text)
    return found[group] if found else ""


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "extract": _extract,
    "isnull": lambda value: value is None,
    "not": lambda value: not value,
    "parse_json": json.loads,
    "todatetime": _datetime,
    "tostring": lambda value: "" if value is None else str(value),
}
_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "countif": lambda values: sum(map(bool, values)),
    "dcount": lambda values: len(set(values)),
    "max": lambda values: max((value for value in values if value is not None), default=None),
}
