"""Verifying by several processes, as one has the CPU of a single core: they share what there is to check."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime
from functools import cache, partial
from itertools import chain
from multiprocessing import get_context
from typing import NamedTuple

from shared.archive.blob_store import BlobStore, StoredBlob
from shared.domain.catalogue import Catalogue
from shared.verification import archive
from shared.verification.archive import Verification
from shared.verification.call import Blob
from shared.verification.finding import Finding
from shared.verification.portion import Portion

MANY = 1_000
"""Blobs: to begin more processes takes as long as reading some hundreds."""
_MOST = 4
"""Processes."""
_PARTS = 8
"""For each process at most, so that none is idle for long in the end."""
_READERS = 4
"""In each process."""


class _Work(NamedTuple):
    """What each process is given."""

    store: Callable[[], BlobStore]
    """Opens one of its own."""
    checks: Sequence[Callable[[], list[Finding]]]


def verify(
    store: Callable[[], BlobStore],
    blobs: Sequence[Blob],
    catalogue: Catalogue,
    now: datetime,
    portion: Portion,
    many: int = MANY,
) -> Iterator[Finding]:
    """What is wrong with these blobs, as `archive.verify` says it; by this process alone if they are not `many`.

    `store` opens the archive, in another process too. Raises ArchiveUnavailable.
    """
    if len(blobs) < many:
        yield from archive.verify(blobs, catalogue, now, portion)
        return
    unread = (blob._replace(read=partial(_read, blob.container, blob.name)) for blob in blobs)
    verification = Verification(unread, catalogue, now, portion)
    processes = min(os.cpu_count() or 1, _MOST)
    of_a_process = len(verification.checks) // (processes * _READERS)  # each reader has one of a part at least
    parts = processes * min(_PARTS, max(1, of_a_process))
    # A fork has all of this at once; but it is safe only on Linux, and for a process of one thread, whoever began it.
    how = "fork" if sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1 else "spawn"
    with ProcessPoolExecutor(processes, get_context(how), _begin, (store, verification)) as pool:
        results = pool.map(_part, range(parts), [parts] * parts)
        yield from verification.findings(chain.from_iterable(results))


_work: list[_Work] = []
"""Of this process, if it is one of those: one."""


def _begin(store: Callable[[], BlobStore], verification: Verification) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who began all of them ends them
    gc.freeze()  # what was listed stays
    gc.set_threshold(100_000)  # rows come and go, and none of them holds itself
    _work.append(_Work(store, verification.checks))


@cache
def _store() -> BlobStore:
    (work,) = _work
    return work.store()


def _read(container: str, name: str) -> StoredBlob | None:
    return _store().get(container, name)


def _part(number: int, of: int) -> list[list[Finding]]:
    (work,) = _work
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(lambda check: check(), work.checks[number::of]))
