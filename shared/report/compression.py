"""gzip as the archive stores it: one member, without a file name or a time.

The same bytes therefore give the same gzip bytes on every machine that has the same zlib. zlib-ng, for large bodies,
does not promise that: it gave the same on x86-64, with and without vectors, and on arm64. Nothing relies on it, as each
blob is held against the hash of its own bytes.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zlib_ng.zlib_ng import _Compress

_GZIP = 31
"""What zlib calls `wbits`: the largest window, between the header and the trailer of gzip."""
MAGIC = b"\x1f\x8b"
"""What gzip begins with, and no text does."""
_PIECE = 1 << 14
"""Bytes as stored, of which zlib makes at most a thousand times as many."""
_LARGE = 1 << 16
"""Bytes of a body of which more are compressed by zlib-ng, in pieces of that size."""
_LARGE_LEVEL = 5
"""Of zlib-ng: docs/performance.md says what others would take."""

CompressionError = zlib.error
"""What `decompress` and a decompressor raise for bytes that are damaged or cut short."""

compressor = partial(zlib.compressobj, wbits=_GZIP)
"""Return an object that compresses piece by piece: `compress(piece)`, and `flush()` once at the end."""
decompressor = partial(zlib.decompressobj, wbits=_GZIP)
"""Return an object that decompresses piece by piece: `decompress(piece, max_length)`."""
compress = partial(zlib.compress, wbits=_GZIP)
"""Return the gzip form of a body."""


class BodyCompressor:
    """Compresses a body on its way into the archive: `compress(piece)`, and `flush()` once at the end.

    What it gives depends on the body alone, not on how that was cut. A large body is compressed by zlib-ng, one level
    below zlib's own: that takes two fifths of zlib's CPU, for up to 4 % more bytes. What zlib-ng gives depends on the
    pieces that it is handed, so that all are of one size but the last.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._large: _Compress | None = None

    def compress(self, piece: bytes) -> bytes:
        """Take one more piece; return what is compressed of the body by now and has not been returned."""
        self._waiting += piece
        compressed = []
        while len(self._waiting) > _LARGE:
            self._large = self._large or _large_compressor()
            compressed.append(self._large.compress(self._waiting[:_LARGE]))
            del self._waiting[:_LARGE]
        return b"".join(compressed)

    def flush(self) -> bytes:
        """Return the rest."""
        if not self._large:
            return compress(self._waiting)
        return self._large.compress(self._waiting) + self._large.flush()


def _large_compressor() -> _Compress:
    from zlib_ng import zlib_ng  # who reads, or packs what is small, needs none

    return zlib_ng.compressobj(_LARGE_LEVEL, wbits=_GZIP)


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
