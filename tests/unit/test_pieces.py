"""A snapshot that is read in pieces, and never as a whole."""

from __future__ import annotations

import hashlib
from datetime import date
from random import Random

import pytest

from shared.archive.layout import USAGE
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.errors import DamagedBlob
from shared.report.csv_records import records
from tests.shelf import Shelf, lines, snapshot

DAY = date(2026, 11, 18)
CALL = Call("getOffice365ServicesUserCounts", period="D7")
BODY = lines(
    "Report Refresh Date,Text", *(f'{DAY},"ä{number}\n{Random(number).randbytes(400).hex()}"' for number in range(6000))
)
"""Of more than one part when compressed."""


@pytest.fixture(params=[True, False], ids=["its size is known", "it is of an earlier version"])
def archived(request: pytest.FixtureRequest) -> tuple[Shelf, Snapshot]:
    shelf, made = Shelf(), snapshot(CALL, DAY, BODY)
    shelf.put(made, BODY)
    stored = shelf.memory.blobs[USAGE, made.blob].content
    assert len(stored) > 2 << 20
    known = made.metadata._replace(gzip_sha256=hashlib.sha256(stored).hexdigest(), gzip_size=len(stored))
    return shelf, made._replace(metadata=known) if request.param else made


def test_the_pieces_are_the_whole_and_so_are_their_records(archived: tuple[Shelf, Snapshot]) -> None:
    shelf, made = archived
    pieces = list(shelf.snapshots.pieces(made))
    assert b"".join(pieces) == BODY
    assert max(map(len, pieces)) < len(BODY) // 10
    assert list(records(pieces)) == list(records(BODY))


def test_what_is_damaged_is_told_at_the_latest_behind_the_last_piece(archived: tuple[Shelf, Snapshot]) -> None:
    shelf, made = archived
    with pytest.raises(DamagedBlob):
        list(shelf.snapshots.pieces(made._replace(metadata=made.metadata._replace(sha256="0" * 64))))


@pytest.mark.parametrize("lost", [9, 2 << 20, 4 << 20], ids=["some bytes", "whole parts", "all"])
def test_a_cut_is_told_however_much_is_lost(archived: tuple[Shelf, Snapshot], lost: int) -> None:
    shelf, made = archived
    kept = shelf.memory.blobs[USAGE, made.blob]
    shelf.memory.put(USAGE, made.blob, kept.content[:-lost], kept.metadata)
    with pytest.raises(DamagedBlob):
        list(shelf.snapshots.pieces(made))
