"""Worlds in which anything may happen to an archive: what must hold of it holds in each."""

import pytest

from local.simulator_client import Control
from local.stack import Stack
from tests.reliability.environment import InProcess
from tests.reliability.real_parts import RealGraph
from tests.reliability.worlds.endurance import endure
from tests.reliability.worlds.run import violated_in

BROKE_ONCE = {3: "an error inside the last cell was archived, behind whole rows and behind half a row"}
"""Seeds of worlds in which something did not hold before, with what it was."""
STALLED = (139, 224, 277, 431)
"""In these the refresh date stands still and jumps while the host sleeps: what nobody saw may have been shown."""


@pytest.mark.parametrize("seed", [*BROKE_ONCE])
def test_an_archive_survives_a_world(seed: int) -> None:
    with InProcess() as environment:
        assert violated_in(environment, seed) == ""


@pytest.mark.long
@pytest.mark.parametrize("seed", [19, *STALLED, *range(140, 180), 2164, 2569])
def test_an_archive_survives_many_worlds(seed: int) -> None:
    with InProcess() as environment:
        assert violated_in(environment, seed) == ""


def test_an_archive_endures_everything_at_once_and_readers_all_the_time(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    with RealGraph(stack.settings, Control(stack.control)) as beside:
        assert endure(beside, 1, seed=1, days=1) == 0
    assert capsys.readouterr().out.endswith("All held.\n")
