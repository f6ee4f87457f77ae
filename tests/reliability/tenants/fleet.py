"""`python -m tests.reliability tenants`: a provider's customers through a day, with all that a queue may do.

Processes of runs are killed at any operation of storage, and their messages come again; messages come twice; one tenant
throttles everything, and one has not consented. What all that must not touch is the archive of any other.
"""

from __future__ import annotations

import gzip
import json
import logging
import random
import re
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from local.certificate import certificate
from local.environment import environment
from local.in_memory import InMemoryBlobStore, Operation
from shared.app import App
from shared.archive.layout import USAGE, Partition, SnapshotName, StandingName, parse
from shared.archive.tenant_blob_store import TenantBlobStore
from shared.domain.catalogue import catalogue
from shared.domain.selection import select
from shared.domain.tenants import PullRequest
from shared.fleet import Fleet
from shared.settings import read
from shared.verification.archive import everything, verify
from shared.web.http import Request, handle
from simulator import Simulator
from simulator.protocol.messages import Request as ControlRequest

ATTEMPTS = 5
"""Deliveries of a message before it is poison (host.json)."""
OPERATIONS = 11
"""Of storage for each call in a run, about: a process is killed at any of them."""
MOST_REQUESTS = 1.05
"""Of the least possible."""
NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
TO_NEXT_TIMER = timedelta(hours=6)
"""A run that was killed may have used up the requests that a report has in ten minutes: the rest is for this one."""
CLIENT = "cccccccc-1111-2222-3333-444444444444"
"""The client id of the app registration."""
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Shown = tuple[Partition, date]
"""A call and a refresh date of it."""


@contextmanager
def simulated(files: tuple[Path, Path], tenants: int, seed: int = 1) -> Iterator[Simulator]:
    """Give the tenants of so many customers, whose time stands still, while this process has the provider's identity.

    `files` are a certificate and its key, for the tenants' token endpoint.
    """
    with Simulator(tenants=tenants, users=10, seed=seed, now=NOW, certificate=files) as simulator:
        simulator.clock.set(NOW, running=False)
        with environment(identity_of(simulator, files)):
            yield simulator


def identity_of(simulator: Simulator, files: tuple[Path, Path]) -> dict[str, str]:
    """Return the variables of a process with the provider's identity, which trusts the tenants' token endpoint."""
    return {
        "IDENTITY_ENDPOINT": simulator.identity_endpoint,
        "IDENTITY_HEADER": simulator.identity_header,
        "REQUESTS_CA_BUNDLE": str(files[0]),
    }


def settings_of(simulator: Simulator) -> dict[str, str]:
    """Return the settings of an app that archives these tenants; the place of the archive is not used."""
    return {
        "ARCHIVE_URL": "https://unused.blob.core.windows.net",
        "GRAPH_ENDPOINT": simulator.graph_endpoint,
        "DOWNLOAD_HOSTS": simulator.download_origin,
        "AZURE_AUTHORITY_HOST": simulator.login,
        "TENANTS": ",".join(simulator.tenants),
        "TENANTS_CLIENT_ID": CLIENT,
    }


class Killed(BaseException):
    """The process of a run was killed."""


class Delivery(NamedTuple):
    """A message on its way to a process."""

    id: str
    text: str
    attempt: int = 1


class Outcome(NamedTuple):
    """What became of a fleet."""

    tenants: int
    seconds: float
    kills: int
    twice: int
    poisoned: int
    archived: int
    """Refresh dates."""
    requests: int
    """At Graph for these tenants."""
    least: int
    """What they would be if each call were asked for once."""
    throttled: int
    """Requests of the tenant that throttles everything."""
    wrong: list[str]
    """What did not hold."""


class Provider:
    """A provider, its customers' tenants, and the app."""

    def __init__(self, simulator: Simulator, settings: dict[str, str], seed: int) -> None:
        self.simulator = simulator
        self.ids = [*simulator.tenants]
        self.random = random.Random(seed)
        self.store = InMemoryBlobStore(self._around, simulator.clock.now)
        self.calls = select(settings["REPORTS"], catalogue()).calls
        self.requests: Counter[str] = Counter()
        """How many for reports Graph got, by tenant."""
        self.seen: defaultdict[str, set[tuple[Shown, str]]] = defaultdict(set)
        """What Graph showed of each tenant as a run of it came to an end, with its SHA-256.

        Its archive has nothing else, and something of each call: a date that came up between two runs of one timer is
        for the next timer.
        """
        self._left = -1
        """Operations of storage until the process is killed; below 0: it is not."""
        own = App(read(settings), simulator.clock.now, store=self.store, sleep=self._sleep, workers=1)
        self.fleet = Fleet(own)

    def _sleep(self, seconds: float) -> None:
        self.simulator.clock.set(self.simulator.clock.now() + timedelta(seconds=seconds), running=False)

    def _around(self, operation: Operation, carry_out: Any) -> Any:
        if self._left == 0:
            raise Killed
        self._left -= self._left > 0
        return carry_out()

    def control(self, method: str, path: str, body: dict[str, object] | None = None, **query: str) -> Any:
        target = f"{path}?{urlencode(query)}" if query else path
        answer = self.simulator.steer(ControlRequest(method, target, {}, json.dumps(body).encode() if body else b""))
        content = json.loads(b"".join(answer.chunks))
        if answer.status != 200:
            raise ValueError(content)
        return content

    def day(self, kills: float, twice: float) -> Counter[str]:
        """Let the timer fire, and deliver what comes of it until nothing is left. Return what happened, by its name."""
        happened: Counter[str] = Counter()
        messages: list[str] = []
        self.fleet.pull_all(messages.extend)
        queue = deque(Delivery(f"{number}", text) for number, text in enumerate(messages))
        for delivery in [*queue]:
            if self.random.random() < twice:
                happened["twice"] += 1
                queue.insert(self.random.randrange(len(queue)), delivery._replace(id=f"{delivery.id} again"))
        while queue:
            delivery = queue.popleft()
            self._left = self.random.randrange(OPERATIONS * len(self.calls)) if self.random.random() < kills else -1
            try:
                self.fleet.pull_one(delivery.text, delivery.id, lambda text: queue.append(Delivery(text, text)))
            except Killed:
                happened["kills"] += 1
                if delivery.attempt == ATTEMPTS:
                    happened["poisoned"] += 1
                else:
                    queue.append(delivery._replace(attempt=delivery.attempt + 1))
            self._left = -1
            self._look(PullRequest.from_text(delivery.text).tenant)
        return happened

    def _look(self, tenant: str) -> None:
        """Note what Graph shows of a tenant, and what it was asked, as a run of that tenant ends."""
        record = self.simulator.record
        self.requests[tenant] += sum(entry.listener == "graph" for entry in record.entries())
        record.clear()
        if tenant in self.throttled_or_refused:
            return
        for call in self.calls:
            version = catalogue().reports[call.report].graph_version("v1.0")
            of_call = self.control("GET", "/expected", call=str(call), version=version, tenant=tenant)
            shown = Partition.of(call), date.fromisoformat(of_call["refresh_date"])
            self.seen[tenant].add((shown, of_call["sha256"]))

    @property
    def throttled_or_refused(self) -> list[str]:
        """The two tenants that cannot be pulled: one throttles everything, one has not consented."""
        return self.ids[:2]

    def states(self) -> dict[str, str]:
        """How the tenants stand, as the provider reads it."""
        answer = handle(Request("GET", ""), lambda request: self.fleet.api.answer(request, personal=False))
        return {each["tenant"]: each["state"] for each in json.loads(answer.body)["value"]}

    def snapshots(self, tenant: str) -> dict[Shown, str]:
        """The SHA-256 of what is archived of a tenant, of the newest revision."""
        found = {}
        for blob in TenantBlobStore(self.store, tenant).list(USAGE):
            name = parse(blob.name)
            assert isinstance(name, SnapshotName)
            found[name.partition, name.refresh_date] = blob.metadata["sha256"]
        return found

    def wrong(self) -> list[str]:
        """What does not hold at the end of the day."""
        throttled, refused = self.throttled_or_refused
        states = self.states()
        wrong = [*self._astray()]
        if states[refused] != "no_consent" or self.snapshots(refused):
            wrong.append(f"{refused} has not consented, is {states[refused]} and has {len(self.snapshots(refused))}")
        for tenant in self.ids:
            if tenant in (throttled, refused):
                continue
            archived, seen = self.snapshots(tenant), self.seen[tenant]
            if states[tenant] != "up_to_date" or not seen:
                wrong.append(f"{tenant} is {states[tenant]}, of which Graph showed {len(seen)} refresh dates")
            lacking = {place for (place, _), _ in seen} - {place for (place, _), _ in archived.items() & seen}
            wrong += [f"{tenant} lacks {place}" for place in lacking]
            alien = archived.items() - seen
            wrong += [f"{tenant}: {place} of {day} is not what Graph showed of it" for (place, day), _ in alien]
            blobs = everything(TenantBlobStore(self.store, tenant))
            wrong += [f"{tenant}: {each}" for each in verify(blobs, catalogue(), self.simulator.clock.now())]
        return wrong

    def _astray(self) -> Iterator[str]:
        """Tell of blobs that are of no tenant, or that name another."""
        ids = set(self.ids)
        for (_, name), kept in self.store.blobs.items():
            owner = name.removeprefix("tenant=")[:36]
            if owner not in ids and not isinstance(parse(name), StandingName):
                yield f"{name} is of no tenant"
            told = f"{name} {[*kept.metadata.values()]}" + _unpacked(kept.content).decode("latin-1")
            if others := {each for each in GUID.findall(told) if each in ids} - {owner}:
                yield from (f"{name} names {other}" for other in others if not isinstance(parse(name), StandingName))


def _unpacked(content: bytes) -> bytes:
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


@contextmanager
def provider(tenants: int, seed: int, reports: str) -> Iterator[Provider]:
    """Give a provider of so many customers, whose time stands still but for waits."""
    with tempfile.TemporaryDirectory() as folder, simulated(certificate(Path(folder)), tenants, seed) as simulator:
        yield Provider(simulator, settings_of(simulator) | {"REPORTS": reports}, seed)


def live(tenants: int, seed: int, reports: str = "aggregates", kills: float = 0.05, twice: float = 0.05) -> Outcome:
    """Let two timers of a provider fire, while one tenant throttles everything and one has not consented.

    Trouble and requests are those of the first.
    """
    began = time.monotonic()
    with provider(tenants, seed, reports) as one:
        throttled, refused = one.throttled_or_refused
        one.control("PUT", "/neighbour", {"tenant": throttled, "function": "*", "used": 40})
        one.control("PUT", "/consent", {"tenant": refused, "error": "AADSTS65001"})
        happened = one.day(kills, twice)
        asked = one.requests.copy()
        one.simulator.clock.set(one.simulator.clock.now() + TO_NEXT_TIMER, running=False)
        one.day(0, 0)
        return Outcome(
            tenants,
            time.monotonic() - began,
            happened["kills"],
            happened["twice"],
            happened["poisoned"],
            sum(len(one.snapshots(tenant)) for tenant in one.ids),
            asked.total() - asked[throttled],
            len(one.calls) * (tenants - 2),
            asked[throttled],
            one.wrong(),
        )


def main(tenants: int, seed: int) -> int:
    """Print what became of a day of so many tenants. Return the exit status."""
    logging.disable()  # a line for each call that is throttled
    found = live(tenants, seed)
    share, others = found.requests / found.least, tenants - 2
    print(f"{tenants} tenants, of which one throttles everything and one has not consented: {found.seconds:.0f} s,")
    print(f"of which {time.process_time():.0f} of CPU.")
    print(f"{found.kills} processes killed, {found.twice} messages twice, {found.poisoned} poisoned.")
    print(f"{found.archived:,} refresh dates are archived of the other {others}.")
    print(f"{found.requests:,} requests to Graph for those, {share:.3f} of the least possible, {found.least:,};")
    print(f"{found.throttled:,} for the one that throttles.")
    for line in found.wrong[:20]:
        print(f"  {line}")
    if found.wrong or share > MOST_REQUESTS:
        print(f"{len(found.wrong)} things did not hold, or there were too many requests.")
        return 1
    print("All are archived as Graph showed them, verify finds nothing, and no blob names another tenant.")
    return 0
