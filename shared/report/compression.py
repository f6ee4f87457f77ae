"""gzip as the archive stores it: one member with zlib's own level, without a file name or a time.

The same bytes therefore give the same gzip bytes on every machine that has the same zlib.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from functools import partial

_GZIP = 31
"""What zlib calls `wbits`: the largest window, between the header and the trailer of gzip."""
MAGIC = b"\x1f\x8b"
"""What gzip begins with, and no text does."""
_PIECE = 1 << 14
"""Bytes as stored, of which zlib makes at most a thousand times as many."""

CompressionError = zlib.error
"""What `decompress` and a decompressor raise for bytes that are damaged or cut short."""

compressor = partial(zlib.compressobj, wbits=_GZIP)
"""Return an object that compresses piece by piece: `compress(piece)`, and `flush()` once at the end."""
decompressor = partial(zlib.decompressobj, wbits=_GZIP)
"""Return an object that decompresses piece by piece: `decompress(piece, max_length)`."""
compress = partial(zlib.compress, wbits=_GZIP)
"""Return the gzip form of a body."""


def compress_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the gzip form of a body that comes piece by piece."""
    packer = compressor()
    yield from map(packer.compress, pieces)
    yield packer.flush()


def decompress(compressed: bytes) -> bytes:
    """Return the body whose gzip form this is. Raises CompressionError, also if something follows it."""
    return join(decompress_pieces([compressed]))


def join(pieces: Iterable[bytes]) -> bytes:
    """Return the pieces as one body, of which there is never a second copy."""
    body = io.BytesIO()  # it grows in place, and gives its bytes away without a copy
    body.writelines(pieces)
    return body.getvalue()


def decompress_part(compressed: bytes, wanted: range) -> bytes:
    """Return these bytes of the body, of which no more is made than up to their end. Raises CompressionError."""
    part, place = io.BytesIO(), 0
    for piece in decompress_pieces([compressed]):
        part.write(piece[max(0, wanted.start - place) : max(0, wanted.stop - place)])
        place += len(piece)
        if place >= wanted.stop:
            break
    return part.getvalue()


def decompress_pieces(compressed: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a body piece by piece whose gzip form comes in parts. Raises CompressionError as `decompress` does."""
    unpacking = decompressor()
    for part in compressed:
        view = memoryview(part)
        for start in range(0, len(view), _PIECE):
            if unpacking.eof:
                raise CompressionError("something follows the gzip stream")
            yield unpacking.decompress(view[start : start + _PIECE])
    if not unpacking.eof or unpacking.unused_data:
        raise CompressionError("the gzip stream is cut short, or something follows it")
