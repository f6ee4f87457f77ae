"""Verifying an archive in Azurite, next to the build that read each blob by the SDK, and to reading it alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.measure import Row, Scale, compared, interleaved, timed
from bench.parts import FORMER, bodies, days, fill, former_build, service
from local.environment import environment
from local.setup import ROOT
from local.stack import Stack
from shared.app import App, utc_now
from shared.archive.layout import USAGE
from shared.settings import read
from shared.verification.archive import everything

_CALLS = [
    f"{report}(period='{period}')"
    for report in ("getOffice365ActiveUserCounts", "getOffice365ServicesUserCounts", "getMailboxUsageStorage")
    for period in ("D7", "D30", "D90", "D180")
]
_USERS = 250
_READERS = 8


def rows(scale: Scale) -> list[Row]:
    """Of a blob that was damaged, each build has to say so, and of no other."""
    newest = utc_now().date() - timedelta(days=3)
    with (
        tempfile.TemporaryDirectory(prefix="usage-archive-") as folder,
        Stack(settings={"REPORTS": ", ".join(_CALLS)}) as stack,
        service(stack.settings) as client,
        environment(stack.settings),
    ):
        former = former_build(Path(folder))
        for call in _CALLS:
            fill(client, call, bodies(call, days(scale.pick(100, 20), newest), _USERS))
        _told(former, *_CALLS)
        container = client.get_container_client(USAGE)
        damaged = next(iter(container.list_blobs(include=["metadata"])))
        container.upload_blob(damaged.name, b"not gzip", overwrite=True, metadata=damaged.metadata)
        store = App(read(stack.settings), utc_now).archive.store

        def bare() -> None:
            with ThreadPoolExecutor(_READERS) as pool:
                assert all(pool.map(lambda blob: blob.read(), everything(store)))

        def verified(build: Path) -> float:
            told = _told(build)
            assert told["wrong"] == [damaged.name], told
            return float(told["seconds"])

        sides = {"ours": lambda: verified(ROOT), "former": lambda: verified(former), "bare": timed(bare)}
        took = interleaved(sides, scale.pick(3, 1))
        number = len(list(everything(store)))
    question = f"verify of {number} blobs in Azurite"
    return [
        compared(question, took["ours"], f"commit {FORMER}", took["former"], "s", 0.25),
        compared(question, took["ours"], "listing and reading them, unseen", took["bare"], "s", 2),
    ]


def _told(build: Path, *calls: str) -> dict[str, Any]:
    command = [sys.executable, "-P", str(ROOT / "bench" / "lone_verify.py"), str(build), *calls]
    done = subprocess.run(command, cwd=build, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
