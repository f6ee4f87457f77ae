"""`python -m tests.reliability soak`: random walks, one after the other, until something breaks that must hold.

The seed determines a walk, so a failing one is repeated by the command that is printed with it.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

from local.simulator_client import Control
from tests.reliability.environment import Environment, InProcess
from tests.reliability.random_walk import year
from tests.reliability.random_walk.steps import REPORTS, draw
from tests.reliability.random_walk.walk import RandomWalk
from tests.reliability.real_parts import RealParts, started
from tests.reliability.schedule import Violation

STEPS = 50
"""In one walk, unless an option says otherwise."""
_COMMAND = "python -m tests.reliability soak"
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS = 1000
"""On one of these days, from the first on, a walk begins."""


class Walked:
    """What happened in one walk."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.steps: list[str] = []
        self.faults = 0
        self.violated = ""

    def __str__(self) -> str:
        """What happened, step by step, to what was violated."""
        return "\n".join((f"Sequence {self.seed}:", *(f"  {step}" for step in self.steps), self.violated))


def walk(environment: Environment, seed: int, steps: int) -> Walked:
    """Walk so many steps, and recover."""
    random_, walked = random.Random(seed), Walked(seed)
    reports, began = random_.choice(REPORTS), _FIRST + timedelta(days=random_.randrange(_DAYS))
    random_walk = RandomWalk(environment, reports, began)
    try:
        for number in range(steps + 1):
            name, arguments = draw(random_) if number < steps else ("recover", ())
            walked.steps.append(f"{name}({', '.join(map(str, arguments))})")
            getattr(random_walk, name)(*arguments)
    except Violation as violation:
        walked.violated = str(violation)
    except Exception as error:
        walked.violated = f"I9: {type(error).__name__}: {error}"
    walked.faults = random_walk.faults
    return walked


def soak(
    options: argparse.Namespace, environment_of: Callable[[bool], AbstractContextManager[Environment]] | None = None
) -> int:
    """Walk for `options.seconds`, or `options.sequences` times, from `options.seed` on; or through a year.

    Return the exit status. `environment_of` makes another environment than usual, in memory or not.
    """
    with (environment_of or _environment_of)(options.in_memory) as environment:
        return _soak_a_year(environment, options) if options.year else _soak(environment, options)


def _soak(environment: Environment, options: argparse.Namespace) -> int:
    began, number, steps, faults, violated = time.monotonic(), 0, 0, 0, False
    while not violated and (
        number < options.sequences if options.sequences else time.monotonic() - began < options.seconds
    ):
        walked = walk(environment, options.seed + number, options.steps)
        number, steps, faults = number + 1, steps + len(walked.steps), faults + walked.faults
        if violated := bool(walked.violated):
            print(walked)
            print(f"Once more: {_again(walked.seed, options.steps, options.in_memory)}")
    seconds = time.monotonic() - began
    print(f"{number} sequences, {steps} steps, {faults} faults injected, {seconds:.0f} s: {int(violated)} violations")
    return int(violated)


def _soak_a_year(environment: Environment, options: argparse.Namespace) -> int:
    try:
        print(f"{year.live(environment, options.reports, options.seed)}; 0 violations")
    except Violation as violation:
        print(violation)
        memory = " --in-memory" if options.in_memory else ""
        print(f'Once more: {_COMMAND} --year --seed {options.seed} --reports "{options.reports}"{memory}')
        return 1
    return 0


def _again(seed: int, steps: int, in_memory: bool) -> str:
    """Return the command that repeats a walk."""
    many, memory = f" --steps {steps}" if steps != STEPS else "", " --in-memory" if in_memory else ""
    return f"{_COMMAND} --seed {seed} --sequences 1{many}{memory}"


@contextmanager
def _environment_of(in_memory: bool) -> Iterator[Environment]:
    if in_memory:
        with InProcess() as environment:
            yield environment
        return
    with started(users=12) as parts, RealParts(parts.settings, Control(parts.control)) as real:
        yield real
