"""A run: reports in parallel, the calls of one report in sequence, within time and request budget."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

from shared.archive.archive import Archive
from shared.archive.coverage_index import CoverageIndex
from shared.archive.markers import Marker
from shared.archive.run_record import PullResult, RunRecord, last_success, states_after
from shared.domain.call import Call
from shared.domain.graph_window import days_of_interest
from shared.domain.selection import Selection
from shared.pulling.budget import Budget
from shared.pulling.concealment import changes_of_days
from shared.pulling.covering import keep_coverage
from shared.pulling.lost_dates import LostDates, lost_in_run, markers_of, together
from shared.pulling.marking import Marking
from shared.pulling.memory import Memory, load
from shared.pulling.plan import Plan, PlannedPull, plan
from shared.pulling.pull import Puller
from shared.pulling.retry import Attempts
from shared.pulling.run_events import emit_pull, emit_run
from shared.pulling.side_by_side import side_by_side
from shared.views.people import USERS

WORKERS = 4
"""Reports that are pulled in parallel."""
RUN_TIME = timedelta(minutes=25)
"""After that the rest is deferred; the function's own limit is 30 minutes (host.json)."""


class PullRun:
    """What pulls all calls that are due, as often as it is executed."""

    def __init__(
        self,
        *,
        archive: Archive,
        puller: Puller,
        selection: Selection,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object],
        random: Callable[[float, float], float],
        expire: Callable[[CoverageIndex | None, datetime], CoverageIndex | None],
        keep_views: Callable[[Sequence[PullResult], datetime], object],
        keep_tables: Callable[[CoverageIndex | None, datetime], object],
        workers: int = WORKERS,
    ) -> None:
        """`keep_views` and `keep_tables` keep what is derived, until a time; `workers` is how many pull side by side.

        `expire` deletes what is too old, until a time, and returns what is left of the coverage index. `clock` answers
        UTC, `sleep` takes seconds, `random` answers a number between two.
        """
        self._archive = archive
        self._marking = Marking(archive)
        self.puller = puller
        self.selection = selection
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._workers = workers
        self._expire = expire
        self._keep_views = keep_views
        self.keep_tables = keep_tables

    def execute(self, token: str = "") -> RunRecord:
        """Pull what is due, and return the record of that, which is stored; one event per call, and one for the run.

        The id of the run ends with the token: a new one, if none is given.
        Raise ArchiveUnavailable when the archive cannot be read at all. A call that fails stops no other.
        """
        started = self._clock()
        memory = load(self._archive, self.selection, self._clock, self._workers)
        selection = self.selection.only(memory.archived)
        due, attempts = self._plan(memory, selection, started)
        pulls = self._pull(due, attempts, self._unread(memory))
        lost, unmarked = self._account(memory, selection, pulls)
        finished = self._clock()
        planned = {**memory.planned, **dict.fromkeys(selection.daily, started)}
        record = RunRecord(
            id=f"{started:%Y-%m-%dT%H%M%SZ}-{token or secrets.token_hex(3)}",
            started=started,
            finished=finished,
            pulls=pulls,
            waiting=due.waiting,
            lost=together(lost, unmarked),
            states=states_after(memory.states, pulls, finished, planned),
            pulled_at=last_success(memory.record, pulls),
            planned=planned,
        )
        # Before the record: an index that does not know the newest record is made anew.
        coverage = keep_coverage(self._archive.coverage, record, memory, selection, self._marking.take_written())
        coverage = self._expire(coverage, started + RUN_TIME)
        self._keep_views(pulls, started + RUN_TIME)
        self._archive.runs.keep(record)
        emit_run(record, lost)
        self.keep_tables(coverage, started + RUN_TIME)
        return record

    def _unread(self, memory: Memory) -> Iterator[PullResult]:
        """Yield the results of the selected calls of which the archive does not tell what there is."""
        now, calls = self._clock(), self.selection.by_report
        for report, error in memory.unread.items():
            for call in calls[report] or [Call(report, date=days_of_interest(now)[1])]:
                yield PullResult.of_error(call, error, now)

    def _plan(self, memory: Memory, selection: Selection, now: datetime) -> tuple[Plan, Attempts]:
        """Return what is due, and what attempts it: with its requests noted, or with the obstacle that there is."""
        budget = Budget(self._archive.store)
        for notes in budget.notes():
            due = plan(selection, memory.archived, memory.states, notes.spent, now)
            obstacle = self.puller.obstacle() if due.pulls else None
            wanted = {report: len(pulls) for report, pulls in due.pulls.items() if pulls[0].is_budgeted}
            if obstacle or not wanted or budget.reserve(wanted, notes):
                break
        attempts = Attempts(
            puller=self.puller,
            budget=budget,
            obstacle=obstacle,
            end=now + RUN_TIME,
            clock=self._clock,
            sleep=self._sleep,
            random=self._random,
        )
        return due, attempts

    def _pull(self, due: Plan, attempts: Attempts, unread: Iterable[PullResult]) -> list[PullResult]:
        """Pull what is due, and return the results of all selected calls, `unread` with them, by their text."""
        # Who was erased and has another address since is told by the directory: no report may come before that.
        first = [USERS.report] if USERS.report in due.pulls and self.puller.keeps_people_out() else []
        results = [*unread, *(each.result(self._clock()) for each in due.skipped)]
        for result in results:
            emit_pull(result)
        results += [result for report in first for result in self._pull_report(due.pulls[report], attempts)]
        others = [pulls for report, pulls in due.pulls.items() if report not in first]
        pulled = side_by_side(partial(self._pull_report, attempts=attempts), others, self._workers)
        results += chain.from_iterable(pulled)
        return sorted(results, key=lambda result: str(result.call))

    def _pull_report(self, pulls: Sequence[PlannedPull], attempts: Attempts) -> list[PullResult]:
        """Pull the calls of one report, and mark each change of names at once."""
        results = []
        for planned, result in zip(pulls, attempts.pull_in_sequence(pulls), strict=True):
            self._marking.mark_change(planned, result)
            emit_pull(result)
            results.append(result)
        return results

    def _account(
        self, memory: Memory, selection: Selection, pulls: Sequence[PullResult]
    ) -> tuple[LostDates, LostDates]:
        """Return what was lost since the run before; and what was lost then or now, if it could not be marked."""
        daily, refresh_dates = sorted(selection.daily), self._archive.snapshots.refresh_dates
        lost = lost_in_run(pulls, memory, daily, refresh_dates, self._clock(), selection.directory)
        unmarked = together(memory.unmarked, lost)
        markers: list[Marker] = [*markers_of(unmarked, self.selection), *changes_of_days(daily, pulls, memory.states)]
        return lost, {} if self._marking.mark(markers) else unmarked
