"""The lease on runs: one at a time, and none that a dead process keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from local.in_memory import InMemoryBlobStore, Operation
from shared.archive.layout import DERIVED, LEASE
from shared.archive.run_lease import LIFE, RunLease
from tests.conftest import MORNING

SECOND = timedelta(seconds=1)


class World:
    """A store, and the time."""

    def __init__(self) -> None:
        self.now = MORNING
        self.written = Event()
        self.store = InMemoryBlobStore(around=self._around, clock=lambda: self.now)
        self.lease = RunLease(self.store)

    def _around(self, operation: Operation, carry_out: Callable[[], Any]) -> Any:
        done = carry_out()
        if operation.name == "put_blob":
            self.written.set()
        return done

    def kill(self, run: str) -> None:
        """Let a run begin, and its process be gone: nothing is released."""
        with self.lease.hold(run):
            left = self.store.blobs[DERIVED, LEASE]
        self.store.put(DERIVED, LEASE, left.content, {})


@pytest.fixture
def world() -> World:
    return World()


def test_a_run_that_is_under_way_is_the_one_that_others_hear_of(world: World) -> None:
    with world.lease.hold("a1") as own, world.lease.hold("b2") as other:
        assert own == other == world.lease.ask("c3")
        assert (own.run, own.since, own.is_running) == ("a1", MORNING, True)


def test_after_a_run_the_next_one_may_begin_at_once_also_if_it_failed(world: World) -> None:
    with pytest.raises(ValueError, match="the reason"), world.lease.hold("a1"):
        raise ValueError("the reason")
    with world.lease.hold("b2") as lease:
        assert lease.run == "b2"


def test_after_a_run_the_next_one_may_begin_also_by_an_answer_of_storage_that_is_behind_by_part_of_a_second(
    world: World,
) -> None:
    with world.lease.hold("one"):
        pass
    world.now -= timedelta(milliseconds=999)
    with world.lease.hold("two") as lease:
        assert lease.run == "two"


def test_who_finds_another_run_does_not_end_its_lease(world: World) -> None:
    with world.lease.hold("a1"):
        with world.lease.hold("b2"):
            pass
        assert world.lease.ask("c3").run == "a1"


def test_a_run_that_is_only_asked_for_is_told_to_others_who_ask_and_keeps_no_timer_from_running(world: World) -> None:
    assert world.lease.ask("a1") == world.lease.ask("b2")
    with world.lease.hold("c3") as timer, world.lease.hold("a1") as asked:
        assert timer.run == asked.run == "c3"


def test_the_lease_of_a_killed_process_is_over_by_itself(world: World) -> None:
    world.kill("a1")
    world.now += LIFE - SECOND
    assert world.lease.ask("b2").run == "a1"
    world.now += SECOND
    assert world.lease.ask("b2").run == "b2"


def test_a_message_that_comes_again_goes_on_with_its_own_lease(world: World) -> None:
    world.kill("a1")
    world.now += LIFE - SECOND
    with world.lease.hold("a1") as lease:
        world.now += SECOND
        assert lease.run == world.lease.ask("b2").run == "a1"


def test_a_long_run_shows_that_it_is_alive(world: World) -> None:
    with RunLease(world.store, beat=0.001).hold("a1"):
        world.now += LIFE
        world.written.clear()
        assert world.written.wait(10)
        assert world.lease.ask("b2").run == "a1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"run": "x", "since": "2026-11-21T07:00:00", "until": "2026-11-21T07:16:00", "running": true}',
        b'{"run": "x", "since": "2026-11-21T07:00:00+00:00", "until": "9999-01-01T00:00:00+00:00", "running": true}',
    ],
    ids=["empty", "list", "nothing in it", "no time zone", "for ever"],
)
def test_what_is_damaged_is_no_lease(world: World, content: bytes) -> None:
    world.store.put(DERIVED, LEASE, content, {})
    with world.lease.hold("a1") as lease:
        assert lease.run == "a1"


def test_the_lease_that_is_left_says_which_run_was_the_last(world: World) -> None:
    with world.lease.hold("a1"):
        world.now += SECOND
    assert json.loads(world.store.blobs[DERIVED, LEASE].content) == {
        "run": "a1",
        "since": MORNING.isoformat(),
        "until": MORNING.isoformat(),
        "running": True,
    }


def test_of_two_that_ask_at_the_same_moment_one_gets_the_lease(world: World) -> None:
    second = list[str]()

    def between(operation: Operation, carry_out: Callable[[], Any]) -> Any:
        if operation.name == "put_blob" and not second:
            second.append(world.lease.ask("b2").run)
        return carry_out()

    first = RunLease(InMemoryBlobStore(around=between, clock=lambda: world.now, same_as=world.store))
    assert (first.ask("a1").run, second) == ("b2", ["b2"])
