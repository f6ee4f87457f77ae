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
from shared.archive.tenant_blob_store import TenantBlobStore
from shared.archive.upload import BLOCK
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable, RunFailed, UsageArchiveError
from shared.domain.evidence import APP
from shared.domain.selection import Selection, select
from shared.domain.tenants import Tenant
from shared.identity import HTTP_TOKEN_BACKOFF, RUN_TOKEN_BACKOFF, Federation, ManagedIdentity
from shared.settings import FOLDER_URL, Settings, read
from shared.web.archive_cache import ArchiveCache
from shared.web.routes import Api

if TYPE_CHECKING:
    from shared.archive.run_record import PullResult, RunRecord
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
        tenant: Tenant | None = None,
        whole_store: Callable[[], BlobStore] | None = None,
    ) -> None:
        """Take the parts; those that are not given are made from the settings.

        `clock` answers UTC, and is that of storage too: without it, the time is true, and storage has its own. `sleep`
        takes seconds, `random` answers a number between two. `timeouts` are those of Azure's storage, in true time, for
        runs and readers alike; `block` is how many bytes of a large body are staged at once. Without
        `keep_derived`, runs leave it to others to merge series and to make tables. So many `workers` pull at
        once. `tenant` is the customer's of whom all of it is; without one it is the app's own.
        `whole_store` gives the place of the archives of all tenants, for readers.
        """
        self.of_tenant: Callable[[Tenant], App] = lambda tenant: App(
            settings,
            clock,
            store=store,
            graph=graph,
            sleep=sleep,
            random=random,
            timeouts=timeouts,
            block=block,
            keep_derived=keep_derived,
            workers=workers,
            tenant=tenant,
            whole_store=lambda: self.whole_store,
        )
        """Makes the app of a customer's tenant, of the same parts."""
        self.settings = settings
        self._store = store
        self._graph = graph
        self.clock = clock or utc_now
        self._clock_of_storage = clock
        self._sleep = sleep
        self._random = random
        self._timeouts = timeouts
        self._block = block
        self._keep_derived = keep_derived
        self._workers = workers
        self._tenant = tenant
        self._given_whole_store = whole_store
        self._reports = catalogue()
        self.archive = self._archive(self.whole_store)

    @functools.cached_property
    def api(self) -> Api:
        """What answers the HTTP functions."""
        return Api(
            archive=self.archive,
            catalogue=self._reports,
            cache=ArchiveCache(self.archive, self._reports, self.clock),
            selection=self._selection,
            clock=self.clock,
            graph_version=self.settings.graph_version,
            min_group=self.settings.min_group,
            schedule=self.settings.pull_schedule,
        )

    @functools.cached_property
    def witness(self) -> Witness:
        """What is told of Graph and of the platform by runs."""
        from shared.pulling.witness import Witness  # as for `pull_run`

        return Witness()

    @functools.cached_property
    def _run_store(self) -> BlobStore:
        """The place of the archives of all tenants, as runs use it."""
        return self._whole_store(RUN_TOKEN_BACKOFF, OF_RUNS)

    @functools.cached_property
    def _run_archive(self) -> Archive:
        return self._archive(self._run_store)

    @functools.cached_property
    def pull_run(self) -> PullRun:
        """What the timer function executes. Raises SettingError for a REPORTS that selects nothing."""
        # Flex Consumption runs the timer on other instances than HTTP, whose cold start need not pay for these:
        # https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#per-function-scaling
        from shared.pulling.directory import Directory
        from shared.pulling.expiry import Expiry
        from shared.pulling.pull import Puller
        from shared.pulling.run import WORKERS, PullRun
        from shared.pulling.suppressing import Suppressing
        from shared.pulling.table_keeping import TableKeeping
        from shared.pulling.view_keeping import ViewKeeping

        archive, graph = self._run_archive, self._graph or self._made_graph()
        retention = self.settings.personal_retention_days
        tables = TableKeeping(archive, self._reports, self.clock, retention, with_delta=self.settings.delta)

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
                with_sign_ins=self.settings.sign_in_activity,
                clock=self.clock,
                sleep=self._sleep,
                random=self._random,
            ),
            suppressing=Suppressing(archive),
            catalogue=self._reports,
            graph_version=self.settings.graph_version,
            clock=self.clock,
            witness=self.witness,
            keep_derived=derive,
        )
        selection = self._selection()
        views = ViewKeeping(archive, self._reports, selection, self.settings.min_group, self.clock)
        return PullRun(
            archive=archive,
            puller=puller,
            keep_views=views.keep,
            expire=Expiry(archive, self._reports, retention, self.clock).carry_out,
            keep_tables=tables.keep if self._keep_derived else lambda coverage, end: None,
            selection=selection,
            clock=self.clock,
            sleep=self._sleep,
            random=self._random,
            workers=self._workers or WORKERS,
        )

    def _made_graph(self) -> GraphClient:
        from shared.graph.bearer import Bearer
        from shared.graph.client import GraphClient

        settings = self.settings
        bearer = Bearer(self._identity_of_tenant, settings.graph_endpoint)
        return GraphClient(settings.graph_endpoint, bearer, settings.download_origins)

    def _selection(self) -> Selection:
        return select((self._tenant and self._tenant.reports) or self.settings.reports, self._reports)

    def _archive(self, whole: BlobStore) -> Archive:
        store = TenantBlobStore(whole, self._tenant.id) if self._tenant else whole
        return Archive(store, self._reports, block=self._block)

    def _whole_store(self, waits: Sequence[float], timeouts: StorageTimeouts) -> BlobStore:
        return self._store or self._made_store(waits, self._timeouts or timeouts)

    @functools.cached_property
    def whole_store(self) -> BlobStore:
        """The place of the archives of all tenants, as readers use it."""
        if self._given_whole_store:
            return self._given_whole_store()
        return self._whole_store(HTTP_TOKEN_BACKOFF, OF_READERS)

    def _made_store(self, waits: Sequence[float], timeouts: StorageTimeouts) -> BlobStore:
        settings = self.settings
        if settings.archive_url.startswith(FOLDER_URL):
            from shared.archive.folder_blob_store import FolderBlobStore

            return FolderBlobStore.at(settings.archive_url, self._clock_of_storage)
        return AzureBlobStore(
            settings.archive_url, self._identity(waits), settings.archive_ca, timeouts, self._clock_of_storage
        )

    def _identity(self, backoff: Sequence[float]) -> ManagedIdentity:
        return ManagedIdentity(self.settings.client_id, backoff, self._sleep)

    def _identity_of_tenant(self) -> ManagedIdentity:
        """Return the credential for Graph: the managed identity, or what it is exchanged for."""
        own = self._identity(RUN_TOKEN_BACKOFF)
        if not self._tenant:
            return own
        settings = self.settings
        federation = Federation(self._tenant.id, settings.tenants_client_id, *settings.cloud)
        return ManagedIdentity(None, RUN_TOKEN_BACKOFF, self._sleep, credential=federation.of(own))

    def pull_as_asked(self, token: str) -> None:
        """Pull what is due, for a message in the queue. Raises what the same message may do better a second time."""
        with suppress(RunFailed):  # which is in the log, and for which the host would deliver the message again
            self.pull(token)

    def pull(self, token: str = "") -> None:
        """Pull what is due, unless another run is under way. The id of the run ends with the token, if that is one.

        Raises RunFailed at the end if something in it needs a person, so that Azure counts it.
        """
        record = self.run(token)
        if record and (stuck := record.needing_a_person()):
            raise RunFailed(f"These calls need a person: {_told(stuck)}.")

    def run(self, token: str = "") -> RunRecord | None:
        """Pull what is due as `pull` does, and return the record of the run; None if another one is under way.

        Raises RunFailed for a mistake in the app itself, and ArchiveUnavailable.
        """
        with events.of_tenant(self._tenant.id if self._tenant else ""):
            return self._run_alone(token if re.fullmatch("[0-9a-f]{6}", token) else secrets.token_hex(3))

    def _run_alone(self, token: str) -> RunRecord | None:
        try:
            with self._run_archive.lease.hold(token) as lease:
                if lease.run == token:
                    return self._run(token)
                events.emit(events.RUN_SKIPPED, under_way=lease.run, since=lease.since)
                return None
        except ArchiveUnavailable as error:
            events.emit(events.RUN_STOPPED, logging.ERROR, detail=str(error))
            raise

    def last_run(self) -> RunRecord | None:
        """Return the record of the newest run. Raises ArchiveUnavailable."""
        return self._run_archive.runs.newest(self.clock())

    def _run(self, token: str) -> RunRecord:
        try:
            record = self.pull_run.execute(token)
        except UsageArchiveError:
            raise
        except Exception as error:
            events.log_unexpected("The run failed.")
            raise RunFailed(f"{type(error).__name__} in the app itself.") from None
        self._keep_evidence(record.finished - record.started)
        self.keep_standing(record)
        if stuck := record.needing_a_person():
            events.emit(events.RUN_FAILED, logging.ERROR, run=record.id, calls=_told(stuck))
        return record

    def keep_standing(self, record: RunRecord) -> None:
        """Keep how the tenant stands after a run, if the app is that of one; once more where that run was killed."""
        from shared.archive.tenants import TenantStandings  # as for `pull_run`

        if self._tenant:
            with suppress(ArchiveUnavailable):  # the next run tells more
                TenantStandings(self._run_store).keep(self._tenant.id, record)

    def _keep_evidence(self, duration: timedelta) -> None:
        """Keep what the run, which took so long, saw of Graph and of the platform."""
        from shared.pulling.platform_facts import platform_facts  # as for `pull_run`

        facts = platform_facts(self.settings.host_version)
        self.witness.see(APP, {**facts, "start_seconds": _STARTED, "run_seconds": duration.total_seconds()})
        self.witness.keep(self._run_archive.store, self.clock())


def _told(pulls: Sequence[PullResult]) -> str:
    return ", ".join(f"{pull.call} ({pull.reason})" for pull in pulls)


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
