"""Two pulls of one call at once, through every order in which their operations on storage can follow each other.

A schedule is the order, a letter for each operation: `AABBAB...`. All are gone through as a tree: one run tells what
the two wanted at each place, and the next one takes another way at the last place where there is one. Of schedules that
differ only in the order of neighbours that have nothing to do with each other, as two that read, one is played for all
(sleep sets: P. Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, 1996).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from threading import Condition, Thread
from typing import NamedTuple, Self

from local.environment import environment, identity
from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.archive.run_record import PullResult
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.pulling.plan import WINDOW, PlannedPull
from shared.settings import read
from tests.reliability import checks as invariants
from tests.reliability.checks import Blobs
from tests.reliability.faults.cases import BLOCK, Rules, large
from tests.reliability.inspection import Inspection
from tests.reliability.storage_proxy import FaultyStorage, Operation

ACTORS = "AB"
_TURN = 0.3
_READING = {"list", "get", "head"}
_STUCK = {"fault": "stuck", "args": {"days": 1e6}}
_REPORT = "getOffice365ActiveUserCounts"
_CALL, _OTHER = Call(_REPORT, period="D7"), Call(_REPORT, period="D30")
_BEGIN = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)


class Pair(NamedTuple):
    """What the two pull at once."""

    what: str
    restated: int = 0
    """What numbers Graph has for the second: those of that revision of its own."""
    rules: Rules = ()
    """What else is another for the second."""
    graph: Rules = ()
    """What is another for both."""
    archived: Sequence[tuple[Call, int]] = ((_OTHER, 0),)
    """What is archived before, each with the numbers that Graph had then."""
    ends: Sequence[str] = ("published", "revised")


PAIRS = {
    "same": Pair("both pull the same body", ends=("published", "unchanged")),
    "two": Pair("each pulls a body of its own, of one refresh date", restated=1),
    "columns": Pair("that of the second has a column more", rules=[{"fault": "column_added", "times": None}]),
    "third": Pair(
        "an earlier body is archived already",
        restated=1,
        archived=[(_OTHER, 0), (_CALL, 2)],
        ends=("revised", "revised"),
    ),
    "new": Pair(
        "both pull the same body, and there is no container for it",
        archived=[(Call("getOffice365ActiveUserDetail", period="D7"), 0)],
        ends=("published", "unchanged"),
    ),
    "large": Pair(
        "both pull the same large body, in blocks under one name",
        graph=large("Office 365"),
        ends=("published", "unchanged"),
    ),
}

Wanted = Mapping[str, Operation]
"""The next operation of each actor that has one."""
Choose = Callable[[Wanted], str]
"""Who goes on."""


class Gate:
    """Lets one operation happen at a time: the proxies of the actors tell it of each, and wait for it."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: dict[str, list[Operation]] = {actor: [] for actor in ACTORS}
        self._at_work = {*ACTORS}
        self._open: Operation | None = None

    def arrive(self, actor: str, operation: Operation) -> None:
        """Before an operation: wait until it may happen."""
        with self._changed:
            self._waiting[actor].append(operation)
            self._changed.notify_all()
            self._wait(lambda: self._open is operation)

    def pass_by(self, operation: Operation) -> None:
        """It has happened."""
        with self._changed:
            self._open = None
            self._changed.notify_all()

    def leave(self, actor: str) -> None:
        """There will be no more of that actor."""
        with self._changed:
            self._at_work.remove(actor)
            self._changed.notify_all()

    def meet(self, actors: str = ACTORS) -> Wanted:
        """What those of them want that have not left, once all of these wait and nothing is happening."""
        with self._changed:
            self._wait(lambda: self._open is None and all(self._waiting[actor] for actor in self._at_work & {*actors}))
            return {actor: self._waiting[actor][0] for actor in actors if actor in self._at_work}

    def let(self, actor: str) -> None:
        """Let the next operation of that actor happen."""
        with self._changed:
            self._open = self._waiting[actor].pop(0)
            self._changed.notify_all()

    def _wait(self, until: Callable[[], bool]) -> None:
        if not self._changed.wait_for(until, timeout=60):
            raise TimeoutError("An actor neither goes on nor ends.")


class Played(NamedTuple):
    """What became of a schedule."""

    pair: str
    order: str
    done: Sequence[Operation]
    """The operations in that order."""
    ended: Mapping[str, str]
    """The outcome of each actor."""
    violated: Sequence[str]

    def __str__(self) -> str:
        return f"{self.pair}:{self.order}"


class Duet:
    """Plays schedules, one after the other, in a storage account that holds nothing else. Use it in a `with` block.

    The identity of the platform must be in the environment.
    """

    def __init__(self, settings: Mapping[str, str], control: Control) -> None:
        """`settings` are those of the app; `control` steers the simulator in whose time it lives."""
        self._settings = settings
        self._control = control
        self._inspection = Inspection(settings)
        self._starts: dict[str, Blobs] = {}
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self._proxies = {actor: undo.enter_context(FaultyStorage.in_front_of(self._settings)) for actor in ACTORS}
            self._apps = {actor: self._app(proxy) for actor, proxy in self._proxies.items()}
            self._cleanup = undo.pop_all()
        self._control.reset()
        self._control.set_time(_BEGIN)
        self._day = self._control.get("visible", report=_REPORT)
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def __call__(self, name: str, choose: Choose) -> Played:
        """Play the schedule that comes of these choices."""
        pair, start = PAIRS[name], self._start(name)
        self._inspection.restore(start)
        self._control.forget()
        gate, ended, now = Gate(), dict[str, str](), self._later()

        def act(actor: str) -> None:
            try:
                ended[actor] = str(self._pull(actor, _CALL).outcome)
            except Exception as error:
                ended[actor] = repr(error)
            finally:
                gate.leave(actor)

        threads: list[Thread] = []
        for actor, proxy in self._proxies.items():
            self._let_graph(now, *((pair.restated, [*pair.graph, *pair.rules]) if threads else (0, pair.graph)))
            proxy.before, proxy.after = partial(gate.arrive, actor), gate.pass_by
            threads.append(Thread(target=act, args=actor, daemon=True))
            threads[-1].start()
            gate.meet(ACTORS[: len(threads)])  # it has pulled its body, and comes to storage
        order, done = "", list[Operation]()
        while wanted := gate.meet():
            order += (actor := choose(wanted))
            done.append(wanted[actor])
            gate.let(actor)
        for thread in threads:
            thread.join()
        return Played(name, order, done, ended, self._violated(pair, start, ended))

    def _start(self, name: str) -> Blobs:
        """What is archived before a pair comes."""
        if name not in self._starts:
            self._inspection.restore({})
            for proxy in self._proxies.values():
                proxy.before = proxy.after = _let_pass
            for call, revision in PAIRS[name].archived:
                self._let_graph(self._later(), revision)
                self._pull(ACTORS[0], call)
            self._starts[name] = self._inspection.blobs()
        return self._starts[name]

    def _pull(self, actor: str, call: Call) -> PullResult:
        return self._apps[actor].pull_run.puller.pull(PlannedPull(call))

    def _violated(self, pair: Pair, start: Blobs, ended: Mapping[str, str]) -> list[str]:
        blobs, reports = self._inspection.blobs(), catalogue()
        at = str(_CALL), self._day["refresh_date"]
        came = {entry["sha256"] for entry in self._control.get("record", listener="download")}
        came |= {*invariants.bodies(start, reports).get(at, ())}
        self._inspection.now = self._control.now() + timedelta(hours=2)  # by then nothing may be behind
        violated = [
            *self._inspection.violated(start, blobs, ""),
            *invariants.each_body_once(blobs, reports, {at: came}),
        ]
        if sorted(ended.values()) != [*pair.ends]:
            violated.append(f"the pulls ended as {ended}")
        return violated

    def _later(self) -> datetime:
        """When Graph has forgotten all requests."""
        return self._control.now() + WINDOW

    def _let_graph(self, now: datetime, revision: int = 0, rules: Rules = ()) -> None:
        """Let it be that time, and Graph have those numbers and these rules."""
        self._control.set_time(_BEGIN)  # since when the refresh date stands still
        self._control.put("faults", {"rules": [_STUCK, *rules]})
        self._control.set_time(now)
        self._restate(revision)

    def _app(self, proxy: FaultyStorage) -> App:
        settings = {**self._settings, **proxy.settings}
        return App(read(settings), clock=self._control.now, sleep=self._control.sleep, block=BLOCK)

    def _restate(self, revision: int) -> None:
        self._control.put("restate", {**self._day, "revision": revision})


def _let_pass(operation: Operation) -> None:
    """Nobody waits."""


def related(one: Operation, other: Operation) -> bool:
    """Whether it can matter which of the two comes first."""
    names = {one.name, other.name}
    if one.container != other.container or names <= _READING:
        return False
    if one.blob and other.blob:
        return one.blob == other.blob and names != {"put_block"}
    return names != {"put_block", "list"}  # a list does not show what is not committed


class Place(NamedTuple):
    """Where the tree of schedules branches."""

    wanted: Wanted
    asleep: frozenset[str]
    """Those with whom to go on leads only to schedules for which others were played."""
    tried: list[str]
    """Those with whom it went on from here, the last of them now."""

    @property
    def left(self) -> list[str]:
        return [actor for actor in self.wanted if actor not in self.asleep and actor not in self.tried]


class Tree:
    """Chooses so that all schedules are played which differ in more than the order of unrelated neighbours."""

    def __init__(self, related: Callable[[Operation, Operation], bool] = related) -> None:
        self.is_new = True
        """Whether the schedule stands for others than those before it; if not, it could not be told in time."""
        self._related = related
        self._path: list[Place] = []
        self._depth = 0

    def choose(self, wanted: Wanted) -> str:
        """Who goes on."""
        if self._depth == len(self._path) and self.is_new:
            place = Place(wanted, self._asleep(), [])
            self.is_new = bool(place.left)
            if self.is_new:
                place.tried.append(place.left[0])
                self._path.append(place)
        if not self.is_new:
            return next(iter(wanted))
        place = self._path[self._depth]
        self._depth += 1
        assert _names(place.wanted) == _names(wanted), "the same schedule leads elsewhere the second time"
        return place.tried[-1]

    def turn(self) -> bool:
        """After a schedule: begin the next one, if there is one."""
        while self._path and not self._path[-1].left:
            self._path.pop()
        if not self._path:
            return False
        self._path[-1].tried.append(self._path[-1].left[0])
        self._depth, self.is_new = 0, True
        return True

    def _asleep(self) -> frozenset[str]:
        if not self._path:
            return frozenset()
        wanted, asleep, (*before, now) = self._path[-1]
        return frozenset(each for each in {*asleep, *before} if not self._related(wanted[each], wanted[now]))


def _names(wanted: Wanted) -> dict[str, str]:
    return {actor: operation.name for actor, operation in wanted.items()}


def every(play: Callable[[Choose], Played], tree: Tree | None = None) -> Iterator[Played]:
    """One schedule for all those that differ only in the order of unrelated neighbours."""
    tree, more = tree or Tree(), True
    while more:
        played = play(tree.choose)
        if tree.is_new:
            yield played
        more = tree.turn()


def weight(order: str, done: Sequence[Operation]) -> int:
    """How many schedules there are that differ from this one only in the order of unrelated neighbours, and itself."""
    first, second = ([place for place, actor in enumerate(order) if actor == each] for each in ACTORS)

    def fits(one: int, others: Sequence[int], before: int) -> bool:
        """Whether it can come behind so many of the others."""
        return all(
            (number < before) == (other < one) for number, other in enumerate(others) if related(done[one], done[other])
        )

    ways = {(0, 0): 1}
    for a, b in product(range(len(first) + 1), range(len(second) + 1)):
        if a and fits(first[a - 1], second, b):
            ways[a, b] = ways.get((a, b), 0) + ways.get((a - 1, b), 0)
        if b and fits(second[b - 1], first, a):
            ways[a, b] = ways.get((a, b), 0) + ways.get((a, b - 1), 0)
    return ways[len(first), len(second)]


def sample(duet: Duet, seed: int, seconds: float) -> Iterator[Played]:
    """Schedules by chance, as the seed has it, of each pair in turn, until so many seconds have passed."""
    end = time.monotonic() + seconds
    chance = random.Random(seed)
    while time.monotonic() < end:
        for pair in PAIRS:
            yield duet(pair, by_chance(chance))


def by_chance(chance: random.Random) -> Choose:
    """Now the one, then the other, for a while each: what goes wrong mostly takes few turns."""
    last = ""

    def choose(wanted: Wanted) -> str:
        nonlocal last
        if last not in wanted or chance.random() < _TURN:
            last = chance.choice(sorted(wanted))
        return last

    return choose


def show_all(seed: int, seconds: float | None, only: str) -> int:
    """Play every schedule and print the sum; or some for so many seconds; or only those of a pair, or `pair:schedule`.

    Answers the exit status: 1 if something did not hold.
    """
    name, _, schedule = only.partition(":")
    if schedule:
        return _show(only, lambda duet: iter([duet(name, along(schedule))]))
    if seconds is not None:
        return _show(f"by chance, seed {seed}", lambda duet: sample(duet, seed, seconds))
    return max(
        _show(f"{each}: {pair.what}", partial(_every_of, each)) for each, pair in PAIRS.items() if name in ("", each)
    )


def _every_of(name: str, duet: Duet) -> Iterator[Played]:
    return every(partial(duet, name))


def along(schedule: str) -> Choose:
    """That schedule, as far as it goes."""
    order = iter(schedule)

    def choose(wanted: Wanted) -> str:
        actor = next(order, "")
        return actor if actor in wanted else min(wanted)

    return choose


def _show(what: str, play: Callable[[Duet], Iterator[Played]]) -> int:
    """A line for what did not hold, and one in the end. Answers the exit status."""
    started, number, broken, stand_for, lengths = time.monotonic(), 0, 0, 0, set[int]()
    # Storage of its own for each: after ten minutes Azurite looks for garbage, and does nothing else meanwhile.
    with (
        Stack(users=40) as stack,
        environment(identity(stack.settings)),
        Duet(stack.settings, Control(stack.control)) as duet,
    ):
        for each in play(duet):
            number += 1
            stand_for += weight(each.order, each.done)
            lengths.add(len(each.order))
            if each.violated:
                broken += 1
                print(f"{each} ended as {dict(each.ended)}:", *each.violated, sep="\n  ")
                print(f"  again: python -m tests.reliability interleavings --only {each}", flush=True)
    print(
        f"{what}: {number} schedules of {min(lengths)} to {max(lengths)} operations, which stand for {stand_for}; "
        f"{number - broken} of {number} held, {time.monotonic() - started:.0f} s.",
        flush=True,
    )
    return int(bool(broken))
