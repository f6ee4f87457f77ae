"""gzip as the archive stores it: one member with zlib's own level, without a file name or a time.

The same bytes therefore give the same gzip bytes on every machine that has the same zlib.
"""

from __future__ import annotations

import zlib
from functools import partial

_GZIP = 31
"""What zlib calls `wbits`: the largest window, between the header and the trailer of gzip."""

CompressionError = zlib.error
"""What `decompress` and a decompressor raise for bytes that are damaged or cut short."""

compressor = partial(zlib.compressobj, wbits=_GZIP)
"""Return an object that compresses piece by piece: `compress(piece)`, and `flush()` once at the end."""
decompressor = partial(zlib.decompressobj, wbits=_GZIP)
"""Return an object that decompresses piece by piece: `decompress(piece, max_length)`."""
compress = partial(zlib.compress, wbits=_GZIP)
"""Return the gzip form of a body."""


def decompress(compressed: bytes) -> bytes:
    """Return the body whose gzip form this is. Raises CompressionError, also if something follows it."""
    unpacking = decompressor()
    body = unpacking.decompress(compressed)
    if not unpacking.eof or unpacking.unused_data:
        raise CompressionError("the gzip stream is cut short, or something follows it")
    return body
