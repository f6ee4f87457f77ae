"""The life of one archive: what can happen to it, step by step, and what must hold after each step.

The steps are the same for the sequences of `python -m tests.reliability soak` and for the state machine in the tests.
"""

from __future__ import annotations

import hashlib
import io
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Self

from shared.archive.run_record import RunRecord
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.verification.archive import everything, verify
from shared.web.http import RETRY_SECONDS, Request, Response, handle
from simulator.faults.table import CONTENT
from tests.reliability.environment import World
from tests.reliability.faults.cases import TRIALS, Trial
from tests.reliability.oracle import WELL, Model, Place, Slot
from tests.reliability.storage_proxy import Operation

Rules = Sequence[Mapping[str, Any]]
SLOTS = (timedelta(hours=1, minutes=15), timedelta(hours=6))
"""When the first pull of a day (UTC) is due, and how long after it the next."""
REPORTS = (
    "getOffice365ActiveUserCounts(period='D7')",
    "getOffice365ServicesUserCounts(period='D7'), getOffice365ServicesUserCounts(period='D30')",
    "getOneDriveUsageAccountDetail(period='D7')",
    "getOffice365ActiveUserDetail(period='D7')",
    "getMicrosoft365CopilotUserCountSummary(period='D7')",
    "getOffice365ActivationsUserDetail",
    "getTeamsUserActivityUserDetail, -getTeamsUserActivityUserDetail(period='D90')",
)
"""What is pulled; of one report each, so that nothing happens side by side and a life is told by its steps."""
_SLOW = {"hang", "silence", "drip", "endless", "gzip_bomb", "refused", "delay"}
_LIES = [("date_form", {"text": "{tomorrow}"}), ("two_dates", {}), ("not_modified", {})]
"""What might be true is taken at its word: a date, of a report with a single row, or that nothing is new.

What is missed for that has a wrong name, or none.
"""
GRAPH_FAULTS = [
    trial
    for trial in TRIALS
    if trial.graph and not any(rule["fault"] in _SLOW or (rule["fault"], rule["args"]) in _LIES for rule in trial.graph)
]
STORAGE_FAULTS = [
    (fault, operation)
    for fault in (
        *("busy", "timed_out", "reset", "lost_answer", "no_permission", "container_missing", "container_going"),
        *("changed", "read_only", "disabled", "stale_list"),
    )
    for operation in ("put_block", "commit", "put_blob", "get", "list")
    if (fault == "stale_list") == (operation == "list") or fault in ("busy", "reset", "no_permission", "disabled")
]
"""What fails, and at which operation. That a blob is there which is not, storage does not say."""
_LONGEST_PAUSE = 7 * 4 + 1
"""Slots: after that many, every call is asked for again that Graph once refused."""


_READ_EACH = 5
"""Steps after which readers are tried again, if nothing new is archived."""


class Violation(AssertionError):
    """Something that must hold does not."""


class Life:
    """One archive, from its first pull on. Every step raises Violation if it leaves something that must not be."""

    def __init__(self, world: World, reports: str, began: datetime) -> None:
        self.faults = 0
        """How many were injected so far, in requests of all kinds."""
        self.requests = 0
        """How many went to the token endpoint, to Graph and to the download host ..."""
        self.faulty = 0
        """... and with how many of them something went wrong."""
        self.reports = reports
        self._world = world
        self._control = world.control
        self._concealed: Rules = ()
        self._trial: Trial | None = None
        self._storage_fails = False
        self._list_is_stale = False
        self._trouble: tuple[Rules, Rules, int] = (), (), 1
        self._restated = 0
        self._standing: tuple[object, dict[str, str]] = None, {}
        self._steps = 0
        self._log = io.StringIO()
        self._handler = logging.StreamHandler(self._log)
        world.clear()
        self._control.reset()
        self._set_faults()
        self._control.set_time(began)
        self._app, self._reader = world.app(reports), world.reader()
        secrets = ("eyJ", "token=", "Bearer ", "sig=", world.secret)
        self.model = Model(self._app.pull_run.selection, catalogue().personal, secrets)
        self._calls = self.model.calls

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self._handler)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._handler)
        self._count_faults()

    # -- steps ---------------------------------------------------------------------------------------------------------

    def pull(self) -> None:
        """It is time for a pull, and it takes place."""
        self._next_slot()
        self._run()

    def pull_again(self) -> None:
        """A pull by hand, or the timer fires twice."""
        self._control.sleep(60)
        self._run()

    def miss(self, slots: int) -> None:
        """It is time for so many pulls, and the host sleeps."""
        for _ in range(slots):
            self._next_slot()
        self._look()

    def crash(self, operation: int, sent: bool) -> None:
        """A pull is cut short at so-manieth operation on storage, when it has its effect (`sent`) or before."""
        self._next_slot()
        storage, last = self._world.storage, len(self._world.storage.seen) + operation

        def dies(now: Operation, at: int) -> None:
            if now.number >= at:
                raise ConnectionResetError

        storage.before, storage.after = partial(dies, at=last + sent), partial(dies, at=last)
        self._run(crashing=True)
        storage.before = storage.after = partial(dies, at=1 << 60)
        self.faults += 1
        self.restart()

    def restart(self) -> None:
        """A new process."""
        self._app = self._world.app(self.reports)

    def break_graph(self, number: int) -> None:
        """One of GRAPH_FAULTS begins; another ends."""
        self._trial = GRAPH_FAULTS[number]
        self._set_faults()

    def break_storage(self, number: int, times: int, container: str = "*") -> None:
        """Begin one of STORAGE_FAULTS, for so many operations or (0) for all; end another."""
        fault, operation = STORAGE_FAULTS[number]
        match = {"operation": operation, "container": container}
        self._count_faults()
        self._world.storage.set([{"fault": fault, "match": match, "times": times or None}])
        self._storage_fails = True
        self._list_is_stale = fault == "stale_list"
        self._look()

    def heal(self) -> None:
        """Nothing is wrong any more."""
        self._trial = None
        self._set_faults()

    def conceal(self, share: float) -> None:
        """Names are concealed in that share of the rows."""
        self._concealed = [{"fault": "concealed", "times": None, "args": {"share": share}}] if share else []
        self._set_faults(storage=False)

    def trouble(self, graph: Rules, storage: Rules, seed: int) -> None:
        """From now on these rules are in force beside all others, until there is other trouble."""
        self._trouble = graph, storage, seed
        self._set_faults()

    def restate(self, days_ago: int, revision: int) -> None:
        """Microsoft corrects the numbers of the day that is so many days before the newest."""
        report = (self._calls[0]).report
        day = self._visible(report) - timedelta(days=days_ago)
        self._control.put("restate", {"report": report, "refresh_date": str(day), "revision": revision})
        self._restated += 1

    def read(self) -> None:
        """Somebody reads, whatever is wrong with storage."""
        for call in self._calls:
            reply = self._ask(self._app.api.reports, f"v1.0/reports/{call}")
            if reply.status == 503 and self._storage_fails:
                self._demand([] if "Retry-After" in reply.headers else ["I9: 503 without Retry-After"])
            elif self._list_is_stale and reply.status == 200:
                self._demand(self._check_archived(reply, call))
            elif reply.status != 404 or not self._storage_fails:
                self._demand(self._check(reply, call))
        self._look()

    def recover(self) -> None:
        """Nothing is wrong any more, and after a while nothing shows that anything ever was, but what is named."""
        self.heal()
        self.conceal(0)
        self.miss(_LONGEST_PAUSE)
        for _ in range(4):
            self.pull()
        while self.model.last_run and self.model.last_run.waiting:
            self.pull()
        now = self._control.now()
        violated = []
        for call in self._calls:
            newest = self.model.newest(call)
            if not newest or newest[0] != self._visible(call.report):
                violated.append(f"I6: {call} is healed, and the newest is {newest}")
        violated += self.model.days_missed(now.date(), self._is_empty)
        violated += self.model.look(self._world.blobs(anew=True))
        violated += [f"I10: {finding}" for finding in verify(everything(self._reader.archive.store), catalogue(), now)]
        self._demand(violated)

    # -- what a step is made of ----------------------------------------------------------------------------------------

    def _set_faults(self, storage: bool = True) -> None:
        """At Graph what was chosen; at storage none."""
        graph, at_storage, seed = self._trouble
        rules = [*self._concealed, *(self._trial.graph if self._trial else ()), *graph]
        self._control.put("faults", {"rules": rules, "seed": seed})
        if storage:
            self._count_faults()
            self._world.storage.set(at_storage)
            if self._storage_fails and not at_storage:
                self._control.sleep(RETRY_SECONDS)  # for so long readers are told to wait
            self._storage_fails = bool(at_storage)
            self._list_is_stale = False

    def _count_requests(self, record: Sequence[Mapping[str, Any]]) -> None:
        faulty = sum(bool(set(entry["faults"]) - {"concealed"}) for entry in record)
        self.requests, self.faulty, self.faults = (
            len(record) + self.requests,
            faulty + self.faulty,
            faulty + self.faults,
        )

    def _count_faults(self) -> None:
        self.faults += sum(rule["hits"] for rule in self._world.storage.rules.shown()["rules"])

    def _unwritten(self) -> int:
        """How many blobs could not be written, but for snapshots."""
        rules = self._world.storage.rules.shown()["rules"]
        return sum(rule["hits"] for rule in rules if rule["match"].get("operation") == "put_blob")

    def _next_slot(self) -> None:
        now = self._control.now()
        first, step = SLOTS
        at = now.replace(hour=0, minute=0, second=0, microsecond=0) + first
        while at <= now:
            at += step
        self._control.set_time(at)
        self.model.scheduled(Slot(at, self._shown()))

    def _shown(self) -> dict[str, date]:
        return {report: self._visible(report) for report in {call.report for call in self._calls}}

    def _visible(self, report: str) -> date:
        return date.fromisoformat(self._control.get("visible", report=report)["refresh_date"])

    def _is_empty(self, call: Call) -> bool:
        return bool(self._control.get("expected", call=str(call))["rows"] == 0)

    def _run(self, crashing: bool = False) -> None:
        self._control.forget()
        standing = self._stand()
        before, unnoted = self.model.last_run, self._unwritten()
        with suppress(*([ArchiveUnavailable] if crashing or self._storage_fails else [])):
            self._app.pull_run.execute()
        self._stand()
        record = self._control.get("record")
        self._count_requests(record)
        self._demand(self.model.answered(record))
        self._look()
        run = self.model.last_run
        if crashing or self._unwritten() > unnoted:
            self.model.forget_requests()  # they may not have been noted, and a day is worth more than the budget
        if run is None or run is before:
            self._demand([] if crashing or self._storage_fails else ["I6: a run left no record"])
        else:
            self._demand(self.model.missed())
            self._demand([] if crashing or self._storage_fails else self._unwell(run, standing))

    def _stand(self) -> dict[str, str]:
        """What Graph has to say, for each call."""
        now = tuple(self._shown().items()), self._restated
        if self._standing[0] != now:
            said = {str(call): self._control.get("expected", call=str(call))["sha256"] for call in self._calls}
            self._standing = now, said
            for call, sha256 in said.items():
                self.model.standing(call, sha256)
        return self._standing[1]

    def _unwell(self, run: RunRecord, standing: Mapping[str, str]) -> list[str]:
        """The pulls that did not end well, though nothing was wrong that must not be borne."""
        if self._trouble[0]:
            return []
        trial = self._trial
        odd = trial and {rule["fault"] for rule in trial.graph} & CONTENT.keys()  # bears on every report in another way
        if trial and (odd or not all(end.partition(":")[0] in WELL for end in trial.ends)):
            return []
        violated = []
        borne = {"budget", "rate_limited"}
        if trial:
            borne.add("unconfirmed")  # a body with fewer rows has to come twice, and the fault took the attempts for it
        for pulled in run.pulls:
            nothing = pulled.outcome == "no_data" and pulled.call.is_single_day
            if pulled.requested and pulled.outcome not in WELL and pulled.reason not in borne and not nothing:
                violated.append(f"I6: {pulled.call} ended as {pulled.outcome}:{pulled.reason} {pulled.detail}")
            plain = pulled.read and not self._trial and not self._concealed and str(pulled.call) in standing
            if plain and pulled.refresh_date:
                there = self.model.archived.get(Place(str(pulled.call), pulled.refresh_date), [])
                if standing[str(pulled.call)] not in there:
                    violated.append(f"I6: {pulled.call} was read, and is not archived")
        return violated

    def _look(self) -> None:
        """What must hold at every instant."""
        self._steps += 1
        before = len(self.model.archived)
        violated = self.model.look(self._world.blobs())
        if len(self.model.archived) > before or self._steps % _READ_EACH == 0:
            violated += self._misread()
        violated += self.model.heard(self._log.getvalue())
        self._log.seek(0)
        self._log.truncate()
        self._demand(violated)

    def _misread(self) -> list[str]:
        """Whether readers get what is archived: the newest of each call, and something older."""
        violated = []
        for call in self._calls:
            violated += self._check(self._ask(self._reader.api.reports, f"v1.0/reports/{call}"), call)
        if places := sorted(self.model.archived):
            place = places[self._steps % len(places)]
            revisions = self.model.archived[place]
            number = self._steps % len(revisions)
            query = {"revision": str(number + 1)} | ({} if "(date=" in place.call else {"refreshDate": str(place.day)})
            reply = self._ask(self._reader.api.reports, f"v1.0/reports/{place.call}", query)
            if (reply.status, hashlib.sha256(reply.body).hexdigest()) != (200, revisions[number]):
                violated.append(f"I9: {place} revision {number + 1} is answered with {reply.status}")
        return violated

    def _ask(self, respond: Callable[..., Response], path: str, query: Mapping[str, str] | None = None) -> Response:
        reply = handle(Request("GET", path, query or {}), partial(respond, personal=True))
        if reply.status != 200:
            self._demand(self.model.heard(reply.body.decode()))
        return reply

    def _check(self, reply: Response, call: Call) -> list[str]:
        """Whether that is the newest of a call."""
        newest = self.model.newest(call)
        if newest is None:
            return [] if reply.status == 404 else [f"I9: {call} is answered with {reply.status}"]
        sha256 = hashlib.sha256(reply.body).hexdigest()
        if (reply.status, sha256, reply.headers.get("ETag")) == (200, newest[2], f'"{newest[2]}"'):
            return []
        return [f"I3: {call} is answered with {reply.status} {sha256}, not {newest}"]

    def _check_archived(self, reply: Response, call: Call) -> list[str]:
        """Whether that is any snapshot of a call: which is the newest, only a list can tell."""
        sha256 = hashlib.sha256(reply.body).hexdigest()
        if any(sha256 in revisions for at, revisions in self.model.archived.items() if at.call == str(call)):
            return []
        return [f"I3: {call} is answered with {sha256}, which is not archived"]

    def _demand(self, violated: Sequence[str]) -> None:
        if violated:
            raise Violation("\n".join(violated))


def drawn(chance: random.Random) -> tuple[str, tuple[Any, ...]]:
    """A step and its arguments, by lot."""
    steps: tuple[tuple[int, str, Callable[[], tuple[Any, ...]]], ...] = (
        (30, "pull", lambda: ()),
        (6, "pull_again", lambda: ()),
        (6, "miss", lambda: (chance.choice((1, 2, 3, 4, 5, 8, 12, 40)),)),
        (12, "crash", lambda: (chance.randint(1, 25), chance.random() < 0.5)),
        (3, "restart", lambda: ()),
        (12, "break_graph", lambda: (chance.randrange(len(GRAPH_FAULTS)),)),
        (8, "break_storage", lambda: (chance.randrange(len(STORAGE_FAULTS)), chance.choice((0, 1, 2, 5)))),
        (14, "heal", lambda: ()),
        (4, "conceal", lambda: (chance.choice((0, 0, 0.5, 1)),)),
        (8, "restate", lambda: (chance.choice((0, 0, 0, 1, 2, 5)), chance.randrange(8))),
        (6, "read", lambda: ()),
    )
    ((_, name, arguments),) = chance.choices(steps, [weight for weight, *_ in steps])
    return name, arguments()
