"""gzip as the archive stores it."""

import gzip
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.report.compression import (
    BodyCompressor,
    CompressionError,
    compress,
    compressor,
    decompress,
    decompress_part,
    decompressor,
)

PIECE = 1 << 16
"""Bytes of a body of which more make it a large one."""
CHANCE = random.Random(1)
BODIES = {
    "the same byte": b"x",
    "rows": b"".join(b"2026-11-20,%d,True\r\n" % CHANCE.randrange(10**6) for _ in range(9_000)),
    "what comes again": CHANCE.randbytes(300),
    "noise": CHANCE.randbytes(200_000),
}


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_one_piece_or_many_give_the_same_member(pieces: list[bytes]) -> None:
    packer, unpacker = compressor(), decompressor()
    packed = b"".join([*map(packer.compress, pieces), packer.flush()])
    assert packed == compress(b"".join(pieces))
    assert gzip.decompress(packed) == decompress(packed) == unpacker.decompress(packed) == b"".join(pieces)
    assert unpacker.eof


@given(
    st.sampled_from([0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 200_000]),
    st.sampled_from(["the same byte", "rows", "what comes again", "noise"]),
    st.lists(st.integers(0, 200_000), max_size=9),
)
def test_a_body_is_compressed_to_the_same_bytes_however_it_was_cut(size: int, kind: str, cuts: list[int]) -> None:
    body = (BODIES[kind] * (size // len(BODIES[kind]) + 1))[:size]
    whole, pieces = BodyCompressor(), BodyCompressor()
    compressed = whole.compress(body) + whole.flush()
    places = sorted({0, size, *(cut for cut in cuts if cut < size)})
    parts = [pieces.compress(body[start:stop]) for start, stop in pairwise(places)]
    assert b"".join([*parts, pieces.flush()]) == compressed
    unpacker = decompressor()
    assert unpacker.decompress(compressed) == body
    assert unpacker.eof
    assert not unpacker.unused_data
    assert compressed[:10] == compress(b"")[:10]
    assert size > PIECE or compressed == compress(body)


def test_of_a_body_little_waits_in_memory() -> None:
    noise, packer, returned = 5 * BODIES["noise"], BodyCompressor(), 0
    for place in range(0, len(noise), 10_000):
        returned += len(packer.compress(noise[place : place + 10_000]))
        assert place + 10_000 - returned < 4 * PIECE


def test_the_member_has_no_time_and_no_name() -> None:
    assert compress(b"body")[:8] == b"\x1f\x8b\x08\0\0\0\0\0"


@pytest.mark.parametrize("damaged", [b"body", compress(b"body")[:-1], compress(b"body")[:-8] + bytes(8)])
def test_what_is_damaged_or_cut_short_is_an_error(damaged: bytes) -> None:
    with pytest.raises(CompressionError):
        decompress(damaged)


@given(st.binary(max_size=100), st.integers(0, 100), st.integers(0, 100))
def test_a_part_is_that_of_the_whole(body: bytes, start: int, stop: int) -> None:
    assert decompress_part(compress(body), range(start, stop)) == body[start:stop]


def test_of_a_part_no_more_is_made_than_up_to_its_end() -> None:
    cut = compress(random.Random(1).randbytes(100_000))[:50_000]
    assert len(decompress_part(cut, range(10))) == 10
