"""How a fleet grows: the time that workers take side by side over a far Graph, and the memory of an instance."""

from __future__ import annotations

import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.certificate import certificate
from shared.app import App
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import USAGE
from shared.fleet import Fleet
from shared.settings import read
from shared.web.http import Request, handle
from simulator import Simulator
from simulator.protocol.messages import Request as SimulatedRequest
from tests.reliability.tenants.fleet import identity_of, settings_of

FAR = 0.1
"""Seconds until Graph answers."""
LEAST_SHARE = 0.8
"""Of linear."""
MOST_MEMORY = 10
"""MB of 2**20 bytes: by how much an instance may grow from few tenants to many."""
_FEW, _MANY = 10, 1000
_REPORTS = ("getOffice365ActiveUserCounts", "getEmailActivityCounts", "getMailboxUsageStorage")
_PERIODS = 4
_fleet: Fleet


def main(tenants: int) -> int:
    """Print both. Return the exit status: 1 if one is not as it should be."""
    is_right = True
    alone = _seconds(tenants, 1)
    print(f"1 worker: {tenants} tenants in {alone:.1f} s, Graph {FAR} s away.")
    for workers in (2, 4):
        seconds = _seconds(tenants, workers)
        share = alone / (workers * seconds)
        is_right &= share >= LEAST_SHARE
        print(f"{workers} workers: {seconds:.1f} s, {share:.2f} of linear.")
    few, many = _memory(_FEW), _memory(_MANY)
    is_right &= many - few <= MOST_MEMORY
    print(f"Memory of an instance with {_FEW} tenants in the setting: {few:.1f} MB; with {_MANY:,}: {many:.1f} MB.")
    return not is_right


def _seconds(tenants: int, workers: int) -> float:
    """Return how long so many workers, each a process with one message at a time, take for a run of each tenant."""
    with _graph(tenants, FAR) as (variables, folder), _processes(workers, variables) as pool:
        pool.map(_wait, [0.5] * workers, 1)  # until all are there
        messages = pool.apply(_messages)
        began = time.monotonic()
        for _ in pool.imap_unordered(_take, messages):
            pass
        seconds = time.monotonic() - began
        archived = sum(1 for archive in folder.iterdir() for _ in FolderBlobStore(archive).list(USAGE))
        assert archived == tenants * len(_REPORTS) * _PERIODS, f"{archived} snapshots"
        return seconds


def _memory(tenants: int) -> float:
    """Return the peak of the memory of an instance, in MB, that pulls five of so many tenants and is asked for all."""
    with _graph(tenants, 0) as (variables, _), _processes(1, variables) as pool:
        messages = pool.apply(_messages)
        assert len(messages) == tenants
        for message in messages[:5]:
            pool.apply(_take, (message,))
        return float(pool.apply(_peak))


@contextmanager
def _graph(tenants: int, seconds: float) -> Iterator[tuple[dict[str, str], Path]]:
    """Give the variables of an app over a Graph that is so far away, and the folder of its archive."""

    def wait(listener: str, request: SimulatedRequest) -> None:
        if listener == "graph":
            time.sleep(seconds)

    with tempfile.TemporaryDirectory() as folder:
        files, archive = certificate(Path(folder)), Path(folder) / "archive"
        with Simulator(tenants=tenants, users=10, certificate=files, before=wait) as simulator:
            variables = identity_of(simulator, files) | settings_of(simulator)
            reports = ", ".join(f"{report}(period='D{days}')" for report in _REPORTS for days in (7, 30, 90, 180))
            variables |= {"ARCHIVE_URL": archive.as_uri(), "REPORTS": reports}
            yield variables, archive


@contextmanager
def _processes(workers: int, variables: dict[str, str]) -> Iterator[Any]:
    """Give so many processes, each with the app of these variables."""
    with multiprocessing.get_context("spawn").Pool(workers, _begin, (variables,)) as pool:
        yield pool


def _begin(variables: dict[str, str]) -> None:
    global _fleet
    os.environ.update(variables)
    os.environ["ARCHIVE_URL"] += f"/{os.getpid()}"  # as one lock is for all who write into a folder, unlike in Azure
    _fleet = Fleet(App(read(os.environ), workers=1))


def _wait(seconds: float) -> None:
    time.sleep(seconds)


def _messages() -> list[str]:
    messages: list[str] = []
    _fleet.pull_all(messages.extend)
    return messages


def _take(message: str) -> None:
    _fleet.pull_one(message, message, _nothing)


def _nothing(text: str) -> None: ...


def _peak() -> float:
    answer = handle(Request("GET", ""), lambda request: _fleet.api.answer(request, personal=False))
    assert answer.status == 200
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found
    return int(found[1]) / 1024
