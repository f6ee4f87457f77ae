"""`python -m tests.reliability tenants`: a provider's customers through a day, with all that a queue may do.

Processes of runs are killed at any operation of storage, and their messages come again; messages come twice; one tenant
throttles everything, and one has not consented. What all that must not touch is the archive of any other.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from local.certificate import certificate
from local.environment import environment
from local.in_memory import InMemoryBlobStore, Operation
from shared.app import App
from shared.archive.layout import Partition, SnapshotName, parse
from shared.domain.call import calls_in
from shared.domain.catalogue import catalogue
from shared.fleet import Fleet
from shared.settings import read
from shared.web.http import Request, handle
from simulator import Simulator
from simulator.protocol.messages import Request as ControlRequest

ATTEMPTS = 5
"""Deliveries of a message before it is poison (host.json)."""
NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
CLIENT = "cccccccc-1111-2222-3333-444444444444"
"""The client id of the app registration."""


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
    requests: int
    """Of all tenants that can be pulled, at Graph."""
    wrong: list[str]
    """What did not hold."""


class Provider:
    """A provider, its customers' tenants, and the app."""

    def __init__(self, simulator: Simulator, settings: dict[str, str], seed: int) -> None:
        self.simulator = simulator
        self.ids = [*simulator.tenants]
        self.random = random.Random(seed)
        self.store = InMemoryBlobStore(self._around)
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
            self._left = self.random.randrange(40) if self.random.random() < kills else -1
            try:
                self.fleet.pull_one(delivery.text, delivery.id, lambda text: queue.append(Delivery(text, text)))
            except Killed:
                happened["kills"] += 1
                if delivery.attempt == ATTEMPTS:
                    happened["poisoned"] += 1
                else:
                    queue.append(delivery._replace(attempt=delivery.attempt + 1))
            self._left = -1
        return happened

    def requests(self) -> int:
        """How many requests for reports Graph got."""
        return sum(entry.listener == "graph" for entry in self.simulator.record.entries())

    def states(self) -> dict[str, str]:
        """How the tenants stand, as the provider reads it."""
        answer = handle(Request("GET", ""), lambda request: self.fleet.api.answer(request, personal=False))
        return {each["tenant"]: each["state"] for each in json.loads(answer.body)["value"]}

    def snapshots(self, tenant: str) -> dict[SnapshotName, str]:
        """The SHA-256 of what is archived of a tenant, by name."""
        start, found = f"tenant={tenant}/", {}
        for (_, name), kept in self.store.blobs.items():
            parsed = parse(name.removeprefix(start)) if name.startswith(start) else None
            if isinstance(parsed, SnapshotName):
                found[parsed] = kept.metadata["sha256"]
        return found


@contextmanager
def provider(tenants: int, seed: int, reports: str) -> Iterator[Provider]:
    """Give a provider of so many customers, whose time stands still but for waits."""
    with tempfile.TemporaryDirectory() as folder, simulated(certificate(Path(folder)), tenants, seed) as simulator:
        yield Provider(simulator, settings_of(simulator) | {"REPORTS": reports}, seed)


def live(tenants: int, seed: int, reports: str = "aggregates", kills: float = 0.05, twice: float = 0.05) -> Outcome:
    """Let a day of a provider happen, in which one tenant throttles everything and one has not consented."""
    began, reports_of = time.monotonic(), catalogue().reports
    calls = [*calls_in(catalogue())]
    with provider(tenants, seed, reports) as one:
        throttled, refused, *others = one.ids
        one.control("PUT", "/neighbour", {"tenant": throttled, "function": "*", "used": 40})
        one.control("PUT", "/consent", {"tenant": refused, "error": "AADSTS65001"})
        happened = one.day(kills, twice)
        states, wrong = one.states(), []
        if states[refused] != "no_consent":
            wrong.append(f"{refused} has not consented and is {states[refused]}")
        for tenant in others:
            if states[tenant] != "up_to_date":
                wrong.append(f"{tenant} is {states[tenant]}")
            for name, sha256 in one.snapshots(tenant).items():
                call = next(each for each in calls if Partition.of(each) == name.partition)
                expected = one.control(
                    "GET",
                    "/expected",
                    call=str(call),
                    version=reports_of[call.report].graph_version("v1.0"),
                    tenant=tenant,
                )
                if (expected["sha256"], expected["refresh_date"]) != (sha256, str(name.refresh_date)):
                    wrong.append(f"{tenant}: {name} is not what Graph shows of it")
        numbers = {len(one.snapshots(tenant)) for tenant in others}
        if len(numbers) != 1:
            wrong.append(f"tenants have {sorted(numbers)} snapshots each, and should have the same")
        return Outcome(
            tenants,
            time.monotonic() - began,
            happened["kills"],
            happened["twice"],
            happened["poisoned"],
            one.requests(),
            wrong,
        )


def main(tenants: int, seed: int) -> int:
    """Print what became of a day of so many tenants, and of one in which nothing happens. Return the exit status."""
    least, found = live(tenants, seed, kills=0, twice=0), live(tenants, seed)
    share = found.requests / least.requests
    print(f"{found.tenants} tenants in {found.seconds:.0f} s: {found.kills} killed, {found.twice} messages twice.")
    print(f"{found.requests} requests to Graph, {share:.3f} of the {least.requests} where nothing happens.")
    for line in found.wrong[:20]:
        print(f"  {line}")
    print("All held." if not found.wrong else f"{len(found.wrong)} things did not hold.")
    return bool(found.wrong)
