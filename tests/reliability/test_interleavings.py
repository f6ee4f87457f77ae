"""Two pulls at once: every order is found, and in some of each kind what must hold holds."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

import pytest

from local.simulator_client import Control
from local.stack import Stack
from tests.reliability.interleavings.explore import Tree, along, at_random, every, real_parts, related
from tests.reliability.interleavings.gate import Choose
from tests.reliability.interleavings.pairs import PAIRS
from tests.reliability.interleavings.two_writers import Played, TwoWriters
from tests.reliability.real_parts import RealGraph
from tests.reliability.storage_proxy import Operation

SEED = 1
SCHEDULES = {"in_memory": 4, "writers": 2}
"""Of each pair; `python -m tests.reliability interleavings` plays all."""


def operation(name: str, blob: str = "", container: str = "usage") -> Operation:
    return Operation(0, name, "", container, blob)


def play(choose: Choose, wants: dict[str, list[Operation]]) -> Played:
    """Let two do what they do whatever the other does."""
    left = {writer: list(operations) for writer, operations in wants.items()}
    order, done = "", list[Operation]()
    while waiting := {writer: operations[0] for writer, operations in left.items() if operations}:
        order += (writer := choose(waiting))
        done.append(left[writer].pop(0))
    return Played("", order, done, {}, [])


PULL = [
    operation("list"),
    operation("put_block", "r1"),
    operation("commit", "r1"),
    operation("get", "series", "usage-derived"),
    operation("put_blob", "series", "usage-derived"),
]
OTHER = [operation("list"), operation("put_block", "r1"), operation("commit", "r1"), operation("get", "r1")]
ALL = math.comb(len(PULL) + len(OTHER), len(OTHER))


def played(tree: Tree) -> list[Played]:
    return list(every(lambda choose: play(choose, {"A": PULL, "B": OTHER}), tree))


def test_every_order_is_played_if_each_can_matter() -> None:
    orders = [each.order for each in played(Tree(lambda one, other: True))]
    assert len(orders) == len(set(orders)) == ALL


def test_orders_that_cannot_matter_are_played_once_for_all() -> None:
    every_order, chosen = played(Tree(lambda one, other: True)), list(map(precedence, played(Tree())))
    assert len(chosen) < len(every_order) / 4
    assert all(chosen.count(each) == 1 for each in map(precedence, every_order))


def precedence(played: Played) -> dict[tuple[int, int], bool]:
    """Return which comes first of each two operations whose order can matter: what tells schedules apart."""
    first, second = ([at for at, each in enumerate(played.order) if each == writer] for writer in "AB")
    pairs = [(one, other) for one in range(len(first)) for other in range(len(second))]
    return {
        (one, other): first[one] < second[other]
        for one, other in pairs
        if related(played.operations[first[one]], played.operations[second[other]])
    }


@pytest.mark.parametrize(
    ("one", "other", "matters"),
    [
        pytest.param(operation("commit", "r1"), operation("commit", "r1"), True, id="both make one blob"),
        pytest.param(operation("commit", "r1"), operation("list"), True, id="one makes a blob, the other looks"),
        pytest.param(operation("commit", "r1"), operation("put_block", "r1"), True, id="a commit drops blocks"),
        pytest.param(operation("create_container"), operation("put_block", "r1"), True, id="no container yet"),
        pytest.param(operation("put_block", "r1"), operation("put_block", "r1"), False, id="blocks of their own"),
        pytest.param(operation("put_block", "r1"), operation("list"), False, id="blocks are not listed"),
        pytest.param(operation("commit", "r1"), operation("commit", "r2"), False, id="two blobs"),
        pytest.param(operation("get", "r1"), operation("list"), False, id="both read"),
        pytest.param(operation("list"), operation("commit", "r1", "usage-derived"), False, id="two containers"),
    ],
)
def test_whether_the_order_of_two_operations_can_matter(one: Operation, other: Operation, matters: bool) -> None:
    assert related(one, other) is related(other, one) is matters


@pytest.fixture(scope="module")
def writers(stack: Stack) -> Iterator[TwoWriters]:
    with TwoWriters(*real_parts(stack)) as writers:
        yield writers


@pytest.fixture(scope="module")
def in_memory(stack: Stack) -> Iterator[TwoWriters]:
    one = RealGraph(stack.settings, Control(stack.control))
    with TwoWriters(one, RealGraph(stack.settings, one.control, beside=one)) as writers:
        yield writers


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("where", ["in_memory", pytest.param("writers", marks=pytest.mark.long)])
def test_two_pulls_at_once_leave_each_body_once_in_whatever_order(
    request: pytest.FixtureRequest, where: str, pair: str
) -> None:
    writers: TwoWriters = request.getfixturevalue(where)
    random_ = random.Random(SEED)
    for _ in range(SCHEDULES[where]):
        one = writers.play(pair, at_random(random_))
        assert one.violated == [], f"python -m tests.reliability interleavings --only {one}"


@pytest.mark.parametrize(
    ("pair", "schedule"),
    [
        pytest.param("same", "AABB", id="both write one name"),
        pytest.param("two", "ABABBB", id="two have the same number for their revisions"),
        pytest.param("third", "BBBBBBBAAAAAAAAAAB", id="a series is written late"),
        pytest.param("new", "AABBBA", id="both make the container"),
        pytest.param("large", "AAAAABBBBBB", id="what is staged is committed by the other"),
    ],
)
def test_who_comes_late_does_no_harm(writers: TwoWriters, pair: str, schedule: str) -> None:
    assert writers.play(pair, along(schedule)).violated == []


def test_a_schedule_can_be_played_again(in_memory: TwoWriters) -> None:
    first = in_memory.play("two", at_random(random.Random(SEED)))
    second = in_memory.play("two", along(first.order))
    assert second.order == first.order
    assert names(second.operations) == names(first.operations)


def names(operations: Sequence[Operation]) -> list[str]:
    return [each.name for each in operations]
