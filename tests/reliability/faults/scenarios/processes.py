"""The process: killed in the middle, without room on its disk, without a package, without memory to waste."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING, Any

from local.setup import ROOT
from tests.reliability.faults.cases import DETAIL
from tests.reliability.faults.scenario import Scenario, must, must_end, secrets_in

if TYPE_CHECKING:
    from tests.reliability.faults.run import Bench
    from tests.reliability.storage_proxy import Operation

CALL = "getOffice365ServicesUserCounts(period='D7')"
MEMORY = 256
"""MB that a process which pulls may take."""


def start(
    settings: Mapping[str, str], now: datetime, reports: str = CALL, under: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """A run in a process of its own, at that instant; `under` is a command that starts it."""
    command = [*under, sys.executable, "-m", "bench.lone_pull", "--now", now.isoformat()]
    environment, pipe = {**os.environ, **settings, "REPORTS": reports}, subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


def told(process: subprocess.Popen[str]) -> Mapping[str, Any]:
    """What it prints in the end."""
    said, complaint = process.communicate()
    must(process.returncode == 0, f"the process ended with {process.returncode}: {complaint[-300:]}")
    must(secrets_in(complaint) == [], "a secret stands in its log")
    return dict(json.loads(said))


def _killed(kill: Callable[[subprocess.Popen[str]], None], operation: str, blob: str, *, after: bool) -> Scenario:
    def play(bench: Bench) -> str:
        """The process is killed around an operation on storage, which has its effect or not."""
        bench.tomorrow(23, 59)
        reached, over = Event(), Event()

        def hook(seen: Operation) -> None:
            if seen.name == operation and seen.blob.startswith(blob) and not reached.is_set():
                reached.set()
                over.wait(30)
                raise ConnectionResetError

        setattr(bench.storage, "after" if after else "before", hook)
        with start(bench.settings, bench.control.now()) as process:
            must(reached.wait(30), "the operation was not reached")
            kill(process)
            process.wait(30)
            over.set()
        violated = bench.violations()
        must(violated == [], "; ".join(violated))
        bench.heal()
        return f"killed, then {must_end(bench.pull(bench.app(CALL)), 'published', 'unchanged')}"

    what = f"{kill.__name__} {'after' if after else 'before'} the {operation} of {blob.rstrip('/=')}"
    return Scenario("F72", what, play, slow=blob != "report=")


def _no_room(bench: Bench) -> str:
    """No file can grow beyond some kilobytes, and the body needs a temporary one."""
    bench.tomorrow(23, 59)
    bench.spoil([{"fault": "odd_cell", "times": None, "args": {"text": _noise(3 << 20)}}])
    limited = ("sh", "-c", 'ulimit -f 64; exec "$0" "$@"')
    ended = told(start(bench.settings, bench.control.now(), DETAIL, limited))["pulls"][DETAIL]
    must(ended == "deferred:disk_full", f"it ended as {ended}")
    bench.heal()
    return f"{ended}, then {must_end(bench.pull(bench.app(DETAIL)), 'published')}"


def _noise(size: int) -> str:
    """A text that cannot be compressed much, in lines."""
    lines = (os.urandom(600).hex() for _ in range(size // 1200))
    return "\n".join(lines)


def _half_a_package(bench: Bench) -> str:
    """A module that only pulling needs cannot be imported."""
    code = (
        "import sys, time; began = time.perf_counter()\n"
        "for name in ('runner', 'pull', 'graph', 'transport'): sys.modules[f'shared.{name}'] = None\n"
        "import azure.functions as func, function_app as f\n"
        "request = func.HttpRequest('GET', '/api/status', body=b'')\n"
        "answer = f.status.build().get_user_function()(request)\n"
        "print(answer.status_code, time.perf_counter() - began)"
    )
    environment = os.environ | bench.settings
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    must(done.returncode == 0, done.stderr[-300:])
    status, seconds = done.stdout.split()
    must(status == "200" and float(seconds) < 30, f"it answers {status} after {seconds} s")
    return f"HTTP answers {status} after {float(seconds):.1f} s"


def _in_memory(what: str, ends: str, *faults: tuple[str, Mapping[str, Any]]) -> Scenario:
    def play(bench: Bench) -> str:
        """The process that pulls stays small."""
        bench.tomorrow(23, 59)
        bench.spoil([{"fault": fault, "times": None, "args": args} for fault, args in faults])
        run = told(start(bench.settings, bench.control.now(), DETAIL))
        must(run["pulls"][DETAIL] == ends, f"it ended as {run['pulls'][DETAIL]}")
        must(run["peak"] < MEMORY, f"it took {run['peak']} MB")
        return f"{ends}, {run['peak']:.0f} MB, {run['seconds']:.0f} s"

    return Scenario("F24", what, play, slow=True)


PROCESSES: tuple[Scenario, ...] = (
    _in_memory("memory of a gzip bomb of 4 GB", "refused:bomb", ("gzip_bomb", {"size": 4 << 30})),
    _in_memory(
        "memory of an endless body", "refused:too_large", ("odd_cell", {"text": "x" * 200_000}), ("endless", {})
    ),
    _killed(subprocess.Popen.terminate, "put_blob", "report=", after=False),
    _killed(subprocess.Popen.kill, "put_blob", "report=", after=True),
    _killed(subprocess.Popen.kill, "put_blob", "series/", after=False),
    _killed(subprocess.Popen.kill, "put_blob", "runs/", after=False),
    Scenario("F77", "a module for pulling cannot be imported", _half_a_package),
    Scenario("F78", "no room for a temporary file", _no_room),
)
