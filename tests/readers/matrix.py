"""The matrix reader x trouble: what each reader makes of each archive, next to what is right."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from local import export
from tests.integration.consumers.installed import LARGE, python
from tests.readers.troubles import TROUBLES, Row, Trouble

_PROGRAM = Path(__file__).with_name("reading.py")
RIGHT, ERROR, WRONG = "right", "error", "**wrong**"


class Reader(NamedTuple):
    """A reader."""

    name: str
    key: str
    """In `reading.READERS`."""
    is_large: bool = False
    """Whether it has an environment of its own."""
    sources: Sequence[str] = ("tables", "snapshots")

    def command(self) -> list[str] | None:
        """Return what begins a command; None if it is not here and cannot be installed."""
        if self.key == "r":
            return [sys.executable] if shutil.which("Rscript") else None
        return [str(python("readers", home=LARGE))] if self.is_large else [sys.executable]


READERS = (
    Reader("DuckDB 1.5.5", "duckdb", sources=("tables", "snapshots", "union")),
    Reader("DuckDB 2.0.1", "duckdb", is_large=True, sources=("tables", "snapshots", "union")),
    Reader("Polars 2.1.0", "polars"),
    Reader("PyArrow 26.0.1", "pyarrow"),
    Reader("pandas 3.1.1", "pandas"),
    Reader("Spark 4.3.0", "spark", is_large=True),
    Reader("chDB 4.4.0 (ClickHouse)", "chdb", is_large=True),
    Reader("DataFusion 55.0.0", "datafusion", is_large=True),
    Reader("R 4.2.2, over CSV", "r"),
)


class Cell(NamedTuple):
    """What a reader made of an archive."""

    verdict: str
    said: str = ""


class Matrix(NamedTuple):
    """What all readers made of all archives."""

    cells: dict[tuple[str, str, str], Cell]
    """By reader, source and trouble."""

    @property
    def wrong_in_tables(self) -> list[tuple[str, str]]:
        """The readers and troubles of which a table gave what is wrong, without an error."""
        return [
            (reader, trouble)
            for (reader, source, trouble), cell in self.cells.items()
            if source == "tables" and cell.verdict == WRONG
        ]

    def __str__(self) -> str:
        return "\n\n".join(filter(None, map(self.page, ("tables", "snapshots", "union"))))

    def page(self, source: str) -> str:
        """Return the verdicts over the tables or the snapshots, as Markdown; nothing where nobody read them."""
        readers = [*dict.fromkeys(reader for reader, other, _ in self.cells if other == source)]
        if not readers:
            return ""
        lines = [f"| {_TITLES[source]} | {' | '.join(readers)} |", "|---" * (1 + len(readers)) + "|"]
        for trouble in TROUBLES:
            verdicts = [self.cells[reader, source, trouble.name].verdict for reader in readers]
            lines.append(f"| {trouble.name} | {' | '.join(verdicts)} |")
        return "\n".join(lines)

    def told(self) -> Iterator[str]:
        """Yield what each reader said or gave where that is not right."""
        for (reader, source, trouble), cell in self.cells.items():
            if cell.said:
                yield f"{reader}, {source}, {trouble}: {cell.said}"


_TITLES = {
    "tables": "Over the tables",
    "snapshots": "Over the snapshots",
    "union": "Over the snapshots, `union_by_name`",
}


def matrix(folder: Path, readers: Sequence[Reader] = READERS, troubles: Sequence[Trouble] = TROUBLES) -> Matrix:
    """Return what these readers make of archives that are written into a folder."""
    for trouble in troubles:
        archive, home = folder / trouble.name / "archive", folder / trouble.name / "home"
        trouble.write(archive)
        with contextlib.redirect_stdout(io.StringIO()):
            assert export.main([str(home), "--archive", str(archive), "--personal", "--format", "csv"]) == 0
    cells = {}
    for reader in readers:
        if command := reader.command():
            for source in reader.sources:
                answers = _answers(command, reader, source, folder, troubles)
                for trouble, answer in zip(troubles, answers, strict=True):
                    cells[reader.name, source, trouble.name] = _judged(trouble.right(source), answer)
    return Matrix(cells)


def _answers(
    command: Sequence[str], reader: Reader, source: str, folder: Path, troubles: Sequence[Trouble]
) -> Iterator[dict[str, Any]]:
    """Yield what a reader answers to each; one that dies is begun again."""
    left = [*troubles]
    while left:
        tasks = [
            {"folder": str(each.folder(folder / each.name, source, reader.key == "r")), "columns": each.asked(source)}
            for each in left
        ]
        done = subprocess.run(
            [*command, str(_PROGRAM), reader.key, source],
            input="".join(f"{json.dumps(task)}\n" for task in tasks),
            capture_output=True,
            text=True,
            check=False,
        )
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        yield from answers
        if len(answers) < len(left):
            yield {"error": f"it ended with {done.returncode}: {done.stderr[-200:]}"}
        left = left[len(answers) + 1 :]


def _judged(right: Sequence[Row], answer: dict[str, Any]) -> Cell:
    if "error" in answer:
        return Cell(ERROR, " ".join(answer["error"].split()))
    rows = sorted((tuple(row) for row in answer["rows"]), key=str)
    if len(rows) == len(right) and all(map(_are_same, sorted(rows, key=_order), sorted(right, key=_order))):
        return Cell(RIGHT)
    told = [row for row in rows if not any(_are_same(row, each) for each in right)]
    lost = [row for row in right if not any(_are_same(row, each) for each in rows)]
    return Cell(WRONG, f"has {told or len(rows)}, lacks {lost}")


def _order(row: Row) -> str:
    return str([_plain(cell) for cell in row])


def _are_same(one: Row, other: Row) -> bool:
    return [*map(_plain, one)] == [*map(_plain, other)]


def _plain(cell: str | None) -> str | None:
    """A cell, whatever the form in which a reader shows a number, a day or a truth."""
    if cell is None or cell == "":
        return None
    try:
        return f"{Decimal(cell).normalize():f}"
    except InvalidOperation:
        return (
            cell.removesuffix(" 00:00:00").lower()
            if cell.lower() in ("true", "false")
            else cell.removesuffix(" 00:00:00")
        )
