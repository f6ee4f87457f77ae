"""The process: killed in the middle, without room on its disk, without a package, without memory to waste."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Event
from typing import Any

from local.setup import ROOT
from tests.reliability.checks import no_secret
from tests.reliability.faults.cases import CALL, DETAIL, large
from tests.reliability.faults.scenario import RealStage, Scenario, must, must_end
from tests.reliability.storage_proxy import Operation

MEMORY = 256
"""MB that a process which pulls may take."""


def start(
    settings: Mapping[str, str], now: datetime, reports: str = CALL, under: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start a run in a process of its own, at that instant; `under` is a command that starts it."""
    command = [*under, sys.executable, "-m", "bench.lone_pull", "--now", now.isoformat()]
    environment, pipe = {**os.environ, **settings, "REPORTS": reports}, subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


def outcome_of(process: subprocess.Popen[str]) -> Mapping[str, Any]:
    """Return what the process prints in the end."""
    output, log = process.communicate()
    must(process.returncode == 0, f"the process ended with {process.returncode}: {log[-300:]}")
    must(no_secret("its log", log) == [], "a secret stands in its log")
    return dict(json.loads(output))


def _terminated(stage: RealStage) -> str:
    """The process is asked to end while it is about to write a snapshot. (`crashes` kills it at every step.)"""
    stage.tomorrow(23, 59)
    reached, over = Event(), Event()

    def hook(operation: Operation) -> None:
        if operation.name == "put_blob" and operation.blob.startswith("report=") and not reached.is_set():
            reached.set()
            over.wait(30)
            raise ConnectionResetError

    stage.storage.before = hook
    with start(stage.settings, stage.control.now()) as process:
        must(reached.wait(30), "the operation was not reached")
        process.terminate()
        process.wait(30)
        over.set()
    stage.check()
    stage.heal()
    return f"terminated, then {must_end(stage.pull(stage.app(CALL)), 'published')}"


def _no_room(stage: RealStage) -> str:
    """No file can grow beyond some kilobytes, and the body needs a temporary one."""
    stage.tomorrow(23, 59)
    stage.spoil(large("Display Name", rows=30))
    limited = ("sh", "-c", 'ulimit -f 64; exec "$0" "$@"')
    how = outcome_of(start(stage.settings, stage.control.now(), DETAIL, limited))["pulls"][DETAIL]
    must(how == "deferred:disk_full", f"it ended as {how}")
    stage.heal()
    return f"{how}, then {must_end(stage.pull(stage.app(DETAIL)), 'published')}"


def _half_a_package(stage: RealStage) -> str:
    """A module that only pulling needs cannot be imported."""
    code = (
        "import sys, time; began = time.perf_counter()\n"
        "for name in ('pulling.run', 'pulling.pull', 'graph.client', 'graph.session'):\n"
        "    import importlib.util; assert importlib.util.find_spec(f'shared.{name}')\n"
        "    sys.modules[f'shared.{name}'] = None\n"
        "import azure.functions as func, function_app as f\n"
        "request = func.HttpRequest('GET', '/api/status', body=b'')\n"
        "answer = f.status.build().get_user_function()(request)\n"
        "print(answer.status_code, time.perf_counter() - began)"
    )
    environment = os.environ | stage.settings
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    must(done.returncode == 0, done.stderr[-300:])
    status, seconds = done.stdout.split()
    must(status == "200" and float(seconds) < 30, f"it answers {status} after {seconds} s")
    return f"HTTP answers {status} after {float(seconds):.1f} s"


def _in_memory(what: str, ends: str, *faults: tuple[str, Mapping[str, Any]]) -> Scenario[RealStage]:
    def play(stage: RealStage) -> str:
        """The process that pulls stays small."""
        stage.tomorrow(23, 59)
        stage.spoil([{"fault": fault, "times": None, "args": args} for fault, args in faults])
        run = outcome_of(start(stage.settings, stage.control.now(), DETAIL))
        must(run["pulls"][DETAIL] == ends, f"it ended as {run['pulls'][DETAIL]}")
        must(run["peak"] < MEMORY, f"it took {run['peak']} MB")
        return f"{ends}, {run['peak']:.0f} MB, {run['seconds']:.0f} s"

    return Scenario("F24", what, play, RealStage, slow=True)


PROCESSES: tuple[Scenario[RealStage], ...] = (
    _in_memory("memory of a gzip bomb of 4 GB", "refused:bomb", ("gzip_bomb", {"size": 4 << 30})),
    _in_memory(
        "memory of an endless body", "refused:too_large", ("odd_cell", {"text": "x" * 200_000}), ("endless", {})
    ),
    Scenario("F72", "a process that is asked to end", _terminated, RealStage),
    Scenario("F77", "a module for pulling cannot be imported", _half_a_package, RealStage),
    Scenario("F78", "no room for a temporary file", _no_room, RealStage),
)
