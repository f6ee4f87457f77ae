"""Each fault singly: the pull ends as it must, and what holds of the archive at every instant still holds."""

from collections.abc import Iterator

import pytest

from local.simulator_client import Control
from local.stack import Stack
from tests.reliability.faults.cases import IDS, TRIALS, Trial
from tests.reliability.faults.run import Bench
from tests.reliability.faults.scenario import Scenario
from tests.reliability.faults.scenarios import SCENARIOS
from tests.reliability.storage_proxy import FaultyStorage

EVERYTHING: tuple[Trial | Scenario, ...] = (*TRIALS, *SCENARIOS)
QUICK = [tried for tried in EVERYTHING if not tried.slow]


@pytest.fixture(scope="module")
def bench(stack: Stack) -> Iterator[Bench]:
    with FaultyStorage.in_front_of(stack.settings) as storage:
        yield Bench(stack.settings, Control(stack.control), storage)


@pytest.mark.parametrize("tried", QUICK, ids=lambda tried: tried.name)
def test_a_fault_alone(bench: Bench, tried: Trial | Scenario) -> None:
    result = bench(tried)
    assert result.violated == []
    assert result.is_right(tried), f"it ended as {result.ended}"


def test_every_known_fault_is_tried() -> None:
    assert {each for tried in EVERYTHING for each in tried.ids.split()} == set(IDS)
