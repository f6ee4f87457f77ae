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

from bench.measure import Row, Scale, Skipped
from bench.page import written
from local.setup import HOME, ROOT

QUESTIONS = (
    "imports",
    "package",
    "requests_of_a_year",
    "quiet_run",
    "newest_small",
    "newest_large",
    "series",
    "age",
    "status",
    "memory",
    "reading",
    "pull",
)
"""The modules that answer one each: `rows(scale)`, which raises Skipped instead of a row that cannot be had here."""

OURS = ("bench", "local", "shared", "tests")
"""Packages that are always there: one of their modules that is missing is a defect."""

FILE = HOME / "bench.json"
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
    """Answers 0 if no row that ran missed its target, else 1."""
    scale = Scale(rounds=3 if quick else 7, quick=quick)
    begun = datetime.now(UTC)
    found: list[Row] = []
    skipped: dict[str, str] = {}
    seconds: dict[str, int] = {}
    loads = [_load()]
    for name in only or QUESTIONS:
        started = time.monotonic()
        try:
            for row in ask(name, scale):
                found.append(row)
        except Skipped as why:
            skipped[name] = str(why)
        seconds[name] = round(time.monotonic() - started)
        print(f"{name}: {seconds[name]} s", file=sys.stderr, flush=True)
        loads.append(_load())
    told = machine() | {
        "begun": begun.isoformat(timespec="seconds"),
        "quick": quick,
        "load": loads,
        "seconds": seconds,
        "skipped": skipped,
        "rows": [row._asdict() | {"met": row.met} for row in found],
    }
    print("\n".join(section(told)))
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    print(f"wrote {file}")
    missed = [row.question for row in found if not row.met]
    print(f"{len(found) - len(missed)} of {len(found)} targets met" + "".join(f"\nmissed: {each}" for each in missed))
    return 1 if missed else 0


def section(told: Mapping[str, Any]) -> list[str]:
    """What there is to say of a run that was written down, as Markdown: the table, what was skipped, the machine."""
    rows = [Row(**{name: row[name] for name in Row._fields}) for row in told["rows"]]
    skipped = [f"skipped: {name}: {reason}" for name, reason in told["skipped"].items()]
    return [
        *table(rows),
        "",
        *skipped,
        f"{told['begun']}{', --quick' if told['quick'] else ''}: {told['processor']}, {told['cores']} cores, "
        f"{told['system']}, Python {told['python']}; load {min(told['load'])} to {max(told['load'])}; "
        f"{sum(told['seconds'].values()) / 60:.0f} min.",
    ]


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
            "met" if row.met else "**missed**",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


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


def write(file: Path = FILE) -> int:
    """Write the table of the last run into docs/performance.md. Return the exit status."""
    last_run = json.loads(file.read_text("utf-8"))
    PAGE.write_text(written(PAGE.read_text("utf-8"), "bench/table.py", "\n".join(section(last_run))), "utf-8")
    return 0
