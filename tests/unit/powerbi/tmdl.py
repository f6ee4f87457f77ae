"""Reads TMDL, and refuses what Microsoft's own reader would: a strict reader of the part that `powerbi/` uses.

Objects and properties are those of the Tabular Object Model:
https://learn.microsoft.com/dotnet/api/microsoft.analysisservices.tabular
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class TmdlError(Exception):
    """The text is no TMDL, or has what is not known here."""


class Kind(NamedTuple):
    """What an object may have."""

    properties: str = ""
    flags: str = ""
    """Properties that are true by standing there."""
    expressions: str = ""
    """Properties with a piece of M or DAX."""
    members: str = ""
    needs: str = ""
    named: bool = True
    valued: bool = False
    """Whether a value follows the name: `annotation A = 1`, `measure 'M' = SUM(...)`."""


_LINEAGE = "lineageTag"
KINDS = {
    "": Kind(members="database model queryGroup annotation ref table expression relationship"),
    "database": Kind("compatibilityLevel", named=False, needs="compatibilityLevel"),
    "model": Kind(
        "culture defaultPowerBIDataSourceVersion sourceQueryCulture",
        "discourageImplicitMeasures",
        members="dataAccessOptions",
        needs="culture defaultPowerBIDataSourceVersion",
    ),
    "dataAccessOptions": Kind(flags="legacyRedirects returnErrorValuesAsNull", named=False),
    "queryGroup": Kind(members="annotation"),
    "expression": Kind(f"{_LINEAGE} queryGroup", members="annotation", needs=_LINEAGE, valued=True),
    "relationship": Kind("fromColumn toColumn", needs="fromColumn toColumn"),
    "table": Kind(
        f"{_LINEAGE} dataCategory",
        members="refreshPolicy measure column partition annotation",
        needs=f"{_LINEAGE} column partition",
    ),
    "refreshPolicy": Kind(
        "policyType rollingWindowGranularity rollingWindowPeriods incrementalGranularity incrementalPeriods",
        expressions="sourceExpression",
        named=False,
        needs="policyType rollingWindowGranularity rollingWindowPeriods incrementalGranularity incrementalPeriods "
        "sourceExpression",
    ),
    "measure": Kind(f"formatString {_LINEAGE}", needs=_LINEAGE, valued=True),
    "column": Kind(
        f"dataType formatString {_LINEAGE} summarizeBy sourceColumn sortByColumn",
        "isHidden isKey isNameInferred",
        members="annotation",
        needs=f"dataType {_LINEAGE} sourceColumn",
    ),
    "partition": Kind("mode queryGroup", expressions="source", needs="mode source", valued=True),
    "annotation": Kind(valued=True),
    "ref": Kind(),
}
VALUES = {
    "dataType": "string int64 double boolean dateTime",
    "summarizeBy": "none sum",
    "mode": "import",
    "policyType": "basic",
    "rollingWindowGranularity": "day month quarter year",
    "incrementalGranularity": "day month quarter year",
    "compatibilityLevel": r"\d+",
    "rollingWindowPeriods": r"\d+",
    "incrementalPeriods": r"\d+",
    "lineageTag": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}
"""What a property may be: words, or a pattern."""

_NAME = r"'(?:[^']|'')+'|[^\s'=:.]+"
_OBJECT = re.compile(rf"(?P<kind>[a-zA-Z]+)(?: (?P<name>{_NAME}))?(?: (?P<of>{_NAME}))?(?: =(?P<value>.*))?")
_PROPERTY = re.compile(r"(?P<key>[a-zA-Z]+): (?P<value>\S.*)")
_EXPRESSION = re.compile(r"(?P<key>[a-zA-Z]+) =(?P<value>.*)")


@dataclass
class Node:
    """An object; of the root, the name is empty."""

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
    """The objects of a file, under a root without a name. Raises TmdlError."""
    if text.startswith("\ufeff") or "\r" in text:
        raise TmdlError("TMDL is UTF-8 without a BOM, and has plain line ends here")
    root = Node("", "")
    _members(_Lines(text), root, 0)
    return root


def unquoted(name: str) -> str:
    return name[1:-1].replace("''", "'") if name.startswith("'") else name


class _Lines:
    """The lines of a file, one after another."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.next = 0

    def peek(self) -> tuple[int, str] | None:
        """How far the next line with text is indented, in tabs, and that text."""
        while self.next < len(self.lines) and not self.lines[self.next]:
            self.next += 1
        if self.next == len(self.lines):
            return None
        line = self.lines[self.next]
        text = line.lstrip("\t")
        if text != text.strip():
            raise self.error("is indented by something else than tabs, or ends with blanks")
        return len(line) - len(text), text

    def block(self, indent: int) -> str:
        """The lines that are indented so far at least, without that."""
        taken: list[str] = []
        while self.next < len(self.lines):
            line = self.lines[self.next]
            if line and not line.startswith("\t" * indent):
                break
            taken.append(line[indent:])
            self.next += 1
        text = "\n".join(taken).rstrip("\n")
        margin = min((len(line) - len(line.lstrip("\t")) for line in text.split("\n") if line), default=0)
        return "\n".join(line[margin:] for line in text.split("\n"))

    def error(self, why: str) -> TmdlError:
        return TmdlError(f"line {self.next + 1} {why}: {self.lines[self.next].strip()!r}")


def _members(lines: _Lines, parent: Node, indent: int) -> None:
    meaning: list[str] = []
    kind = KINDS[parent.kind]
    while (line := lines.peek()) and line[0] >= indent:
        depth, text = line
        if depth > indent:
            raise lines.error("is indented too far")
        if text.startswith("/// "):
            meaning.append(text.removeprefix("/// "))
            lines.next += 1
        elif text.split(" ")[0] in kind.members.split():
            parent.members.append(_object(lines, text, indent, " ".join(meaning)))
            meaning = []
        else:
            if meaning or parent.members:
                raise lines.error("stands where an object should")
            key, value = _property(lines, text, kind, indent)
            if key in parent.properties:
                raise lines.error("stands there before")
            parent.properties[key] = value
    if meaning:
        raise TmdlError(f"nothing follows the description {meaning}")
    for need in kind.needs.split():
        if need not in parent.properties and not parent.all(need):
            raise TmdlError(f"{parent.kind} {parent.name!r} has no {need}")
    _told_apart(parent)


def _object(lines: _Lines, text: str, indent: int, meaning: str) -> Node:
    found = _OBJECT.fullmatch(text)
    if not found:
        raise lines.error("is no object")
    kind = KINDS[found["kind"]]
    if bool(found["name"]) != kind.named or bool(found["of"]) != (found["kind"] == "ref"):
        raise lines.error("has no name, or one too many")
    if (found["value"] is not None) != kind.valued:
        raise lines.error("has no value, or one too many")
    lines.next += 1
    value = (found["value"] or "").strip()
    if kind.valued and not value and not (value := lines.block(indent + 2)):
        raise lines.error("should be an expression, and indented by two tabs more")
    node = Node(found["kind"], unquoted(found["of"] or found["name"] or ""), value, meaning)
    _members(lines, node, indent + 1)
    return node


def _property(lines: _Lines, text: str, kind: Kind, indent: int) -> tuple[str, str]:
    if text in kind.flags.split():
        lines.next += 1
        return text, "true"
    if (found := _PROPERTY.fullmatch(text)) and found["key"] in kind.properties.split():
        key, value = found["key"], found["value"]
        allowed = VALUES.get(key)
        if allowed and value not in allowed.split() and not re.fullmatch(allowed, value):
            raise lines.error(f"is none of {allowed}")
        lines.next += 1
        return key, value
    if (found := _EXPRESSION.fullmatch(text)) and found["key"] in kind.expressions.split():
        lines.next += 1
        if value := found["value"].strip() or lines.block(indent + 1):
            return found["key"], value
    raise lines.error("is nothing that may stand here")


def _told_apart(parent: Node) -> None:
    """No two objects of a kind have one name; letter case does not count."""
    names = [(member.kind, member.name.lower()) for member in parent.members if member.name]
    if len(set(names)) < len(names):
        raise TmdlError(f"{parent.kind} {parent.name!r} has two of one name")


def walk(node: Node) -> Iterator[Node]:
    """It and everything in it."""
    yield node
    for member in node.members:
        yield from walk(member)
