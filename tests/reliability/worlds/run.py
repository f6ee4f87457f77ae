"""`python -m tests.reliability worlds`: worlds drawn from seeds, and which of them an archive did not survive.

A failing world is repeated by the command that is printed with it.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from tests.reliability.environment import Environment, InProcess
from tests.reliability.schedule import Violation
from tests.reliability.worlds.happenings import HAPPENINGS
from tests.reliability.worlds.life import Life
from tests.reliability.worlds.world import draw


def violated_in(environment: Environment, seed: int, among: Collection[str] = tuple(HAPPENINGS)) -> str:
    """Live in the world of a seed, and return what did not hold, or nothing."""
    life = Life(environment, draw(seed, among))
    try:
        life.live()
    except Violation as violation:
        return str(violation)
    except Exception as error:
        return f"I11: {type(error).__name__}: {error}"
    return ""


def try_all(count: int, seed: int, only: Collection[str]) -> int:
    """Live in so many worlds, from that seed on, and print what did not hold. Return the exit status."""
    began, broken = time.monotonic(), list[int]()
    chosen = "" if {*only} == HAPPENINGS.keys() else f" --only {' '.join(only)}"
    with InProcess() as environment:
        for number in range(seed, seed + count):
            if violated := violated_in(environment, number, only):
                broken.append(number)
                print(f"{draw(number, only)}\n  " + "\n  ".join(violated.splitlines()[:6]))
                print(f"  once more: python -m tests.reliability worlds --count 1 --seed {number}{chosen}", flush=True)
    seconds = time.monotonic() - began
    print(f"{count} worlds, seeds {seed} to {seed + count - 1}: {count - len(broken)} held, {seconds:.0f} s.")
    print(f"Broken: {', '.join(map(str, broken)) or 'none'}.")
    return int(bool(broken))
