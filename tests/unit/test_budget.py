"""The request budget that all runs share: here without Graph, in front of the archive."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.in_memory import InMemoryBlobStore, Operation
from shared.archive.layout import DERIVED, REQUESTS
from shared.domain.errors import ArchiveUnavailable
from shared.pulling.budget import FRESH, Budget
from shared.pulling.plan import BUDGET, WINDOW
from tests.reliability.environment import InProcess

A = "getOffice365ActiveUserCounts"
B = "getOffice365ServicesUserCounts"
DETAIL = "getOffice365ActiveUserDetail"


class Clock:
    """Shows a time that the test moves on."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 6, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> InMemoryBlobStore:
    """Empty."""
    return InMemoryBlobStore(clock=clock)


@pytest.fixture
def budget(store: InMemoryBlobStore) -> Budget:
    return Budget(store)


@pytest.fixture
def other(store: InMemoryBlobStore) -> Budget:
    """That of another run."""
    return Budget(store)


def spent(budget: Budget) -> dict[str, int]:
    return next(budget.notes()).spent


def reserve(budget: Budget, **wanted: int) -> None:
    assert budget.reserve(wanted, next(budget.notes()))


def takes(budget: Budget, report: str = A) -> int:
    """How many requests it gets before there are no more."""
    return next(number for number in range(BUDGET + 2) if not budget.take(report))


def test_nothing_is_spent_at_first(budget: Budget) -> None:
    assert spent(budget) == {}


def test_each_report_has_its_own(budget: Budget) -> None:
    assert (takes(budget, A), takes(budget, B)) == (BUDGET, BUDGET)


def test_what_one_run_spends_another_cannot(budget: Budget, other: Budget) -> None:
    assert other.take(A)
    assert takes(budget) == BUDGET - 1


def test_what_is_reserved_is_spent_before_it_is_sent(budget: Budget, other: Budget) -> None:
    reserve(budget, **{A: 4, B: 1})
    assert spent(other) == {A: 4, B: 1}
    assert takes(other) == BUDGET - 4


def test_what_was_reserved_may_be_sent_without_another_note(budget: Budget, other: Budget) -> None:
    reserve(budget, **{A: 4})
    assert [budget.take(A) for _ in range(4)] == [True] * 4
    assert spent(other) == {A: 4}
    assert takes(budget) == BUDGET - 4


def test_of_two_reservations_at_once_the_second_has_to_look_again(budget: Budget, other: Budget) -> None:
    notes = next(budget.notes())
    reserve(other, **{B: 1})
    assert not budget.reserve({A: 1}, notes)
    assert spent(budget) == {B: 1}


def test_what_was_not_reserved_in_the_end_is_not_sent_unnoted(budget: Budget, other: Budget) -> None:
    notes = next(budget.notes())
    reserve(other, **{A: BUDGET})
    assert not budget.reserve({A: 1}, notes)
    assert not budget.take(A)


def test_a_request_counts_until_ten_minutes_after_it_may_have_been_sent(budget: Budget, clock: Clock) -> None:
    reserve(budget, **{A: BUDGET})
    clock.time += WINDOW + FRESH - timedelta(seconds=1)
    assert spent(budget) == {A: BUDGET}
    clock.time += timedelta(seconds=1)
    assert spent(budget) == {A: 0}


def test_what_waited_for_long_is_noted_anew_and_only_then(budget: Budget, other: Budget, clock: Clock) -> None:
    reserve(budget, **{A: 3})
    clock.time += FRESH
    assert budget.take(A)
    clock.time += timedelta(seconds=1)
    assert budget.take(A)
    clock.time += WINDOW  # the first is forgotten, and the others moved on
    assert spent(other) == {A: 2}


def test_noting_anew_does_not_spend_twice(budget: Budget, clock: Clock) -> None:
    reserve(budget, **{A: BUDGET})
    clock.time += FRESH + timedelta(seconds=1)
    assert takes(budget) == BUDGET


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"a": 1}', b'{"a": ["soon"]}', b'{"a": ["2026-11-21"]}', b"[" * 10**5]
)
def test_damaged_notes_are_begun_anew(budget: Budget, store: InMemoryBlobStore, content: bytes) -> None:
    assert store.replace_if(DERIVED, REQUESTS, content, {}, None)
    assert takes(budget) == BUDGET


def test_a_run_whose_notes_cannot_be_kept_counts_for_itself(clock: Clock) -> None:
    def read_only(operation: Operation, carry_out: Callable[[], Any]) -> Any:
        if operation.name == "put_blob":
            raise ArchiveUnavailable("This is read-only.")
        return carry_out()

    assert takes(Budget(InMemoryBlobStore(read_only, clock))) == BUDGET


def test_a_clock_that_was_wrong_does_not_stop_the_pulling(budget: Budget, clock: Clock) -> None:
    clock.time += timedelta(days=365)
    reserve(budget, **{A: BUDGET})
    clock.time -= timedelta(days=365)
    assert budget.take(A)


def test_the_notes_stay_small(budget: Budget, store: InMemoryBlobStore, clock: Clock) -> None:
    for _ in range(3):
        clock.time += timedelta(hours=6)
        reserve(budget, **{A: 2})
    stored = store.get(DERIVED, REQUESTS)
    assert stored is not None
    assert stored.content.count(b"2026-") == 2


def test_many_at_once_spend_no_more_than_there_is(store: InMemoryBlobStore) -> None:
    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(lambda budget: budget.take(A), [Budget(store) for _ in range(20)]))
    assert sum(got) == BUDGET


def test_it_does_not_try_for_ever(store: InMemoryBlobStore, clock: Clock, other: Budget) -> None:
    def while_others_write() -> datetime:
        reserve(other, **{B: 1})
        return clock()

    with pytest.raises(ArchiveUnavailable, match="Others keep writing"):
        Budget(InMemoryBlobStore(clock=while_others_write, same_as=store)).take(A)


# -- clocks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def world() -> Iterator[InProcess]:
    with InProcess() as world:
        world.restore({})
        yield world


@pytest.mark.parametrize("minutes", [-60, -12, 10, 60])
def test_two_instances_share_the_budget_however_far_their_clocks_are_apart(world: InProcess, minutes: int) -> None:
    apps = [world.app(DETAIL), world.app(DETAIL, ahead=timedelta(minutes=minutes))]
    for app in apps * 3:
        app.pull_run.execute()
    assert world.violations() == []


def test_a_clock_that_is_set_back_and_forth_does_not_renew_the_budget(world: InProcess) -> None:
    for hours in (0, -1, 0, -1, 0):
        world.app(DETAIL, ahead=timedelta(hours=hours)).pull_run.execute()
    assert world.violations() == []
