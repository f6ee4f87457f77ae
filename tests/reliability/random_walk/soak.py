"""`python -m tests.reliability soak`: lives of archives by lot, one after the other, until one breaks a rule.

A life is told by its seed alone, so a failing one is lived again by the command that is printed with it.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

from local.environment import environment, identity
from local.stack import Stack
from tests.reliability.environment import AmongParts, InProcess, World
from tests.reliability.random_walk import year
from tests.reliability.random_walk.walk import REPORTS, Life, Violation, drawn

STEPS = 50
"""In one life, if nothing else is asked for."""
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS = 1000


class Lived:
    """What one life was."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.steps: list[str] = []
        self.faults = 0
        self.violated = ""

    def __str__(self) -> str:
        """What happened, step by step, to what was violated."""
        return "\n".join((f"Sequence {self.seed}:", *(f"  {step}" for step in self.steps), self.violated))


def live(world: World, seed: int, steps: int) -> Lived:
    """One life of so many steps, and what is left in the end."""
    chance = random.Random(seed)
    random.seed(seed)  # for the jitter of the app's waits
    lived = Lived(seed)
    reports, began = chance.choice(REPORTS), _FIRST + timedelta(days=chance.randrange(_DAYS))
    with Life(world, reports, began) as life:
        try:
            for _ in range(steps):
                name, arguments = drawn(chance)
                lived.steps.append(f"{name}({', '.join(map(str, arguments))})")
                getattr(life, name)(*arguments)
            lived.steps.append("recover()")
            life.recover()
        except Violation as violation:
            lived.violated = str(violation)
        except Exception as error:
            lived.violated = f"I9: {type(error).__name__}: {error}"
    lived.faults = life.faults
    return lived


def soak(options: argparse.Namespace, world: Callable[[bool], AbstractContextManager[World]] | None = None) -> int:
    """Live for `options.seconds`, or through `options.sequences`, from `options.seed` on; or through a year.

    Answers the exit status. `world` makes another world than those here, in memory or not.
    """
    with (world or world_of)(options.in_memory) as here:
        return _soak_a_year(here, options) if options.year else _soak(here, options)


def _soak(world: World, options: argparse.Namespace) -> int:
    began, numbers, steps, faults, violated = time.monotonic(), 0, 0, 0, False
    while not violated and (
        numbers < options.sequences if options.sequences else time.monotonic() - began < options.seconds
    ):
        lived = live(world, options.seed + numbers, options.steps)
        numbers, steps, faults = numbers + 1, steps + len(lived.steps), faults + lived.faults
        if violated := bool(lived.violated):
            print(lived)
            print(f"Once more: {command(lived.seed, options.steps, options.in_memory)}")
    seconds = time.monotonic() - began
    print(f"{numbers} sequences, {steps} steps, {faults} faults injected, {seconds:.0f} s: {int(violated)} violations")
    return int(violated)


def _soak_a_year(world: World, options: argparse.Namespace) -> int:
    try:
        print(f"{year.live(world, options.reports, options.seed)}; 0 violations")
    except Violation as violation:
        print(violation)
        memory = " --in-memory" if options.in_memory else ""
        again = f"python -m tests.reliability soak --year --seed {options.seed}"
        print(f'Once more: {again} --reports "{options.reports}"{memory}')
        return 1
    return 0


def command(seed: int, steps: int, in_memory: bool) -> str:
    """What lives that life again."""
    return " ".join(
        (
            f"python -m tests.reliability soak --seed {seed} --sequences 1",
            *([f"--steps {steps}"] if steps != STEPS else []),
            *(["--in-memory"] if in_memory else []),
        )
    )


@contextmanager
def world_of(in_memory: bool) -> Iterator[World]:
    """The real parts, or none."""
    if in_memory:
        with InProcess() as here:
            yield here
        return
    with Stack(users=12) as stack, environment(identity(stack.settings)), AmongParts(stack) as there:
        yield there
