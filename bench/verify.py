"""Verifying an archive in Azurite, next to the build that read each blob by the SDK, and to reading it alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Any

from obstore.store import AzureStore

from bench.measure import Row, Scale, compared, interleaved, shared_by_cores, spent_by_children, timed
from bench.parts import FORMER, archived, bearer, bodies, call, days, former_build
from local import blob_stores
from local.environment import environment
from local.setup import ROOT
from local.stack import Stack
from shared.app import utc_now
from shared.archive.blob_store import BlobStore, StoredBlob
from shared.archive.layout import REPORTS, USAGE, Partition
from shared.domain.catalogue import catalogue
from shared.report import compression
from shared.verification.archive import Verification, everything

_CALLS = [
    f"{report}(period='{period}')"
    for report in ("getOffice365ActiveUserCounts", "getOffice365ServicesUserCounts", "getMailboxUsageStorage")
    for period in ("D7", "D30", "D90", "D180")
]
_USERS = 250
_SIDE_BY_SIDE = 8
_DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda stored: b"not gzip",
    lambda stored: stored[:-1],
    lambda stored: stored + b"\0",
    lambda stored: stored[:60] + bytes([stored[60] ^ 1]) + stored[61:],
    lambda stored: compression.compress(compression.decompress(stored).replace(b",7\r\n", b",30\r\n")),
]
"""What is done to a blob each."""


def rows(scale: Scale) -> list[Row]:
    """Of the blobs that were damaged, each build has to say so, and of no others."""
    newest = utc_now().date() - timedelta(days=3)
    with (
        tempfile.TemporaryDirectory(prefix="usage-archive-") as folder,
        Stack(settings={"REPORTS": ", ".join(_CALLS)}) as stack,
        environment(stack.settings),
    ):
        former = former_build(Path(folder))
        store = blob_stores.of_app(stack.settings)
        _fill(store, days(scale.pick(1441, 20), newest))
        _run(former, *_CALLS)
        damaged = _damage(store)

        def bare() -> None:
            with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
                assert all(pool.map(lambda blob: blob.read(), everything(store)))

        def verified(build: Path) -> float:
            told = _told(build)
            assert {name for name in told["wrong"] if name.startswith(REPORTS)} == damaged, told
            return float(told["seconds"])

        sides = {"ours": lambda: verified(ROOT), "former": lambda: verified(former), "bare": timed(bare)}
        took = interleaved(sides, scale.pick(2, 1), warms_up=False)
        number, reading, checking = _least(stack.settings, store)
    why = f"to read them by obstore alone takes {reading:.1f} s of CPU with Azurite's, to check them {checking:.1f} s"
    limit = shared_by_cores(reading + checking, median(took["former"]), why)
    question = f"verify of {number:,} blobs in Azurite"
    return [
        compared(question, took["ours"], f"commit {FORMER}", took["former"], "s", 0.25, true_limit=limit),
        compared(question, took["ours"], "listing and reading them, unseen", took["bare"], "s", 2),
    ]


def _least(settings: Mapping[str, str], store: BlobStore) -> tuple[int, float, float]:
    """Return how many blobs there are, and the CPU of reading them and of finding what is wrong, in seconds.

    They are read one by one, by obstore and nothing of ours. Azurite's CPU counts, and that of listing them.
    """
    token, ca = bearer(), Path(settings["ARCHIVE_CA"]).read_bytes()
    before = time.process_time() + spent_by_children()
    blobs = [*everything(store)]
    containers = {
        name: AzureStore(
            name,
            endpoint=settings["ARCHIVE_URL"],
            account_name="any",
            token=token,
            client_options={"root_certificate": ca},
        )
        for name in {blob.container for blob in blobs}
    }
    contents = [bytes(containers[blob.container].get(blob.name).bytes()) for blob in blobs]
    read = time.process_time() + spent_by_children()
    stored = map(StoredBlob, contents, (blob.metadata for blob in blobs), repeat(""))
    held = [blob._replace(read=partial(StoredBlob, *each)) for blob, each in zip(blobs, stored, strict=True)]
    started = time.process_time()
    assert [*Verification(held, catalogue(), utc_now()).findings()]
    return len(blobs), read - before, time.process_time() - started


def _fill(store: BlobStore, when: Sequence[date]) -> None:
    """Archive each of the calls with each of these refresh dates."""

    def put(one: tuple[str, date, bytes]) -> None:
        text, day, body = one
        snapshot, content = archived(call(text), day, body)
        assert store.create(USAGE, snapshot.blob, content, snapshot.metadata.to_metadata())

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        list(pool.map(put, ((text, *one) for text in _CALLS for one in bodies(text, when, _USERS))))


def _damage(store: BlobStore) -> set[str]:
    """Damage some snapshots of the first call, and return their names."""
    partition = Partition.of(call(_CALLS[0]))
    names = [blob.name for blob in store.list(USAGE, str(partition))][: len(_DAMAGES)]
    for name, damage in zip(names, _DAMAGES, strict=True):
        stored = store.get(USAGE, name)
        assert stored
        assert store.replace_if(USAGE, name, damage(stored.content), stored.metadata, stored.etag)
    return {*names}


def _told(build: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_run(build).splitlines()[-1])
    return told


def _run(build: Path, *calls: str) -> str:
    command = [sys.executable, "-P", str(ROOT / "bench" / "lone_verify.py"), str(build), *calls]
    return subprocess.run(command, cwd=build, stdout=subprocess.PIPE, text=True, check=True).stdout
