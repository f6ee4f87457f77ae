"""Cold start: what importing the app takes in a fresh process, next to the SDKs that it needs."""

from __future__ import annotations

import subprocess
import sys
from itertools import count

from bench.measure import Row, Scale, Side, compared, interleaved
from local.setup import ROOT

SDKS = "import azure.functions, azure.identity, azure.storage.blob, requests"
_CODE = """
import time
def deep(calls):
    if calls:
        deep(calls - 1)
    else:
        exec({statement!r}, {{}})
began = time.process_time()
deep({calls})
print(time.process_time() - began)
"""
_STEP = 10


def rows(scale: Scale) -> list[Row]:
    """CPU seconds: a busy machine changes them less than the time on the clock.

    CPython takes memory for its stack in pieces of 16 KB, and gives the last one back at once: a loop of calls that
    happens to begin at the end of a piece takes it again each time. That was 2,400 times and 25 ms for one module of
    an SDK, and none with a few calls more around it. So each round begins deeper down.
    """
    took = interleaved({"app": _side("import function_app"), "sdks": _side(SDKS)}, 2 * scale.rounds)
    return [
        compared("import of function_app in a fresh process, CPU", took["app"], "four SDKs", took["sdks"], "s", 1.1)
    ]


def _side(statement: str) -> Side:
    calls = count(0, _STEP)

    def once() -> float:
        command = [sys.executable, "-c", _CODE.format(statement=statement, calls=next(calls))]
        return float(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)

    return once
