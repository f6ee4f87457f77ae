"""Puts the app together from its settings: once per process, when something is first asked of it."""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared import events
from shared.archive.snapshots import PATIENCE, Archive, Patience
from shared.domain.catalogue import catalogue
from shared.domain.errors import RunFailed, UsageArchiveError
from shared.domain.selection import Selection, select
from shared.identity import A_MINUTE, BRIEFLY, Bearer, ManagedIdentity
from shared.settings import Settings, read
from shared.web.archive_cache import Holdings
from shared.web.routes import Api

if TYPE_CHECKING:
    from shared.pulling.run import Runner


def utc_now() -> datetime:
    """Return the true time."""
    return datetime.now(UTC)


class App:
    """The two things that the app does: it pulls, and it answers. No request is made before they are used."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object] = time.sleep,
        patience: Patience = PATIENCE,
    ) -> None:
        """The clock answers UTC; `sleep` takes seconds. With `patience` storage is waited for, in the true time."""
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._reports = catalogue()
        self.archive = self._archive(BRIEFLY)

    @functools.cached_property
    def api(self) -> Api:
        """What answers the HTTP functions."""
        holdings = Holdings(self.archive, self._reports, self._clock)
        return Api(self.archive, self._reports, holdings, self._selection, self._clock, self._settings.graph_version)

    @functools.cached_property
    def runner(self) -> Runner:
        """What the timer function runs. Raises SettingError for a REPORTS that selects nothing."""
        # Flex Consumption runs the timer on other instances than HTTP, whose cold start need not pay for these:
        # https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#per-function-scaling
        from shared.graph.client import Graph
        from shared.pulling.pull import Puller
        from shared.pulling.run import Runner

        settings = self._settings
        bearer = Bearer(lambda: self._identity(A_MINUTE), settings.graph_endpoint)
        graph = Graph(settings.graph_endpoint, bearer, settings.download_origins)
        puller = Puller(self._archive(A_MINUTE), graph, self._reports, settings.graph_version, self._clock)
        return Runner(puller, self._selection(), self._clock, self._sleep)

    def _selection(self) -> Selection:
        return select(self._settings.reports, self._reports)

    def _archive(self, waits: Sequence[float]) -> Archive:
        return Archive(
            self._settings.archive_url,
            self._identity(waits),
            personal=self._reports.personal,
            ca=self._settings.archive_ca,
            patience=self._patience,
        )

    def _identity(self, waits: Sequence[float]) -> ManagedIdentity:
        return ManagedIdentity(self._settings.client_id, waits, self._sleep)

    def pull(self) -> None:
        """Pull what is due. Raises RunFailed at the end if something in it needs a person, so that Azure counts it."""
        try:
            run = self.runner.run()
        except UsageArchiveError:
            raise
        except Exception as error:
            events.defect("The run failed.")
            raise RunFailed(f"{type(error).__name__} in the app itself.") from None
        if stuck := run.needing_a_person():
            calls = ", ".join(f"{pulled.call} ({pulled.reason})" for pulled in stuck)
            events.emit(events.RUN_FAILED, logging.ERROR, run=run.id, calls=calls)
            raise RunFailed(f"These calls need a person: {calls}.")


def from_environment(clock: Callable[[], datetime] = utc_now) -> App:
    """Make the app that the environment variables describe. Raise SettingError if one is missing or wrong."""
    return App(read(os.environ), clock)


def begin(make: Callable[[], App] = from_environment) -> None:
    """Let the app of this process be what `make` makes when the app is next used: that of a new process without it."""
    global _make
    _make = make
    app.cache_clear()


@functools.cache
def app() -> App:
    """The app of this process. Raises SettingError at every use, until the setting is right."""
    # They would log URLs, which are secret, and what the token endpoint says.
    for library in ("azure", "msal", "urllib3"):
        logging.getLogger(library).setLevel(logging.ERROR)
    return _make()


_make: Callable[[], App] = from_environment
