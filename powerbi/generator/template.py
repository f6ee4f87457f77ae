"""The template `Usage.pbit`, made of the project: one file that asks for the parameters when it is opened.

It is a package of the Open Packaging Conventions, with the model as JSON (Tabular Model Scripting Language) and the
report as the project has it, file by file. What is not of the report is text in UTF-16.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from powerbi.generator import tmdl
from powerbi.generator.tmdl import Node, unquoted

NAME = "Usage.pbit"
MODEL = "DataModelSchema"
CONTENT_TYPES = "[Content_Types].xml"
_UTF_16 = "utf-16-le"
"""Without a byte order mark."""
_VERSION = "1.32"
"""Of the package."""
_SETTINGS = {"Version": 4, "ReportSettings": {}, "QueriesSettings": {"RelationshipImportEnabled": False}}
_METADATA = {"Version": 5, "AutoCreatedRelationships": [], "CreatedFrom": "Desktop", "CreatedFromRelease": "2025.07"}
_BEGIN_OF_ZIP = (1980, 1, 1, 0, 0, 0)
_NUMBERS = {"compatibilityLevel", "rollingWindowPeriods", "incrementalPeriods"}
_REFERENCE = re.compile(r"('(?:[^']|'')+'|\w+)\.('(?:[^']|'')+'|\w+)")
_PLURALS = {"hierarchy": "hierarchies"}


def write(folder: Path) -> Path:
    """Write the template of a project beside it, and return it. The same project gives the same bytes."""
    path = folder / NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts(folder).items():
            entry = zipfile.ZipInfo(name, _BEGIN_OF_ZIP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, content)
    return path


def parts(folder: Path) -> dict[str, bytes]:
    """Return the content of each part, by its name. Raise TmdlError."""
    report = folder / "Usage.Report"
    files = sorted(path for part in ("definition", "StaticResources") for path in (report / part).rglob("*.json"))
    texts = {
        "Version": _VERSION,
        MODEL: json.dumps(model(folder), indent=2, ensure_ascii=False),
        "Settings": json.dumps(_SETTINGS),
        "Metadata": json.dumps(_METADATA),
    }
    return {
        CONTENT_TYPES: _content_types(texts).encode("utf-8-sig"),
        **{name: text.encode(_UTF_16) for name, text in texts.items()},
        **{f"Report/{path.relative_to(report).as_posix()}": path.read_bytes() for path in files},
    }


def model(folder: Path) -> dict[str, Any]:
    """Return the semantic model of a project as a database of the Tabular Model Scripting Language. Raise TmdlError."""
    definition = folder / "Usage.SemanticModel" / "definition"
    files = [tmdl.read(path.read_text("utf-8")).members for path in sorted(definition.rglob("*.tmdl"))]
    nodes = [node for members in files for node in members]
    [database], [head] = (_of_kind(nodes, kind) for kind in ("database", "model"))
    order = [node.name for node in _of_kind(nodes, "ref")]
    by_kind = {kind: _of_kind(nodes, kind) for kind in ("queryGroup", "table", "relationship", "expression", "role")}
    by_kind["table"].sort(key=lambda table: order.index(table.name))
    head.members += [node for members in by_kind.values() for node in members] + _of_kind(nodes, "annotation")
    return {"name": "Usage"} | _object(database) | {"model": _object(head)}


def _of_kind(nodes: list[Node], kind: str) -> list[Node]:
    return [node for node in nodes if node.kind == kind]


def _object(node: Node) -> dict[str, Any]:
    """Return an object with all that it has and holds."""
    found: dict[str, Any] = {}
    if node.name:
        found["folder" if node.kind == "queryGroup" else "name"] = node.name
    if node.meaning:
        found["description"] = node.meaning
    for key, value in node.properties.items():
        found |= _property(node, key, value)
    match node.kind:
        case "expression":
            found |= {"kind": "m", "expression": _lines(node.value)}
        case "measure":
            found["expression"] = _lines(node.value)
        case "annotation":
            found["value"] = node.value
        case "tablePermission":
            found["filterExpression"] = node.value
        case "hierarchy":
            found["levels"] = [_object(level) | {"ordinal": place} for place, level in enumerate(node.members)]
    for member in node.members if node.kind != "hierarchy" else []:
        if member.kind in tmdl.UNNAMED:
            found[member.kind] = _object(member)
        else:
            found.setdefault(_PLURALS.get(member.kind, f"{member.kind}s"), []).append(_object(member))
    return found


def _property(node: Node, key: str, value: str) -> dict[str, Any]:
    if node.kind == "relationship":  # 'A table'.Column
        [(table, column)] = _REFERENCE.findall(value)
        end = key.removesuffix("Column")
        return {f"{end}Table": unquoted(table), f"{end}Column": unquoted(column)}
    if key == "source":
        return {"source": {"type": node.value, "expression": _lines(value)}}
    if key == "sourceExpression":
        return {key: _lines(value)}
    if key in _NUMBERS:
        return {key: int(value)}
    return {key: True if value == "true" else unquoted(value)}


def _lines(expression: str) -> str | list[str]:
    """Return an expression as Microsoft writes it: a list of lines where it has several."""
    lines = expression.split("\n")
    return lines if len(lines) > 1 else expression


def _content_types(names: Iterable[str]) -> str:
    """Return what type each part has: none is told, as Power BI knows its own."""
    own = "".join(f'<Override PartName="/{name}" ContentType="" />' for name in names)
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Default Extension="json" ContentType="" />{own}</Types>'
    )
