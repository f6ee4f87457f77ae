"""Puts the app together from its settings: once per process, when something is first asked of it."""

from __future__ import annotations

import functools
import logging
import os
import random
import re
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared import events
from shared.archive.archive import Archive
from shared.archive.azure_blob_store import OF_READERS, OF_RUNS, AzureBlobStore
from shared.archive.blob_requests import StorageTimeouts
from shared.archive.blob_store import BlobStore
from shared.archive.upload import BLOCK
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable, RunFailed, UsageArchiveError
from shared.domain.evidence import APP
from shared.domain.selection import Selection, select
from shared.identity import HTTP_TOKEN_BACKOFF, RUN_TOKEN_BACKOFF, ManagedIdentity
from shared.settings import FOLDER_URL, Settings, read
from shared.web.archive_cache import ArchiveCache
from shared.web.routes import Api

if TYPE_CHECKING:
    from shared.archive.snapshot import Snapshot
    from shared.domain.outcome import Outcome
    from shared.graph.client import Graph, GraphClient
    from shared.pulling.run import PullRun
    from shared.pulling.witness import Witness


def utc_now() -> datetime:
    """Return the true time."""
    return datetime.now(UTC)


class App:
    """The two things that the app does: it pulls, and it answers. No request is made before they are used."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] | None = None,
        *,
        store: BlobStore | None = None,
        graph: Graph | None = None,
        sleep: Callable[[float], object] = time.sleep,
        random: Callable[[float, float], float] = random.uniform,
        timeouts: StorageTimeouts | None = None,
        block: int = BLOCK,
        keep_derived: bool = True,
        workers: int | None = None,
    ) -> None:
        """Take the parts; those that are not given are made from the settings.

        `clock` answers UTC, and is that of storage too: without it, the time is true, and storage has its own. `sleep`
        takes seconds, `random` answers a number between two. `timeouts` are those of Azure's storage, in true time, for
        runs and readers alike; `block` is how many bytes of a large body are staged at once. Without
        `keep_derived`, runs leave it to others to merge series, to make tables and to count for the views. So many
        `workers` pull at once.
        """
        self._settings = settings
        self._store = store
        self._graph = graph
        self._clock = clock or utc_now
        self._clock_of_storage = clock
        self._sleep = sleep
        self._random = random
        self._timeouts = timeouts
        self._block = block
        self._keep_derived = keep_derived
        self._workers = workers
        self._reports = catalogue()
        self.archive = self._archive(HTTP_TOKEN_BACKOFF, OF_READERS)

    @functools.cached_property
    def api(self) -> Api:
        """What answers the HTTP functions."""
        return Api(
            archive=self.archive,
            catalogue=self._reports,
            cache=ArchiveCache(self.archive, self._reports, self._clock),
            selection=self._selection,
            clock=self._clock,
            graph_version=self._settings.graph_version,
            min_group=self._settings.min_group,
            schedule=self._settings.pull_schedule,
        )

    @functools.cached_property
    def witness(self) -> Witness:
        """What is told of Graph and of the platform by runs."""
        from shared.pulling.witness import Witness  # as for `pull_run`

        return Witness()

    @functools.cached_property
    def _run_archive(self) -> Archive:
        return self._archive(RUN_TOKEN_BACKOFF, OF_RUNS)

    @functools.cached_property
    def pull_run(self) -> PullRun:
        """What the timer function executes. Raises SettingError for a REPORTS that selects nothing."""
        # Flex Consumption runs the timer on other instances than HTTP, whose cold start need not pay for these:
        # https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#per-function-scaling
        from shared.pulling.directory import Directory
        from shared.pulling.pull import Puller
        from shared.pulling.run import WORKERS, PullRun
        from shared.pulling.table_keeping import TableKeeping
        from shared.pulling.view_keeping import ViewKeeping

        archive, graph = self._run_archive, self._graph or self._made_graph()
        tables = TableKeeping(archive, self._reports, self._clock, with_delta=self._settings.delta)

        def derive(outcome: Outcome, snapshot: Snapshot, content: bytes | None) -> None:
            if self._keep_derived:
                # Of an old snapshot too: the run that archived it may have died before this.
                archive.series.keep_up(snapshot, content)
                tables.add(outcome, snapshot, content)

        puller = Puller(
            archive=archive,
            graph=graph,
            directory=Directory(
                graph=graph,
                with_sign_ins=self._settings.sign_in_activity,
                clock=self._clock,
                sleep=self._sleep,
                random=self._random,
            ),
            catalogue=self._reports,
            graph_version=self._settings.graph_version,
            clock=self._clock,
            witness=self.witness,
            keep_derived=derive,
        )
        selection = self._selection()
        views = ViewKeeping(archive, self._reports, selection, self._settings.min_group, self._clock)
        return PullRun(
            archive=archive,
            puller=puller,
            keep_views=views.keep if self._keep_derived else lambda pulls, end: None,
            keep_tables=tables.keep if self._keep_derived else lambda coverage, end: None,
            selection=selection,
            clock=self._clock,
            sleep=self._sleep,
            random=self._random,
            workers=self._workers or WORKERS,
        )

    def _made_graph(self) -> GraphClient:
        from shared.graph.bearer import Bearer
        from shared.graph.client import GraphClient

        settings = self._settings
        bearer = Bearer(lambda: self._identity(RUN_TOKEN_BACKOFF), settings.graph_endpoint)
        return GraphClient(settings.graph_endpoint, bearer, settings.download_origins)

    def _selection(self) -> Selection:
        return select(self._settings.reports, self._reports)

    def _archive(self, waits: Sequence[float], timeouts: StorageTimeouts) -> Archive:
        store = self._store or self._made_store(waits, self._timeouts or timeouts)
        return Archive(store, self._reports, block=self._block)

    def _made_store(self, waits: Sequence[float], timeouts: StorageTimeouts) -> BlobStore:
        settings = self._settings
        if settings.archive_url.startswith(FOLDER_URL):
            from shared.archive.folder_blob_store import FolderBlobStore

            return FolderBlobStore.at(settings.archive_url, self._clock_of_storage)
        return AzureBlobStore(
            settings.archive_url, self._identity(waits), settings.archive_ca, timeouts, self._clock_of_storage
        )

    def _identity(self, backoff: Sequence[float]) -> ManagedIdentity:
        return ManagedIdentity(self._settings.client_id, backoff, self._sleep)

    def pull_as_asked(self, token: str) -> None:
        """Pull what is due, for a message in the queue. Raises what the same message may do better a second time."""
        with suppress(RunFailed):  # which is in the log, and for which the host would deliver the message again
            self.pull(token)

    def pull(self, token: str = "") -> None:
        """Pull what is due, unless another run is under way. The id of the run ends with the token, if that is one.

        Raises RunFailed at the end if something in it needs a person, so that Azure counts it.
        """
        token = token if re.fullmatch("[0-9a-f]{6}", token) else secrets.token_hex(3)
        try:
            with self._run_archive.lease.hold(token) as lease:
                if lease.run == token:
                    self._pull(token)
                else:
                    events.emit(events.RUN_SKIPPED, under_way=lease.run, since=lease.since)
        except ArchiveUnavailable as error:
            events.emit(events.RUN_STOPPED, logging.ERROR, detail=str(error))
            raise

    def _pull(self, token: str) -> None:
        try:
            record = self.pull_run.execute(token)
        except UsageArchiveError:
            raise
        except Exception as error:
            events.log_unexpected("The run failed.")
            raise RunFailed(f"{type(error).__name__} in the app itself.") from None
        self._keep_evidence(record.finished - record.started)
        if stuck := record.needing_a_person():
            calls = ", ".join(f"{pull.call} ({pull.reason})" for pull in stuck)
            events.emit(events.RUN_FAILED, logging.ERROR, run=record.id, calls=calls)
            raise RunFailed(f"These calls need a person: {calls}.")

    def _keep_evidence(self, duration: timedelta) -> None:
        """Keep what the run, which took so long, saw of Graph and of the platform."""
        from shared.pulling.platform_facts import platform_facts  # as for `pull_run`

        facts = platform_facts(self._settings.host_version)
        self.witness.see(APP, {**facts, "start_seconds": _STARTED, "run_seconds": duration.total_seconds()})
        self.witness.keep(self._run_archive.store, self._clock())


def from_environment(clock: Callable[[], datetime] | None = None) -> App:
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
_STARTED = time.process_time()
"""CPU seconds that the process took until all was imported that a cold start needs."""
