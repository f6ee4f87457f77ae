"""A fault that takes more than one pull to try: a small play, and the stage it is played on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

import requests

from local.functions_host.deployed import deployed
from local.functions_host.host import FunctionsHost
from shared.app import App
from shared.archive.run_record import PullResult
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from tests.reliability.environment import Environment
from tests.reliability.real_parts import RealGraph, RealParts


class NotHeld(Exception):
    """What must hold did not; the text says what it was."""


class Site(NamedTuple):
    """The app as its readers see it."""

    host: FunctionsHost

    def get(self, path: str, function: str = "reports", **headers: str) -> requests.Response:
        """Return the answer to a path below `/api/`."""
        query, headers = {"code": self.host.keys[function]}, {"Accept-Encoding": "identity"} | headers
        return requests.get(f"{self.host.url}/api/{path}", params=query, headers=headers, timeout=60)


class Stage(Environment):
    """An archive, and what happens to it in a play."""

    def begin(self) -> None:
        """Empty the archive, and let nothing have happened yet."""
        self.heal()
        self.control.reset()
        self.restore({})

    def pull(self, app: App) -> PullResult:
        """Execute a run of an app with a single call."""
        self.forget()
        (result,) = app.pull_run.execute().pulls
        return result

    def newest(self, app: App, call: str) -> Snapshot:
        """Return the newest snapshot of a call. Raise NotHeld if there is none."""
        snapshot = app.archive.snapshots.newest(Call.from_text(call), self.control.now().date())
        if not snapshot:
            raise NotHeld(f"there is no snapshot of {call}")
        return snapshot

    @contextmanager
    def corrected(self, snapshot: Snapshot) -> Iterator[None]:
        """Let Graph have other numbers for that refresh date."""
        wish = {"report": snapshot.call.report, "refresh_date": snapshot.refresh_date.isoformat()}
        self.control.put("restate", wish | {"revision": 1})
        try:
            yield
        finally:
            self.control.put("restate", wish | {"revision": 0})

    def tomorrow(self, hour: int, minute: int) -> None:
        """Go to the next day: at 23:59 UTC its refresh date is out, at midnight it is not."""
        self.at((self.control.now() + timedelta(days=1)).replace(hour=hour, minute=minute, second=0))

    def at(self, now: datetime) -> None:
        """Let it be that instant, in UTC, and stay so."""
        self.control.set_time(now)

    def check(self) -> None:
        """Raise NotHeld unless everything holds that must hold at every instant."""
        if violations := self.violations():
            raise NotHeld("; ".join(violations))


class InMemoryStage(Stage, RealGraph):
    """Where a play is quick that is about Graph alone."""


class RealStage(Stage, RealParts):
    """The real parts."""

    @contextmanager
    def serving(self) -> Iterator[Site]:
        """Serve the app as deployed, under Microsoft's own runtime."""
        with deployed(self.settings, self.control.now) as host:
            yield Site(host)


S = TypeVar("S", bound=Stage)


class Scenario(NamedTuple, Generic[S]):
    """One fault, alone."""

    ids: str
    what: str
    play: Callable[[S], str]
    """Returns how it ended. Raises NotHeld."""
    on: type[S]
    slow: bool = False
    """Whether it takes more than a few seconds, as the app's true limits or sizes do."""

    @property
    def name(self) -> str:
        return f"{self.ids} {self.what}"


def must(holds: bool, what: str) -> None:
    """Raise NotHeld unless it holds."""
    if not holds:
        raise NotHeld(what)


def ended(result: PullResult) -> str:
    """Return outcome and reason, as the table has them."""
    return ":".join(filter(None, (str(result.outcome), result.reason)))


def must_end(result: PullResult, *ends: str) -> str:
    """Return how a pull ended. Raise NotHeld unless that is one of `ends`."""
    must(ended(result) in ends, f"{result.call} ended as {ended(result)}, not as {' or '.join(ends)}")
    return ended(result)
