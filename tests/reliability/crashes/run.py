"""The crash matrix: a pull dies, or is let down, at each of its steps; afterwards all is as if nothing had happened.

The steps come from a reference run in which nothing happens. After the crash comes a restart, with one run at once and
the first one of the next day.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import groupby
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

from local.backfill import settings_of
from local.in_process import InProcessControl
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import COVERAGE, DERIVED
from shared.domain.call import Call
from simulator import Simulator
from tests.reliability.checks import Blobs, all_kept, bodies
from tests.reliability.crashes.crash_points import MODES, CrashPoint, execute
from tests.reliability.crashes.process import KILLED, ProcessSpec
from tests.reliability.environment import BLOCK, Rules
from tests.reliability.real_parts import RealParts, started
from tests.reliability.worlds.hands import put_strays

AGAIN = (timedelta(minutes=1), timedelta(days=1))
"""When runs follow, after the one with the crash."""
_COUNTS = Call("getOffice365ActiveUserCounts", period="D7")
_DETAIL = Call("getOffice365ActiveUserDetail", period="D7")
_EVENING = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
"""The refresh date of the day is out; at midnight that of the next day is not."""
_STUCK = {"fault": "stuck", "args": {"days": 9}}
_PATIENT, _HURRIED = 20.0, 1.0
"""Seconds that a process waits for an answer."""


class Scenario(NamedTuple):
    """What there is to pull."""

    call: Call
    at: datetime = _EVENING
    """When the run with the crash starts."""
    before: datetime | None = None
    """When a healthy run was before it, if there was one."""
    is_restated: bool = False
    """Whether Graph has other numbers for the same refresh date since."""
    graph: Rules = ()
    """The faults of Graph since."""
    is_sane: bool = True
    """Whether what Graph sends is to be published."""
    users: int = 40
    block: int = BLOCK


SCENARIOS = {
    "first": Scenario(_COUNTS),
    "revision": Scenario(_COUNTS, _EVENING + timedelta(minutes=1), before=_EVENING, is_restated=True),
    "quarantined": Scenario(
        _COUNTS, before=_EVENING - timedelta(days=1), graph=[{"fault": "page", "times": None}], is_sane=False
    ),
    # Several blocks, and names that are concealed from that day on.
    "large": Scenario(
        _DETAIL,
        before=_EVENING - timedelta(days=1),
        graph=[{"fault": "concealed", "times": None}],
        users=1000,
        block=32 << 10,
    ),
}


class Crash(NamedTuple):
    """One cell of the matrix; its text is `scenario:step:mode`."""

    scenario: str
    step: int
    """From 1."""
    mode: str

    def __str__(self) -> str:
        return ":".join(map(str, self))


class Result(NamedTuple):
    """How a run with a crash went, and what followed."""

    ended: str
    left: Blobs
    """What was stored after the crash ..."""
    end: Blobs
    """... and after all runs."""
    violated: Sequence[str]


class ReferenceRun(NamedTuple):
    """A scenario in which nothing happens."""

    start: Blobs
    steps: Sequence[str]
    ended: str
    end: Blobs


class Crashes:
    """Tries the crashes of a scenario, one after the other, in a storage account that holds nothing else.

    Use it in a `with` block, with the identity of the platform in the environment. Another `seed` is another tenant.
    """

    def __init__(self, settings: Mapping[str, str], name: str, seed: int = 1) -> None:
        """Of the `settings` only those that say where storage is are used."""
        self._name = name
        self._scenario = SCENARIOS[name]
        self._simulator = Simulator(users=self._scenario.users, seed=seed)
        self._control = InProcessControl(self._simulator)
        ours = {
            "IDENTITY_ENDPOINT": self._simulator.identity_endpoint,
            "IDENTITY_HEADER": self._simulator.identity_header,
            "REPORTS": str(self._scenario.call),
        }
        storage = {name: settings[name] for name in ("ARCHIVE_URL", "ARCHIVE_CA")}
        self._parts = RealParts(settings_of(self._simulator) | ours | storage, self._control)
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(self._simulator)
            undo.enter_context(self._parts)
            self._log = Path(undo.enter_context(TemporaryDirectory(prefix="usage-archive-")), "log")
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    @cached_property
    def reference(self) -> ReferenceRun:
        """How the scenario goes when nothing happens."""
        start: Blobs = {}
        if self._scenario.before:
            self._parts.restore({})
            put_strays(self._parts, [self._scenario.call], "2026-11-18", Random(1), 0.25)
            before = self._scenario._replace(at=self._scenario.before, is_restated=False, graph=())
            start = self._play(before, self._parts.seen, CrashPoint(), again=()).end
        watch = CrashPoint()
        result = self._play(self._scenario, start, watch)
        if result.violated or result.ended.partition(":")[0] not in ("published", "revised", "quarantined"):
            raise AssertionError(f"When nothing happens, it ends as {result.ended}: {result.violated}")
        return ReferenceRun(start, watch.steps, result.ended, result.end)

    def every(self) -> list[Crash]:
        """Return a crash at every step, in every mode."""
        return [Crash(self._name, number, mode) for number, _ in enumerate(self.reference.steps, 1) for mode in MODES]

    def attempt(self, crash: Crash) -> Result:
        """Let it happen, restart, go on until the next day."""
        reference, point = self.reference, CrashPoint(crash.step, crash.mode)
        result = self._play(self._scenario, reference.start, point)
        violated = [*result.violated, *_difference(reference.end, result.end)]
        is_as_expected = (result.ended == KILLED) == crash.mode.startswith("kill")
        if not is_as_expected or (crash.mode == "lost" and result.ended != reference.ended):
            violated.append(f"the run ended as {result.ended}")
        if _in_any_order(point.steps[: crash.step]) != _in_any_order(reference.steps[: crash.step]):
            violated.append(f"the steps were {point.steps}, not those of the reference run")
        return result._replace(violated=violated)

    def _play(self, scenario: Scenario, start: Blobs, point: CrashPoint, again: Sequence[timedelta] = AGAIN) -> Result:
        day, graph = self._begin(scenario, start), [_STUCK, *scenario.graph]
        patience = _HURRIED if point.mode == "hang" else _PATIENT
        spec = ProcessSpec(
            self._parts.settings, self._simulator.control, [scenario.at], self._log, patience, scenario.block
        )
        ended = execute(spec, point, self._simulator, self._parts, graph)
        violated = self._violated(scenario.at, scenario.at)
        left = self._parts.seen
        if again:
            self._parts.spoil(graph)
            times = [scenario.at + after for after in again]
            execute(spec._replace(times=times, read_timeout=_PATIENT), CrashPoint(), self._simulator, self._parts)
            violated += self._violated(times[-1], times[-1] + timedelta(hours=2))  # by then all must be in order
            violated += all_kept(self._parts.seen, scenario.call, day, self._received(scenario, start, day))
        return Result(ended, left, self._parts.seen, violated)

    def _begin(self, scenario: Scenario, start: Blobs) -> date:
        """Set the stage, and return the refresh date that Graph shows."""
        self._parts.heal()
        self._control.reset()
        self._control.set_time(scenario.at)
        visible = self._control.get("visible", report=scenario.call.report)
        if scenario.is_restated:
            self._control.put("restate", {**visible, "revision": 1})
        self._parts.restore(start)
        self._log.write_text("")
        self._parts.spoil([_STUCK, *scenario.graph])
        return date.fromisoformat(visible["refresh_date"])

    def _violated(self, now: datetime, verified_at: datetime) -> list[str]:
        self._control.set_time(now)
        return [*self._parts.violations(self._log.read_text()), *self._parts.violations_at_rest(verified_at)]

    def _received(self, scenario: Scenario, start: Blobs, day: date) -> set[str]:
        """Return the SHA-256 of all bodies of that day that were sent whole and are to be published."""
        record = self._control.get("record", listener="download") if scenario.is_sane else ()
        whole = {entry["sha256"] for entry in record if entry["status"] == 200 and entry["size"]}
        return bodies(start, scenario.call, day) | whole


def _in_any_order(steps: Sequence[str]) -> list[str]:
    """Return the steps without saying what is listed: several listings go side by side, in an order by chance."""
    return ["list" if step.startswith("list ") else step for step in steps]


def _difference(reference: Blobs, end: Blobs) -> list[str]:
    """Return what would not be so if nothing had happened; but for runs, as records and the index have them."""
    one, other = (
        {
            (at, said(blob.content) if at == (DERIVED, COVERAGE) else blob.content)
            for at, blob in blobs.items()
            if at[0] != DERIVED or not at[1].startswith("runs/")
        }
        for blobs in (reference, end)
    )
    return [f"{container}/{name} is not as it would be" for container, name in sorted({at for at, _ in one ^ other})]


def show_all(seed: int = 1, only: str = "") -> int:
    """Try every crash, or only those of a scenario, or only one, and print the table.

    Return the exit status: 1 if the archive did not survive one of them.
    """
    began, number, broken = time.monotonic(), 0, list[str]()
    for name in SCENARIOS:
        if only.partition(":")[0] in ("", name):
            with started(users=1) as parts, Crashes(parts.settings, name, seed) as crashes:
                chosen = [crash for crash in crashes.every() if only in ("", name, str(crash))]
                number += len(chosen)
                broken += _show(name, crashes, chosen, seed)
    print("", *broken, sep="\n")
    print(f"{number - len(broken)} of {number} survived, seed {seed}, {time.monotonic() - began:.0f} s.")
    return int(bool(broken) or not number)


def _show(name: str, crashes: Crashes, chosen: Sequence[Crash], seed: int) -> list[str]:
    """Print how each run ended, a row for each step, a column for each mode. Return what did not survive."""
    broken = []
    print(f"\n{name}: {SCENARIOS[name].call}\n{'step':<38}" + "".join(_cell(mode, mode) for mode in MODES))
    for step, row in groupby(chosen, lambda crash: crash.step):
        print(f"{step:>2} {crashes.reference.steps[step - 1]:<35}", end="", flush=True)
        by_mode = {crash.mode: crash for crash in row}
        for mode in MODES:
            ended, violated = "", ""
            if crash := by_mode.get(mode):
                result = crashes.attempt(crash)
                ended, violated = result.ended, "\n  ".join(result.violated)
            if violated:
                again = f"python -m tests.reliability crashes --seed {seed} --only {crash}"
                broken.append(f"{crash} ended as {ended}:\n  {violated}\n  again: {again}\n")
            print(_cell(mode, f"{ended}{' BROKEN' if violated else ''}"), end="", flush=True)
        print()
    return broken


def _cell(mode: str, text: str) -> str:
    return f"{text:<{14 if mode.startswith('kill') else 30}}"


def said(index: bytes) -> bytes:
    """Return what a coverage index says of snapshots and marks."""
    return CoverageIndex.from_bytes(index)._replace(runs=(), turn=None).to_bytes()
