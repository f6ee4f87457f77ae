"""The life of an archive in a world: runs as scheduled, whatever happens before each, and what must hold after each."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any

from shared.app import App
from shared.archive.layout import REQUESTS
from shared.archive.run_record import RunRecord
from shared.domain.call import Call
from shared.domain.errors import ArchiveUnavailable
from shared.pulling.run import RUN_TIME
from shared.web.http import Request, Response, handle
from tests.reliability.checks import revision_of
from tests.reliability.environment import Environment
from tests.reliability.schedule import PAUSE, RUNS_A_DAY, Schedule, demand
from tests.reliability.storage_proxy.operations import Operation, die, ignore
from tests.reliability.worlds.aftermath import lacking, unfound
from tests.reliability.worlds.happenings import HAPPENINGS
from tests.reliability.worlds.readers import Readers
from tests.reliability.worlds.truth import TRUE, Truth
from tests.reliability.worlds.world import World

_LATE = timedelta(minutes=5)
"""After the time of a run, to write down what became of it."""
_RULE = Mapping[str, Any]
NOT_AHEAD = timedelta(0)
_NEVER = sys.maxsize
ENDING = ("followed", "truncated")
"""Faults that come last of all that happen to a body."""


def _is_note(operation: Operation) -> bool:
    """Whether requests to Graph are noted."""
    return operation.method == "PUT" and operation.blob == REQUESTS


class Life:
    """One archive in one world. `live` raises Violation."""

    def __init__(self, environment: Environment, world: World) -> None:
        self.environment = environment
        self.world = world
        self.runs = 0
        self._control = environment.control
        self._random = Random(f"life {world.seed}")
        self._slot = 0
        self._graph: list[tuple[int, _RULE]] = []
        """The faults of Graph, each with the slot in which it ends ..."""
        self._storage: list[_RULE] = []
        """... and those of storage, for one slot."""
        self._clocks: list[timedelta] = [NOT_AHEAD]
        self._crash: tuple[int, bool] | None = None
        """The operation on storage at which the next run ends, and whether that has its effect."""
        self._out: str = ""
        self._jump = NOT_AHEAD
        self._were_clocks_wrong = self._reading = False
        self._last_run: RunRecord | None = None
        self.truth = Truth()
        self.schedule = Schedule(environment, world.began)
        self._select()
        self.calls = sorted(self._apps[NOT_AHEAD].pull_run.selection.calls, key=str)
        self._daily = self._apps[NOT_AHEAD].pull_run.selection.daily
        self._readers = Readers(environment, self.calls, self._random, self._status)

    def live(self) -> None:
        """Live through all days, heal, and see whether all is there that can be."""
        for _ in range(self.world.days * RUNS_A_DAY):
            self.pass_slot()
        self.recover()

    # -- what happens --------------------------------------------------------------------------------------------------

    def pass_slot(self) -> None:
        """Let the next scheduled time come, with what happens before, and the runs of all instances."""
        self._next_slot()
        self._storage, self._jump, self._reading, self._crash = [], NOT_AHEAD, False, None
        for name in self.world.ingredients:
            if self._random.random() < (self.world.likely or HAPPENINGS[name].likely):
                HAPPENINGS[name].happen(self, self._random)
        self._graph = [(until, rule) for until, rule in self._graph if until > self._slot]
        self._graph.sort(key=lambda each: each[1]["fault"] in ENDING)  # nothing is shuffled behind an error
        graph = [rule for _, rule in self._graph]
        self.environment.spoil(graph, self._storage, seed=self.world.seed + self._slot)
        for ahead in self._clocks:
            self._run(ahead + self._jump)
        self._demand(self._readers.wrong())

    def trouble(
        self,
        fault: str,
        random_: Random,
        match: Mapping[str, str] | None = None,
        args: Mapping[str, Any] | None = None,
        *,
        slots: int = 0,
        likely: float = 1.0,
    ) -> None:
        """Let Graph have a fault for some slots."""
        rule = {"fault": fault, "match": match or {}, "args": args or {}, "times": None, "p": likely}
        self._graph.append((self._slot + (slots or random_.choice((1, 1, 2, 4))), rule))

    def stall(self, days: int) -> None:
        """Let the refresh dates stand still, and jump after so many days."""
        if all(rule["fault"] != "stuck" for _, rule in self._graph):
            rule = {"fault": "stuck", "args": {"days": float(days)}}
            self._graph.append((self._slot + days * RUNS_A_DAY, rule))

    def storage_trouble(self, rule: _RULE) -> None:
        """Let storage have a fault until the next slot."""
        self._storage.append(rule)

    def pull_beside(self, ahead: timedelta) -> None:
        """Let another instance pull after the first, whose clock is so far ahead; or let it be gone."""
        self._clocks = [NOT_AHEAD] if len(self._clocks) > 1 else [NOT_AHEAD, ahead]

    def jump(self, ahead: timedelta) -> None:
        """Let all clocks of this slot be so far ahead, once in a life."""
        if not any(abs(each) > timedelta(days=1) for each in self._apps):
            self._jump = ahead

    def crash(self, operation: int, sent: bool) -> None:
        """Let the next run end at its nth operation on storage: before that has its effect, or (`sent`) after."""
        self._crash = operation, sent

    def select(self, random_: Random) -> None:
        """Take a report out of REPORTS, or put it back."""
        self._out = "" if self._out or len(self.world.reports) == 1 else random_.choice(self.world.reports)
        self._select()

    def read_beside(self) -> None:
        """Let readers come while the next run goes on."""
        self._reading = True

    def sleep(self, slots: int) -> None:
        """Let the host sleep through so many scheduled runs."""
        for _ in range(slots):
            self._next_slot()

    def single_days(self) -> list[Call]:
        """Return the newest single day of each report of which these are pulled."""
        return [Call(report, date=self.schedule.visible(report)) for report in self._daily]

    def shown_day(self) -> date:
        """Return the newest refresh date of the first call."""
        return self.schedule.visible(self.calls[0].report)

    # -- in a slot -----------------------------------------------------------------------------------------------------

    def _next_slot(self) -> None:
        self.schedule.go_on()
        self._slot += 1
        self._show()

    def _show(self) -> None:
        for report in {call.report for call in self.calls}:
            self.truth.shown[report].add(self.schedule.visible(report))

    def _select(self) -> None:
        self._apps: dict[timedelta, App] = {}
        self._reports = ", ".join(each for each in self.world.reports if each != self._out)
        self._app(NOT_AHEAD)

    def _app(self, ahead: timedelta) -> App:
        if ahead not in self._apps:
            self._apps[ahead] = self.environment.app(self._reports, ahead=ahead)
        return self._apps[ahead]

    def _run(self, ahead: timedelta) -> None:
        """Let one instance run, and check what it left."""
        environment, app = self.environment, self._app(ahead)
        environment.forget()
        environment.storage.seen.clear()
        self._were_clocks_wrong |= ahead != NOT_AHEAD
        records = {at for at in environment.seen if at[1].startswith("runs/")}
        began, before = self._control.now(), environment.seen
        kept, crash, self._crash = list[Operation](), self._crash, None
        may_fail = bool(self._storage or crash)
        last, sent = crash or (_NEVER, False)
        environment.storage.before = partial(die, last + sent)
        environment.storage.after = partial(self._beside, kept, last)
        with suppress(*([ArchiveUnavailable] if may_fail else [])):
            app.pull_run.execute()
        environment.storage.before = environment.storage.after = ignore
        if crash:
            self._apps = {each: one for each, one in self._apps.items() if one is not app}
        are_noted = not {*filter(_is_note, environment.storage.seen)} - {*kept}
        self.runs += 1
        self._show()
        if not (may_fail or ahead) and all(rule["fault"] in TRUE for _, rule in self._graph):
            for report in {call.report for call in app.pull_run.selection.calls}:
                self.truth.given[report].add(self.schedule.visible(report))
        self.truth.hear(self._control.get("record"))
        violated = environment.violations(are_noted=are_noted)
        new = [revision for at in environment.seen.keys() - before.keys() if (revision := revision_of(at))]
        violated += self.truth.wrong(new, environment.seen)
        written = sorted({at for at in environment.seen if at[1].startswith("runs/")} - records)
        if written:
            run = self._last_run = RunRecord.from_bytes(environment.seen[written[-1]].content)
            violated += self._flaws(run, app) + self.truth.unheeded(run, environment.seen)
            self.truth.look(run, self._slot)
        elif not may_fail:
            violated.append("I13: a run left no record")
        if not may_fail:
            violated += self.truth.unarchived(environment.seen, self.schedule.is_empty)
            if self._control.now() - began > RUN_TIME + _LATE:
                violated.append(f"I13: a run took {self._control.now() - began}")
        if not are_noted:
            environment.pardon()  # a day is worth more than the budget
        self._demand(violated)

    def _flaws(self, run: RunRecord, app: App) -> list[str]:
        missing = {*app.pull_run.selection.calls} - {pull.call for pull in run.pulls}
        defects = [pull for pull in run.pulls if pull.reason == "defect"]
        return [
            *(f"I6: {call} was not pulled, and nothing says why" for call in sorted(missing, key=str)),
            *(f"I11: {pull.call} met a mistake in the app: {pull.detail}" for pull in defects),
        ]

    def _beside(self, kept: list[Operation], last: int, operation: Operation) -> None:
        """Note what is kept of the budget's notes, and let readers come, while a run goes on until it ends."""
        kept += filter(_is_note, [operation])
        if self._reading:
            self._readers.read_beside(operation)
        die(last, operation)

    # -- in the end ----------------------------------------------------------------------------------------------------

    def recover(self) -> None:
        """Heal everything. Then all is archived that Graph still gives, and what is not is called what it is."""
        self._graph, self._storage, self._clocks, self._reading = [], [], [NOT_AHEAD], False
        self._jump, self._crash = NOT_AHEAD, None
        self._out = ""
        self._select()
        self.environment.heal()
        self.sleep(PAUSE)
        for _ in range(4):
            self._heal_on()
        while self._last_run and self._last_run.waiting:
            self._heal_on()
        self.environment.read_anew()
        self._demand(
            [
                *self._readers.wrong(is_new=True),
                *lacking(self.environment, self.schedule, self.calls, self._daily),
                *self._judged_wrong(),
                *unfound(self.environment, were_clocks_wrong=self._were_clocks_wrong),
            ]
        )

    def _heal_on(self) -> None:
        self._next_slot()
        self._run(NOT_AHEAD)

    def _judged_wrong(self) -> list[str]:
        response = self._status()
        if response.status != 200:
            return [f"I11: /status is {response.status} in the end"]
        return self.truth.misjudged(json.loads(response.body))

    def _status(self) -> Response:
        return handle(Request("GET", "status"), self._app(NOT_AHEAD).api.status)

    def _demand(self, violated: Sequence[str]) -> None:
        rules = [*(rule for _, rule in self._graph), *self._storage]
        faults = ", ".join(f"{rule['fault']}{rule.get('args') or ''}" for rule in rules)
        now = self._control.now()
        demand(violated, f"Day {self._slot // RUNS_A_DAY}, {now:%Y-%m-%d %H:%M}, with {faults or 'no fault'}")
