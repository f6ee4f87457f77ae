"""Random walks: whatever happens in whatever order, what must hold of an archive holds after each step."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from local.simulator_client import Control
from local.stack import Stack
from tests.conftest import USERS
from tests.reliability.__main__ import main
from tests.reliability.checks import Blobs, revision_of
from tests.reliability.environment import Environment, InProcess
from tests.reliability.faults.drawn import GRAPH_FAULTS, LIST, NOTE, STORAGE_FAULTS
from tests.reliability.random_walk.soak import soak, walk
from tests.reliability.random_walk.steps import REPORTS, draw
from tests.reliability.random_walk.walk import RandomWalk
from tests.reliability.real_parts import RealParts

BEGIN = datetime(2026, 11, 21, tzinfo=UTC)
DAILY = "getTeamsUserActivityUserDetail"


@pytest.fixture(scope="module")
def in_memory() -> Iterator[InProcess]:
    with InProcess() as environment:
        yield environment


@pytest.fixture(scope="module")
def real_parts(stack: Stack) -> Iterator[RealParts]:
    with RealParts(stack.settings, Control(stack.control)) as environment:
        yield environment


def machine(environment: InProcess) -> type[RuleBasedStateMachine]:
    class Walks(RuleBasedStateMachine):
        """Takes the steps of a RandomWalk, which checks after each whether everything holds."""

        walk: RandomWalk

        @initialize(reports=st.sampled_from(REPORTS), day=st.integers(0, 1000))
        def begin(self, reports: str, day: int) -> None:
            self.walk = RandomWalk(environment, reports, BEGIN + timedelta(days=day))

        @rule(random_=st.randoms())
        def take(self, random_: Random) -> None:
            can_recover = not self.walk.reports.startswith(DAILY)  # which would take a while
            name, arguments = draw(random_) if random_.random() < 0.9 or not can_recover else ("recover", ())
            getattr(self.walk, name)(*arguments)

    return Walks


def test_whatever_happens_what_must_hold_holds(in_memory: InProcess) -> None:
    run_state_machine_as_test(
        machine(in_memory), settings=settings(max_examples=settings().max_examples // 6, stateful_step_count=25)
    )


# -- what walks have taught --------------------------------------------------------------------------------------------


def passed_over(walk: RandomWalk) -> set[date]:
    """Return the refresh dates of the only call that nobody saw, all of which have to be named."""
    (gone,), (named,) = walk.oracle.gone().values(), walk.oracle.lost.values()
    assert gone == named
    return gone


def test_what_was_missed_in_thirty_hours_without_a_pull_is_named(in_memory: InProcess) -> None:
    walk = RandomWalk(in_memory, REPORTS[0], BEGIN)
    for _ in range(8):
        walk.pull()
        walk.miss(4)
        walk.heal()
    walk.pull()
    assert passed_over(walk)


def test_what_a_run_without_a_record_passed_over_is_named_by_the_next_that_has_one(in_memory: InProcess) -> None:
    walk = RandomWalk(in_memory, REPORTS[0], BEGIN)
    walk.pull()
    walk.miss(12)
    walk.break_storage(STORAGE_FAULTS.index(("disabled", NOTE)), times=0)
    walk.pull()
    assert len(walk.oracle.archived) == 2
    assert not any(walk.oracle.lost.values())
    walk.heal()
    walk.pull()
    assert passed_over(walk)


def test_a_call_that_graph_once_called_too_old_comes_back_without_a_hand(in_memory: InProcess) -> None:
    (too_old,) = (number for number, case in enumerate(GRAPH_FAULTS) if case.ids == "F05")
    walk = RandomWalk(in_memory, REPORTS[0], BEGIN)
    walk.break_graph(too_old)
    walk.pull()
    walk.recover()


def test_a_reader_with_a_stale_list_gets_what_that_list_tells(in_memory: InProcess) -> None:
    walk = RandomWalk(in_memory, REPORTS[0], BEGIN)
    walk.pull()
    walk.miss(4)
    walk.crash(9, sent=True)
    assert len(walk.oracle.archived) == 2
    walk.break_storage(STORAGE_FAULTS.index(("stale_list", LIST)), times=0)
    walk.read()


@pytest.mark.parametrize("seed", [8, *(pytest.param(each, marks=pytest.mark.long) for each in (1, 2, 3))])
def test_and_so_it_does_among_the_real_parts(real_parts: RealParts, seed: int) -> None:
    assert walk(real_parts, seed, steps=12).violated == ""


@pytest.mark.parametrize(
    "reports", [REPORTS[1], *(pytest.param(each, marks=pytest.mark.long) for each in (REPORTS[0], *REPORTS[2:4]))]
)
def test_storage_in_memory_ends_as_the_service_does(real_parts: RealParts, reports: str) -> None:
    with InProcess(USERS) as in_memory:
        assert end_of(in_memory, reports) == end_of(real_parts, reports)


def test_a_walk_ends_the_same_whatever_was_corrected_before_it(in_memory: InProcess) -> None:
    end = end_of(in_memory, REPORTS[1])
    report, newest = REPORTS[1].partition("(")[0], (BEGIN - timedelta(days=3)).date()
    in_memory.control.put("restate", {"report": report, "refresh_date": f"{newest}", "revision": 7})
    assert end_of(in_memory, REPORTS[1]) == end


def end_of(environment: Environment, reports: str) -> object:
    """Return what there is after some pulls, two of them cut short, and a large body."""
    walk = RandomWalk(environment, reports, BEGIN)
    walk.pull()
    walk.conceal(1)
    walk.crash(7, sent=True)
    walk.restate(0, 6)
    walk.break_graph(len(GRAPH_FAULTS) - 1)
    walk.pull()
    walk.heal()
    walk.miss(9)
    walk.crash(8, sent=False)
    walk.pull()
    walk.pull_again()
    assert len(walk.oracle.archived) > 1
    return walk.oracle.archived, walk.oracle.lost, {at for at in environment.seen if at[0] != "usage-derived"}


class Forgetful(InProcess):
    """Loses what was archived first."""

    def blobs(self, anew: bool = False) -> Blobs:
        blobs = super().blobs(anew)
        first, *others = [*sorted(filter(revision_of, blobs)), None]
        return {at: blob for at, blob in blobs.items() if len(others) < 3 or at != first}


@contextmanager
def forgetful(in_memory: bool) -> Iterator[InProcess]:
    with Forgetful() as environment:
        yield environment


def options(**given: object) -> Namespace:
    usual = {"seconds": 0, "seed": 7, "sequences": 9, "steps": 40, "in_memory": True, "year": False}
    return Namespace(**{**usual, **given})


def test_soak_prints_what_was_violated_and_the_command_that_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak(options(), forgetful) == 1
    *steps, violated, command, end = capsys.readouterr().out.splitlines()
    assert violated.startswith("I2: usage")
    assert "is changed or removed" in violated
    seed = command.removeprefix("Once more: python -m tests.reliability soak --seed ").split()[0]
    assert command == f"Once more: python -m tests.reliability soak --seed {seed} --sequences 1 --steps 40 --in-memory"
    assert end.endswith(": 1 violations")
    assert soak(options(seed=int(seed), sequences=1), forgetful) == 1
    assert capsys.readouterr().out.splitlines()[: len(steps) + 1] == [*steps, violated]


def test_soak_counts_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["soak", "--in-memory", "--sequences", "2", "--steps", "4", "--seed", "5"]) == 0
    assert capsys.readouterr().out.startswith("2 sequences, 10 steps, ")


def test_a_seed_determines_a_walk(in_memory: InProcess) -> None:
    assert str(walk(in_memory, 4, steps=8)) == str(walk(in_memory, 4, steps=8))
