"""Where an archive can live while it is tried: in memory, or among real parts (real_parts.py)."""

from __future__ import annotations

import io
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

from local.backfill import settings_of
from local.in_memory import InMemoryBlobStore
from local.in_process import InProcessControl, in_process_graph
from local.simulator_client import Control
from shared.app import App
from shared.domain.call import Call
from shared.pulling.plan import WINDOW
from shared.settings import read
from shared.web.http import Request, Response, handle
from simulator.simulator import Simulator
from tests.reliability import checks
from tests.reliability.checks import At, Blobs, Revision
from tests.reliability.faulty_memory import FaultyMemory
from tests.reliability.storage_proxy import FaultyStorage
from tests.reliability.storage_proxy.operations import ignore

BLOCK = 64 << 10
"""Bytes of a block, so that no test needs a body of 64 MB for several of them."""
Rules = Sequence[Mapping[str, Any]]
"""When something goes wrong, as simulator/faults/rules.py reads it."""
Storage = FaultyMemory | FaultyStorage


class Environment(ABC):
    """A simulated Graph and a blob service, both of which can fail, and what must hold of the archive there."""

    control: Control
    """Steers Graph and the time."""
    storage: Storage
    secret: str
    """Of the identity endpoint."""
    reader: App
    """An app that no fault of storage reaches."""

    def __init__(self) -> None:
        self.seen: Blobs = {}
        """What was stored when that was last looked at."""
        self.by_hand: set[At] = set()
        """The blobs that somebody else wrote, changed or removed ..."""
        self._ever_by_hand: set[At] = set()
        """... in whatever archive was here."""
        self.random = random.Random(1)
        """For the jitter of the app's waits, where these pass in one order only."""
        self._requests: list[Mapping[str, Any]] = []
        """The newest requests to Graph that the simulator no longer has in its record."""
        self._log = io.StringIO()
        self._handler = logging.StreamHandler(self._log)

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self._handler)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._handler)

    @abstractmethod
    def app(self, reports: str = "aggregates", *, ahead: timedelta = timedelta(0)) -> App:
        """Return the app as in a new process: in the simulator's time, and without waits.

        Its clock is `ahead` of that time, or behind it.
        """

    @abstractmethod
    def _new_reader(self) -> App:
        """Return an app that no fault of storage reaches."""

    @abstractmethod
    def blobs(self, anew: bool = False) -> Blobs:
        """Return all that is stored, read `anew` even if the service says that it is unchanged."""

    @abstractmethod
    def _restore(self, blobs: Blobs) -> Blobs:
        """Store these blobs and nothing else, and return them as they are stored."""

    @abstractmethod
    def _put(self, at: At, content: bytes, metadata: Mapping[str, str]) -> None:
        """Write a blob, whatever is there."""

    @abstractmethod
    def _remove(self, at: At) -> None:
        """Remove a blob that is there."""

    # -- what happens --------------------------------------------------------------------------------------------------

    def restore(self, blobs: Blobs) -> None:
        """Begin with these blobs and with nothing to remember."""
        self.random.seed(1)
        self.by_hand = self._ever_by_hand & blobs.keys()
        self.seen = self._restore(blobs)
        self.read_anew()
        self.pardon()
        self._taken_log()

    def read_anew(self) -> None:
        """Let readers ask an app that remembers nothing."""
        self.reader = self._new_reader()

    def put(self, at: At, content: bytes, metadata: Mapping[str, str]) -> None:
        """Write a blob as somebody else does, whatever is there."""
        self._put(at, content, metadata)
        self._note(at)

    def remove(self, at: At) -> None:
        """Remove a blob as somebody else does."""
        self._remove(at)
        self._note(at)

    def _note(self, at: At) -> None:
        self.by_hand.add(at)
        self._ever_by_hand.add(at)
        self.seen = {each: blob for each, blob in self.seen.items() if each != at}
        if blob := self.blobs().get(at):
            self.seen = {**self.seen, at: blob}

    def spoil(self, graph: Rules | None = (), storage: Rules | None = (), **options: int) -> None:
        """Set these faults and no others; None leaves those there are."""
        if graph is not None:
            self.control.put("faults", {"rules": list(graph), **options})
        if storage is not None:
            self.storage.set(storage)

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        self.spoil()
        self.storage.before = self.storage.after = ignore
        self.control.put("neighbour", {"function": "*", "used": 0})

    def forget(self) -> None:
        """Empty the simulator's record. Its requests still count for the budget."""
        since = self.control.now() - WINDOW
        requests = [*self._requests, *self.control.get("record", listener="graph")]
        self._requests = [entry for entry in requests if datetime.fromisoformat(entry["at"]) > since]
        self.control.forget()

    def pardon(self) -> None:
        """Empty the simulator's record, and count none of its requests."""
        self._requests.clear()
        self.control.forget()

    # -- what must hold ------------------------------------------------------------------------------------------------

    def violations(self, log: str = "", *, anew: bool = False, are_noted: bool = True) -> list[str]:
        """Return what does not hold now, of all that happened since the last look; `log` is that of other processes.

        If not all requests `are_noted` where other runs see them, those of one run alone must be within the budget.
        """
        before, self.seen = self.seen, self.blobs(anew)
        foreign = {at: blob for at, blob in self.seen.items() if at in self.by_hand and before.get(at) == blob}
        before = {**before, **foreign}  # nothing has to hold of what somebody else wrote and the app let be
        requests = self._requests if are_noted else []
        return [
            *checks.stored(before, self.seen, [self.secret]),
            *checks.no_secret("the log", text := self._taken_log() + log, [self.secret]),
            *checks.nobody("the log", text),
            *checks.requested([*requests, *self.control.get("record")]),
        ]

    def violations_at_rest(self, now: datetime) -> list[str]:
        """Return what else does not hold while nothing goes on: what readers get, and what `verify` finds."""
        return [*checks.served(self.seen, self.serve), *checks.verified(self.seen, now, self.by_hand)]

    def serve(self, call: Call, revision: Revision | None) -> bytes | str:
        """Return what a reader gets for a snapshot, or for the newest of a call; text if that is no snapshot."""
        return snapshot_in(ask(self.reader, call, revision))

    def _taken_log(self) -> str:
        log = self._log.getvalue()
        self._log.seek(0)
        self._log.truncate()
        return log


class InMemory(Environment):
    """Storage is the memory of this process."""

    def __init__(self, control: Control, beside: InMemory | None = None) -> None:
        """`beside` is another that sees the same blobs."""
        super().__init__()
        self.control = control
        self._memory: FaultyMemory = FaultyMemory(control.now, control.sleep, beside._memory if beside else None)
        self.storage = self._memory

    def app(self, reports: str = "aggregates", *, ahead: timedelta = timedelta(0)) -> App:
        return self._app(self._memory.store, reports, ahead)

    def _new_reader(self) -> App:
        return self._app(self._memory.sound, "aggregates")

    def blobs(self, anew: bool = False) -> Blobs:
        return dict(self._memory.sound.blobs)

    def _restore(self, blobs: Blobs) -> Blobs:
        self._memory.clear()
        for (container, name), blob in blobs.items():
            self._memory.sound.put(container, name, blob.content, blob.metadata)
        return self.blobs(anew=True)

    def _put(self, at: At, content: bytes, metadata: Mapping[str, str]) -> None:
        self._memory.sound.put(*at, content, metadata)

    def _remove(self, at: At) -> None:
        self._memory.sound.delete(*at)

    @abstractmethod
    def _app(self, store: InMemoryBlobStore, reports: str, ahead: timedelta = timedelta(0)) -> App:
        """Return the app on this store."""


class InProcess(InMemory):
    """No network and no service: twenty times as fast."""

    def __init__(self, users: int = 12) -> None:
        self._simulator = Simulator(users=users)
        super().__init__(InProcessControl(self._simulator))
        self._settings = settings_of(self._simulator)
        self.secret = self._simulator.identity_header

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._simulator.stop()

    def _app(self, store: InMemoryBlobStore, reports: str, ahead: timedelta = timedelta(0)) -> App:
        settings = read(self._settings | {"REPORTS": reports})
        graph = in_process_graph(self._simulator, self.control.sleep)
        return App(
            settings,
            store=store,
            graph=graph,
            clock=lambda: self.control.now() + ahead,
            sleep=self.control.sleep,
            random=self.random.uniform,
            block=BLOCK,
        )


def ask(app: App, call: Call, revision: Revision | None = None) -> Response:
    """Return what an app answers for a snapshot, or for the newest of a call."""
    query = {}
    if revision:
        query = {"revision": str(revision.number)}
        query |= {} if call.is_single_day else {"refreshDate": str(revision.refresh_date)}
    return handle(Request("GET", f"v1.0/reports/{call}", query), partial(app.api.reports, personal=True))


def snapshot_in(response: Response) -> bytes | str:
    """Return the snapshot in a response, which must have its SHA-256 as ETag; else a text."""
    if response.status != 200:
        return f"{response.status} {response.body.decode()}"
    is_tagged = response.headers.get("ETag") == f'"{checks.sha256(response.body)}"'
    return response.body if is_tagged else f"a body with the ETag {response.headers.get('ETag')}"
