"""A walk of one archive through time: what can happen to it, step by step, and what must hold after each step.

The steps are the same for `python -m tests.reliability soak` and for the state machine in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from random import Random

from shared.archive.run_record import PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.errors import ArchiveUnavailable
from tests.reliability.checks import NOTHING, Revision, newest_served, no_secret, sha256, snapshot_served
from tests.reliability.environment import Environment, ask, snapshot_in
from tests.reliability.faults.drawn import NOTE
from tests.reliability.oracle import CallDay, Oracle, Slot
from tests.reliability.random_walk.disturbances import Disturbances
from tests.reliability.schedule import PAUSE, Schedule, demand
from tests.reliability.storage_proxy.operations import die, ignore
from tests.reliability.worlds.hands import put_strays

_READ_EACH = 5
"""Steps after which readers are tried again, if nothing new is archived."""


class RandomWalk(Disturbances):
    """One archive, from its first pull on. Every step raises Violation if it leaves something that must not be."""

    def __init__(self, environment: Environment, reports: str, began: datetime) -> None:
        super().__init__(environment)
        self.requests = 0
        """To the token endpoint, to Graph and to the download host ..."""
        self.faulty = 0
        """... and those of them with which something went wrong."""
        self.reports = reports
        self._control = environment.control
        self._crashes = self._restated = self._steps = 0
        self._expected: tuple[object, dict[Call, str]] = None, {}
        self._schedule = Schedule(environment, began)
        self.restart()
        self.oracle = Oracle(self._app.pull_run.selection)
        self._calls = self.oracle.calls
        put_strays(environment, self._calls, str(self._schedule.visible(self._calls[0].report)), Random(1), 0.5)

    @property
    def faults(self) -> int:
        """How many happened so far, of all kinds."""
        return self.faulty + self._crashes + self._hits()

    # -- steps ---------------------------------------------------------------------------------------------------------

    def pull(self) -> None:
        """Let the scheduled pull take place."""
        self._next_slot()
        self._run()

    def pull_again(self) -> None:
        """Pull by hand, or let the timer fire twice."""
        self._control.sleep(60)
        self._run()

    def miss(self, slots: int) -> None:
        """Let the host sleep through so many scheduled pulls."""
        for _ in range(slots):
            self._next_slot()
        self._look()

    def crash(self, operation: int, sent: bool) -> None:
        """Cut a pull short at its nth operation on storage: before that has its effect, or (`sent`) after."""
        self._next_slot()
        storage = self._environment.storage
        last = len(storage.seen) + operation
        storage.before, storage.after = partial(die, last + sent), partial(die, last)
        self._run(is_crashing=True)
        storage.before = storage.after = ignore
        self._crashes += 1
        self.restart()

    def restart(self) -> None:
        """Begin a new process."""
        self._app = self._environment.app(self.reports)

    def break_storage(self, number: int, times: int) -> None:
        """Begin a fault of storage, which changes nothing that is stored."""
        super().break_storage(number, times)
        self._look()

    def restate(self, days_ago: int, revision: int) -> None:
        """Let Microsoft correct the numbers of the day that is so many days before the newest."""
        self._schedule.restate(self._calls[0].report, days_ago, revision)
        self._restated += 1

    def read(self) -> None:
        """Read the newest from the app that pulls, whatever is wrong with storage."""
        violated = []
        for call in self._calls:
            response = ask(self._app, call)
            answer = snapshot_in(response)
            if isinstance(answer, str):
                violated += no_secret("an answer", answer, [self._environment.secret])
            if response.status == 503 and self._storage_fails:
                violated += [] if "Retry-After" in response.headers else ["I9: 503 without Retry-After"]
            elif self._list_is_stale and isinstance(answer, bytes):  # only a list can tell which is the newest
                archived = [digest for day, all_ in self.oracle.archived.items() if day.call == call for digest in all_]
                violated += [] if sha256(answer) in archived else [f"I3: {call} is answered with what is not archived"]
            elif response.status != 404 or not self._storage_fails:
                violated += newest_served(call, self._right(call), lambda *_, answer=answer: answer)
        demand(violated)
        self._look()

    def recover(self) -> None:
        """Heal everything. After a while nothing shows that anything ever was wrong, but what is named."""
        self.heal()
        self.conceal(0)
        self.miss(PAUSE)
        for _ in range(4):
            self.pull()
        while self.oracle.last_run and self.oracle.last_run.waiting:
            self.pull()
        now = self._control.now()
        behind = [call for call in self._calls if self.oracle.newest_day(call) != self._schedule.visible(call.report)]
        demand(
            [
                *(f"I6: {call} is healed, and not up to date" for call in behind),
                *self.oracle.days_missed(now.date(), self._schedule.is_empty),
                *self._environment.violations(anew=True),
                *self._environment.violations_at_rest(now),
            ]
        )

    # -- what happens in a step ----------------------------------------------------------------------------------------

    def _next_slot(self) -> None:
        self.oracle.schedule(Slot(self._schedule.go_on(), self._shown()))

    def _run(self, is_crashing: bool = False) -> None:
        self._environment.forget()
        before, unnoted, may_fail = self.oracle.last_run, self._hits_under(NOTE), is_crashing or self._storage_fails
        expected = self._learn_expected()
        with suppress(*([ArchiveUnavailable] if may_fail else [])):
            self._app.pull_run.execute()
        self._learn_expected()
        self._note(self._control.get("record"))
        self._look()
        if is_crashing or self._hits_under(NOTE) > unnoted:
            self._environment.pardon()  # the requests may not be noted, and a day is worth more than the budget
        run = self.oracle.last_run
        if run is None or run is before:
            demand([] if may_fail else ["I6: a run left no record"])
        else:
            demand([*self.oracle.missed(), *([] if may_fail else self._unwell(run, expected))])

    def _note(self, record: Sequence[Mapping[str, object]]) -> None:
        self.oracle.answer(record)
        self.requests += len(record)
        self.faulty += sum(entry["faults"] not in ([], ["concealed"]) for entry in record)

    def _learn_expected(self) -> dict[Call, str]:
        """Return what Graph has to say for each call, and tell the oracle."""
        now = tuple(self._shown().items()), self._restated
        if self._expected[0] != now:
            said = {call: self._schedule.expected(call)["sha256"] for call in self._calls}
            self._expected = now, said
            for call, digest in said.items():
                self.oracle.say(call, digest)
        return self._expected[1]

    def _shown(self) -> dict[str, date]:
        return {report: self._schedule.visible(report) for report in {call.report for call in self._calls}}

    # -- what must hold ------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Check what must hold at every instant."""
        self._steps += 1
        before = len(self.oracle.archived)
        violated = self._environment.violations()
        hand = self._environment.by_hand
        violated += self.oracle.look({at: blob for at, blob in self._environment.seen.items() if at not in hand})
        if len(self.oracle.archived) > before or self._steps % _READ_EACH == 0:
            violated += self._misread()
        demand(violated)

    def _misread(self) -> list[str]:
        """Return whether readers get something else than the newest of each call, and something older."""
        violated, serve = [], self._environment.serve
        for call in self._calls:
            violated += newest_served(call, self._right(call), serve)
        if days := sorted(self.oracle.archived, key=str):
            day = days[self._steps % len(days)]
            digests = self.oracle.archived[day]
            number = self._steps % len(digests)
            violated += snapshot_served(Revision(*day, number + 1), [digests[number]], serve)
        return violated

    def _right(self, call: Call) -> list[str]:
        """Return the right answer for the newest of a call."""
        return [self.oracle.newest(call) or NOTHING]

    def _unwell(self, run: RunRecord, expected: Mapping[Call, str]) -> list[str]:
        """Return the pulls that did not end well, though nothing was wrong that keeps them from it."""
        if self._excuses_all():
            return []
        return [
            *(
                f"I6: {each.call} ended as {each.outcome}:{each.reason} {each.detail}"
                for each in run.pulls
                if not each.outcome.is_success and not self._excuses(each)
            ),
            *(f"I6: {each.call} was read, and is not archived" for each in run.pulls if self._is_lost(each, expected)),
        ]

    def _is_lost(self, result: PullResult, expected: Mapping[Call, str]) -> bool:
        """Whether a run read what Graph had to say, and it is not archived."""
        if not result.read or not result.refresh_date or self._case or self._concealed or result.call not in expected:
            return False
        return expected[result.call] not in self.oracle.archived.get(CallDay(result.call, result.refresh_date), [])[-1:]
