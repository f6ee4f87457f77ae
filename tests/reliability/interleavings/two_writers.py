"""Two pulls of one call at once, by the real app, with their operations on storage in a chosen order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from threading import Thread
from typing import NamedTuple, Self

from shared.app import App
from shared.archive.run_record import PullResult
from shared.domain.call import Call
from shared.domain.errors import PullError
from shared.pulling.plan import WINDOW, PlannedPull
from shared.pulling.run import RUN_TIME
from tests.reliability.checks import Blobs, all_kept, bodies
from tests.reliability.environment import Environment, Rules
from tests.reliability.interleavings.gate import WRITERS, Choose, Gate
from tests.reliability.interleavings.pairs import CALL, PAIRS, REPORT, Pair
from tests.reliability.storage_proxy import Operation
from tests.reliability.worlds.hands import put_strays

_STUCK = {"fault": "stuck", "args": {"days": 1e6}}
_BEGIN = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)


class Played(NamedTuple):
    """What became of a schedule."""

    pair: str
    order: str
    operations: Sequence[Operation]
    """In that order."""
    ended: Mapping[str, str]
    """The outcome of each writer."""
    violated: Sequence[str]

    def __str__(self) -> str:
        return f"{self.pair}:{self.order}"


class TwoWriters:
    """Plays schedules, one after the other, in a storage account that holds nothing else.

    Use it in a `with` block; among real parts with the identity of the platform in the environment.
    """

    def __init__(self, *parts: Environment) -> None:
        """`parts` are those of each writer: two ways to the same blobs, beside the same Graph."""
        self._parts = dict(zip(WRITERS, parts, strict=True))
        self._archive = parts[0]
        self._control = parts[0].control
        self._starts: dict[str, Blobs] = {}
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            for parts in self._parts.values():
                undo.enter_context(parts)
            self._apps: dict[str, App] = {writer: parts.app() for writer, parts in self._parts.items()}
            self._cleanup = undo.pop_all()
        self._control.reset()
        self._control.set_time(_BEGIN)
        self._visible = self._control.get("visible", report=REPORT)
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def play(self, name: str, choose: Choose) -> Played:
        """Play the schedule that these choices make."""
        pair, start = PAIRS[name], self._start(name)
        self._archive.restore(start)
        gate, ended, now = Gate(), dict[str, str](), self._later()

        def pull(writer: str) -> None:
            try:
                ended[writer] = str(self._pull(writer, CALL).outcome)
            except PullError as error:
                ended[writer] = str(error.outcome)
            except Exception as error:
                ended[writer] = repr(error)
            finally:
                gate.leave(writer)

        threads: list[Thread] = []
        for writer, parts in self._parts.items():
            self._set_graph(now, *((pair.restated, [*pair.both, *pair.second]) if threads else (0, pair.both)))
            parts.storage.before, parts.storage.after = partial(gate.arrive, writer), gate.pass_by
            threads.append(Thread(target=pull, args=writer, daemon=True))
            threads[-1].start()
            gate.meet(WRITERS[: len(threads)])  # it has its body, and comes to storage
        order, operations = "", list[Operation]()
        while waiting := gate.meet():
            order += (writer := choose(waiting))
            operations.append(waiting[writer])
            gate.let(writer)
        for thread in threads:
            thread.join()
        for writer, parts in self._parts.items():
            parts.heal()
            self._end(writer)
        return Played(name, order, operations, ended, self._violated(pair, start, ended))

    def _start(self, name: str) -> Blobs:
        """Return what is archived before the pulls of a pair."""
        if name not in self._starts:
            self._archive.restore({})
            self._archive.heal()
            put_strays(self._archive, [CALL], self._visible["refresh_date"], Random(1), 0.25)
            for call, revision in PAIRS[name].archived:
                self._set_graph(self._later(), revision, PAIRS[name].before)
                with suppress(PullError):
                    self._pull(WRITERS[0], call)
                self._end(WRITERS[0])
            self._archive.violations()
            self._starts[name] = self._archive.seen
        return self._starts[name]

    def _pull(self, writer: str, call: Call) -> PullResult:
        return self._apps[writer].pull_run.puller.pull(PlannedPull(call))

    def _end(self, writer: str) -> None:
        """Do what a run does at its end with what its pulls left."""
        app = self._apps[writer]
        end = self._control.now() + RUN_TIME
        app.pull_run.keep_tables(app.archive.coverage.read(None), end)

    def _violated(self, pair: Pair, start: Blobs, ended: Mapping[str, str]) -> list[str]:
        violated = self._archive.violations()
        violated += self._archive.violations_at_rest(self._control.now() + timedelta(hours=2))
        outcomes = tuple(sorted(ended.values()))
        if outcomes not in pair.ends:
            violated.append(f"the pulls ended as {dict(ended)}")
        if "deferred" not in outcomes:
            day = date.fromisoformat(self._visible["refresh_date"])
            received = {entry["sha256"] for entry in self._control.get("record", listener="download")}
            violated += all_kept(self._archive.seen, CALL, day, bodies(start, CALL, day) | received)
        return violated

    def _later(self) -> datetime:
        """Return a time at which no request counts any more."""
        return self._control.now() + WINDOW

    def _set_graph(self, now: datetime, revision: int, rules: Rules = ()) -> None:
        """Let it be that time, and Graph have those numbers and these faults."""
        self._control.set_time(_BEGIN)  # since when the refresh date stands still
        self._control.put("faults", {"rules": [_STUCK, *rules]})
        self._control.set_time(now)
        self._control.put("restate", {**self._visible, "revision": revision})
