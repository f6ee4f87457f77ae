"""Puts the app together from its settings: once per process, when something is first asked of it."""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from . import events
from .api import Api
from .archive import Archive
from .catalogue import catalogue
from .errors import RunFailed
from .graph import Graph
from .identity import Bearer, managed_identity
from .pull import Puller, needing_a_person
from .selection import select
from .settings import Settings, read


@dataclass(frozen=True)
class App:
    """The two things that the app does."""

    puller: Puller
    api: Api

    def pull(self) -> None:
        """Pull what is due. Raises RunFailed at the end if something in it needs a person, so that Azure counts it."""
        run = self.puller.run()
        if stuck := needing_a_person(run):
            calls = ", ".join(f"{pulled.call} ({pulled.reason})" for pulled in stuck)
            events.emit(events.RUN_FAILED, logging.ERROR, run=run.id, calls=calls)
            raise RunFailed(f"These calls need a person: {calls}.")


def build(
    settings: Settings,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], object] = time.sleep,
) -> App:
    """The app for these settings. No request is made yet. Raises SettingError for a REPORTS that selects nothing."""
    reports = catalogue()
    archive = Archive(
        settings.archive_url,
        managed_identity(settings.client_id),
        personal=[report.name for report in reports.reports.values() if report.personal_data],
        ca=settings.archive_ca,
    )
    bearer = Bearer(lambda: managed_identity(settings.client_id), settings.graph_endpoint)
    graph = Graph(settings.graph_endpoint, bearer, settings.download_origins)
    selection = select(settings.reports, reports)
    return App(
        puller=Puller(archive, graph, reports, selection, settings.graph_version, clock, sleep),
        api=Api(archive, reports, clock),
    )


@functools.cache
def app() -> App:
    """The app of this process. Raises SettingError at every use, until the setting is right."""
    for library in ("azure", "urllib3"):  # they would log every request, and the URLs of downloads are secret
        logging.getLogger(library).setLevel(logging.WARNING)
    return build(read(os.environ))
