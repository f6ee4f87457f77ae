"""Each fault singly: the pull ends as it must, and what must hold of an archive at every instant still holds.

The first of each id that is quick is tried each time; `--long` tries the other quick ones, and
`python -m tests.reliability faults` all.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from local.simulator_client import Control
from local.stack import Stack
from tests.reliability.faults.cases import IDS
from tests.reliability.faults.run import ALL, Fault, Stages, attempt, stages


@pytest.fixture(scope="module")
def on(stack: Stack) -> Iterator[Stages]:
    with stages(stack.settings, Control(stack.control)) as on:
        yield on


def each_id_first() -> Iterator[Any]:
    """Yield the quick faults, those with the ids of one before it as long."""
    tried = set[str]()
    for fault in ALL:
        if not fault.slow:
            is_known = tried.issuperset(fault.ids.split())
            yield pytest.param(fault, id=fault.name, marks=[pytest.mark.long] if is_known else [])
            tried.update(fault.ids.split())


@pytest.mark.parametrize("fault", [*each_id_first()])
def test_a_fault_alone(on: Stages, fault: Fault) -> None:
    assert attempt(on, fault).violated == ""


def test_every_known_fault_is_tried() -> None:
    assert {each for fault in ALL for each in fault.ids.split()} == set(IDS)
