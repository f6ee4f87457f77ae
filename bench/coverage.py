"""What keeping the coverage index costs a run: it is kept once more after each run, and held against the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar, cast

from bench.measure import Row, Scale, held
from bench.parts import TODAY
from local.environment import environment
from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.archive.azure_blob_store import AzureBlobStore
from shared.archive.blob_store import BlobStore
from shared.identity import ManagedIdentity
from shared.pulling.covering import keep_coverage
from shared.pulling.memory import load
from shared.pulling.run import WORKERS
from shared.settings import read

_FEWER = "getOffice365ActiveUserCounts, getEmailActivityCounts, getMailboxUsageStorage"
_RUNS_A_DAY = 4
T = TypeVar("T")


class _Counting:
    """A blob store that counts what is asked of it."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self.operations = 0

    def __getattr__(self, name: str) -> Any:
        self.operations += name != "now"
        return getattr(self._store, name)


class _Cost(NamedTuple):
    """Of an act."""

    cpu: float
    operations: int


def rows(scale: Scale) -> list[Row]:
    """Of the runs of a settled day; the first of them reads all again, and looks once more at what is there."""
    with Stack(settings={"REPORTS": _FEWER if scale.quick else "aggregates"}) as stack, environment(stack.settings):
        control, settings = Control(stack.control), read(stack.settings)
        store = _Counting(
            AzureBlobStore(settings.archive_url, ManagedIdentity(), settings.archive_ca, clock=control.now)
        )

        def measured(act: Callable[[], T]) -> tuple[T, _Cost]:
            cpu, operations = time.process_time(), store.operations
            done = act()
            return done, _Cost(time.process_time() - cpu, store.operations - operations)

        def run(number: int) -> tuple[_Cost, _Cost]:
            """Return what a run costs, and what it costs to keep the index once more, with the same to tell it."""
            control.set_time(TODAY.replace(hour=1) + timedelta(days=number / _RUNS_A_DAY))
            app = App(settings, control.now, sleep=control.sleep, store=cast(BlobStore, store))
            selection, coverage = app.pull_run.selection, app.archive.coverage
            record, whole = measured(app.pull_run.execute)
            memory = load(app.archive, selection, control.now, WORKERS)
            kept, again = measured(lambda: keep_coverage(coverage, record, memory, selection, ()))
            assert kept
            return whole, again

        costs = [run(number) for number in range(2 * _RUNS_A_DAY)][_RUNS_A_DAY:]
        calls = len(App(settings).pull_run.selection.calls)
    wholes, keeps = zip(*costs, strict=True)
    cpu, kept_cpu = (sum(each.cpu for each in some) for some in (wholes, keeps))
    operations, kept_operations = (sum(each.operations for each in some) for some in (wholes, keeps))
    runs, against = f"the {_RUNS_A_DAY} runs of a settled day, {calls} calls", "the same without the coverage index"
    return [
        held(f"{runs}, CPU of the app", cpu, against, cpu - kept_cpu, "s", 1.02),
        held(f"{runs}, operations on storage", operations, against, operations - kept_operations, "operations", 1.01),
    ]
