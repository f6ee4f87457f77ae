"""The app as deployed: `function_app.py` under Microsoft's own runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from logging import Handler

from local.environment import environment
from local.functions_host.host import FunctionsHost
from local.functions_host.queues import MemoryQueue, Queue
from local.setup import ROOT
from shared import app


@contextmanager
def deployed(
    settings: Mapping[str, str],
    clock: Callable[[], datetime],
    *,
    keys: Mapping[str, str] | None = None,
    port: int = 0,
    log: Handler | None = None,
    new_queue: Callable[[str], Queue] = lambda name: MemoryQueue(),
) -> Iterator[FunctionsHost]:
    """With these settings, as a new process would run it at the time of `clock`, in UTC; the rest is for the host."""
    with environment(settings):
        app.begin(partial(app.from_environment, clock))
        try:
            with FunctionsHost(ROOT, keys, port=port, log=log, new_queue=new_queue) as host:
                yield host
        finally:
            app.begin()
