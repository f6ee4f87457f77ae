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
from shared.app import App
from shared.archive.azure_blob_store import AzureBlobStore, StorageTimeouts
from shared.archive.upload import BLOCK
from shared.domain.errors import UsageArchiveError
from shared.graph.bearer import Bearer
from shared.graph.client import GraphClient
from shared.graph.session import Limits
from shared.identity import RUN_TOKEN_BACKOFF, ManagedIdentity
from shared.pulling.run import PullRun
from shared.settings import read

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext, SpawnContext

KILLED = "killed"
_LONGEST = 60.0


class Orders(NamedTuple):
    """What a process needs to know."""

    settings: Mapping[str, str]
    """App settings, and those of the platform."""
    control: str
    """Address of the simulator, in whose time it lives."""
    times: Sequence[datetime]
    """When it does a run."""
    log: Path
    silence: float = 20
    """Seconds that it waits for an answer, whoever is asked."""
    block: int = BLOCK
    """Bytes of a large body that are staged at once."""


class Mortal:
    """A process that does runs."""

    def __init__(self, orders: Orders) -> None:
        self._answer, self._told = _context().Pipe(duplex=False)
        self._process = _context().Process(target=_live, args=(orders, self._told), daemon=True)
        self._born = Event()
        self._killed = False

    def live(self) -> str:
        """Start it, and wait for its end: how the pulls of the last run ended, or KILLED, or what went wrong."""
        self._process.start()
        self._told.close()
        self._born.set()
        try:
            if self._answer.poll(_LONGEST):
                return str(self._answer.recv())
            self._process.kill()
            return f"still there after {_LONGEST:.0f} s"
        except EOFError:
            return KILLED if self._killed else "broken off"
        finally:
            self._process.join()
            self._process.close()
            self._answer.close()

    def kill(self) -> None:
        """Let it die at once, without a chance to do anything more."""
        self._born.wait(_LONGEST)
        self._killed = True
        self._process.kill()


@cache
def _context() -> ForkServerContext | SpawnContext:
    """Processes that begin with all that is slow to import, where the platform can do that."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _live(orders: Orders, told: Connection[str, str]) -> None:
    logging.basicConfig(filename=orders.log, level=logging.INFO)
    for library in ("azure", "urllib3"):  # as in the app
        logging.getLogger(library).setLevel(logging.WARNING)
    os.environ.update(orders.settings)
    told.send(_ended(orders))


def _ended(orders: Orders) -> str:
    """Do the runs, and tell how each pull of the last one ended, with the reason behind a colon."""
    control = Control(orders.control)
    pull_run, ended = pull_run_of(orders, control), ""
    for now in orders.times:
        control.set_time(now)
        try:
            ended = " ".join(":".join(filter(None, (each.outcome, each.reason))) for each in pull_run.execute().pulls)
        except UsageArchiveError as error:
            logging.getLogger(__name__).exception("The run failed.")
            ended = type(error).__name__
    return ended


def pull_run_of(orders: Orders, control: Control) -> PullRun:
    """What does the runs: as in the app, but for the patience."""
    settings = read(orders.settings)

    def identity() -> ManagedIdentity:
        return ManagedIdentity(settings.client_id, RUN_TOKEN_BACKOFF, control.sleep, orders.silence)

    timeouts = StorageTimeouts(read=orders.silence, backoff=0)
    store = AzureBlobStore(settings.archive_url, identity(), settings.archive_ca, timeouts)
    bearer = Bearer(identity, settings.graph_endpoint)
    graph = GraphClient(settings.graph_endpoint, bearer, settings.download_origins, Limits(read_timeout=orders.silence))
    app = App(settings, store=store, graph=graph, clock=control.now, sleep=control.sleep, block=orders.block)
    return app.pull_run
