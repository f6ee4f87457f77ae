"""Readers of an archive in a world, whom no fault of storage reaches: beside a run, and after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from random import Random

from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.web.http import Request, Response, handle
from tests.reliability import checks
from tests.reliability.checks import Revision, is_readable
from tests.reliability.environment import Environment, ask, snapshot_in
from tests.reliability.schedule import demand
from tests.reliability.storage_proxy.operations import Operation

_KNOWN = 31.0
"""Seconds for which readers are told what was the newest."""


class Readers:
    """Those of one archive. What they must not get raises Violation at once, or is returned."""

    def __init__(
        self, environment: Environment, calls: Sequence[Call], random_: Random, status: Callable[[], Response]
    ) -> None:
        self.count = 0
        """How many read so far."""
        self._environment = environment
        self._calls = calls
        self._random = random_
        self._status = status

    def read_beside(self, operation: Operation) -> None:
        """Read something now and then, while a run operates on storage."""
        if operation.number % 7 == 0:
            call = self._calls[operation.number // 7 % len(self._calls)]
            demand(checks.answered(str(call), ask(self._environment.reader, call)))
            self.count += 1

    def wrong(self, *, is_new: bool = False) -> list[str]:
        """Read the newest of each call, some snapshots and all else there is, and return what is not right.

        If the app that they ask `is_new`, it remembers nothing.
        """
        self._environment.control.sleep(_KNOWN)
        there = {each: blob for each, blob in checks.snapshots(self._environment.seen).items() if is_readable(blob)}
        newest = {each.call: blob for each, blob in there.items()}
        sample = self._random.sample(sorted(there, key=str), min(2, len(there)))
        self.count += len(self._calls) + 3
        right = partial(checks.answers, is_new=is_new)
        newest_wrong = (checks.newest_served(call, right(newest.get(call)), self._serve) for call in self._calls)
        some_wrong = (checks.snapshot_served(each, right(there[each]), self._serve) for each in sample)
        return [*chain(*newest_wrong, *some_wrong), *self._wrong_else()]

    def _wrong_else(self) -> list[str]:
        call = self._random.choice(self._calls)
        path = self._random.choice((f"{call}", f"{call}/series", f"{call}/series", f"{call}/snapshots", "", "status"))
        response = self._status() if path == "status" else self._get(f"v1.0/reports/{path}")
        broken = checks.answered(path or "the list", response)
        if call.report not in catalogue().personal and response.status == 200 and checks.tells_of_one(response.body):
            broken.append(f"I12: {path} names people")
        return broken

    def _serve(self, call: Call, revision: Revision | None) -> bytes | str:
        response = ask(self._environment.reader, call, revision)
        demand(checks.answered(f"{call} {revision or ''}", response))
        return snapshot_in(response)

    def _get(self, path: str) -> Response:
        reports = partial(self._environment.reader.api.reports, personal=self._random.choice((True, False)))
        return handle(Request("GET", path), reports)
