"""Each fault singly: the pull ends as it must, and what holds of the archive at every instant still holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.control import Control
from local.faulty_storage import FaultyStorage
from local.stack import Stack
from local.trial import Bench
from local.trials import TRIALS, Trial


@pytest.fixture(scope="module")
def bench(stack: Stack) -> Iterator[Bench]:
    with FaultyStorage(stack.settings["ARCHIVE_URL"], Path(stack.settings["ARCHIVE_CA"])) as storage:
        yield Bench(stack.settings, Control(stack.control), storage)


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_a_fault_alone(bench: Bench, trial: Trial) -> None:
    result = bench(trial)
    assert result.violated == []
    assert result.is_right(trial), f"it ended as {result.ended}, not as {' or '.join(trial.ends)}"
