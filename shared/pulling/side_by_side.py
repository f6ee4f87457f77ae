"""The same work for many things, by some threads at once or by this one alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], things: Iterable[T], workers: int) -> Iterator[R]:
    """Yield what `work` returns for each thing, in their order; raise what it raises, when all that began has ended."""
    if workers == 1:  # a thread more would only wait for this one, and this one for it
        yield from map(work, things)
        return
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(copy_context().run, work, each) for each in things]
        yield from (job.result() for job in jobs)
