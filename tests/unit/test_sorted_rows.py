"""Rows in order, of which memory holds a few."""

from __future__ import annotations

import errno
from io import BytesIO
from random import Random
from typing import IO

import pytest

from shared.domain.errors import PullError
from shared.domain.outcome import Reason
from shared.pulling.sorted_rows import SortedRows


@pytest.mark.parametrize("at_once", [1, 7, 100, 10_000])
def test_rows_come_back_by_key_and_the_last_of_a_key_counts(at_once: int) -> None:
    keys = Random(1).choices([f"{number:03}\tä\n" for number in range(300)], k=1000)
    with SortedRows(at_once) as rows:
        for number, key in enumerate(keys):
            rows.add(key, [key, "x" * (number % 50 * 40), str(number)])
        found = list(rows)
    last = {key: str(number) for number, key in enumerate(keys)}
    assert [(row[0], row[2]) for row in found] == sorted(last.items())
    assert (rows.taken, rows.given) == (len(keys), len(last))


def test_a_file_is_opened_where_memory_has_no_room_and_one_is_enough() -> None:
    opened: list[IO[bytes]] = []

    def temporary_file() -> IO[bytes]:
        opened.append(BytesIO())
        return opened[-1]

    with SortedRows(10, temporary_file) as rows:
        for number in range(9):
            rows.add(str(number), [])
        assert opened == []
        for number in range(100):
            rows.add(str(number), [])
        assert len(list(rows)) == 100
    assert [each.closed for each in opened] == [True]


class Full(BytesIO):
    """A disk without room."""

    def writelines(self, *_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_told() -> None:
    with SortedRows(1, Full) as rows, pytest.raises(PullError) as error:
        rows.add("key", ["cell"])
    assert error.value.reason is Reason.DISK_FULL
    assert "No space left" in str(error.value)
