"""A pull that dies, or is let down, at any of its steps: afterwards it is as if nothing had happened.

What is tried here is chosen by lot; `python -m tests.reliability crashes` tries every step in every mode.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from local.stack import Stack
from shared.domain.catalogue import catalogue
from tests.reliability.checks import snapshots
from tests.reliability.crashes.crashes import SCENARIOS, Case, Matrix

SEED, CASES = 1, 7
"""Of each scenario."""


@pytest.fixture(scope="module")
def matrix(stack: Stack) -> Iterator[Matrix]:
    with Matrix(stack.settings) as matrix:
        yield matrix


def test_every_request_of_a_run_is_a_step(matrix: Matrix) -> None:
    assert list(dict.fromkeys(matrix.twin("first").steps)) == [
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
        "put_blob usage-derived/runs",
    ]


def test_a_large_body_is_staged_in_several_steps(matrix: Matrix) -> None:
    assert matrix.twin("large").steps.count("put_block usage-personal/report") > 1


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_after_an_accident_at_any_step_it_is_as_if_nothing_had_happened(matrix: Matrix, scenario: str) -> None:
    for case in random.Random(SEED).sample(matrix.cases(scenario), CASES):
        result = matrix(case)
        assert result.violated == [], f"python -m tests.reliability crashes --only {result.case}"


@pytest.mark.parametrize(
    ("mode", "left"), [("kill_before", 0), ("kill_after", 1), ("error", 0), ("hang", 0), ("lost", 1)]
)
def test_what_an_accident_at_the_write_leaves(matrix: Matrix, mode: str, left: int) -> None:
    steps = matrix.twin("first").steps
    last_write = len(steps) - steps[::-1].index("put_blob usage/report")  # the one before finds no container
    result = matrix(Case("first", last_write, mode))
    assert len(snapshots(result.left, catalogue())) == left
    assert result.violated == []
