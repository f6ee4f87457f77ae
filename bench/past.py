"""A simulated year, as `run --days 400` and `run --demo` give it to a newcomer."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time

from bench.measure import Row, Scale, held, shared_by_cores, spent
from bench.parts import TODAY
from local import demo
from local.setup import ROOT

DAYS, QUICK = 400, 40
LIMIT, DEMO_LIMIT = 180, 30
"""Seconds, for 400 days and for the demo."""


def rows(scale: Scale) -> list[Row]:
    """The whole commands, from start to end. A few days take more of the limit, as the first takes long."""
    days, of_demo = scale.pick(DAYS, QUICK), scale.pick(demo.DAYS, QUICK)
    return [
        _row(f"run --days {days}, default reports", LIMIT, "three minutes", days),
        _row(f"run --demo for the first time, {of_demo} days", DEMO_LIMIT, "half a minute", of_demo, "--demo"),
    ]


def _row(question: str, limit: int, against: str, days: int, *options: str) -> Row:
    """How long a past takes, next to what all its processes would take if they shared the cores evenly."""
    with tempfile.TemporaryDirectory(prefix="usage-archive-") as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        where = ["--archive", f"{folder}/archive", "--port", str(port), "--now", f"{TODAY:%Y-%m-%dT%H:%M}"]
        command = [sys.executable, "-m", "local", "run", "--once", "--days", str(days), *options, *where]
        started, before = time.monotonic(), spent()
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        took, cpu = time.monotonic() - started, spent() - before
    why = f"all its processes take {cpu:.0f} s of CPU, {cpu / days:.2f} s a day"
    return held(question, took, against, limit, "s", true_limit=shared_by_cores(cpu, limit, why))
