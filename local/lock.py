"""A lock between processes, which the operating system takes back from a process that dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _acquire(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _acquire(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class LockedError(OSError):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path, *, seconds: float) -> Iterator[int]:
    """Holds the lock at `path`, waiting for it up to `seconds`.

    Gives the lock's file descriptor: a child process that inherits it keeps the lock for as long as it lives.
    """
    deadline = time.monotonic() + seconds
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while True:
            try:
                _acquire(descriptor)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    raise LockedError(f"Another process is using {path.parent}.") from None
                time.sleep(0.1)
        yield descriptor
    finally:
        os.close(descriptor)
