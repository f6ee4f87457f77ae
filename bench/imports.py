"""Cold start: what importing the app takes in a fresh process, next to the SDKs that it needs."""

from __future__ import annotations

import subprocess
import sys

from bench.measure import Row, Scale, compared, interleaved
from local.setup import ROOT

SDKS = "import azure.functions, azure.identity, azure.storage.blob, requests"
_CODE = "import time; began = time.process_time(); {}; print(time.process_time() - began)"


def rows(scale: Scale) -> list[Row]:
    """CPU seconds: a busy machine changes them less than the time on the clock."""
    took = interleaved(
        {"app": lambda: _seconds("import function_app"), "sdks": lambda: _seconds(SDKS)}, 2 * scale.rounds
    )
    return [
        compared("import of function_app in a fresh process, CPU", took["app"], "four SDKs", took["sdks"], "s", 1.1)
    ]


def _seconds(statement: str) -> float:
    command = [sys.executable, "-c", _CODE.format(statement)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)
