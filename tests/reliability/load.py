"""`python -m tests.reliability load`: how fast the newest snapshot is served, and what that costs storage.

The app runs under the Functions host in a process of its own, and its operations on storage are counted. Half of the
time it is asked for the snapshot, and then, with If-None-Match, whether there is a newer one. Requests are timed from
when they are due, whether a connection is free by then or not.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from statistics import quantiles
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from local.child import Child, ChildError
from local.clock import clock_from
from local.environment import environment
from local.functions_host.deployed import deployed
from local.functions_host.host import AppError
from local.setup import ROOT
from local.stack import Stack
from shared.app import from_environment
from tests.reliability.storage_proxy import FaultyStorage

CALL = "getOffice365ActiveUserCounts(period='D180')"
START = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
CONNECTIONS = 32
"""Kept open, each for one request at a time."""


class Phase(NamedTuple):
    """What came of the requests of one kind."""

    statuses: Counter[int]
    """0 is no answer."""
    seconds: list[float]
    """From when a request was due to the end of its answer."""
    storage: Counter[str]
    """Operations of the app on storage, by name."""

    def errors(self, expected: int) -> int:
        return self.statuses.total() - self.statuses[expected]

    def milliseconds(self, percent: int) -> float:
        """That many percent of the answers took no longer."""
        return quantiles(self.seconds, n=100)[percent - 1] * 1000


def load(seconds: int, rate: int) -> int:
    """Measure, and print what came out. Answers the exit status: 1 for any error, or a body that was read for a 304."""
    print("Starting storage, a simulated tenant, and the app in a process of its own ...", flush=True)
    try:
        start = ["--now", START.isoformat()]
        with Stack(simulator=start) as stack, environment(stack.settings | {"REPORTS": CALL}):
            from_environment(clock_from(START)).pull_run.execute()
            with FaultyStorage(stack.settings) as storage, environment(storage.settings):
                command = [sys.executable, "-m", "tests.reliability.load"]
                host: Child[dict[str, str]] = Child("The app", command, _announcement, cwd=ROOT)
                try:
                    return _measure(host.announcement(), storage, seconds, rate)
                finally:
                    host.stop()
    except ChildError as error:
        print(f"It does not start: {error}", file=sys.stderr)
        return 1


def _measure(host: Mapping[str, str], storage: FaultyStorage, seconds: int, rate: int) -> int:
    headers = {"x-functions-key": host["key"], "Accept-Encoding": "gzip"}
    with closing(HTTPConnection(urlsplit(host["url"]).netloc, timeout=30)) as connection:
        connection.request("GET", _TARGET, headers=headers)
        with connection.getresponse() as first:
            size, etag = len(first.read()), first.headers["ETag"]
    print(f"{rate} requests a second for {seconds} s: the newest {CALL}, {size} bytes with gzip.", flush=True)
    plain = _phase(host["url"], headers, storage, seconds / 2, rate)
    conditional = _phase(host["url"], headers | {"If-None-Match": etag}, storage, seconds / 2, rate)
    _show(plain, conditional)
    return 1 if plain.errors(200) or conditional.errors(304) or conditional.storage["get"] else 0


def _phase(url: str, headers: Mapping[str, str], storage: FaultyStorage, seconds: float, rate: int) -> Phase:
    storage.seen.clear()
    numbers = itertools.count()
    begin = time.perf_counter()

    def ask_in_turn() -> list[tuple[int, float]]:
        answers = []
        connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
        with closing(connection):
            while (due := begin + next(numbers) / rate) < begin + seconds:
                time.sleep(max(0.0, due - time.perf_counter()))
                answers.append((_ask(connection, headers), time.perf_counter() - due))
        return answers

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        turns = [pool.submit(ask_in_turn) for _ in range(CONNECTIONS)]
        answers = [answer for turn in turns for answer in turn.result()]
    return Phase(
        Counter(status for status, _ in answers),
        [took for _, took in answers],
        Counter(operation.name for operation in storage.seen),
    )


def _ask(connection: HTTPConnection, headers: Mapping[str, str]) -> int:
    """The status of the answer, or 0 if there is none."""
    try:
        connection.request("GET", _TARGET, headers=dict(headers))
        with connection.getresponse() as answer:
            answer.read()
        return answer.status
    except (OSError, HTTPException):
        connection.close()
        return 0


def _show(plain: Phase, conditional: Phase) -> None:
    def line(title: str, *values: object) -> None:
        print(f"{title:<28}" + "".join(f"{value:>16}" for value in values))

    phases = (plain, conditional)
    line("", "plain", "If-None-Match")
    line("requests", *(phase.statuses.total() for phase in phases))
    line("errors", plain.errors(200), conditional.errors(304))
    line("answered with", *(", ".join(map(str, sorted(phase.statuses))) for phase in phases))
    for percent in (50, 95, 99):
        line(f"p{percent}", *(f"{phase.milliseconds(percent):.1f} ms" for phase in phases))
    line("storage: lists", *(phase.storage["list"] for phase in phases))
    line("storage: bodies read", *(phase.storage["get"] for phase in phases))
    everything = plain.statuses + conditional.statuses
    print(f"{everything[304]} of {everything.total()} answers were 304.")


def _serve() -> int:
    """The other process: serves the app until its standard input ends."""
    try:
        with deployed({}, clock_from(START)) as host:
            print(json.dumps({"url": host.url, "key": host.keys["reports"]}), flush=True)
            sys.stdin.read()
    except AppError as error:
        print(error, flush=True)
        return 1
    return 0


def _announcement(line: str) -> dict[str, str] | None:
    return json.loads(line) if line.startswith("{") else None


_TARGET = f"/api/v1.0/reports/{quote(CALL)}"

if __name__ == "__main__":
    os._exit(_serve())
