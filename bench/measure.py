"""Measuring sides by side: warm up, then rounds in which every side has its turn, medians, and how far they spread."""

from __future__ import annotations

import importlib
import os
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

Side = Callable[[], float]
"""Does the work once, and answers what it took."""


class Scale(NamedTuple):
    """How much is measured."""

    rounds: int = 7
    quick: bool = False

    def pick(self, full: int, quick: int) -> int:
        """A size: the full one, unless it has to be quick."""
        return quick if self.quick else full


class TrueLimit(NamedTuple):
    """What a ratio cannot be better than here, though its target is."""

    ratio: float
    why: str
    """A part of a sentence."""


class Row(NamedTuple):
    """One line of the table."""

    question: str
    figure: float
    """Ours, the median."""
    against: str
    """What it is held against ..."""
    limit: float
    """... and its figure, the median."""
    unit: str
    ratio: float
    """Ours to that; the median of the rounds."""
    target: float
    at_least: bool = False
    """Whether the ratio has to be as large as the target, and is that to ours; else at most as large."""
    spread: tuple[float, float] | None = None
    """The ratios of the middle half of the rounds; None for what does not vary."""
    rounds: int = 1
    true_limit: TrueLimit | None = None
    """Of a row whose target cannot be met."""

    @property
    def met(self) -> bool:
        return self._reaches(self.ratio, self.target)

    @property
    def is_out_of_reach(self) -> bool:
        """Whether the target cannot be met."""
        return self.true_limit is not None and not self._reaches(self.true_limit.ratio, self.target)

    @property
    def is_at_limit(self) -> bool:
        """Whether the target is out of reach, and the ratio no further from its true limit than it spreads."""
        if not self.true_limit or not self.is_out_of_reach:
            return False
        low, high = self.spread or (self.ratio, self.ratio)
        return self._reaches(self.ratio, self.true_limit.ratio + (low - high if self.at_least else high - low))

    def _reaches(self, ratio: float, wanted: float) -> bool:
        return ratio >= wanted if self.at_least else ratio <= wanted


class Skipped(Exception):
    """A question cannot be answered here; says why."""


def installed(package: str) -> bool:
    """Whether it can be imported."""
    try:
        importlib.import_module(package)
    except ModuleNotFoundError:
        return False
    return True


def spent() -> float:
    """CPU seconds of the processes of this one that have ended, and of theirs."""
    return sum(os.times()[2:4])


def spent_by_children() -> float:
    """CPU seconds so far of the processes that this one began and that go on. None where there is no /proc."""
    spent = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            told = stat.read_text().rpartition(")")[2].split()
            spent += sum(map(int, told[11:13])) if int(told[1]) == os.getpid() else 0
    return spent / os.sysconf("SC_CLK_TCK") if spent else 0.0


def shared_by_cores(cpu: float, theirs: float, why: str) -> TrueLimit:
    """The ratio to `theirs` of so many seconds of CPU, if all cores share them evenly."""
    cores = os.cpu_count() or 1
    return TrueLimit(cpu / cores / theirs, f"{why}, which {cores} cores share")


def interleaved(sides: Mapping[str, Side], rounds: int, *, warms_up: bool = True) -> dict[str, list[float]]:
    """What each side took in each round: once for warming up, not counted, then in turns that begin with another."""
    for side in sides.values() if warms_up else ():
        side()
    names = list(sides)
    took: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            took[name].append(sides[name]())
    return took


def timed(work: Callable[[], object]) -> Side:
    """A side that takes seconds of wall time."""

    def side() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return side


def compared(
    question: str,
    ours: list[float],
    against: str,
    theirs: list[float],
    unit: str,
    target: float,
    *,
    at_least: bool = False,
    true_limit: TrueLimit | None = None,
) -> Row:
    """A row of what two sides took in the same rounds."""
    pairs = zip(ours, theirs, strict=True)
    ratios = sorted(their / our if at_least else our / their for our, their in pairs)
    quarter = len(ratios) // 4
    return Row(
        question,
        statistics.median(ours),
        against,
        statistics.median(theirs),
        unit,
        statistics.median(ratios),
        target,
        at_least,
        (ratios[quarter], ratios[-1 - quarter]),
        len(ratios),
        true_limit,
    )


def held(
    question: str,
    figure: float,
    against: str,
    limit: float,
    unit: str,
    target: float = 1.0,
    true_limit: TrueLimit | None = None,
) -> Row:
    """A row of a figure that does not vary, or that is the highest of several, and its limit."""
    return Row(question, figure, against, limit, unit, figure / limit, target, true_limit=true_limit)
