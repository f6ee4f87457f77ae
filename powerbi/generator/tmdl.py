"""Reads TMDL, and refuses what Microsoft's own reader would: a strict reader of the part that `powerbi/` uses.

Objects and properties are those of the Tabular Object Model:
https://learn.microsoft.com/dotnet/api/microsoft.analysisservices.tabular
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

KINDS = {
    "": "| database model queryGroup annotation ref table expression relationship role",
    "database": "compatibilityLevel!",
    "model": "culture! defaultPowerBIDataSourceVersion! sourceQueryCulture discourageImplicitMeasures? "
    "| dataAccessOptions",
    "dataAccessOptions": "legacyRedirects? returnErrorValuesAsNull?",
    "queryGroup": "| annotation",
    "expression": "lineageTag! queryGroup | annotation",
    "relationship": "fromColumn! toColumn!",
    "table": "lineageTag! dataCategory | refreshPolicy measure column! hierarchy partition! annotation",
    "refreshPolicy": "policyType! rollingWindowGranularity! rollingWindowPeriods! incrementalGranularity! "
    "incrementalPeriods! sourceExpression=!",
    "measure": "formatString displayFolder! lineageTag!",
    "column": "dataType! formatString lineageTag! summarizeBy sourceColumn! sortByColumn "
    "isHidden? isKey? isNameInferred? | annotation",
    "hierarchy": "lineageTag! | level!",
    "level": "lineageTag! column!",
    "partition": "mode! queryGroup source=!",
    "role": "modelPermission! | tablePermission",
    "tablePermission": "",
    "annotation": "",
    "ref": "",
}
"""The properties of each kind of object and, after |, what may stand in it. ! must be there, ? is true by standing
there, = has a piece of M or DAX."""
UNNAMED = {"database", "dataAccessOptions", "refreshPolicy"}
VALUED = {"expression", "measure", "partition", "annotation", "tablePermission"}
"""Those with a value after the name: `annotation A = 1`, `measure 'M' = SUM(...)`."""
VALUES = {
    "dataType": "string|int64|double|boolean|dateTime",
    "summarizeBy": "none|sum",
    "mode": "import",
    "modelPermission": "read",
    "policyType": "basic",
    "rollingWindowGranularity": "day|month|quarter|year",
    "incrementalGranularity": "day|month|quarter|year",
    "compatibilityLevel": r"\d+",
    "rollingWindowPeriods": r"\d+",
    "incrementalPeriods": r"\d+",
    "lineageTag": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}

_NAME = r"'(?:[^']|'')+'|[^\s'=:.]+"
_LINE = re.compile(
    rf"(?P<key>[a-zA-Z]+)(?:: (?P<plain>\S.*)|(?: (?P<name>{_NAME}))?(?: (?P<of>{_NAME}))?(?P<equals> =(?P<value>.*))?)"
)


class TmdlError(Exception):
    """The text is no TMDL, or has what is not known here."""


@dataclass
class Node:
    """An object with its properties and what stands in it."""

    kind: str
    name: str
    value: str = ""
    meaning: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    members: list[Node] = field(default_factory=list)

    def all(self, kind: str) -> list[Node]:
        return [member for member in self.members if member.kind == kind]

    def one(self, kind: str) -> Node | None:
        return next(iter(self.all(kind)), None)


def read(text: str) -> Node:
    """Return the objects of a file, under a root without a name. Raise TmdlError."""
    if text.startswith("\ufeff") or "\r" in text:
        raise TmdlError("TMDL is UTF-8 without a BOM, and has plain line ends here")
    root = Node("", "")
    _Reader(text).fill(root, 0)
    return root


def unquoted(name: str) -> str:
    return name[1:-1].replace("''", "'") if name.startswith("'") else name


def walk(node: Node) -> Iterator[Node]:
    """Yield it and everything in it."""
    yield node
    for member in node.members:
        yield from walk(member)


class _Reader:
    """Reads the lines of a file, one after another."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.next = 0

    def fill(self, node: Node, indent: int) -> None:
        """Read the properties and members of an object, which are indented by so many tabs."""
        properties, _, members = KINDS[node.kind].partition("|")
        allowed = dict(re.findall(r"(\w+)([=?]?!?)", properties))
        meaning: list[str] = []
        while (line := self._peek()) and line[0] >= indent:
            depth, text = line
            match = _LINE.fullmatch(text)
            if depth > indent:
                raise self._error("is indented too far")
            if text.startswith("/// "):
                meaning.append(text.removeprefix("/// "))
                self.next += 1
            elif match and match["key"] in re.findall(r"\w+", members):
                node.members.append(self._object(match, " ".join(meaning), indent))
                meaning = []
            elif not match or meaning or node.members or match["key"] in node.properties:
                raise self._error("stands where nothing like it may")
            else:
                node.properties[match["key"]] = self._property(match, allowed, indent)
        if meaning:
            raise TmdlError(f"nothing follows the description {meaning}")
        _check(node)

    def _object(self, match: re.Match[str], meaning: str, indent: int) -> Node:
        kind, name, of, equals = match["key"], match["name"], match["of"], match["equals"]
        given = (bool(name), bool(of), bool(equals))
        if given != (kind not in UNNAMED, kind == "ref", kind in VALUED) or match["plain"]:
            raise self._error("lacks a name or a value, or has one too many")
        self.next += 1
        value = (match["value"] or "").strip()
        if kind in VALUED and not value and not (value := self._block(indent + 2)):
            raise self._error("should be an expression, and indented by two tabs more")
        node = Node(kind, unquoted(of or name or ""), value, meaning)
        self.fill(node, indent + 1)
        return node

    def _property(self, match: re.Match[str], allowed: dict[str, str], indent: int) -> str:
        key, plain, equals = match["key"], match["plain"], match["equals"]
        form = "=" if equals else ":" if plain else "?"
        if key not in allowed or match["name"] or form != (allowed[key].rstrip("!") or ":"):
            raise self._error("is no property here")
        if not re.fullmatch(VALUES.get(key, ".*"), plain or ""):
            raise self._error(f"is not {VALUES[key]}")
        self.next += 1
        if equals and not (value := match["value"].strip() or self._block(indent + 1)):
            raise self._error("should be an expression")
        return value if equals else plain or "true"

    def _peek(self) -> tuple[int, str] | None:
        """Return how far the next line with text is indented, in tabs, and that text."""
        while self.next < len(self.lines) and not self.lines[self.next]:
            self.next += 1
        if self.next == len(self.lines):
            return None
        text = self.lines[self.next].lstrip("\t")
        if text != text.strip():
            raise self._error("is indented by something else than tabs, or ends with blanks")
        return len(self.lines[self.next]) - len(text), text

    def _block(self, indent: int) -> str:
        """Read the lines that are indented so far at least, and return them without what all are indented by."""
        first = self.next
        while self.next < len(self.lines) and re.match("\t" * indent + "|$", self.lines[self.next]):
            self.next += 1
        lines = self.lines[first : self.next]
        margin = min((len(line) - len(line.lstrip("\t")) for line in lines if line), default=0)
        return "\n".join(line[margin:] for line in lines).rstrip("\n")

    def _error(self, why: str) -> TmdlError:
        line = min(self.next, len(self.lines) - 1)
        return TmdlError(f"line {line + 1} {why}: {self.lines[line].strip()!r}")


def _check(node: Node) -> None:
    """Raise TmdlError if an object lacks what it needs, or has two of a kind and name; letter case does not count."""
    for need in re.findall(r"(\w+)=?!", KINDS[node.kind]):
        if need not in node.properties and not node.all(need):
            raise TmdlError(f"{node.kind} {node.name!r} has no {need}")
    names = [(member.kind, member.name.lower()) for member in node.members if member.name]
    if len(set(names)) < len(names):
        raise TmdlError(f"{node.kind} {node.name!r} has two of one name")
