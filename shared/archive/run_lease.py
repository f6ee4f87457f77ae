"""The lease on the runs of an archive: one at a time, whether the timer began it or somebody asked for it.

It is a blob that is replaced only as it was read, by the time of storage, which is the same for all. A run that holds
it says so again and again, so that the lease of a process that was killed is soon over. Two runs at once would do no
harm: nothing else relies on the lease.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import NamedTuple

from shared.archive.blob_store import BlobStore
from shared.archive.layout import DERIVED, LEASE
from shared.domain.errors import ArchiveUnavailable

LIFE = timedelta(minutes=3)
"""How long a lease holds after its last sign of life."""
BEAT = 60.0
"""Seconds between two signs of life."""
_PRECISION = timedelta(seconds=1)
"""To what storage tells its time: by that much one answer may be behind another."""
_ATTEMPTS = 50
"""How many lost races before giving up."""


class Lease(NamedTuple):
    """Whose turn it is."""

    run: str
    """A token of the run."""
    since: datetime
    """UTC."""
    until: datetime
    """UTC; without another sign of life."""
    is_running: bool
    """Whether the run has begun; if not, it was asked for."""


class RunLease:
    """The lease of one archive. Every method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore, beat: float = BEAT) -> None:
        """`beat` is in seconds of true time."""
        self._store = store
        self._beat = beat

    def ask(self, run: str) -> Lease:
        """Return the lease of this run, which is to begin soon; of another one if that was asked for or is running."""
        return self._take(run, is_running=False)

    @contextmanager
    def hold(self, run: str) -> Iterator[Lease]:
        """Hold the lease for this run, which begins now; do nothing if another one is running. Give whose lease it is.

        A run takes its own lease again: its message came a second time, as its process was killed.
        """
        lease = self._take(run, is_running=True)
        if lease.run != run:
            yield lease
            return
        is_over = Event()
        heart = Thread(target=self._renew, args=(run, is_over), name="run lease", daemon=True)
        heart.start()
        try:
            yield lease
        finally:
            is_over.set()
            heart.join()
            self._extend(run, -_PRECISION)

    def _take(self, run: str, *, is_running: bool) -> Lease:
        for _ in range(_ATTEMPTS):
            now = self._store.now()
            current, etag = self._load()
            is_held = current and current.run != run and now < current.until <= now + 2 * LIFE
            if current and is_held and (current.is_running or not is_running):
                return current
            lease = Lease(run, now, now + LIFE, is_running)
            try:
                is_kept = self._keep(lease, etag)
            except ArchiveUnavailable:
                if not is_running:
                    raise
                is_kept = True  # better two runs than none
            if is_kept:
                return lease
        raise ArchiveUnavailable(f"Others keep writing {LEASE}.")

    def _renew(self, run: str, is_over: Event) -> None:
        while not is_over.wait(self._beat):
            self._extend(run, LIFE)

    def _extend(self, run: str, time: timedelta) -> None:
        """Let the lease end so long from now, if it still is this run's; storage that fails is left alone."""
        with suppress(ArchiveUnavailable):
            current, etag = self._load()
            if current and current.run == run:
                self._keep(current._replace(until=self._store.now() + time), etag)

    def _load(self) -> tuple[Lease | None, str | None]:
        """Return what is stored, whether it still holds or not, and its ETag; what is damaged is no lease."""
        stored = self._store.get(DERIVED, LEASE)
        if not stored:
            return None, None
        with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
            lease = json.loads(stored.content)
            since, until = (datetime.fromisoformat(lease[name]) for name in ("since", "until"))
            if since.tzinfo and until.tzinfo:
                return Lease(str(lease["run"]), since, until, bool(lease["running"])), stored.etag
        return None, stored.etag

    def _keep(self, lease: Lease, etag: str | None) -> bool:
        texts = {"run": lease.run, "since": lease.since, "until": lease.until, "running": lease.is_running}
        return self._store.replace_if(DERIVED, LEASE, json.dumps(texts, default=datetime.isoformat).encode(), {}, etag)
