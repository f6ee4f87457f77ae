"""Lives of archives: whatever happens in whatever order, what must hold of an archive holds after each step."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from local.stack import Stack
from tests.conftest import USERS
from tests.reliability.__main__ import main
from tests.reliability.environment import AmongParts, InProcess, World
from tests.reliability.oracle import Blobs
from tests.reliability.random_walk.soak import live, soak
from tests.reliability.random_walk.walk import GRAPH_FAULTS, REPORTS, STORAGE_FAULTS, Life

BEGIN = datetime(2026, 11, 21, tzinfo=UTC)
DAILY = "getTeamsUserActivityUserDetail"


@pytest.fixture(scope="module")
def in_memory() -> Iterator[InProcess]:
    with InProcess() as world:
        yield world


@pytest.fixture(scope="module")
def among_parts(stack: Stack) -> Iterator[AmongParts]:
    with AmongParts(stack) as world:
        yield world


def machine(world: InProcess) -> type[RuleBasedStateMachine]:
    class Lives(RuleBasedStateMachine):
        """The rules are the steps of a Life, which looks after each whether everything holds."""

        life: Life

        @initialize(reports=st.sampled_from(REPORTS), day=st.integers(0, 1000))
        def begin(self, reports: str, day: int) -> None:
            self.life = Life(world, reports, BEGIN + timedelta(days=day)).__enter__()

        @rule()
        def pull(self) -> None:
            self.life.pull()

        @rule()
        def pull_again(self) -> None:
            self.life.pull_again()

        @rule(slots=st.integers(1, 40))
        def miss(self, slots: int) -> None:
            self.life.miss(slots)

        @rule(operation=st.integers(1, 25), sent=st.booleans())
        def crash(self, operation: int, sent: bool) -> None:
            self.life.crash(operation, sent)

        @rule(number=st.integers(0, len(GRAPH_FAULTS) - 1))
        def break_graph(self, number: int) -> None:
            self.life.break_graph(number)

        @rule(number=st.integers(0, len(STORAGE_FAULTS) - 1), times=st.integers(0, 5))
        def break_storage(self, number: int, times: int) -> None:
            self.life.break_storage(number, times)

        @rule()
        def heal(self) -> None:
            self.life.heal()

        @rule(share=st.sampled_from([0.0, 0.5, 1.0]))
        def conceal(self, share: float) -> None:
            self.life.conceal(share)

        @rule(days_ago=st.integers(0, 5), revision=st.integers(0, 7))
        def restate(self, days_ago: int, revision: int) -> None:
            self.life.restate(days_ago, revision)

        @rule()
        def read(self) -> None:
            self.life.read()

        @precondition(lambda self: not self.life.reports.startswith(DAILY))  # it takes a while to catch up
        @rule()
        def recover(self) -> None:
            self.life.recover()

        def teardown(self) -> None:
            self.life.__exit__()

    return Lives


def test_whatever_happens_what_must_hold_holds(in_memory: InProcess) -> None:
    run_state_machine_as_test(
        machine(in_memory), settings=settings(max_examples=50, stateful_step_count=25, derandomize=True, deadline=None)
    )


# -- what lives have taught --------------------------------------------------------------------------------------------


def passed_over(life: Life) -> set[date]:
    """The refresh dates of the only call that nobody saw, all of which have to be named."""
    (gone,), (named,) = life.model.gone().values(), life.model.lost.values()
    assert gone == named
    return gone


def test_what_was_missed_in_thirty_hours_without_a_pull_is_named(in_memory: InProcess) -> None:
    with Life(in_memory, REPORTS[0], BEGIN) as life:
        for _ in range(8):
            life.pull()
            life.miss(4)
            life.heal()
        life.pull()
        assert passed_over(life)


def test_what_a_run_without_a_record_passed_over_is_named_by_the_next_that_has_one(in_memory: InProcess) -> None:
    with Life(in_memory, REPORTS[0], BEGIN) as life:
        life.pull()
        life.miss(12)
        life.break_storage(STORAGE_FAULTS.index(("disabled", "put_blob")), times=0, container="usage-derived")
        life.pull()
        assert len(life.model.archived) == 2
        assert not any(life.model.lost.values())
        life.heal()
        life.pull()
        assert passed_over(life)


def test_a_call_that_graph_once_called_too_old_comes_back_without_a_hand(in_memory: InProcess) -> None:
    (too_old,) = (number for number, trial in enumerate(GRAPH_FAULTS) if trial.ids == "F05")
    with Life(in_memory, REPORTS[0], BEGIN) as life:
        life.break_graph(too_old)
        life.pull()
        life.recover()


def test_of_a_reader_with_a_stale_list_no_more_is_asked_than_that_list_tells(in_memory: InProcess) -> None:
    with Life(in_memory, REPORTS[0], BEGIN) as life:
        life.pull()
        life.miss(4)
        life.crash(9, sent=True)
        assert len(life.model.archived) == 2
        life.break_storage(STORAGE_FAULTS.index(("stale_list", "list")), times=0)
        life.read()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_and_so_it_does_among_the_real_parts(among_parts: AmongParts, seed: int) -> None:
    assert live(among_parts, seed, steps=12).violated == ""


@pytest.mark.parametrize("reports", REPORTS[:4])
def test_storage_in_memory_ends_as_the_service_does(among_parts: AmongParts, reports: str) -> None:
    with InProcess(USERS) as in_memory:
        assert end_of(in_memory, reports) == end_of(among_parts, reports)


def test_a_life_ends_the_same_whatever_was_corrected_before_it(in_memory: InProcess) -> None:
    end = end_of(in_memory, REPORTS[1])
    report, newest = REPORTS[1].partition("(")[0], (BEGIN - timedelta(days=3)).date()
    in_memory.control.put("restate", {"report": report, "refresh_date": f"{newest}", "revision": 7})
    assert end_of(in_memory, REPORTS[1]) == end


def end_of(world: World, reports: str) -> object:
    """What there is after some pulls, two of them cut short."""
    with Life(world, reports, BEGIN) as life:
        life.pull()
        life.conceal(1)
        life.crash(5, sent=True)
        life.restate(0, 6)
        life.pull()
        life.miss(9)
        life.crash(8, sent=False)
        life.pull()
        life.pull_again()
        assert len(life.model.archived) > 1
        return life.model.archived, life.model.lost, {at for at in world.blobs() if at[0] != "usage-derived"}


class Forgetful(InProcess):
    """Loses what was archived first."""

    def blobs(self, anew: bool = False) -> Blobs:
        blobs = dict(super().blobs())
        snapshots = sorted(at for at in blobs if at[0] == "usage" or at[0] == "usage-personal")
        return {at: kept for at, kept in blobs.items() if len(snapshots) < 3 or at != snapshots[0]}


@contextmanager
def forgetful(in_memory: bool) -> Iterator[InProcess]:
    with Forgetful() as world:
        yield world


def options(**given: object) -> Namespace:
    usual = {"seconds": 0, "seed": 7, "sequences": 9, "steps": 40, "in_memory": True, "year": False}
    return Namespace(**{**usual, **given})


def test_soak_prints_what_was_violated_and_the_command_that_lives_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak(options(), forgetful) == 1
    *steps, violated, command, end = capsys.readouterr().out.splitlines()
    assert violated.startswith("I2: ('usage")
    assert "was changed or removed" in violated
    seed = command.removeprefix("Once more: python -m tests.reliability soak --seed ").split()[0]
    assert command == f"Once more: python -m tests.reliability soak --seed {seed} --sequences 1 --steps 40 --in-memory"
    assert end.endswith(": 1 violations")
    assert soak(options(seed=int(seed), sequences=1), forgetful) == 1
    assert capsys.readouterr().out.splitlines()[: len(steps) + 1] == [*steps, violated]


def test_soak_counts_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["soak", "--in-memory", "--sequences", "2", "--steps", "4", "--seed", "5"]) == 0
    assert capsys.readouterr().out.startswith("2 sequences, 10 steps, ")


def test_a_life_is_told_by_its_seed(in_memory: InProcess) -> None:
    assert str(live(in_memory, 4, steps=8)) == str(live(in_memory, 4, steps=8))
