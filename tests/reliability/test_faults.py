"""Each fault singly: the pull ends as it must, and what must hold of an archive at every instant still holds."""

from collections.abc import Iterator

import pytest

from local.simulator_client import Control
from local.stack import Stack
from tests.reliability.faults.cases import IDS, Case
from tests.reliability.faults.run import ALL, attempt
from tests.reliability.faults.scenario import Scenario, Stage


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Iterator[Stage]:
    with Stage(stack.settings, Control(stack.control)) as stage:
        yield stage


@pytest.mark.parametrize("fault", [fault for fault in ALL if not fault.slow], ids=lambda fault: fault.name)
def test_a_fault_alone(stage: Stage, fault: Case | Scenario) -> None:
    assert attempt(stage, fault).violated == ""


def test_every_known_fault_is_tried() -> None:
    assert {each for fault in ALL for each in fault.ids.split()} == set(IDS)
