"""The memory that the pull of a large report takes, next to its limit and to Microsoft's own SDK for Graph."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from bench.large import Large, large
from bench.measure import Row, Scale, Skipped, held, installed
from local.setup import ROOT

PEAK, GROWTH = 128, 10
"""MB."""


def rows(scale: Scale) -> Iterator[Row]:
    """Highest resident memory (VmHWM) of a process that does nothing else, in MB of 2**20 bytes."""
    small, big = scale.pick(250_000, 25_000), scale.pick(1_000_000, 100_000)
    with large(small) as body:
        least = float(body.pull()["peak"])
    with large(big) as body:
        most = float(body.pull()["peak"])
        yield held(f"peak memory of a pull of {body.size}", most, "the limit", PEAK, "MB")
        yield held(f"growth of it, from {small:,} rows to {big:,}", most - least, "the limit", GROWTH, "MB")
        if not installed("msgraph"):
            raise Skipped("msgraph-sdk, to hold it against, is not installed")
        yield held(f"peak memory of a pull of {body.size}", most, "msgraph-sdk downloads it", _sdk(body), "MB")


def _sdk(body: Large) -> float:
    command = [sys.executable, "-m", "bench.msgraph_pull", f"{body.origin}/v1.0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    size, peak = done.stdout.split()
    assert int(size) == body.file.stat().st_size
    return float(peak)
