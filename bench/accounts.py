"""The directory of a large tenant: what a run that reads it and counts takes, next to that of a small one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import requests

from bench.canned_directory import PAGE
from bench.measure import Row, Scale, held
from local.child import Child
from local.environment import environment
from local.setup import ROOT
from local.stack import Stack
from shared.pulling.run import RUN_TIME

FEW, MANY, QUICK = 2_000, 200_000, 20_000
GROWTH = 20
"""MB."""


class _Run(NamedTuple):
    """What one run took."""

    peak: float
    """MB of 2**20 bytes."""
    seconds: float
    requests: int


def rows(scale: Scale) -> Iterator[Row]:
    """Highest resident memory (VmHWM) of a process that does nothing else, requests to Graph, and seconds."""
    number = scale.pick(MANY, QUICK)
    few, many = _run(FEW), _run(number)
    growth = f"growth of the peak memory of a run without tables, from {FEW:,} accounts to {number:,}"
    yield held(growth, many.peak - few.peak, "the limit", GROWTH, "MB")
    yield held(f"requests for {number:,} accounts", many.requests, "full pages", -(-number // PAGE), "requests", 1.01)
    yield held(
        f"a run that reads {number:,} accounts", many.seconds, "the time of a run", RUN_TIME.total_seconds(), "s"
    )


def _run(number: int) -> _Run:
    graph = Child("Graph", [sys.executable, "-m", "bench.canned_directory", str(number)], json.loads, cwd=ROOT)
    try:
        origin = graph.announcement()["origin"]
        with Stack(settings={"REPORTS": "users"}) as stack:
            told = _told(stack.settings | {"GRAPH_ENDPOINT": origin})
        assert told["pulls"] == {"users": "published"}, told
        assert told["rows"] == number, told
        return _Run(told["peak"], told["seconds"], int(requests.get(f"{origin}/asked", timeout=10).text))
    finally:
        graph.stop()


def _told(settings: Mapping[str, str]) -> dict[str, Any]:
    with environment(settings):
        command = [sys.executable, "-m", "bench.lone_pull", "--no-tables"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(told, file=sys.stderr, flush=True)
    return told
