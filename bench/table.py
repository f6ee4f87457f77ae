"""Asks the questions, prints the table, writes it down. The exit status says whether a target was missed."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Row, Scale, Skipped
from local.setup import HOME

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
    "pull",
)
"""The modules that answer one each: `rows(scale)`."""

HEAD = ("Question", "Ours", "Against", "Theirs", "Ratio", "Middle half", "Target", "")


def asked(name: str, scale: Scale) -> list[Row]:
    """The rows of one question. Raises Skipped."""
    try:
        rows: list[Row] = importlib.import_module(f"bench.{name}").rows(scale)
    except ModuleNotFoundError as missing:
        raise Skipped(f"{missing.name} is not installed") from missing
    return rows


def run(
    *,
    quick: bool = False,
    only: Sequence[str] = (),
    file: Path = HOME / "bench.json",
    ask: Callable[[str, Scale], list[Row]] = asked,
) -> int:
    """Answers 0 if no row that ran missed its target, else 1."""
    scale = Scale(rounds=3 if quick else 7, quick=quick)
    begun = datetime.now(UTC)
    found: list[Row] = []
    skipped: dict[str, str] = {}
    loads = [_load()]
    for name in only or QUESTIONS:
        started = time.monotonic()
        try:
            found += ask(name, scale)
        except Skipped as why:
            skipped[name] = str(why)
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        loads.append(_load())
    print("\n".join(table(found)))
    for name, reason in skipped.items():
        print(f"skipped: {name}: {reason}")
    told = machine() | {"begun": begun.isoformat(timespec="seconds"), "quick": quick, "load": loads}
    print(f"{told['processor']}, {told['cores']} cores, Python {told['python']}, load {min(loads)} to {max(loads)}")
    file.parent.mkdir(exist_ok=True)
    rows = [row._asdict() | {"met": row.met} for row in found]
    file.write_text(json.dumps(told | {"rows": rows, "skipped": skipped}, indent=1) + "\n", "utf-8")
    print(f"wrote {file}")
    missed = [row.question for row in found if not row.met]
    print(f"{len(found) - len(missed)} of {len(found)} targets met" + "".join(f"\nmissed: {each}" for each in missed))
    return 1 if missed else 0


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
