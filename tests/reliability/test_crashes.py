"""A pull that dies, or is let down, at any of its steps: afterwards it is as if nothing had happened.

These are some at random; `python -m tests.reliability crashes` tries every step in every mode.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from local.stack import Stack
from tests.reliability.checks import snapshots
from tests.reliability.crashes.run import SCENARIOS, Crash, Crashes

SEED = 1
CrashesOf = Callable[[str], Crashes]


@pytest.fixture(scope="module")
def crashes_of(stack: Stack) -> Iterator[CrashesOf]:
    with ExitStack() as undo:
        yield cache(lambda scenario: undo.enter_context(Crashes(stack.settings, scenario)))


def test_every_request_of_a_run_is_a_step(crashes_of: CrashesOf) -> None:
    assert list(dict.fromkeys(crashes_of("first").reference.steps)) == [
        "token for storage",
        "list usage-derived",
        "list usage",
        "get usage-derived/requests.json",
        "token for Graph",
        "put_blob usage-derived/requests.json",
        "create_container usage-derived",
        "Graph",
        "download",
        "put_blob usage/report",
        "create_container usage",
        "get usage-derived/series",
        "put_blob usage-derived/series",
        "get usage-derived/tables.json.gz",
        "put_blob usage-derived/report",
        "get usage-derived/coverage.json.gz",
        "list usage-personal",
        "put_blob usage-derived/coverage.json.gz",
        "put_blob usage-derived/runs",
        "get usage-derived/newest",
        "put_blob usage-derived/newest",
        "put_blob usage-derived/tables.json.gz",
    ]


def test_a_large_body_is_staged_in_several_steps(crashes_of: CrashesOf) -> None:
    assert crashes_of("large").reference.steps.count("put_block usage-personal/report") > 1


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("number", [0, *(pytest.param(each, marks=pytest.mark.long) for each in range(1, 5))])
def test_after_a_crash_at_any_step_it_is_as_if_nothing_had_happened(
    crashes_of: CrashesOf, scenario: str, number: int
) -> None:
    crashes = crashes_of(scenario)
    crash = random.Random(SEED).sample(crashes.every(), 5)[number]
    assert crashes.attempt(crash).violated == [], f"python -m tests.reliability crashes --only {crash}"


@pytest.mark.parametrize(
    ("mode", "left"), [("kill_before", 0), ("kill_after", 1), ("error", 0), ("hang", 0), ("lost", 1)]
)
def test_what_a_crash_at_the_write_leaves(crashes_of: CrashesOf, mode: str, left: int) -> None:
    crashes = crashes_of("first")
    steps = crashes.reference.steps
    write = len(steps) - steps[::-1].index("put_blob usage/report")  # the one before finds no container
    result = crashes.attempt(Crash("first", write, mode))
    assert len(snapshots(result.left)) == left
    assert result.violated == []
