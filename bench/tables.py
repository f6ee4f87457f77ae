"""What tables cost a run: CPU and operations next to the build before there were any, and memory next to its limit."""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench.canned import CALL, write
from bench.counts import CountingStorage
from bench.large import large
from bench.measure import Row, Scale, compared, held
from bench.parts import TODAY, archived, call, days, fill, former_build, service
from local.environment import environment
from local.setup import ROOT
from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import PERSONAL, Partition
from shared.archive.table_index import Missing, block_of
from shared.settings import read

BEFORE = "4b7eba4"
"""The commit before there were tables."""
_FEWER = "getOffice365ActiveUserCounts, getEmailActivityCounts, getMailboxUsageStorage"
_HOURS = (1, 7, 13, 19)
"""Of the runs of a day."""


def rows(scale: Scale) -> Iterator[Row]:
    """A run beside that of the build before, a personal report beside its pull, and memory."""
    yield from _runs(scale)
    yield from _of_people(scale.pick(20_000, 5_000), scale.pick(5, 1))
    yield _peak(scale.pick(100_000, 10_000), "days, then in blocks, then in one table, of")
    if not scale.quick:
        yield _peak(1_000_000, "days of")  # a month of so many stays in days


def _runs(scale: Scale) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="usage-archive-") as folder, ExitStack() as stack:
        former = former_build(Path(folder), BEFORE)
        reports = _FEWER if scale.quick else "aggregates"
        ours, theirs = (_Living(stack, build, reports) for build in (ROOT, former))
        for each in (ours, theirs):
            each.day((_HOURS[0], _HOURS[-1]))  # so that nothing of this day is left to the next
        for _ in range(1):
            for each in (ours, theirs):
                each.day(_HOURS)
    question = f"the {len(_HOURS)} runs of a settled day, {ours.calls} calls, with tables, CPU"
    yield compared(question, ours.cpu[1:], f"commit {BEFORE}", theirs.cpu[1:], "s", 1.25)
    question = "operations of these on storage"
    yield held(question, ours.operations[-1], f"commit {BEFORE}", theirs.operations[-1], "operations", 1.1)


class _Living:
    """A build and its archive, a day after the other."""

    def __init__(self, stack: ExitStack, build: Path, reports: str) -> None:
        running = stack.enter_context(Stack(settings={"REPORTS": reports}))
        self._storage = stack.enter_context(CountingStorage(running.settings))
        self._settings = {**running.settings, **self._storage.settings}
        self._control = Control(running.control)
        self._build = build
        self._today = TODAY.replace(hour=0)
        self.cpu: list[float] = []
        """Seconds of CPU of each day's runs."""
        self.operations: list[int] = []
        """On storage, of each day's runs."""
        self.calls = 0

    def day(self, hours: Sequence[int]) -> None:
        """Live through a day with a run at each of these hours."""
        before = len(self._storage.seen)
        self.cpu.append(sum(self._run(self._today + timedelta(hours=hour)) for hour in hours))
        self.operations.append(len(self._storage.seen) - before)
        self._today += timedelta(days=1)

    def _run(self, now: datetime) -> float:
        """Return the seconds of CPU of a run."""
        self._control.set_time(now)
        started = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "bench.lone_pull", "--now", now.isoformat()]
        with environment(self._settings):
            done = subprocess.run(command, cwd=self._build, capture_output=True, text=True, check=True)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        pulls: Mapping[str, str] = json.loads(done.stdout.splitlines()[-1])["pulls"]
        self.calls = len(pulls)
        assert "published" in pulls.values(), pulls
        return (ended.ru_utime + ended.ru_stime) - (started.ru_utime + started.ru_stime)


def _of_people(number: int, rounds: int) -> Iterator[Row]:
    """CPU of the tables of the last day of a month of thirty, with which a block ends, and of one in the mean."""
    pulls, last, mean = list[float](), list[float](), list[float]()
    for _ in range(rounds):
        pull, of_days, of_blocks, of_month = _month_of_people(number)
        pulls.append(pull)
        last.append(of_days[-1] + of_blocks[-1])
        mean.append((sum(of_days) + sum(of_blocks) + of_month) / len(of_days))
    what = f"tables of {number:,} people"
    yield compared(f"{what} on day 30 of a month, which ends a block, CPU", last, "the pull", pulls, "s", 1)
    yield compared(f"{what} in the mean of a month's days, and in the end in one, CPU", mean, "the pull", pulls, "s", 1)


def _month_of_people(number: int) -> tuple[float, list[float], list[float], float]:
    """Seconds of CPU of the pull of the last day, the tables of each day and each block, and that of the month."""
    newest = (datetime.now(UTC) - timedelta(days=32)).date()
    newest = (newest if newest.month != 2 else newest.replace(month=1)).replace(day=30)
    with large(number, day=newest) as body, environment(body.settings), service(body.settings) as client:
        content = body.file.read_bytes()
        app, asked = App(read(body.settings), keep_derived=False), call(CALL)

        def made(missing: Missing) -> float:
            cpu = time.process_time()
            app.archive.tables.make(asked, missing)
            return time.process_time() - cpu

        month, at = f"{newest:%Y-%m}", Partition.of(asked)
        pulled, of_days, of_blocks = 0.0, list[float](), list[float]()
        for day in days(30, newest):
            if day == newest:
                cpu = time.process_time()
                app.pull_run.execute()
                pulled = time.process_time() - cpu
            else:
                fill(client, CALL, [(day, content.replace(f"{newest},".encode(), f"{day},".encode()))])
            of_days.append(made(Missing(month, at, (day,))))
            if day.day % 5 == 0:
                block = tuple(block_of(day).days)
                of_blocks.append(made(Missing(month, at, block, is_block=True)))
        return pulled, of_days, of_blocks, made(Missing(month, at, ()))


def _peak(number: int, what: str) -> Row:
    """Highest resident memory of a process that does nothing else, while a month goes on and when it is over."""
    asked, when = call(CALL), days(30, date(2026, 4, 30))
    with tempfile.TemporaryDirectory(prefix="usage-archive-") as folder:
        write(file := Path(folder) / "report.csv", number, when[0])
        content, store = file.read_bytes(), FolderBlobStore(Path(folder) / "files")
        first, _ = archived(asked, when[0], content)
        for day in when:
            body = content.replace(f"{when[0]},".encode(), f"{day},".encode())
            packed = gzip.compress(body, 1)
            known = first.metadata._replace(
                sha256=sha256(body).hexdigest(), gzip_sha256=sha256(packed).hexdigest(), gzip_size=len(packed)
            )
            snapshot = first._replace(refresh_date=day, metadata=known)
            store.create(PERSONAL, snapshot.blob, packed, known.to_metadata())
        ends = [(TODAY - timedelta(days=45)).isoformat(), TODAY.isoformat()]
        command = [sys.executable, "-m", "bench.lone_tables", str(Path(folder) / "files"), *ends]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert told["rows"] == number * len(when), told
    question = f"peak memory of a run that writes {len(when)} {what} {number:,} rows"
    return held(question, told["peak"], "the limit", 256, "MB")
