"""A simulated year, as `run --days 400` gives it to a newcomer."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time

from bench.measure import Row, Scale, held
from bench.parts import TODAY
from local.setup import ROOT

DAYS, QUICK = 400, 40
LIMIT = 180
"""Seconds, for 400 days."""


def rows(scale: Scale) -> list[Row]:
    """The whole command, from its start to its end. A few days take more of the limit, as the first takes long."""
    days = scale.pick(DAYS, QUICK)
    with tempfile.TemporaryDirectory(prefix="usage-archive-") as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        where = ["--archive", f"{folder}/archive", "--port", str(port), "--now", f"{TODAY:%Y-%m-%dT%H:%M}"]
        command = [sys.executable, "-m", "local", "run", "--once", "--days", str(days), *where]
        started = time.monotonic()
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        took = time.monotonic() - started
    return [held(f"run --days {days}, default reports", took, "three minutes", LIMIT, "s")]
