"""A run: all calls that are due, side by side but for those of one report, with retries, in time and within budget."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared import events
from shared.archive.archive import Archive
from shared.archive.coverage import lost_days, lost_refresh_dates
from shared.archive.layout import ConcealmentChange, LostRange, Partition
from shared.archive.markers import Marker, lost_ranges
from shared.archive.run_log import Last, Pulled, Run, pulled_at, remember
from shared.domain.call import Call
from shared.domain.dates import days_between
from shared.domain.errors import ArchiveUnavailable, PullError, Retryable, Unconfirmed
from shared.domain.graph_window import days_of_interest
from shared.domain.outcome import Outcome, Reason
from shared.domain.selection import Selection
from shared.pulling import drift
from shared.pulling.budget import Budget
from shared.pulling.plan import BUDGET, Ask, Held, Plan, Unasked, plan
from shared.pulling.pull import Puller

WORKERS = 4
"""Reports that are pulled side by side."""
RUN_TIME = timedelta(minutes=25)
"""After that the rest is deferred; the function's own limit is 30 minutes (host.json)."""
ATTEMPTS = 4
"""Requests for one call in one run."""
_ATTEMPTS_FOR = {Reason.UNAUTHORIZED: 2, Reason.DOWNLOAD_FAILED: 3}
"""Fewer where a new token or a new address did not help."""
LONGEST_WAIT = 600.0
"""Seconds; what has to wait longer is left to the next run."""


class Runner(NamedTuple):
    """What a run needs. The clock answers UTC; `sleep` takes seconds."""

    puller: Puller
    selection: Selection
    clock: Callable[[], datetime]
    sleep: Callable[[float], object]
    random: Callable[[float, float], float]

    @property
    def archive(self) -> Archive:
        return self.puller.archive

    def run(self) -> Run:
        """Pull what is due and store the record of it; one event line per call, one for the run.

        Raises ArchiveUnavailable when the archive cannot be read at all. A call that fails stops no other.
        """
        started = self.clock()
        before = self.archive.runs.newest(started.date())
        last = before.last if before else {}
        selected = self.selection.by_report
        since = {report: before.watched_days(report) if before else None for report in self.selection.daily}
        with ThreadPoolExecutor(WORKERS) as pool:
            holdings = pool.map(lambda report: self._held(report, selected[report], since.get(report)), selected)
            held = dict(zip(selected, holdings, strict=True))
            budget = Budget(self.archive.store, self.clock)
            todo, obstacle = self._planned(held, last, budget, started)
            jobs = [
                pool.submit(self._pull_report, asks, budget, started + RUN_TIME, obstacle)
                for asks in todo.asks.values()
            ]
            pulls = [self._noted(self._standing(each)) for each in todo.unasked]
            pulls += [pulled for job in jobs for pulled in job.result()]
        pulls.sort(key=lambda pulled: pulled.call)
        lost = self._lost(pulls, held, last, since)
        unmarked = _together(before.lost if before else {}, lost)
        marked = self._mark([*self._marks_of(unmarked), *self._flips_of_days(pulls, last)])
        finished = self.clock()
        run = Run(
            id=f"{started:%Y-%m-%dT%H%M%SZ}-{secrets.token_hex(3)}",
            started=started,
            finished=finished,
            pulls=pulls,
            waiting=todo.waiting,
            lost=lost if marked else unmarked,
            last=_worth_keeping(remember(last, pulls), finished),
            pulled_at=pulled_at(before, pulls),
        )
        self.archive.runs.keep(run)
        for call, dates in lost.items():
            events.emit(events.LOST, logging.WARNING, call=call, dates=dates)
        outcomes = Counter(str(pulled.outcome) for pulled in pulls)
        events.emit(events.RUN_FINISHED, run=run.id, waiting=run.waiting, outcomes=outcomes)
        return run

    def _planned(
        self, held: Mapping[str, Held], last: Mapping[str, Last], budget: Budget, now: datetime
    ) -> tuple[Plan, PullError | None]:
        """What to do, with its requests noted; or what keeps all of it from being done."""
        for seen in budget.seen():
            todo = plan(self.selection, held, last, seen.spent, now)
            obstacle = self._obstacle() if todo.asks else None
            wanted = {report: len(asks) for report, asks in todo.asks.items()}
            if obstacle or not wanted or budget.reserve(wanted, seen):
                return todo, obstacle
        raise AssertionError("seen() has no end")

    def _obstacle(self) -> PullError | None:
        """What keeps every call of the run from being asked: no token, which is slow to find out."""
        try:
            self.puller.graph.authenticate()
        except PullError as error:
            return error
        return None

    def _pull_report(
        self, asks: Sequence[Ask], budget: Budget, end: datetime, obstacle: PullError | None
    ) -> list[Pulled]:
        """The calls of one report, one after the other."""
        pulls: list[Pulled] = []
        for ask in asks:
            pulled = self._ended(ask, obstacle) if obstacle else self._pull(ask, budget, end)
            if pulled.reason in (Reason.RATE_LIMITED, Reason.NO_TOKEN):
                obstacle = PullError(pulled.reason, pulled.detail)
            pulls.append(self._noted(pulled))
        return pulls

    def _pull(self, ask: Ask, budget: Budget, end: datetime) -> Pulled:
        """One call with its retries, as many as time and the request budget allow."""
        unconfirmed = ""
        for attempt in range(1, ATTEMPTS + 1):
            now = self.clock()
            if now >= end:
                return self._ended(ask, PullError(Reason.OUT_OF_TIME, "The run had no time left."))
            try:
                if not budget.take(ask.call.report):
                    return self._ended(
                        ask, PullError(Reason.BUDGET, f"{BUDGET} requests in ten minutes are the limit.")
                    )
                pulled = self.puller.pull(ask, unconfirmed)
                self._mark_flip(ask, pulled)
                return pulled
            except Retryable as error:
                if isinstance(error, Unconfirmed):
                    unconfirmed = error.sha256
                wait = _wait(error, attempt, self.random)
                tries = _ATTEMPTS_FOR.get(error.reason, ATTEMPTS)
                if attempt >= tries or wait > LONGEST_WAIT or now + timedelta(seconds=wait) >= end:
                    return self._ended(ask, error)
                self.sleep(wait)
            except PullError as error:
                return self._ended(ask, error)
            except ArchiveUnavailable as error:
                return self._ended(ask, PullError(Reason.ARCHIVE_UNAVAILABLE, str(error)))
            except Exception as error:
                # A defect of ours in one call must not cost the others their day.
                events.log_unexpected(f"Pulling {ask.call} failed.")
                return self._ended(ask, PullError(Reason.INTERNAL_ERROR, f"{type(error).__name__} in the app itself."))
        raise AssertionError("the last attempt returns")

    def _ended(self, ask: Ask, error: PullError) -> Pulled:
        return Pulled.ended(ask.call, error, self.clock())

    def _noted(self, pulled: Pulled) -> Pulled:
        level = (
            logging.INFO
            if pulled.outcome.is_success or pulled.outcome is Outcome.NO_DATA or not pulled.asked
            else logging.WARNING
        )
        untold = ("outcome", "at", "read", "names")
        facts = {name: getattr(pulled, name) for name in Pulled._fields if name not in untold}
        events.emit(events.PULL + pulled.outcome, level, **facts)
        return pulled

    def _standing(self, unasked: Unasked) -> Pulled:
        if unasked.known:
            done = Pulled.done(unasked.outcome, unasked.known, self.clock(), unasked.reason)
            return done._replace(asked=False)
        day = unasked.call.date.isoformat() if unasked.call.date else None
        at = self.clock()
        return Pulled(str(unasked.call), unasked.outcome, at, unasked.reason, refresh_date=day, asked=False)

    def _lost(
        self,
        pulls: Sequence[Pulled],
        held: Mapping[str, Held],
        last: Mapping[str, Last],
        since: Mapping[str, datetime | None],
    ) -> dict[str, list[str]]:
        now = self.clock()
        lost = {
            report: [day for day in lost_days(held[report].days, began, now) if not _was_empty(report, day, last)]
            for report, began in since.items()
        }
        asked = {pulled.call: pulled for pulled in pulls if pulled.asked and pulled.refresh_date}
        for call in self.selection.calls:
            pulled = asked.get(str(call))
            if pulled and pulled.refresh_date and call in held[call.report].newest:
                lost[str(call)] = self._lost_of(call, date.fromisoformat(pulled.refresh_date), last.get(str(call)), now)
        return {call: [day.isoformat() for day in days] for call, days in lost.items() if days}

    def _lost_of(self, call: Call, came: date, was: Last | None, now: datetime) -> list[date]:
        """What was lost between `came` and what Graph showed before, by the records of runs or else by the archive."""
        seen, seen_at = (was.refresh_date, was.seen_at) if was else (None, None)
        if seen is None or seen_at is None or seen > days_of_interest(seen_at)[1]:
            seen = max((day for day in self.archive.snapshots.refresh_dates(call) if day < came), default=None)
            seen_at = None
        days = lost_refresh_dates(seen, seen_at, came, now)
        # A run that was cut short may have archived some of them and left no record.
        archived = {
            day
            for month in {f"{day:%Y-%m}" for day in days}
            for day in self.archive.snapshots.refresh_dates(call, month)
        }
        return [day for day in days if day not in archived]

    def _marks_of(self, lost: Mapping[str, Sequence[str]]) -> list[LostRange]:
        places = {str(call): Partition.of(call) for call in self.selection.calls}
        places |= {report: Partition(report, "day") for report in self.selection.daily}
        days = {call: map(date.fromisoformat, lost[call]) for call in places.keys() & lost}
        return [mark for call, gone in days.items() for mark in lost_ranges(places[call], gone)]

    def _mark_flip(self, ask: Ask, pulled: Pulled) -> None:
        """Mark what was archived, or read again: the run that archived it may have died before it could mark it."""
        before = ask.newest
        try:
            if before and before.blob == pulled.blob and pulled.read and pulled.names != "none":
                before = self.archive.snapshots.previous(before)
        except ArchiveUnavailable as error:
            events.emit(events.MARK_FAILED, logging.WARNING, marks=1, detail=str(error))
        else:
            self._mark(_flips(before.origin.names if before else "none", ask.call, pulled))

    def _flips_of_days(self, pulls: Sequence[Pulled], last: Mapping[str, Last]) -> list[ConcealmentChange]:
        """The marks of single days: of those read in this run, the oldest with other names than the day read before."""
        found = []
        for report in self.selection.daily:
            start = f"{report}(date="
            read = [each for call, each in last.items() if call.startswith(start) and each.names not in ("", "none")]
            was = max(((each.read_at, each.names) for each in read if each.read_at), default=(None, "none"))[1]
            days = [pulled for pulled in pulls if pulled.read and pulled.call.startswith(start)]
            flips = (_flips(was, Call(report, date=self.clock().date()), pulled) for pulled in days)
            found += next(filter(None, flips), [])
        return found

    def _mark(self, written: Sequence[Marker]) -> bool:
        """Write marks down, and tell whether that went well. Only readers need them, so a run goes on without."""
        with ThreadPoolExecutor(WORKERS) as pool:
            try:
                list(pool.map(self.archive.markers.write, written))
            except ArchiveUnavailable as error:
                pool.shutdown(cancel_futures=True)
                events.emit(events.MARK_FAILED, logging.WARNING, marks=len(written), detail=str(error))
                return False
        return True

    def _held(self, report: str, calls: Sequence[Call], since: datetime | None) -> Held:
        now = self.clock()
        newest = {call: snapshot for call in calls if (snapshot := self.archive.snapshots.newest(call, now.date()))}
        days: set[date] = set()
        if report in self.selection.daily:
            months = {""}  # all: where no record tells what was asked for, the archive does
            if since:
                oldest = min(days_of_interest(since)[0], days_of_interest(now)[0])
                months = {f"{day:%Y-%m}" for day in days_between(oldest, now.date())}
            for month in months:
                days.update(self.archive.snapshots.refresh_dates(Call(report, date=now.date()), month))
        return Held(newest, days)


def _together(before: Mapping[str, Sequence[str]], lost: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What was lost, and again what the run before lost, in case it could not mark it."""
    return {call: sorted({*before.get(call, ()), *lost.get(call, ())}) for call in {**before, **lost}}


def _flips(was: str, call: Call, pulled: Pulled) -> list[ConcealmentChange]:
    """The mark of a snapshot, if its names are others than they were before."""
    if not pulled.refresh_date or not pulled.revision or not drift.names_changed(was, pulled.names):
        return []
    return [
        ConcealmentChange(
            Partition.of(call), date.fromisoformat(pulled.refresh_date), pulled.revision, was, pulled.names
        )
    ]


def _was_empty(report: str, day: date, last: Mapping[str, Last]) -> bool:
    """Whether Graph had nothing for that day to the last, as for a Sunday on which nobody did anything."""
    was = last.get(str(Call(report, date=day)))
    return was is not None and was.outcome is Outcome.NO_DATA


def _wait(error: Retryable, attempt: int, random: Callable[[float, float], float]) -> float:
    """Seconds until the next attempt: what Graph asked for, else longer each time, with jitter."""
    if error.after is not None:
        return error.after
    first = 30.0 if error.reason is Reason.RATE_LIMITED else 1.0
    return first * 2.0 ** (attempt - 1) * random(0.75, 1.25)


def _worth_keeping(last: dict[str, Last], now: datetime) -> dict[str, Last]:
    """Without the single days that have gone out of reach."""
    oldest = days_of_interest(now)[0].isoformat()
    return {call: was for call, was in last.items() if (day := call.partition("(date=")[2][:10]) == "" or day >= oldest}
