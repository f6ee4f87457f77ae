"""`python -m tests.reliability worlds --seconds 600`: thirty days of one archive to which everything happens at once.

Two instances pull whose clocks are an hour apart, everything else happens before one run in ten, and readers come all
the time. Graph is a process of its own, and the archive lies in the memory of this one, so neither what the simulator
keeps nor what is archived is memory that the app takes.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Self

from local.environment import environment, identity
from local.simulator_client import Control
from local.stack import Stack
from shared.web.http import Request, handle
from tests.reliability import checks
from tests.reliability.environment import Environment
from tests.reliability.real_parts import RealGraph
from tests.reliability.schedule import RUNS_A_DAY, Violation
from tests.reliability.worlds.happenings import HAPPENINGS
from tests.reliability.worlds.life import Life
from tests.reliability.worlds.world import CALLS, DAILY, World, draw

DAYS = 30
RATE = 20
"""Requests of readers in a second."""
GROWTH = 20 << 20
"""Bytes of memory, at most, between the fifth day, by which caches are full, and the end."""
_USERS = 12
_WARM = 5 * RUNS_A_DAY
_LIKELY = 0.1


class Reading:
    """Readers at a fixed rate, in a `with` block."""

    def __init__(self, environment: Environment, reports: list[str], random_: Random) -> None:
        self.statuses = Counter[int]()
        self.wrong = list[str]()
        self._environment = environment
        self._paths = ["status", "v1.0/reports", *(f"v1.0/reports/{each}" for each in reports)]
        self._paths += [f"{path}/{form}" for path in self._paths[2:] for form in ("series", "snapshots")]
        self._random = random_
        self._is_over = Event()
        self._thread = Thread(target=self._try_to_read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _try_to_read(self) -> None:
        try:
            self._read()
        except Exception as error:
            self.wrong.append(f"I11: {error!r}")

    def _read(self) -> None:
        began = time.monotonic()
        for number in count():
            if self._is_over.wait(max(0.0, began + number / RATE - time.monotonic())):
                return
            path, api = self._random.choice(self._paths), self._environment.reader.api
            serve = api.status if path == "status" else partial(api.reports, personal=True)
            response = handle(Request("GET", path), serve)
            self.statuses[response.status] += 1
            self.wrong += checks.answered(path, response)


def main(seconds: int, seed: int) -> int:
    """Let the days go by in so many seconds, and print what came of it. Return the exit status."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), azurite=False, users=_USERS) as stack,
        environment(identity(stack.settings)),
        RealGraph(stack.settings, Control(stack.control)) as beside,
    ):
        return endure(beside, seconds, seed)


def endure(environment: Environment, seconds: int, seed: int, days: int = DAYS) -> int:
    """Let the days go by there in so many seconds, and print what came of it. Return the exit status."""
    reports = [*Random(f"endurance {seed}").sample(CALLS, 3), DAILY]
    world = World(seed, draw(seed).began, days, reports, [name for name in HAPPENINGS if name != "clocks"], _LIKELY)
    with ExitStack() as readers:
        life = Life(environment, world)
        life.pull_beside(timedelta(hours=1))
        reading = readers.enter_context(Reading(environment, [str(call) for call in life.calls], Random(seed)))
        began, slots, taken = time.monotonic(), days * RUNS_A_DAY, list[int]()
        try:
            for slot in range(1, slots + 1):
                life.pass_slot()
                taken += [_bytes_taken(environment)] if slot >= _WARM else []
                time.sleep(max(0.0, began + slot * seconds / slots - time.monotonic()))
            readers.close()
            life.recover()
        except Violation as violation:
            reading.wrong += [str(violation)]
    grown = max(taken) - taken[0] if taken else 0
    reading.wrong += ["That is too much memory."] if grown > GROWTH else []
    answers = ", ".join(f"{number} times {status}" for status, number in sorted(reading.statuses.items()))
    print(f"{days} days, {life.runs} runs, {time.monotonic() - began:.0f} s, seed {seed}; readers got {answers}.")
    print(f"{grown / (1 << 20):.1f} MB more memory in the end than after {_WARM // RUNS_A_DAY} days.")
    print(*(reading.wrong[:10] or ["All held."]), sep="\n")
    return int(bool(reading.wrong))


def _bytes_taken(environment: Environment) -> int:
    """Return the most memory that this process ever had, less what is archived in it."""
    kept = sum(len(blob.content) for blob in environment.seen.values())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - kept
