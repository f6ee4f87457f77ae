"""`python -P bench/lone_reader.py BUILD READERS REQUEST`: an app that answers, in a process of its own.

BUILD is a directory with a function_app.py, this one or that of another version. So many readers ask at once, and come
again after `Retry-After`, three times at most. Prints one JSON line: seconds, CPU seconds, statuses, and the highest
memory beyond that of the process before, in MB of 2**20 bytes.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

TRIES = 4


def memory(name: str) -> float:
    """Of this process, in MB: VmRSS now, VmHWM the most since it was set back."""
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) / 1024


def ask(function: Callable[..., Any], request: Any) -> int:
    """Ask until there is an answer; return its status."""
    for _ in range(TRIES):
        answer = function(request)
        if answer.status_code != 503:
            break
        time.sleep(int(answer.headers["Retry-After"]))
    return int(answer.status_code)


def main() -> None:
    """Ask, and tell."""
    build, readers, text = sys.argv[1:]
    sys.path.insert(0, build)
    import azure.functions as func

    import function_app

    functions = {each.get_function_name(): each.get_user_function() for each in function_app.app.get_functions()}
    wanted = json.loads(text)

    def request(query: dict[str, str], headers: dict[str, str]) -> func.HttpRequest:
        parts = {"version": "v1.0", "path": wanted["path"]}
        return func.HttpRequest("GET", "http://127.0.0.1", headers=headers, params=query, route_params=parts, body=b"")

    warm = {"from": "2100-01-01"} if wanted["path"].endswith("series") else {}
    condition = {"if-none-match": "*"}
    functions["personal_reports"](request(warm, condition))
    Path("/proc/self/clear_refs").write_text("5")
    base, cpu, started = memory("VmRSS"), time.process_time(), time.monotonic()
    with ThreadPoolExecutor(int(readers)) as pool:
        asked = request(wanted.get("query", {}), wanted.get("headers", {}))
        statuses = Counter(pool.map(lambda _: ask(functions["personal_reports"], asked), range(int(readers))))
    told = {
        "seconds": round(time.monotonic() - started, 2),
        "cpu": round(time.process_time() - cpu, 2),
        "statuses": statuses,
        "peak": round(memory("VmHWM") - base, 1),
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
