"""Evaluates the part of DAX that the measures of `powerbi/` use: no registry has an evaluator.

Semantics are those of https://learn.microsoft.com/dax: relationships carry a filter from the one to the many; CALCULATE
replaces the filters of the columns that it names; a measure in a row context has that row as a filter. Blank is None.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

Column = tuple[str, str]
Row = Mapping[Column, Any]
"""Cells by their column, of one table or more."""
Node = tuple[Any, ...]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"]|"")*")|(?P<number>\d+(?:\.\d+)?)|(?P<column>(?:'[^']+'|[A-Za-z]\w*)?\[[^\]]+\])"""
    r"""|(?P<table>'[^']+')|(?P<word>[A-Za-z]\w*)|(?P<sign><=|>=|<>|&&|\|\||[-+*/^=<>&(),]))"""
)
_RANKS = {
    "||": 1,
    "&&": 2,
    "=": 3,
    "<>": 3,
    "<": 3,
    ">": 3,
    "<=": 3,
    ">=": 3,
    "&": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "^": 7,
}
_COMPARED = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True)
class Context:
    """What an expression is evaluated in."""

    filters: Mapping[Column, frozenset[Any]] = field(default_factory=dict)
    row: Row = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)


class Model:
    """Tables with rows, the relationships between them, and measures."""

    def __init__(
        self,
        tables: Mapping[str, Sequence[Mapping[str, Any]]],
        relationships: Sequence[tuple[Column, Column]],
        measures: Mapping[str, str],
        today: date = date(2026, 1, 1),
    ) -> None:
        self.today = today
        self.tables = {
            name: [{(name, key): v for key, v in row.items()} for row in rows] for name, rows in tables.items()
        }
        self.relationships = relationships
        self.measures = {name: parse(dax) for name, dax in measures.items()}

    def value(self, measure: str, **filters: Any) -> Any:
        """Return a measure; filters such as `Service="Teams"` are of the column that has the name of its table.

        `Month` is a column of the dates, `Product` of the assigned products.
        """
        tables = {"Month": "Date", "Product": "Assigned products"}
        columns = {(tables.get(name, name), name): frozenset([value]) for name, value in filters.items()}
        return self.evaluate(self.measures[measure], Context(columns))

    def rows(self, table: str, context: Context) -> Iterator[Row]:
        """Yield the rows of a table that the filters let through."""
        own = {column: values for column, values in context.filters.items() if column[0] == table}
        for many, one in self.relationships:
            if many[0] == table and any(column[0] == one[0] for column in context.filters):
                keys = frozenset(row[one] for row in self.rows(one[0], context))
                own[many] = own.get(many, keys) & keys
        for row in self.tables[table]:
            if all(row[column] in values for column, values in own.items()):
                yield row

    def evaluate(self, node: Node, context: Context) -> Any:
        kind, *parts = node
        match kind:
            case "value":
                return parts[0]
            case "let":
                for name, value in parts[0]:
                    found = self.evaluate(value, context)
                    context = replace(context, variables={**context.variables, name: found})
                return self.evaluate(parts[1], context)
            case "word":
                name = parts[0]
                return context.variables[name] if name in context.variables else [*self.rows(name, context)]
            case "measure":
                return self.evaluate(self.measures[parts[0]], _turned(context))
            case "column":
                return context.row[parts[0]]
            case "sign":
                sign, left, right = parts
                return self._sign(sign, left, right, context)
        return _FUNCTIONS[parts[0]](self, context, *parts[1])

    def _sign(self, sign: str, left: Node, right: Node, context: Context) -> Any:
        one = self.evaluate(left, context)
        if sign in ("&&", "||"):
            return (
                bool(one and self.evaluate(right, context))
                if sign == "&&"
                else bool(one or self.evaluate(right, context))
            )
        return _calculated(sign, one, self.evaluate(right, context))

    def filtered(self, node: Node, context: Context) -> Context:
        """Return the context in which a filter of CALCULATE holds too."""
        if node[0] == "sign":
            column = next(part[1] for part in _walk(node) if part[0] == "column")
            inside = [
                (value, replace(context, row={column: value})) for value in {r[column] for r in self.tables[column[0]]}
            ]
            values = frozenset(value for value, row in inside if self.evaluate(node, row))
            return _with(context, column, values)
        found = self.evaluate(node, context)
        if isinstance(found, Removed):
            return replace(context, filters={k: v for k, v in context.filters.items() if k not in found.columns})
        column, values = found
        return _with(context, column, values)


@dataclass(frozen=True)
class Removed:
    """Columns whose filters go."""

    columns: frozenset[Column]


def _with(context: Context, column: Column, values: frozenset[Any]) -> Context:
    """Filter a column; a filter of the key of the dates takes the place of all filters of that table."""
    kept = {k: v for k, v in context.filters.items() if k != column and (k[0] != "Date" or column != ("Date", "Date"))}
    return replace(context, filters={**kept, column: values})


def _turned(context: Context) -> Context:
    """Return the context with the row as filters."""
    both = {
        column: frozenset([value]) & context.filters.get(column, frozenset([value]))
        for column, value in context.row.items()
    }
    return replace(context, filters={**context.filters, **both}, row={}, variables={})


def _calculated(sign: str, one: Any, two: Any) -> Any:
    if sign in _COMPARED:
        if one is None or two is None:
            one, two = (_zero(two) if one is None else one), (_zero(one) if two is None else two)
        return _COMPARED[sign](one, two)
    if sign == "&":
        return f"{_text(one)}{_text(two)}"
    if isinstance(one, date) and two is not None:
        return (one - two).days if isinstance(two, date) else one + timedelta(days=-two if sign == "-" else two)
    if (one is None and two is None) or (sign == "*" and None in (one, two)):
        return None
    one, two = one or 0, two or 0
    return (
        {"+": one + two, "-": one - two, "*": one * two}[sign]
        if sign in "+-*"
        else one**two
        if sign == "^"
        else one / two
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _zero(beside: Any) -> Any:
    """Return what a blank is beside a value."""
    return {str: "", date: date(1899, 12, 30)}.get(type(beside), 0)


# -- functions ---------------------------------------------------------------------------------------------------------


def _cells(model: Model, context: Context, column: Node) -> list[Any]:
    rows = model.rows(column[1][0], context)
    return [value for row in rows if (value := row[column[1]]) is not None]


def _each(model: Model, context: Context, table: Node, value: Node) -> list[Any]:
    rows = model.evaluate(table, context)
    found = [model.evaluate(value, replace(context, row={**context.row, **row})) for row in rows]
    return [each for each in found if each is not None]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _calculate(model: Model, context: Context, value: Node, *filters: Node) -> Any:
    outside, variables = context, context.variables
    inside = replace(_turned(context), variables=variables)
    both = [each for each in filters if each[:2] == ("call", "CROSSFILTER")]
    for each in filters:
        if each not in both:
            added = model.filtered(each, replace(outside, filters=inside.filters))
            inside = replace(inside, filters=added.filters)
    for _, _, (many, one, _) in both:  # a filter of the many reaches the one too
        if any(column[0] == many[1][0] for column in inside.filters):
            keys = frozenset(row[many[1]] for row in model.rows(many[1][0], inside))
            inside = _with(inside, one[1], keys & inside.filters.get(one[1], keys))
    return model.evaluate(value, inside)


def _dates(
    model: Model, context: Context, column: Node, start: Node, days: Node, _unit: Node
) -> tuple[Column, frozenset[date]]:
    last, count = model.evaluate(start, context), model.evaluate(days, context)
    assert count < 0
    wanted = {last - timedelta(days=number) for number in range(-count)}
    return column[1], frozenset(wanted & {row[column[1]] for row in model.tables[column[1][0]]})


def _filter(model: Model, context: Context, table: Node, condition: Node) -> list[Row]:
    rows = model.evaluate(table, context)
    return [row for row in rows if model.evaluate(condition, replace(context, row={**context.row, **row}))]


def _divide(model: Model, context: Context, above: Node, below: Node) -> float | None:
    one, two = model.evaluate(above, context), model.evaluate(below, context)
    return one / two if one is not None and two else None


def _if(model: Model, context: Context, condition: Node, then: Node) -> Any:
    return model.evaluate(then, context) if model.evaluate(condition, context) else None


def _switch(model: Model, context: Context, subject: Node, *rest: Node) -> Any:
    wanted = model.evaluate(subject, context)
    for case, then in zip(rest[::2], rest[1::2], strict=False):
        if model.evaluate(case, context) == wanted:
            return model.evaluate(then, context)
    return model.evaluate(rest[-1], context) if len(rest) % 2 else None


def _format(model: Model, context: Context, value: Node, pattern: Node) -> str:
    assert pattern == ("value", "yyyy-mm-dd hh:nn")
    found = model.evaluate(value, context)
    return f"{found:%Y-%m-%d %H:%M}" if found else ""


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "SUM": lambda m, c, column: sum(values) if (values := _cells(m, c, column)) else None,
    "MAX": lambda m, c, column: max(_cells(m, c, column), default=None),
    "MIN": lambda m, c, column: min(_cells(m, c, column), default=None),
    "COUNT": lambda m, c, column: len(_cells(m, c, column)) or None,
    "AVERAGE": lambda m, c, column: _mean(_cells(m, c, column)),
    "AVERAGEX": lambda m, c, table, value: _mean(_each(m, c, table, value)),
    "SUMX": lambda m, c, table, value: sum(values) if (values := _each(m, c, table, value)) else None,
    "COUNTROWS": lambda m, c, table: len(m.evaluate(table, c)) or None,
    "VALUES": lambda m, c, column: [{column[1]: each} for each in dict.fromkeys(_cells(m, c, column))],
    "HASONEVALUE": lambda m, c, column: len(set(_cells(m, c, column))) == 1,
    "DISTINCTCOUNTNOBLANK": lambda m, c, column: len(set(_cells(m, c, column))) or None,
    "REMOVEFILTERS": lambda m, c, *columns: Removed(frozenset(column[1] for column in columns)),
    "CALCULATE": _calculate,
    "CALCULATETABLE": _calculate,
    "CROSSFILTER": lambda m, c, *ends: None,  # which CALCULATE looks at
    "DATESINPERIOD": _dates,
    "FILTER": _filter,
    "DIVIDE": _divide,
    "IF": _if,
    "SWITCH": _switch,
    "FORMAT": _format,
    "TRUE": lambda m, c: True,
    "UTCTODAY": lambda m, c: m.today,
    "DATEDIFF": lambda m, c, first, last, unit: (m.evaluate(last, c) - m.evaluate(first, c)).days,
    "ISEMPTY": lambda m, c, table: not m.evaluate(table, c),
    "INT": lambda m, c, value: m.evaluate(value, c) // 1,
    "NOT": lambda m, c, value: not m.evaluate(value, c),
    "ISBLANK": lambda m, c, value: m.evaluate(value, c) is None,
    "BLANK": lambda m, c: None,
    "CONTAINSSTRING": lambda m, c, text, part: m.evaluate(part, c).lower() in (m.evaluate(text, c) or "").lower(),
}
"""Each with the model, the context and the arguments, not evaluated yet."""


# -- syntax ------------------------------------------------------------------------------------------------------------


def parse(dax: str) -> Node:
    """Return an expression as a tree. Raises SyntaxError."""
    tokens, place = [], 0
    text = dax.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            raise SyntaxError(f"not known: {text[place : place + 20]!r}")
        tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
        place = match.end()
    parser = _Parser(tokens)
    tree = parser.expression()
    if parser.tokens:
        raise SyntaxError(f"stands behind the end: {parser.tokens[0]}")
    return tree


def _walk(node: Any) -> Iterator[Node]:
    if isinstance(node, tuple) and node and isinstance(node[0], str):
        yield node
    if isinstance(node, tuple | list):
        for part in node:
            yield from _walk(part)


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens

    def expression(self, rank: int = 0) -> Node:
        if self._is("VAR"):
            return self._let()
        left = self._operand()
        while self.tokens and _RANKS.get(self.tokens[0][1], 0) > rank:
            sign = self.tokens.pop(0)[1]
            left = ("sign", sign, left, self.expression(_RANKS[sign]))
        return left

    def _is(self, word: str) -> bool:
        return bool(self.tokens) and self.tokens[0][1] == word

    def _take(self, word: str) -> None:
        if not self._is(word):
            raise SyntaxError(f"{word} should stand where {self.tokens[:1]} does")
        self.tokens.pop(0)

    def _let(self) -> Node:
        variables = []
        while self._is("VAR"):
            self.tokens.pop(0)
            name = self.tokens.pop(0)[1]
            self._take("=")
            variables.append((name, self.expression()))
        self._take("RETURN")
        return ("let", variables, self.expression())

    def _operand(self) -> Node:
        kind, text = self.tokens.pop(0)
        if text == "-":
            return ("sign", "-", ("value", 0), self.expression(6))
        if text == "(":
            inner = self.expression()
            self._take(")")
            return inner
        if text == "NOT":
            return ("call", "NOT", [self.expression(4)])
        match kind:
            case "string":
                return ("value", text[1:-1].replace('""', '"'))
            case "number":
                return ("value", float(text) if "." in text else int(text))
            case "column":
                table, _, name = text[:-1].partition("[")
                return ("column", (table.strip("'"), name)) if table else ("measure", name)
            case "table":
                return ("word", text.strip("'"))
        if kind == "word" and self._is("("):
            return self._call(text)
        if kind == "word":
            return ("word", text)
        raise SyntaxError(f"stands where no value may: {text}")

    def _call(self, name: str) -> Node:
        if name not in _FUNCTIONS:
            raise SyntaxError(f"the function {name} is not known here")
        self._take("(")
        arguments = []
        while not self._is(")"):
            arguments.append(self.expression())
            if not self._is(")"):
                self._take(",")
        self._take(")")
        return ("call", name, arguments)
