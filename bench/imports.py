"""Cold start: what importing the app takes in a fresh process, next to the SDKs that it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Row, Scale, Side, compared, interleaved
from local.setup import ROOT

SDKS = "import azure.functions, azure.identity, azure.storage.blob, requests"
_CODE = """
import sys, time
sys.modules["aiohttp"] = None
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
PACKAGE = (ROOT, Path(sysconfig.get_path("purelib")))
"""What is deployed; the standard library is there before, compiled."""


def rows(scale: Scale) -> Iterator[Row]:
    """CPU seconds: a busy machine changes them less than the time on the clock.

    CPython takes memory for its stack in pieces of 16 KB, and gives the last one back at once: a loop of calls that
    happens to begin at the end of a piece takes it again each time. That was 2,400 times and 25 ms for one module of
    an SDK, and none with a few calls more around it. So each round begins deeper down.

    `aiohttp` is not deployed, and the SDKs import it where it is.
    """
    with TemporaryDirectory(prefix="usage-archive-") as bytecode:
        there = ("-X", f"pycache_prefix={bytecode}")
        yield _compared("import of function_app in a fresh process, CPU", 2 * scale.rounds, 1.0, *there)
        for folder in PACKAGE:
            shutil.rmtree(bytecode + str(folder), ignore_errors=True)
        yield _compared("the same from a package without bytecode", scale.rounds, 1.05, *there, "-B")


def _compared(question: str, rounds: int, target: float, *options: str) -> Row:
    sides = {"app": "import function_app", "sdks": SDKS}
    took = interleaved({name: _side(statement, *options) for name, statement in sides.items()}, rounds)
    return compared(question, took["app"], "four SDKs", took["sdks"], "s", target)


def _side(statement: str, *options: str) -> Side:
    calls = count(0, _STEP)
    writing = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def once() -> float:
        command = [sys.executable, *options, "-c", _CODE.format(statement=statement, calls=next(calls))]
        told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=writing)
        return float(told.stdout)

    return once
