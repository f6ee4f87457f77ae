"""Evaluates the few forms of M in which the tables of `powerbi/` are written; its functions are given in Python.

What the functions of `expressions.tmdl` do is said twice: in M, which Microsoft's parser has read, and by whoever
evaluates. What is evaluated here is what a table makes of them: names, states, periods put together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Row = dict[str, Any]
_TOKEN = re.compile(
    r"""\s*(?://[^\n]*\s*)?(?:(?P<string>"(?:[^"]|"")*")|(?P<number>\d+)|(?P<table>type\ table\ \[[^\]]*\])"""
    r"""|(?P<type>type\ \w+)|(?P<field>\[(?:\#")?[A-Z][\w ()]*"?\])|(?P<word>\#?[A-Za-z_][\w.]*)"""
    r"""|(?P<sign>=>|[={}\[\](),]))""",
    re.VERBOSE,
)
_TABLES: Mapping[str, Callable[..., Any]] = {
    "#table": lambda names, rows: [dict(zip(names, row, strict=True)) for row in rows],
    "Table.Combine": lambda tables: [row for table in tables for row in table],
    "Table.RenameColumns": lambda rows, pairs: [{dict(pairs).get(k, k): v for k, v in row.items()} for row in rows],
    "Table.RemoveColumns": lambda rows, names: [{k: v for k, v in row.items() if k not in names} for row in rows],
    "Table.SelectColumns": lambda rows, names: [{name: row[name] for name in names} for row in rows],
    "Table.Distinct": lambda rows, names: [
        *{tuple(row[name] for name in names): row for row in reversed(rows)}.values()
    ],
    "Table.AddColumn": lambda rows, name, value, _type: [row | {name: value(row)} for row in rows],
    "List.Max": lambda values: max((each for each in values if each is not None), default=None),
}


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """Return what an expression is; `names` are the values and functions that it may use. Raises SyntaxError."""
    return _Reader(text, {**_TABLES, "Int64.Type": "Int64.Type", **names}).expression()({})


class _Reader:
    """Makes a function of the names in scope of each expression."""

    def __init__(self, text: str, names: Mapping[str, Any]) -> None:
        self.tokens: list[tuple[str, str]] = []
        place, text = 0, text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if not match:
                raise SyntaxError(f"not known: {text[place : place + 30]!r}")
            self.tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
            place = match.end()
        self.names = names

    def expression(self) -> Callable[[Mapping[str, Any]], Any]:
        kind, text = self.tokens.pop(0)
        match kind, text:
            case "word", "let":
                return self._let()
            case "word", "each":
                body = self.expression()
                return lambda scope: lambda row: body({**scope, "_": row})
            case "sign", "(":
                return self._function()
            case "sign", "{":
                items = self._items("}")
                return lambda scope: [item(scope) for item in items]
            case "sign", "[":
                return self._record()
            case "string", _:
                return lambda _: text[1:-1].replace('""', '"')
            case "number", _:
                return lambda _: int(text)
            case "type", _:
                return lambda _: text
            case "table", _:
                return lambda _: re.findall(r'(?:#")?([\w ]+?)"? = ', text)
            case "field", _:
                return lambda scope: scope["_"][text.strip('[]#"')]
        return self._named(text)

    def _named(self, name: str) -> Callable[[Mapping[str, Any]], Any]:
        if self.tokens and self.tokens[0][1] == "(":
            self.tokens.pop(0)
            arguments = self._items(")")
            return lambda scope: self._value(name, scope)(*(each(scope) for each in arguments))
        return lambda scope: self._value(name, scope)

    def _value(self, name: str, scope: Mapping[str, Any]) -> Any:
        if name not in scope and name not in self.names:
            raise SyntaxError(f"the name {name} is not known here")
        return scope[name] if name in scope else self.names[name]

    def _let(self) -> Callable[[Mapping[str, Any]], Any]:
        steps = []
        while True:
            name = self._take()
            self._take("=")
            steps.append((name, self.expression()))
            if self._take() == "in":
                break
        last = self.expression()

        def value(scope: Mapping[str, Any]) -> Any:
            for name, step in steps:
                scope = {**scope, name: step(scope)}
            return last(scope)

        return value

    def _function(self) -> Callable[[Mapping[str, Any]], Any]:
        name = self._take()
        for word in ("as", "text", ")", "=>"):
            self._take(word)
        body = self.expression()
        return lambda scope: lambda value: body({**scope, name: value})

    def _record(self) -> Callable[[Mapping[str, Any]], Any]:
        fields = {}
        while self.tokens[0][1] != "]":
            name = self._take()
            self._take("=")
            fields[name] = self.expression()
            if self.tokens[0][1] == ",":
                self.tokens.pop(0)
        self._take("]")
        return lambda scope: {name: each(scope) for name, each in fields.items()}

    def _items(self, end: str) -> list[Callable[[Mapping[str, Any]], Any]]:
        items = []
        while self.tokens[0][1] != end:
            items.append(self.expression())
            if self.tokens[0][1] == ",":
                self.tokens.pop(0)
        self.tokens.pop(0)
        return items

    def _take(self, wanted: str = "") -> str:
        text = self.tokens.pop(0)[1]
        if wanted and text != wanted:
            raise SyntaxError(f"{wanted} should stand where {text} does")
        return text
