"""Two pulls at once: every order is found, and in some of each kind what must hold holds."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

import pytest

from local.simulator_client import Control
from local.stack import Stack
from tests.reliability.interleavings.interleavings import (
    PAIRS,
    Choose,
    Duet,
    Played,
    Tree,
    along,
    by_chance,
    every,
    related,
    weight,
)
from tests.reliability.storage_proxy import Operation

SEED = 1
SCHEDULES = 5
"""Of each pair; python -m tests.reliability interleavings plays all."""


def operation(name: str, blob: str = "", container: str = "usage") -> Operation:
    return Operation(0, name, "", container, blob)


def play(choose: Choose, wants: dict[str, list[Operation]]) -> Played:
    """Two that do what they do whatever the other does."""
    left = {actor: list(operations) for actor, operations in wants.items()}
    order, done = "", list[Operation]()
    while wanted := {actor: operations[0] for actor, operations in left.items() if operations}:
        order += (actor := choose(wanted))
        done.append(left[actor].pop(0))
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
    found = played(Tree())
    assert sum(weight(each.order, each.done) for each in found) == ALL
    assert len(found) < ALL / 4


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
def duet(stack: Stack) -> Iterator[Duet]:
    with Duet(stack.settings, Control(stack.control)) as duet:
        yield duet


@pytest.mark.parametrize("pair", PAIRS)
def test_two_pulls_at_once_leave_each_body_once_in_whatever_order(duet: Duet, pair: str) -> None:
    chance = random.Random(SEED)
    for _ in range(SCHEDULES):
        one = duet(pair, by_chance(chance))
        assert one.violated == [], f"python -m tests.reliability interleavings --only {one}"


@pytest.mark.parametrize(
    ("pair", "schedule"),
    [
        pytest.param("same", "AABBB", id="what is staged is committed by the other"),
        pytest.param("two", "AABBBA", id="two have the same number for their revisions"),
        pytest.param("third", "BBBBBBBAAAAAAAAAAB", id="a series is written late"),
        pytest.param("new", "AABBBA", id="both make the container"),
    ],
)
def test_who_comes_late_does_no_harm(duet: Duet, pair: str, schedule: str) -> None:
    assert duet(pair, along(schedule)).violated == []


def test_a_schedule_can_be_played_again(duet: Duet) -> None:
    chance = random.Random(SEED)
    first = duet("two", by_chance(chance))
    second = duet("two", along(first.order))
    assert second.order == first.order
    assert names(second.done) == names(first.done)


def names(done: Sequence[Operation]) -> list[str]:
    return [one.name for one in done]
