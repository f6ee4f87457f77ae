"""Rows put in order on disk, so that memory holds some of them and never all."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from tempfile import TemporaryFile
from typing import IO, Self

from shared.domain.errors import PullError
from shared.domain.outcome import Reason

AT_ONCE = 999
"""Rows in memory: those of a page. What stays while pages come and go would leave memory with holes."""
_PIECE = 1 << 13
"""Bytes that are read of a run at once."""
_Row = tuple[str, Sequence[str]]
"""The key, and the cells."""


class SortedRows:
    """Rows by key. Of those with the same key the one that came last counts."""

    def __init__(self, at_once: int = AT_ONCE, temporary_file: Callable[[], IO[bytes]] = TemporaryFile) -> None:
        """`temporary_file` opens a file for what memory has no room for."""
        self._at_once = at_once
        self._temporary_file = temporary_file
        self._file: IO[bytes] | None = None
        self._runs: list[range] = []
        """The places in the file of rows that are in order, one run behind the other."""
        self._held: list[_Row] = []
        self._open = ExitStack()
        self.taken = 0
        """How many rows came."""
        self.given = 0
        """How many were given back so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, key: str, row: Sequence[str]) -> None:
        """Take one more row. Raise PullError when there is no room for it."""
        self._held.append((key, row))
        self.taken += 1
        if len(self._held) >= self._at_once:
            self._put_away()

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the rows in the order of their keys; once."""
        self._held.sort(key=itemgetter(0))
        # Of equal keys that of the earlier run comes first, and what is still held last.
        merged = heapq.merge(*map(self._read, self._runs), self._held, key=itemgetter(0))
        for _, alike in groupby(merged, key=itemgetter(0)):
            *_, (_, last) = alike
            self.given += 1
            yield [*last]

    def _put_away(self) -> None:
        self._held.sort(key=itemgetter(0))
        try:
            file = self._file = self._file or self._open.enter_context(self._temporary_file())
            start = file.tell()
            file.writelines(f"{json.dumps([key, row])}\n".encode() for key, row in self._held)
            file.flush()
        except OSError as error:
            raise PullError(Reason.DISK_FULL, f"There is no room for a temporary file: {error.strerror}.") from error
        self._runs.append(range(start, file.tell()))
        self._held = []

    def _read(self, run: range) -> Iterator[_Row]:
        assert self._file
        rest = b""
        for start in run[::_PIECE]:
            self._file.seek(start)
            *lines, rest = (rest + self._file.read(min(_PIECE, run.stop - start))).split(b"\n")
            for line in lines:
                key, row = json.loads(line)
                yield key, row
