"""Tries one fault on the real app, and looks whether what must hold of the archive at every instant still holds."""

from __future__ import annotations

import hashlib
import io
import logging
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import requests
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from local.environment import environment, identity
from local.functions_host.deployed import deployed
from local.functions_host.host import FunctionsHost
from local.simulator_client import Control
from local.stack import Stack
from local.storage import empty
from shared.app import App
from shared.archive.azure_blob_store import AzureBlobStore, StorageTimeouts
from shared.archive.blob_store import StoredBlob
from shared.archive.layout import DERIVED, QUARANTINE
from shared.archive.run_record import PullResult
from shared.archive.snapshot import Snapshot
from shared.archive.upload import BLOCK
from shared.domain.call import parse
from shared.domain.catalogue import catalogue
from shared.graph.bearer import Bearer
from shared.graph.client import GraphClient
from shared.graph.session import LIMITS, Limits
from shared.identity import READ_SECONDS, RUN_TOKEN_BACKOFF, ManagedIdentity
from shared.pulling.plan import BUDGET, WINDOW
from shared.settings import read
from shared.verification.archive import verify
from shared.verification.call import Blob
from tests.reliability import checks as invariants
from tests.reliability.faults.cases import TRIALS, Trial
from tests.reliability.faults.scenario import NotHeld, Scenario, must, secrets_in
from tests.reliability.faults.scenarios import SCENARIOS
from tests.reliability.storage_proxy import FaultyStorage


class Result(NamedTuple):
    """How a trial ended."""

    ended: str
    """The outcome, with its reason or flags behind a colon."""
    violated: list[str]
    """What did not hold; empty if all is well."""

    def is_right(self, tried: Trial | Scenario) -> bool:
        """Whether it ended as it must, and nothing was violated."""
        ends = tried.ends if isinstance(tried, Trial) else (self.ended,)
        return not self.violated and (self.ended in ends or self.ended.partition(":")[0] in ends)


class Kept(NamedTuple):
    """A blob."""

    etag: str
    content: bytes
    metadata: dict[str, str]
    md5: bytes | None

    @property
    def body(self) -> bytes:
        """Its content, unpacked if it was packed."""
        return zlib.decompress(self.content, wbits=31) if self.content.startswith(b"\x1f\x8b") else self.content


class Site(NamedTuple):
    """The app as its readers see it."""

    host: FunctionsHost

    def get(self, path: str, function: str = "reports", **headers: str) -> requests.Response:
        """The answer to a path below `/api/`."""
        query, headers = {"code": self.host.keys[function]}, {"Accept-Encoding": "identity"} | headers
        return requests.get(f"{self.host.url}/api/{path}", params=query, headers=headers, timeout=60)


class Bench:
    """The real parts: storage behind a proxy, and the simulator. Each trial begins with an empty archive."""

    def __init__(self, settings: Mapping[str, str], control: Control, storage: FaultyStorage) -> None:
        self.settings = {**settings, **storage.settings}
        self.control = control
        self.storage = storage
        ca = settings["ARCHIVE_CA"]
        self._blobs = BlobServiceClient(settings["ARCHIVE_URL"], ManagedIdentityCredential(), connection_verify=ca)
        self._log = io.StringIO()
        self._known: dict[tuple[str, str], Kept] = {}
        self._asked: defaultdict[str, list[float]] = defaultdict(list)
        """When Graph was asked for each report, but for what the record of the simulator still shows."""
        self._store = self._new_store()

    def __call__(self, tried: Trial | Scenario) -> Result:
        """Begin with an empty archive, try it, and look at the archive after it."""
        empty(self._blobs)
        self._known = {}
        self.heal()
        self.control.reset()
        self._asked.clear()
        with self._overheard():
            return self._try(tried) if isinstance(tried, Trial) else self._play(tried)

    def _try(self, trial: Trial) -> Result:
        """Let the fault happen in one pull, heal it, and pull again."""
        self.tomorrow(23, 59)
        app = self.app(trial.call, block=trial.block)
        violated = []
        if trial.before:
            self.pull(app)
            violated += self.violations()
        self.spoil(trial.graph, trial.storage)
        if trial.before == "same":
            self.tomorrow(0, 0)
        elif trial.before:
            self.tomorrow(23, 59)
        pulled = self.pull(app)
        violated += self.violations()
        blob = next((kept for (_, name), kept in self._known.items() if name == pulled.blob), None)
        told = blob.metadata.get("flags", "") if blob else ""
        self.heal()
        self.tomorrow(23, 59)
        after = self.pull(app)
        violated += self.violations(healed=True)
        if after.requested and after.outcome not in ("published", "unchanged", "revised"):
            violated.append(f"the next run ends as {after.outcome}:{after.reason}")
        return Result(":".join(filter(None, (str(pulled.outcome), pulled.reason or told))), violated)

    def _play(self, scenario: Scenario) -> Result:
        try:
            ended, violated = scenario.play(self), list[str]()
        except NotHeld as failure:
            ended, violated = "", [str(failure)]
        self.heal()
        return Result(ended, violated + self.violations(healed=True))

    # -- the parts -----------------------------------------------------------------------------------------------------

    def app(
        self,
        reports: str,
        *,
        limits: Limits = LIMITS,
        token_seconds: float = READ_SECONDS,
        fresh: bool = False,
        block: int = BLOCK,
        **settings: str,
    ) -> App:
        """The app as in a new process, but for its connections to storage, unless these should be `fresh` too.

        It lives in the simulator's time, and its waits take none.
        """
        wanted = read(self.settings | {"REPORTS": reports} | settings)
        store = self._new_store() if fresh else self._store
        identity = partial(ManagedIdentity, None, RUN_TOKEN_BACKOFF, self.control.sleep, token_seconds)
        bearer = Bearer(identity, wanted.graph_endpoint)
        graph = GraphClient(wanted.graph_endpoint, bearer, wanted.download_origins, limits)
        return App(wanted, store=store, graph=graph, clock=self.control.now, sleep=self.control.sleep, block=block)

    def _new_store(self) -> AzureBlobStore:
        identity = ManagedIdentity(None, RUN_TOKEN_BACKOFF, self.control.sleep)
        url, ca = self.settings["ARCHIVE_URL"], self.settings["ARCHIVE_CA"]
        return AzureBlobStore(url, identity, ca, StorageTimeouts(backoff=0))

    @contextmanager
    def serving(self) -> Iterator[Site]:
        """The app as deployed, under Microsoft's own runtime."""
        with deployed(self.settings, self.control.now) as host:
            yield Site(host)

    def pull(self, app: App) -> PullResult:
        """A run of an app with a single call."""
        self.forget()
        (pulled,) = app.pull_run.execute().pulls
        return pulled

    def forget(self) -> None:
        """Empty the simulator's record. The request budget goes on."""
        self._asked = self._requests()
        self.control.forget()

    def newest(self, app: App, call: str) -> Snapshot:
        """The newest snapshot of a call."""
        snapshot = app.archive.snapshots.newest(parse(call, catalogue()), self.control.now().date())
        must(snapshot is not None, f"there is no snapshot of {call}")
        assert snapshot
        return snapshot

    # -- what happens --------------------------------------------------------------------------------------------------

    def spoil(self, graph: Any = (), storage: Any = ()) -> None:
        """These faults and no others."""
        self.control.put("faults", {"rules": list(graph)})
        self.storage.set(storage)

    def heal(self) -> None:
        """No fault, and nobody else asks Graph."""
        self.spoil()
        self.storage.before = self.storage.after = lambda operation: None
        self.control.put("neighbour", {"function": "*", "used": 0})

    @contextmanager
    def corrected(self, snapshot: Snapshot) -> Iterator[None]:
        """Graph has other numbers for that refresh date."""
        wish = {"report": snapshot.call.report, "refresh_date": snapshot.refresh_date.isoformat()}
        self.control.put("restate", wish | {"revision": 1})
        try:
            yield
        finally:
            self.control.put("restate", wish | {"revision": 0})

    def tomorrow(self, hour: int, minute: int) -> None:
        """A minute before midnight the refresh date of the day is out; at midnight that of the next one is not."""
        self.at((self.control.now() + timedelta(days=1)).replace(hour=hour, minute=minute, second=0))

    def at(self, now: datetime) -> None:
        """Let it be that instant, in UTC, and stay so."""
        self.control.set_time(now)

    # -- what must hold ------------------------------------------------------------------------------------------------

    def violations(self, *, healed: bool = False) -> list[str]:
        """What does not hold of I1, I2, I4, I5, I7 and I8; and of I10, once all is healed."""
        now = self._kept()
        violated = [
            f"I2: {at} was changed or removed"
            for at, kept in self._known.items()
            if at[0] != DERIVED and now.get(at) != kept
        ]
        self._known = now
        bodies = Counter[tuple[str, str]]()
        for (container, name), kept in now.items():
            if container != DERIVED:
                digest = hashlib.sha256(kept.body).hexdigest()
                bodies[name.partition("/revision=")[0], digest] += 1
                if digest != kept.metadata.get("sha256"):
                    violated.append(f"{'I5' if container == QUARANTINE else 'I1'}: {name} is not what it says")
            violated += self._secrets_in(f"{name} {kept.metadata} {kept.body.decode(errors='replace')}", name)
        violated += [f"I4: {place} has a body {times} times" for (place, _), times in bodies.items() if times > 1]
        violated += self._secrets_in(self._log.getvalue(), "the log")
        return violated + self._requested() + (self._findings(now) if healed else [])

    def _kept(self) -> dict[tuple[str, str], Kept]:
        """Every blob, by container and name."""
        found = {}
        for container in list(self._blobs.list_containers()):
            client = self._blobs.get_container_client(container.name)
            for blob in client.list_blobs(include=["metadata"]):
                at = container.name, blob.name
                if at not in self._known or self._known[at].etag != blob.etag:
                    md5, metadata = blob.content_settings.content_md5, dict(blob.metadata or {})
                    content = client.download_blob(blob.name).readall()
                    found[at] = Kept(blob.etag, content, metadata, bytes(md5) if md5 else None)
                else:
                    found[at] = self._known[at]
        return found

    def _findings(self, now: Mapping[tuple[str, str], Kept]) -> list[str]:
        """What the app's own verification finds."""
        blobs = [
            Blob(*at, kept.metadata, kept.md5, partial(StoredBlob, kept.content, kept.metadata, kept.etag))
            for at, kept in now.items()
        ]
        later = self.control.now() + timedelta(hours=3)  # by then everything has to be in order
        return [f"I10: {finding}" for finding in verify(blobs, catalogue(), later)]

    def _requested(self) -> list[str]:
        """Too many requests, and secrets in the wrong place."""
        violated = invariants.within_budget(self._requests(), BUDGET, WINDOW)
        if any(any(entry["carried"].values()) for entry in self.control.get("record", listener="download")):
            violated.append("I7: the download host saw a secret")
        return violated

    def _requests(self) -> defaultdict[str, list[float]]:
        """When Graph was asked for each report."""
        asked = defaultdict(list, {report: [*times] for report, times in self._asked.items()})
        for entry in self.control.get("record", listener="graph"):
            asked[entry["call"].partition("(")[0]].append(datetime.fromisoformat(entry["at"]).timestamp())
        return asked

    def _secrets_in(self, text: str, where: str) -> list[str]:
        found = secrets_in(text, self.settings["IDENTITY_HEADER"])
        return [f"I7: {where} holds {', '.join(found)}"] if found else []

    @contextmanager
    def _overheard(self) -> Iterator[None]:
        """All that is logged, at every level but the wire's own."""
        self._log = io.StringIO()
        handler = logging.StreamHandler(self._log)
        root = logging.getLogger()
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)


def show_all(users: int = 40) -> int:
    """Try every fault and print the table of it. Answers the exit status: 1 if anything did not end as it must."""
    started, wrong = time.monotonic(), 0
    everything_tried: list[Trial | Scenario] = sorted([*TRIALS, *SCENARIOS], key=lambda tried: tried.ids)
    with (
        Stack(users=users) as stack,
        environment(identity(stack.settings)),
        FaultyStorage.in_front_of(stack.settings) as storage,
    ):
        bench = Bench(stack.settings, Control(stack.control), storage)
        for tried in everything_tried:
            result = bench(tried)
            right = result.is_right(tried)
            wrong += not right
            held = "held" if not result.violated else "; ".join(result.violated)
            mark = "" if right or isinstance(tried, Scenario) else f"  <- not {' or '.join(tried.ends)}"
            print(f"{tried.ids:<8} {tried.what:<62} {result.ended:<50} {held}{mark}", flush=True)
    ids = {each for tried in everything_tried for each in tried.ids.split()}
    print(f"\n{len(everything_tried)} trials of {len(ids)} faults in {time.monotonic() - started:.0f} s, ", end="")
    print(f"{wrong} of them did not end as they must.")
    return int(bool(wrong))
