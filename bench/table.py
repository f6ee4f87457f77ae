"""Asks the questions, prints the table, writes it down. The exit status says whether a target was missed."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Row, Scale, Skipped, TrueLimit
from bench.page import written
from bench.questions import QUESTIONS
from local.setup import HOME, ROOT

OURS = ("bench", "local", "shared", "tests")
"""Packages that are always there: one of their modules that is missing is a defect."""

FILE = HOME / "bench.json"
KEPT = ROOT / "bench" / "answers.json"
PAGE = ROOT / "docs" / "performance.md"
HEAD = ("Question", "Ours", "Against", "Theirs", "Ratio", "Middle half", "Target", "")


def asked(name: str, scale: Scale) -> Iterator[Row]:
    """The rows of one question. Raises Skipped, maybe after some of them."""
    try:
        yield from importlib.import_module(f"bench.{name}").rows(scale)
    except ModuleNotFoundError as missing:
        if str(missing.name).partition(".")[0] in OURS:
            raise
        raise Skipped(f"{missing.name} is not installed") from missing


def run(
    *,
    quick: bool = False,
    only: Sequence[str] = (),
    file: Path = FILE,
    ask: Callable[[str, Scale], Iterable[Row]] = asked,
) -> int:
    """Answers 0 if no row that ran missed a target that can be met, else 1; `file` keeps what it has of others."""
    scale = Scale(rounds=3 if quick else 7, quick=quick)
    run_of = machine() | {"begun": datetime.now(UTC).isoformat(timespec="seconds"), "quick": quick}
    told: dict[str, Any] = {}
    for name in only or QUESTIONS:
        told[name] = run_of | _answer(name, lambda name: ask(name, scale))
        print(f"{name}: {told[name]['seconds']} s", file=sys.stderr, flush=True)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(_known(file) | told, indent=1) + "\n", "utf-8")
    print("\n".join(section(told)))
    print(f"wrote {file}")
    found = _rows(told)
    print(f"{sum(row.met for row in found)} of {len(found)} targets met")
    missed = [row for row in found if not row.met and not row.is_at_limit]
    for row in found:
        if not row.met:
            print(f"{'missed' if row in missed else 'cannot be met'}: {row.question}")
    return 1 if missed else 0


def _answer(name: str, ask: Callable[[str], Iterable[Row]]) -> dict[str, Any]:
    """What is kept of one question: its rows, why some are not there, its seconds, the load before and after."""
    rows: list[Row] = []
    skipped, before, started = None, _load(), time.monotonic()
    try:
        for row in ask(name):
            rows.append(row)
    except Skipped as why:
        skipped = str(why)
    return {
        "load": [before, _load()],
        "seconds": round(time.monotonic() - started),
        "skipped": skipped,
        "rows": [row._asdict() | {"met": row.met} for row in rows],
    }


def _known(file: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return {name: answer for name, answer in told.items() if name in QUESTIONS}


def section(told: Mapping[str, Any]) -> list[str]:
    """What there is to say of answers that were written down, as Markdown: the table, what was skipped, the machine."""
    names = sorted(told, key=[*QUESTIONS, *told].index)
    rows = _rows({name: told[name] for name in names})
    skipped = [f"- skipped: {name}: {told[name]['skipped']}" for name in names if told[name]["skipped"]]
    runs: dict[str, list[str]] = {}
    for name in names:
        runs.setdefault(told[name]["begun"], []).append(name)
    return [*table(rows), "", *skipped, *(_run(told, some, of=len(names)) for some in runs.values())]


def _rows(told: Mapping[str, Any]) -> list[Row]:
    """The rows of answers that were written down."""
    kept = (row for answer in told.values() for row in answer["rows"])
    rows = [Row(**{field: row[field] for field in Row._fields if field in row}) for row in kept]
    return [row._replace(true_limit=row.true_limit and TrueLimit(*row.true_limit)) for row in rows]


def _run(told: Mapping[str, Any], names: Sequence[str], of: int) -> str:
    """One run in words: when and where it was, what it asked if that is not everything."""
    first, loads = told[names[0]], [load for name in names for load in told[name]["load"]]
    which = "" if len(names) == of else f": {', '.join(names)}"
    return (
        f"- {first['begun']}{', --quick' if first['quick'] else ''}: {first['processor']}, {first['cores']} cores, "
        f"{first['system']}, Python {first['python']}; load {min(loads)} to {max(loads)}; "
        f"{sum(told[name]['seconds'] for name in names) / 60:.0f} min{which}."
    )


def table(rows: Sequence[Row]) -> list[str]:
    """As Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for row in rows:
        spread = f"{row.spread[0]:.2f} to {row.spread[1]:.2f}" if row.spread else ""
        cells = (
            row.question,
            shown(row.figure, row.unit),
            row.against,
            shown(row.limit, row.unit),
            f"{row.ratio:.2f}",
            spread,
            f"{'>=' if row.at_least else '<='} {row.target:g}",
            verdict(row),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def verdict(row: Row) -> str:
    """Whether the target is met, or why it cannot be."""
    if row.met:
        return "met"
    if not row.true_limit or not row.is_out_of_reach:
        return "**missed**"
    said = f"cannot be met: {row.true_limit.why}; true limit {row.true_limit.ratio:.2f}"
    return said if row.is_at_limit else f"**missed**, and {said}"


def shown(figure: float, unit: str) -> str:
    """A figure for people; seconds in the unit that fits."""
    if unit == "s":
        return f"{figure:.2f} s" if figure >= 1 else f"{figure * 1000:.1f} ms"
    return f"{figure:,.0f} {unit}" if figure >= 100 else f"{figure:.3g} {unit}"


def machine() -> dict[str, Any]:
    """What it ran on."""
    processor = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _load() -> float:
    """Processes that wanted to run in the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else -1.0


def write(file: Path = FILE, kept: Path = KEPT, page: Path = PAGE) -> int:
    """Write the last answer to each question into docs/performance.md. Return the exit status.

    Those that `file` has are put among the `kept` ones, so that others stay where it has but some.
    """
    told = _known(kept)
    for name, answer in _known(file).items():
        told[name] = max(answer, told.get(name, answer), key=lambda each: str(each["begun"]))
    each = (f"{json.dumps(name)}: {json.dumps(told[name])}" for name in QUESTIONS if name in told)
    kept.write_text("{\n" + ",\n".join(each) + "\n}\n", "utf-8")
    page.write_text(written(page.read_text("utf-8"), "bench/table.py", "\n".join(section(told))), "utf-8")
    return 0
