"""Runs of pulls in a process of its own, which can be killed at any instant, as any process can."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from local.simulator_client import Control
from shared.archive.blob_requests import StorageTimeouts
from shared.domain.errors import UsageArchiveError
from shared.graph.session import Limits
from tests.reliability.environment import BLOCK
from tests.reliability.real_parts import app_of, store_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext, SpawnContext

KILLED = "killed"
_LONGEST = 60.0
"""Seconds that a process may take."""


class ProcessSpec(NamedTuple):
    """What a process needs to know."""

    settings: Mapping[str, str]
    """App settings, and those of the platform."""
    control: str
    """Address of the simulator, in whose time it lives."""
    times: Sequence[datetime]
    """When it executes a run."""
    log: Path
    read_timeout: float = 20
    """Seconds without an answer, whoever is asked."""
    block: int = BLOCK
    """Bytes of a large body that are staged at once."""


class KillableProcess:
    """A process that executes runs."""

    def __init__(self, spec: ProcessSpec) -> None:
        self._result, sender = _context().Pipe(duplex=False)
        self._process = _context().Process(target=_execute, args=(spec, sender), daemon=True)
        self._sender = sender
        self._started = Event()
        self._is_killed = False

    def wait(self) -> str:
        """Start it and wait for its end. Return how the pulls of the last run ended, or KILLED, or what went wrong."""
        self._process.start()
        self._sender.close()
        self._started.set()
        try:
            if self._result.poll(_LONGEST):
                return str(self._result.recv())
            self._process.kill()
            return f"still there after {_LONGEST:.0f} s"
        except EOFError:
            return KILLED if self._is_killed else "broken off"
        finally:
            self._process.join()
            self._process.close()
            self._result.close()

    def kill(self) -> None:
        """Kill it at once, without a chance to do anything more."""
        self._started.wait(_LONGEST)
        self._is_killed = True
        self._process.kill()


@cache
def _context() -> ForkServerContext | SpawnContext:
    """Return what makes processes: with everything that is slow to import, where the platform can do that."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _execute(spec: ProcessSpec, sender: Connection[str, str]) -> None:
    logging.basicConfig(filename=spec.log, level=logging.INFO)
    for library in ("azure", "urllib3"):  # as in the app
        logging.getLogger(library).setLevel(logging.WARNING)
    os.environ.update(spec.settings)
    control, patience = Control(spec.control), spec.read_timeout
    store = store_of(spec.settings, control, patience, StorageTimeouts(read=patience, backoff=0))
    limits = Limits(read_timeout=patience)
    app = app_of(spec.settings, control, store, limits=limits, token_seconds=patience, block=spec.block)
    how = ""
    for now in spec.times:
        control.set_time(now)
        try:
            results = app.pull_run.execute().pulls
            how = " ".join(":".join(filter(None, (each.outcome, each.reason))) for each in results)
        except UsageArchiveError as error:
            logging.getLogger(__name__).exception("The run failed.")
            how = type(error).__name__
    sender.send(how)
