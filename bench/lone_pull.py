"""`python -m bench.lone_pull`: one run of the app in a process of its own, which tells how much memory it took.

The settings are the environment. Prints one JSON line: how the pulls ended, and the highest memory in MB (2**20 bytes).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from shared.app import App, utc_now
from shared.settings import read


def peak() -> float:
    """The most memory that this process ever held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss begins with what the parent held
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main(arguments: Sequence[str] | None = None) -> None:
    """Pull what is due."""
    parser = argparse.ArgumentParser(prog="python -m bench.lone_pull", description=__doc__)
    parser.add_argument("--now", type=datetime.fromisoformat, help="stop the clock at this instant (ISO 8601)")
    parser.add_argument("--no-tables", action="store_true", help="leave it to others to make tables and series")
    options = parser.parse_args(arguments)
    clock = (lambda: options.now) if options.now else utc_now
    app = App(read(os.environ), clock, keep_derived=not options.no_tables)
    started = time.monotonic()
    pulls = app.pull_run.execute().pulls
    told = {
        "pulls": {str(pulled.call): ":".join(filter(None, (pulled.outcome, pulled.reason))) for pulled in pulls},
        "rows": sum(pulled.rows or 0 for pulled in pulls),
        "seconds": round(time.monotonic() - started, 3),
        "peak": round(peak(), 1),
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
