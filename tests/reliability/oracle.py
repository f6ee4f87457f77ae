"""What Graph said and showed to one archive, and what the archive must hold for that.

Everything returns what does not hold, beginning with the id of the rule in checks.py.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.archive.run_record import PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.dates import days_between
from shared.domain.graph_window import DATE_DAYS
from shared.domain.outcome import Outcome, Reason
from shared.domain.selection import Selection
from simulator.faults.table import WIRE
from tests.reliability.checks import At, Blobs, Record, revision_of

_LEAVE_WHOLE = {"hang", "silence", "drip"}
"""Faults on the wire that leave a body whole."""


class CallDay(NamedTuple):
    """A call and one of its refresh dates."""

    call: Call
    day: date


class Slot(NamedTuple):
    """An instant at which the schedule has a pull, whether one takes place or not."""

    at: datetime
    shown: Mapping[str, date]
    """The newest refresh date at Graph, by report."""


class Oracle:
    """All that happened to one archive."""

    def __init__(self, selection: Selection) -> None:
        self.calls = sorted(selection.calls, key=str)
        self.archived: dict[CallDay, list[str]] = {}
        """The SHA-256 of each revision."""
        self.lost: defaultdict[Call, set[date]] = defaultdict(set)
        """What the records of runs name as lost, under their keys."""
        self.read: defaultdict[CallDay, list[datetime]] = defaultdict(list)
        """When a run read the body in full."""
        self.last_run: RunRecord | None = None
        self._began: date | None = None
        self._daily = selection.daily
        self._seen: set[At] = set()
        """Blobs that were looked at."""
        self._said: defaultdict[Call, set[str]] = defaultdict(set)
        """The SHA-256 of all that Graph had to say, as far as it can be known ..."""
        self._may_say_more: set[Call] = set()
        """... which it cannot of these."""
        self._sent: defaultdict[Call, set[str]] = defaultdict(set)
        """What went out whole during the last run ..."""
        self._garbled: set[Call] = set()
        """... and the calls of which something else went out too."""
        self._slots: list[Slot] = []
        self._looks: defaultdict[Call, list[datetime]] = defaultdict(list)
        """When a run knew what Graph shows."""
        self._shown: dict[Call, tuple[date, date]] = {}
        """The first and the last refresh date in the records of runs."""
        self._empty: set[Call] = set()
        """Calls for which Graph had nothing."""

    # -- what happens --------------------------------------------------------------------------------------------------

    def schedule(self, slot: Slot) -> None:
        """Note that it is time for a pull."""
        self._slots.append(slot)

    def say(self, call: Call, sha256: str) -> None:
        """Note what Graph would answer if nothing were wrong."""
        self._said[call].add(sha256)

    def answer(self, record: Record) -> None:
        """Note what the simulator recorded during a run."""
        self._sent.clear()
        self._garbled.clear()
        for entry in record:
            if entry["status"] != 200 or entry["listener"] == "identity":
                continue
            call, faults = Call.from_text(entry["call"]), set(entry["faults"])
            if not faults & WIRE.keys() - _LEAVE_WHOLE:
                self._said[call].add(entry["sha256"])
                self._sent[call].add(entry["sha256"])
                continue
            self._garbled.add(call)
            if "gzip" in faults:
                self._may_say_more.add(call)

    # -- what must hold ------------------------------------------------------------------------------------------------

    def look(self, blobs: Blobs) -> list[str]:
        """Return what is wrong with the snapshots and the records of runs that are new."""
        new = sorted(blobs.keys() - self._seen)
        self._seen.update(new)
        broken = []
        for at in new:
            if revision := revision_of(at):
                sha256 = blobs[at].metadata.get("sha256", "")
                self.archived.setdefault(CallDay(revision.call, revision.refresh_date), []).append(sha256)
                if sha256 not in self._said[revision.call] and revision.call not in self._may_say_more:
                    broken.append(f"I1: {revision} is nothing that Graph said")
        for _, name in new:
            if name.startswith("runs/"):
                broken += self._check_run(RunRecord.from_bytes(blobs["usage-derived", name].content))
        return broken

    def newest(self, call: Call) -> str | None:
        """Return the SHA-256 of the newest snapshot."""
        day = self.newest_day(call)
        return self.archived[CallDay(call, day)][-1] if day else None

    def newest_day(self, call: Call) -> date | None:
        """Return the newest refresh date that is archived."""
        return max((day for archived, day in self.archived if archived == call), default=None)

    def missed(self) -> list[str]:
        """Return the refresh dates that two scheduled pulls could have seen, and that are neither archived nor named.

        They have to be named as soon as a run has seen a later one. What was to be seen before the first run left its
        record, nobody can know.
        """
        return [
            f"I6: {call} of {day} was to be seen, is not archived and not named"
            for call, days in self.gone().items()
            for day in sorted(days - self.lost[call])
        ]

    def gone(self) -> dict[Call, set[date]]:
        """Return by call the refresh dates that two scheduled pulls could have seen, and that are not archived."""
        gone = {}
        for call in self.calls:
            first, last = self._shown.get(call, (date.max, date.min))
            times = Counter(slot.shown[call.report] for slot in self._slots)
            days = {day for day, number in times.items() if first < day < last and number > 1}
            gone[call] = {day for day in days if CallDay(call, day) not in self.archived}
        return gone

    def days_missed(self, today: date, is_empty: Callable[[Call], bool]) -> list[str]:
        """Return the single days that are not archived, nor named as lost if Graph no longer gives them.

        Each is due in the run after the one that saw its refresh date. `is_empty` tells whether Graph has nothing for
        a day.
        """
        oldest = today - timedelta(days=DATE_DAYS)
        broken = []
        for report in self._daily:
            first, end = (self._began or today) - timedelta(days=DATE_DAYS), self._slots[-2].shown[report]
            for day in days_between(first, end + timedelta(days=1)):
                call = Call(report, date=day)
                is_accounted = CallDay(call, day) in self.archived or (day < oldest and day in self.lost[Call(report)])
                if not is_accounted and call not in self._empty and not is_empty(call):
                    broken.append(f"I6: {call} is {'not archived' if day >= oldest else 'out of reach and not named'}")
        return broken

    # -- the record of a run -------------------------------------------------------------------------------------------

    def _check_run(self, run: RunRecord) -> list[str]:
        self.last_run, self._began = run, self._began or run.started.date()
        unmentioned = {*self.calls} - {result.call for result in run.pulls}
        broken = [f"I6: {call} was not pulled, and nothing says why" for call in sorted(unmentioned, key=str)]
        for result in run.pulls:
            if result.outcome is Outcome.NO_DATA:
                self._empty.add(result.call)
            if result.outcome.is_success and result.refresh_date:
                broken += self._check_success(result, result.refresh_date, run.started)
        for call, days in run.lost.items():
            broken += self._named_in_vain(call, days, run.started)
        return broken

    def _check_success(self, result: PullResult, day: date, started: datetime) -> list[str]:
        call, broken = result.call, []
        if result.requested or result.reason is Reason.NOT_DUE:
            self._looks[call].append(started)
            self._shown[call] = self._shown.get(call, (day, day))[0], day
        if result.blob and not any((container, result.blob) in self._seen for container in ("usage", "usage-personal")):
            broken.append(f"I2: a run has {call} as {result.outcome}, and {result.blob} is not there")
        if result.read:
            self.read[CallDay(call, day)].append(started)
            if call not in self._garbled and not self._sent[call] & {*self.archived.get(CallDay(call, day), ())[-1:]}:
                broken.append(f"I4: {call} was read, and what was read is not archived")
        return broken

    def _named_in_vain(self, call: Call, days: Iterable[date], now: datetime) -> list[str]:
        """Return which days a run names as lost though they are archived, or nobody missed them."""
        is_daily, broken = call.report in self._daily and not call.period, []
        for day in days:
            self.lost[call].add(day)
            why = ""
            if CallDay(Call(call.report, date=day) if is_daily else call, day) in self.archived:
                why = "and archived"
            elif is_daily and day >= now.date() - timedelta(days=DATE_DAYS):
                why = "and can be asked for"
            elif not is_daily and not self._was_missed(call, day, now):
                why = "was never there, and no pull was missed"
            broken += [f"I6: {call} of {day} is named as lost, {why}"] if why else []
        return broken

    def _was_missed(self, call: Call, day: date, now: datetime) -> bool:
        """Whether Graph showed that refresh date, or may have done so unseen since the last look."""
        looked = max((at for at in self._looks[call] if at < now), default=now)
        return any(slot.shown[call.report] == day or looked < slot.at < now for slot in self._slots)
