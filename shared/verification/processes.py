"""Verifying by several processes, as one has the CPU of a single core: they share what there is to check."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime
from functools import cache, partial
from itertools import chain
from multiprocessing import get_context
from typing import NamedTuple

from shared.archive.blob_store import BlobStore
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
_PARTS = 4
"""For each process, so that none is idle for long in the end."""
_READERS = 4
"""In each process."""


class Work(NamedTuple):
    """What each process is given: how to reach the archive, and all that was listed of it."""

    store: Callable[[], BlobStore]
    blobs: Sequence[Blob]
    """Without `read`: each process reads from a store of its own."""
    catalogue: Catalogue
    now: datetime
    portion: Portion


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
    verification = Verification(blobs, catalogue, now, portion)
    processes = min(os.cpu_count() or 1, _MOST)
    parts = _PARTS * processes
    work = Work(store, [blob._replace(read=_unread) for blob in blobs], catalogue, now, portion)
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (work,)) as pool:
        results = pool.map(_part, range(parts), [parts] * parts)
        yield from verification.findings(chain.from_iterable(results))


def _unread() -> None:
    raise AssertionError("each process reads from a store of its own")


_work: list[Work] = []
"""Of this process, if it is one of those: one."""


def _begin(work: Work) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who began all of them ends them
    _work.append(work)


@cache
def _checks() -> Sequence[Callable[[], list[Finding]]]:
    (work,) = _work
    store = work.store()
    blobs = (blob._replace(read=partial(store.get, blob.container, blob.name)) for blob in work.blobs)
    return Verification(blobs, work.catalogue, work.now, work.portion).checks


def _part(number: int, of: int) -> list[list[Finding]]:
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(lambda check: check(), _checks()[number::of]))
