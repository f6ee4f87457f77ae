"""The app as deployed: `function_app.py` under Microsoft's own runtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from logging import Handler

from local.environment import environment
from local.functions_host.host import FunctionsHost
from local.setup import ROOT
from shared.app import app


@contextmanager
def deployed(settings: Mapping[str, str], log: Handler | None = None) -> Iterator[FunctionsHost]:
    """With these settings, as a new process would run it."""
    with environment(settings):
        app.cache_clear()
        try:
            with FunctionsHost(ROOT, log=log) as host:
                yield host
        finally:
            app.cache_clear()
