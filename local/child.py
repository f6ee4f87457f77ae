"""A child process that cannot outlive its parent, on any platform and however the parent ends."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any, Generic, TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)

# A group of its own, so that Ctrl-C reaches the parent alone, which then ends its children in order.
_OWN_GROUP: dict[str, Any]
if sys.platform == "win32":
    _OWN_GROUP = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    _OWN_GROUP = {"start_new_session": True}


class ChildError(Exception):
    """A child did not come up, or is gone; says which, and what it printed last."""


class Child(Generic[T]):
    """A child process, and what it announces once it is up: the first line of which `announced` makes something.

    Its standard input is a pipe whose other end only the parent holds. It has to end when it reads the end of it, which
    comes with `stop()` and just as well when the parent is killed.
    """

    def __init__(
        self, name: str, command: Sequence[str | Path], announced: Callable[[str], T | None], *, cwd: Path
    ) -> None:
        self._name = name
        self._announced = announced
        self._announcement: Future[T] = Future()
        self._tail: deque[str] = deque(maxlen=30)
        self._process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            **_OWN_GROUP,
        )
        self._code: int | None = None
        # In a thread, where no Ctrl-C is raised: one in the middle of `poll` can leave its lock held, for ever.
        self._waiter = Thread(target=self._wait, name=f"end of {name}", daemon=True)
        self._reader = Thread(target=self._read, name=f"output of {name}", daemon=True)
        for each in (self._waiter, self._reader):
            each.start()

    def announcement(self, seconds: float = 60) -> T:
        """What the child announced. Raises ChildError if it ends without, or says nothing for so long."""
        try:
            return self._announcement.result(seconds)
        except TimeoutError:
            raise self._error(f"did not come up within {seconds:.0f} seconds") from None

    def check(self) -> None:
        """Raise ChildError if the child has ended."""
        if self._code is not None:
            raise self._error(f"has stopped (exit code {self._code}). Start again")

    def stop(self, seconds: float = 10) -> None:
        """Ends the child: gives it so long to end by itself, then kills it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._waiter.join(seconds)
        if self._waiter.is_alive():
            self._process.kill()
            self._waiter.join()
        self._reader.join()

    def _wait(self) -> None:
        self._code = self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for line in lines:
                self._tail.append(line)
                if self._announcement.done():
                    logger.info("%s: %s", self._name, line.rstrip())
                elif (announcement := self._announced(line)) is not None:
                    self._announcement.set_result(announcement)
        if not self._announcement.done():
            self._waiter.join()
            self._announcement.set_exception(self._error(f"ended with exit code {self._code}"))

    def _error(self, what: str) -> ChildError:
        return ChildError(f"{self._name} {what}. It printed:\n{''.join(self._tail) or '(nothing)'}")
