"""The crash matrix: a pull dies, or is let down, at each of its steps; then all has to be as if nothing had happened.

The steps are found by watching a run in which nothing happens. After the accident comes a restart, with one run at once
and the first one of the next day.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

from local.environment import environment, identity
from local.simulator_client import Control
from local.stack import Stack
from shared.archive.layout import DERIVED
from shared.archive.upload import BLOCK
from shared.domain.catalogue import catalogue
from shared.pulling.plan import BUDGET, WINDOW
from shared.settings import SETTINGS
from simulator import Simulator
from tests.reliability import checks as invariants
from tests.reliability.checks import Blobs
from tests.reliability.crashes.crash_points import MODES, Accident, Rules, World
from tests.reliability.crashes.process import KILLED, Orders
from tests.reliability.inspection import Inspection
from tests.reliability.storage_proxy import FaultyStorage

AGAIN = (timedelta(minutes=1), timedelta(days=1))
"""After the accident."""
_COUNTS = "getOffice365ActiveUserCounts(period='D7')"
_DETAIL = "getOffice365ActiveUserDetail(period='D7')"
_EVENING = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
_PATIENT, _HURRIED = 20.0, 1.0
"""Seconds that a process waits for an answer."""


class Scenario(NamedTuple):
    """What there is to pull."""

    call: str
    at: datetime
    """When the accident is."""
    before: datetime | None = None
    """When a run that went well was before it, if there was one."""
    restated: bool = False
    """Whether Graph has other numbers for the same refresh date since."""
    graph: Rules = ()
    """What else is another at Graph since."""
    sane: bool = True
    """Whether what Graph sends is to be published."""
    users: int = 40
    block: int = BLOCK

    @property
    def report(self) -> str:
        return self.call.partition("(")[0]


SCENARIOS = {
    "first": Scenario(_COUNTS, _EVENING),
    # A minute before midnight the refresh date of the day is out; at midnight that of the next one is not.
    "revision": Scenario(_COUNTS, _EVENING + timedelta(minutes=1), before=_EVENING, restated=True),
    "quarantined": Scenario(
        _COUNTS, _EVENING, before=_EVENING - timedelta(days=1), graph=[{"fault": "page", "times": None}], sane=False
    ),
    # Several blocks, and names that are concealed from that day on.
    "large": Scenario(
        _DETAIL,
        _EVENING,
        before=_EVENING - timedelta(days=1),
        graph=[{"fault": "concealed", "times": None}],
        users=1000,
        block=32 << 10,
    ),
}


class Case(NamedTuple):
    """One cell of the matrix; its text is `scenario:step:mode`."""

    scenario: str
    step: int
    """From 1."""
    mode: str

    def __str__(self) -> str:
        return ":".join(map(str, self))


class Result(NamedTuple):
    """What became of a case."""

    case: Case
    ended: str
    """The run with the accident."""
    left: Blobs
    """What it left."""
    violated: Sequence[str]


class Twin(NamedTuple):
    """A scenario in which nothing happens."""

    start: Blobs
    steps: Sequence[str]
    ended: str
    end: Blobs


class Course(NamedTuple):
    """How a scenario went."""

    ended: str
    """The run with the accident."""
    left: Blobs
    """What it left."""
    end: Blobs
    """What there was after all runs."""
    violated: list[str]


class Matrix:
    """Tries cases, one after the other, in a storage account that holds nothing else. Use it in a `with` block.

    The identity of the platform must be in the environment. Another `seed` is another tenant.
    """

    def __init__(self, settings: Mapping[str, str], seed: int = 1) -> None:
        """Of the `settings` only those that say where storage is are used."""
        self._inspection = Inspection(settings)
        self._seed = seed
        self._twins: dict[str, Twin] = {}
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self._storage = undo.enter_context(FaultyStorage.in_front_of(self._inspection.settings))
            self._log = Path(undo.enter_context(TemporaryDirectory(prefix="usage-archive-")), "log")
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def twin(self, name: str) -> Twin:
        """How a scenario goes when nothing happens."""
        if name not in self._twins:
            self._twins[name] = self._healthy(SCENARIOS[name])
        return self._twins[name]

    def cases(self, *names: str) -> list[Case]:
        """Every step of those scenarios, or of all, in every mode."""
        return [
            Case(name, step, mode)
            for name in names or SCENARIOS
            for step in range(1, len(self.twin(name).steps) + 1)
            for mode in MODES
        ]

    def __call__(self, case: Case) -> Result:
        """Let it happen, restart, go on until the next day; look at the archive after the accident and in the end."""
        twin, accident = self.twin(case.scenario), Accident(case.step, case.mode)
        ended, left, end, violated = self._play(SCENARIOS[case.scenario], twin.start, accident)
        if (ended == KILLED) != case.mode.startswith("kill") or (case.mode == "lost" and ended != twin.ended):
            violated.append(f"the run ended as {ended}")
        if accident.steps[: case.step] != twin.steps[: case.step]:
            violated.append(f"the steps were {accident.steps}, not those of the twin")
        return Result(case, ended, left, [*violated, *_unlike(twin.end, end)])

    def _healthy(self, scenario: Scenario) -> Twin:
        start: Blobs = {}
        if scenario.before:
            before = scenario._replace(at=scenario.before, restated=False, graph=())
            start = self._play(before, {}, Accident(), again=()).end
        watch = Accident()
        course = self._play(scenario, start, watch)
        if course.violated or course.ended.partition(":")[0] not in ("published", "revised", "quarantined"):
            raise AssertionError(f"When nothing happens, it ends as {course.ended}: {course.violated}")
        return Twin(start, watch.steps, course.ended, course.end)

    def _play(self, scenario: Scenario, start: Blobs, accident: Accident, again: Sequence[timedelta] = AGAIN) -> Course:
        self._log.write_text("")
        self._inspection.restore(start)
        with Simulator(users=scenario.users, seed=self._seed) as simulator:
            simulator.clock.set(scenario.at, running=False)
            control = Control(simulator.control)
            visible = control.get("visible", report=scenario.report)
            if scenario.restated:
                control.put("restate", {**visible, "revision": 1})
            world = World(simulator, self._storage, scenario.graph)
            orders = self._orders(scenario, simulator, _HURRIED if accident.mode == "hang" else _PATIENT)
            ended = world.run(orders, accident)
            end = left = self._inspection.blobs()
            violated = self._violated(start, left, scenario.at)
            if again:
                world.heal()
                orders = orders._replace(times=[scenario.at + after for after in again], silence=_PATIENT)
                world.run(orders, Accident())
                end = self._inspection.blobs()
                violated += self._violated(left, end, orders.times[-1])
                violated += self._missed(scenario, simulator, visible["refresh_date"], start, end)
        return Course(ended, left, end, violated)

    def _orders(self, scenario: Scenario, simulator: Simulator, silence: float) -> Orders:
        settings = {
            **{setting.name: setting.default for setting in SETTINGS if setting.default},
            "IDENTITY_ENDPOINT": simulator.identity_endpoint,
            "IDENTITY_HEADER": simulator.identity_header,
            "GRAPH_ENDPOINT": simulator.graph_endpoint,
            "DOWNLOAD_HOSTS": simulator.download_origin,
            **self._storage.settings,
            "REPORTS": scenario.call,
        }
        return Orders(settings, simulator.control, [scenario.at], self._log, silence, scenario.block)

    def _violated(self, before: Blobs, blobs: Blobs, now: datetime) -> list[str]:
        """What has to hold at every instant, and does not."""
        self._inspection.now = now
        return self._inspection.violated(before, blobs, self._log.read_text())

    def _missed(self, scenario: Scenario, simulator: Simulator, day: str, start: Blobs, end: Blobs) -> list[str]:
        """What has to hold when all is over, and does not; `day` is the refresh date that Graph shows."""
        reports, at = catalogue(), (scenario.call, day)
        record = list(simulator.record.entries())
        came = {*invariants.bodies(start, reports).get(at, ())}
        if scenario.sane:
            whole = (entry for entry in record if entry.listener == "download" and entry.status == 200 and entry.size)
            came |= {entry.sha256.hex() for entry in whole}
        asked = [entry.at for entry in record if entry.listener == "graph"]
        return [
            *invariants.each_body_once(end, reports, {at: came}),
            *invariants.nothing_missed(end, reports, {scenario.call: [day] if scenario.sane else []}, {}),
            *invariants.within_budget({scenario.report: asked}, BUDGET, WINDOW),
            *invariants.verified(end, reports, self._inspection.now + timedelta(hours=2)),
        ]


def _unlike(twin: Blobs, end: Blobs) -> list[str]:
    """What there is in the end, and would not be so had nothing happened; but for the records of runs."""
    was, is_now = (
        {(at, kept.content) for at, kept in blobs.items() if at[0] != DERIVED or not at[1].startswith("runs/")}
        for blobs in (twin, end)
    )
    return [f"{place}/{name} is not as it would be" for place, name in sorted({at for at, _ in was ^ is_now})]


def sample(matrix: Matrix, seed: int, seconds: float) -> Iterator[Result]:
    """Cases by chance, as the seed has it, none of them twice, until so many seconds have passed."""
    end = time.monotonic() + seconds
    cases = matrix.cases()
    random.Random(seed).shuffle(cases)
    for case in cases:
        if time.monotonic() > end:
            break
        yield matrix(case)


def show_all(seed: int = 1, only: str = "") -> int:
    """Try every case, or only those of a scenario, or only one, and print the table.

    Answers the exit status: 1 if one did not survive.
    """
    started, results = time.monotonic(), list[Result]()
    for name in SCENARIOS:
        if only.partition(":")[0] not in ("", name):
            continue
        # Storage of its own for each: after ten minutes Azurite looks for garbage, and does nothing else meanwhile.
        with (
            Stack(users=1) as stack,
            environment(identity(stack.settings)),
            Matrix(stack.settings, seed) as matrix,
        ):
            cases = [case for case in matrix.cases(name) if only in ("", name, str(case))]
            _show(name, matrix, cases, results)
    broken = [result for result in results if result.violated]
    for result in broken:
        print(f"\n{result.case} ended as {result.ended}:", *result.violated, sep="\n  ")
        print(f"  again: python -m tests.reliability crashes --seed {seed} --only {result.case}")
    seconds = time.monotonic() - started
    print(f"\n{len(results) - len(broken)} of {len(results)} survived, seed {seed}, {seconds:.0f} s.")
    return int(bool(broken) or not results)


def _show(name: str, matrix: Matrix, cases: Sequence[Case], results: list[Result]) -> None:
    """A row for each step, a column for each mode: how the run ended."""
    print(f"\n{name}: {SCENARIOS[name].call}\n{'step':<38}" + "".join(_cell(mode, mode) for mode in MODES))
    for step, row in groupby(cases, lambda case: case.step):
        print(f"{step:>2} {matrix.twin(name).steps[step - 1]:<35}", end="", flush=True)
        chosen = {case.mode: case for case in row}
        for mode in MODES:
            told = ""
            if mode in chosen:
                results.append(result := matrix(chosen[mode]))
                told = f"{result.ended}{' BROKEN' if result.violated else ''}"
            print(_cell(mode, told), end="", flush=True)
        print()


def _cell(mode: str, text: str) -> str:
    return f"{text:<{14 if mode.startswith('kill') else 30}}"
