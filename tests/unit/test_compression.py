"""gzip as the archive stores it."""

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.report.compression import CompressionError, compress, compressor, decompress, decompress_part, decompressor


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_one_piece_or_many_give_the_same_member(pieces: list[bytes]) -> None:
    packer, unpacker = compressor(), decompressor()
    packed = b"".join([*map(packer.compress, pieces), packer.flush()])
    assert packed == compress(b"".join(pieces))
    assert gzip.decompress(packed) == decompress(packed) == unpacker.decompress(packed) == b"".join(pieces)
    assert unpacker.eof


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
