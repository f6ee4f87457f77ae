"""The life of an archive in a world: runs as scheduled, whatever happens before each, and what must hold after each."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any

from local.in_memory import KeptBlob
from shared.app import App
from shared.archive.layout import DERIVED, REQUESTS
from shared.archive.run_record import RunRecord
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.pulling.run import RUN_TIME
from shared.verification.finding import Finding, FindingCode
from shared.web.http import Request, Response, handle
from tests.reliability import checks
from tests.reliability.checks import At, Revision, is_readable, revision_of
from tests.reliability.environment import Environment, ask, snapshot_in
from tests.reliability.oracle import CallDay
from tests.reliability.random_walk.walk import Violation
from tests.reliability.storage_proxy.operations import Operation, ignore
from tests.reliability.worlds.happenings import HAPPENINGS
from tests.reliability.worlds.truth import Truth, newest_revisions
from tests.reliability.worlds.world import World

RUNS_A_DAY = 4
_FIRST_RUN = timedelta(hours=1, minutes=15)
_PAUSE = 7 * RUNS_A_DAY + 1
"""Slots after which every call is due again that Graph once refused."""
_LATE = timedelta(minutes=5)
"""After the time of a run, to write down what became of it."""
_KNOWN = 31.0
"""Seconds for which readers are told what was the newest."""
_RULE = Mapping[str, Any]
NOT_AHEAD = timedelta(0)
ENDING = ("followed", "truncated")
"""Faults that come last of all that happen to a body."""


def _partition(at: At) -> str:
    """Return the report and period in the name of a blob, or nothing."""
    return "/".join(re.findall(r"report=\w+|period=[\w-]+", at[1]))


def _is_odd(at: At, blob: KeptBlob) -> bool:
    """Whether a blob among snapshots and quarantined bodies is none that readers can get as it was written."""
    return not revision_of(at) or not is_readable(blob) or checks.answers(blob, is_new=True) == [checks.DAMAGED]


def _is_note(operation: Operation) -> bool:
    """Whether requests to Graph are noted."""
    return operation.method == "PUT" and operation.blob == REQUESTS


class Life:
    """One archive in one world. `live` raises Violation."""

    def __init__(self, environment: Environment, world: World) -> None:
        self.environment = environment
        self.world = world
        self.runs = self.reads = 0
        self._control = environment.control
        self._random = Random(f"life {world.seed}")
        self._slot = 0
        self._graph: list[tuple[int, _RULE]] = []
        """The faults of Graph, each with the slot in which it ends ..."""
        self._storage: list[_RULE] = []
        """... and those of storage, for one slot."""
        self._clocks: list[timedelta] = [NOT_AHEAD]
        self._out: str = ""
        self._jump = NOT_AHEAD
        self._reading = False
        self._last_run: RunRecord | None = None
        self.truth = Truth()
        environment.heal()
        self._control.reset()
        self._control.set_time(world.began)
        environment.restore({})
        self._select()
        self.calls = sorted(self._apps[NOT_AHEAD].pull_run.selection.calls, key=str)
        self._daily = self._apps[NOT_AHEAD].pull_run.selection.daily

    def live(self) -> None:
        """Live through all days, heal, and see whether all is there that can be."""
        for _ in range(self.world.days * RUNS_A_DAY):
            self.pass_slot()
        self.recover()

    # -- what happens --------------------------------------------------------------------------------------------------

    def pass_slot(self) -> None:
        """Let the next scheduled time come, with what happens before, and the runs of all instances."""
        self._next_slot()
        self._storage, self._jump, self._reading = [], NOT_AHEAD, False
        for name in self.world.ingredients:
            if self._random.random() < HAPPENINGS[name].likely:
                HAPPENINGS[name].happen(self, self._random)
        self._graph = [(until, rule) for until, rule in self._graph if until > self._slot]
        self._graph.sort(key=lambda each: each[1]["fault"] in ENDING)  # nothing is shuffled behind an error
        graph = [rule for _, rule in self._graph]
        self.environment.spoil(graph, self._storage, seed=self.world.seed + self._slot)
        for ahead in self._clocks:
            self._run(ahead + self._jump)
        self._read()

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

    def restate(self, report: str, days_ago: int, revision: int) -> None:
        """Let Microsoft correct a day that is so many days before the newest, or (0) take that back."""
        day = self._visible(report) - timedelta(days=days_ago)
        self._control.put("restate", {"report": report, "refresh_date": str(day), "revision": revision})

    def pull_beside(self, ahead: timedelta) -> None:
        """Let another instance pull after the first, whose clock is so far ahead; or let it be gone."""
        self._clocks = [NOT_AHEAD] if len(self._clocks) > 1 else [NOT_AHEAD, ahead]

    def jump(self, ahead: timedelta) -> None:
        """Let all clocks of this slot be so far ahead, once in a life."""
        if not any(abs(each) > timedelta(days=1) for each in self._apps):
            self._jump = ahead

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
        return [Call(report, date=self._visible(report)) for report in self._daily]

    def shown_day(self) -> date:
        """Return the newest refresh date of the first call."""
        return self._visible(self.calls[0].report)

    # -- in a slot -----------------------------------------------------------------------------------------------------

    def _next_slot(self) -> None:
        now = self._control.now()
        at = now.replace(hour=0, minute=0, second=0, microsecond=0) + _FIRST_RUN
        while at <= now:
            at += timedelta(days=1) / RUNS_A_DAY
        self._control.set_time(at)
        self._slot += 1
        self._show()

    def _show(self) -> None:
        for report in {call.report for call in self.calls}:
            self.truth.shown[report].add(self._visible(report))

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
        records = {at for at in environment.seen if at[1].startswith("runs/")}
        began, before = self._control.now(), environment.seen
        operations, kept = len(environment.storage.seen), list[Operation]()
        environment.storage.after = partial(self._beside, kept)
        with suppress(*([ArchiveUnavailable] if self._storage else [])):
            app.pull_run.execute()
        environment.storage.after = ignore
        are_noted = not {*filter(_is_note, environment.storage.seen[operations:])} - {*kept}
        self.runs += 1
        self._show()
        if not (self._graph or self._storage or ahead):
            for report in {call.report for call in app.pull_run.selection.calls}:
                self.truth.given[report].add(self._visible(report))
        self.truth.hear(self._control.get("record"))
        violated = environment.violations(are_noted=are_noted)
        new = [revision for at in environment.seen.keys() - before.keys() if (revision := revision_of(at))]
        violated += self.truth.wrong(new, environment.seen)
        written = sorted({at for at in environment.seen if at[1].startswith("runs/")} - records)
        if written:
            run = self._last_run = RunRecord.from_bytes(environment.seen[written[-1]].content)
            violated += self._flaws(run, app) + self.truth.unheeded(run, environment.seen)
            self.truth.look(run, self._slot)
        elif not self._storage:
            violated.append("I13: a run left no record")
        if not self._storage:
            violated += self.truth.unarchived(environment.seen, self._is_empty)
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

    # -- readers -------------------------------------------------------------------------------------------------------

    def _beside(self, kept: list[Operation], operation: Operation) -> None:
        """Note what is kept of the budget's notes, and read something now and then, while a run goes on."""
        kept += filter(_is_note, [operation])
        if self._reading and operation.number % 7 == 0:
            call = self.calls[operation.number // 7 % len(self.calls)]
            self._demand(checks.answered(str(call), ask(self.environment.reader, call)))
            self.reads += 1

    def _read(self, *, is_new: bool = False) -> None:
        """Read the newest of each call, some snapshots, and all else there is, where no fault of storage hits."""
        environment = self.environment
        self._control.sleep(_KNOWN)
        there = {each: blob for each, blob in checks.snapshots(environment.seen).items() if is_readable(blob)}
        newest = {each.call: blob for each, blob in there.items()}
        violated = []
        for call in self.calls:
            violated += checks.newest_served(call, checks.answers(newest.get(call), is_new=is_new), self._serve)
        for each in self._random.sample(sorted(there, key=str), min(2, len(there))):
            violated += checks.snapshot_served(each, checks.answers(there[each], is_new=is_new), self._serve)
        call = self._random.choice(self.calls)
        path = self._random.choice((f"{call}", f"{call}/series", f"{call}/series", f"{call}/snapshots", "", "status"))
        response = self._status() if path == "status" else self._get(f"v1.0/reports/{path}")
        violated += checks.answered(path or "the list", response)
        if call.report not in catalogue().personal and response.status == 200 and checks.tells_of_one(response.body):
            violated.append(f"I12: {path} names people")
        self.reads += len(self.calls) + 3
        self._demand(violated)

    def _serve(self, call: Call, revision: Revision | None) -> bytes | str:
        response = ask(self.environment.reader, call, revision)
        self._demand(checks.answered(f"{call} {revision or ''}", response))
        return snapshot_in(response)

    def _get(self, path: str) -> Response:
        reports = partial(self.environment.reader.api.reports, personal=self._random.choice((True, False)))
        return handle(Request("GET", path), reports)

    def _status(self) -> Response:
        return handle(Request("GET", "status"), self._app(NOT_AHEAD).api.status)

    # -- in the end ----------------------------------------------------------------------------------------------------

    def recover(self) -> None:
        """Heal everything. Then all is archived that Graph still gives, and what is not is called what it is."""
        self._graph, self._storage, self._clocks, self._reading = [], [], [NOT_AHEAD], False
        self._jump = NOT_AHEAD
        self._out = ""
        self._select()
        self.environment.heal()
        self.sleep(_PAUSE)
        for _ in range(4):
            self._heal_on()
        while self._last_run and self._last_run.waiting:
            self._heal_on()
        self.environment.read_anew()
        self._read(is_new=True)
        self._demand([*self._lacking(), *self._misjudged(), *self._unfound()])

    def _heal_on(self) -> None:
        self._next_slot()
        self._run(NOT_AHEAD)

    def _lacking(self) -> list[str]:
        """I13: return what Graph gives now, and the archive does not hold as its newest.

        A single day that is settled is not asked for again if somebody else made its snapshots unreadable: its name is
        there, and `verify` tells.
        """
        newest, broken = newest_revisions(self.environment.seen), []
        named = {CallDay(*each[:2]) for each in map(revision_of, self.environment.seen) if each}
        for call in self.calls:
            now = self._expected(call)
            there = newest.get(CallDay(call, date.fromisoformat(now["refresh_date"])))
            if there != now["sha256"] and now["rows"]:
                broken.append(f"I13: {call} of {now['refresh_date']} is healed, and {there or 'nothing'} is the newest")
        today = self._control.now().date()
        for report in self._daily:
            last = self._visible(report) - timedelta(days=1)
            for day in (last - timedelta(days=number) for number in range((last - today).days + 28)):
                call = Call(report, date=day)
                if CallDay(call, day) not in named and not self._is_empty(call):
                    broken.append(f"I13: {call} is not archived")
        return broken

    def _misjudged(self) -> list[str]:
        response = self._status()
        if response.status != 200:
            return [f"I11: /status is {response.status} in the end"]
        return self.truth.misjudged(json.loads(response.body))

    def _unfound(self) -> list[str]:
        """I10: return what `verify` does not tell of what others wrote, and what it tells without that."""
        seen, by_hand = self.environment.seen, self.environment.by_hand
        found = checks.findings(seen, self._control.now() + timedelta(hours=2))
        named, touched = {(each.container, each.name) for each in found}, {*map(_partition, by_hand)}
        unnamed = [at for at in sorted(by_hand & seen.keys() - named) if at[0] != DERIVED and _is_odd(at, seen[at])]
        return [
            *(f"I10: verify does not name {'/'.join(at)}" for at in unnamed),
            *(f"I10: {each}" for each in found if not self._is_excused(each, touched)),
        ]

    def _is_excused(self, finding: Finding, touched: Container[str]) -> bool:
        """Whether somebody else, or a wrong clock, made what was found: in that partition, or (none) anywhere."""
        if finding.code is FindingCode.OUT_OF_ORDER and {"clocks", "jump"} & {*self.world.ingredients}:
            return True
        at = finding.container, finding.name
        return at in self.environment.by_hand or _partition(at) in touched

    def _expected(self, call: Call) -> Mapping[str, Any]:
        expected: Mapping[str, Any] = self._control.get("expected", call=str(call))
        return expected

    def _is_empty(self, call: Call) -> bool:
        return bool(self._expected(call)["rows"] == 0)

    def _visible(self, report: str) -> date:
        return date.fromisoformat(self._control.get("visible", report=report)["refresh_date"])

    def _demand(self, violated: Sequence[str]) -> None:
        if violated:
            rules = [*(rule for _, rule in self._graph), *self._storage]
            faults = ", ".join(f"{rule['fault']}{rule.get('args') or ''}" for rule in rules)
            where = f"Day {self._slot // RUNS_A_DAY}, {self._control.now():%Y-%m-%d %H:%M}, with {faults or 'no fault'}"
            raise Violation("\n".join([*violated, where]))
