"""Every order in which the operations on storage of two pulls can follow each other.

A schedule is the order, a letter for each operation: `AABBAB...`. All are played as a tree: one run tells what the two
want at each place, and the next one takes another way at the last place where there is one. Of schedules that differ
only in the order of neighbours that have nothing to do with each other, as two that read, one is played for all
(sleep sets: P. Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, 1996).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from local.simulator_client import Control
from local.stack import Stack
from tests.reliability.interleavings.gate import WRITERS, Choose, Waiting
from tests.reliability.interleavings.pairs import PAIRS
from tests.reliability.interleavings.two_writers import Played, TwoWriters
from tests.reliability.real_parts import RealParts, started
from tests.reliability.storage_proxy import Operation

_TURN = 0.3
"""How likely the other writer goes on."""
_READING = {"list", "get", "head"}


def related(one: Operation, other: Operation) -> bool:
    """Whether it can matter which of the two comes first."""
    names = {one.name, other.name}
    if one.container != other.container or names <= _READING:
        return False
    if one.blob and other.blob:
        return one.blob == other.blob and names != {"put_block"}
    return names != {"put_block", "list"}  # a list does not show what is not committed


class Branching(NamedTuple):
    """A place where the tree of schedules branches."""

    waiting: Waiting
    asleep: frozenset[str]
    """Writers whose next step is covered by schedules that were played."""
    tried: list[str]
    """Writers that went on from here, the last of them now."""

    @property
    def left(self) -> list[str]:
        return [writer for writer in self.waiting if writer not in self.asleep and writer not in self.tried]


class Tree:
    """Chooses so that all schedules are played which differ in more than the order of unrelated neighbours."""

    def __init__(self, related: Callable[[Operation, Operation], bool] = related) -> None:
        self.is_new = True
        """Whether the schedule stands for others than those before it. If not, that was too late to know."""
        self._related = related
        self._path: list[Branching] = []
        self._depth = 0

    def choose(self, waiting: Waiting) -> str:
        """Choose the writer that goes on."""
        if self._depth == len(self._path) and self.is_new:
            place = Branching(waiting, self._asleep(), [])
            self.is_new = bool(place.left)
            if self.is_new:
                place.tried.append(place.left[0])
                self._path.append(place)
        if not self.is_new:
            return next(iter(waiting))
        place = self._path[self._depth]
        self._depth += 1
        assert _names(place.waiting) == _names(waiting), "the same schedule leads elsewhere the second time"
        return place.tried[-1]

    def turn(self) -> bool:
        """After a schedule, begin the next one. Return whether there is one."""
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
        waiting, asleep, (*before, now) = self._path[-1]
        return frozenset(each for each in {*asleep, *before} if not self._related(waiting[each], waiting[now]))


def _names(waiting: Waiting) -> dict[str, str]:
    return {writer: operation.name for writer, operation in waiting.items()}


def every(play: Callable[[Choose], Played], tree: Tree | None = None) -> Iterator[Played]:
    """Play one schedule for all those that differ only in the order of unrelated neighbours."""
    tree, more = tree or Tree(), True
    while more:
        played = play(tree.choose)
        if tree.is_new:
            yield played
        more = tree.turn()


def real_parts(stack: Stack) -> Iterator[RealParts]:
    """Yield what `TwoWriters` need among real parts."""
    for _ in WRITERS:
        yield RealParts(stack.settings, Control(stack.control))


def sample(writers: TwoWriters, seed: int, seconds: float) -> Iterator[Played]:
    """Play schedules at random, of each pair in turn, until so many seconds have passed."""
    end = time.monotonic() + seconds
    random_ = random.Random(seed)
    while time.monotonic() < end:
        for pair in PAIRS:
            yield writers.play(pair, at_random(random_))


def at_random(random_: random.Random) -> Choose:
    """Return what lets each go on for a while, now the one, then the other: most failures take few turns."""
    last = ""

    def choose(waiting: Waiting) -> str:
        nonlocal last
        if last not in waiting or random_.random() < _TURN:
            last = random_.choice(sorted(waiting))
        return last

    return choose


def along(schedule: str) -> Choose:
    """Return what follows that schedule, as far as it goes."""
    order = iter(schedule)

    def choose(waiting: Waiting) -> str:
        writer = next(order, "")
        return writer if writer in waiting else min(waiting)

    return choose


def show_all(seed: int, seconds: float | None, only: str) -> int:
    """Play every schedule and print the sum; or some for so many seconds; or only those of a pair, or `pair:schedule`.

    Return the exit status: 1 if something did not hold.
    """
    name, _, schedule = only.partition(":")
    if schedule:
        return _show(only, lambda writers: iter([writers.play(name, along(schedule))]))
    if seconds is not None:
        return _show(f"at random, seed {seed}", lambda writers: sample(writers, seed, seconds))
    chosen = {each: pair for each, pair in PAIRS.items() if name in ("", each)}
    return max(_show(f"{each}: {pair.what}", partial(_every_of, each)) for each, pair in chosen.items())


def _every_of(name: str, writers: TwoWriters) -> Iterator[Played]:
    return every(partial(writers.play, name))


def _show(what: str, play: Callable[[TwoWriters], Iterator[Played]]) -> int:
    """Print what did not hold, and a line in the end. Return the exit status."""
    began, number, broken, lengths = time.monotonic(), 0, 0, set[int]()
    with started(users=40) as stack, TwoWriters(*real_parts(stack)) as writers:
        for each in play(writers):
            number += 1
            lengths.add(len(each.order))
            if each.violated:
                broken += 1
                print(f"{each} ended as {dict(each.ended)}:", *each.violated, sep="\n  ")
                print(f"  again: python -m tests.reliability interleavings --only {each}", flush=True)
    print(
        f"{what}: {number} schedules of {min(lengths)} to {max(lengths)} operations, "
        f"{number - broken} of {number} held, {time.monotonic() - began:.0f} s.",
        flush=True,
    )
    return int(bool(broken))
