"""What happens to an answer on the wire: pieces in, pieces out. The head is the first piece, then come the frames."""

import time
from collections.abc import Iterator
from itertools import islice

from simulator.protocol.messages import LAST_CHUNK

_TICK = 0.02  # seconds between two looks at whether the client is still there

Pieces = Iterator[bytes]


def _wait(seconds: float | None) -> Pieces:
    """Nothing for so long, or until the client leaves or the listener stops."""
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        time.sleep(_TICK if end is None else min(_TICK, max(0.0, end - time.monotonic())))
        yield b""


def pause(pieces: Pieces, seconds: float | None) -> Pieces:
    """Silence, then everything."""
    yield from _wait(seconds)
    yield from pieces


def silence(pieces: Pieces, seconds: float | None, chunks: int) -> Pieces:
    """The head and so many chunks, silence, then the rest."""
    yield from islice(pieces, 1 + chunks)
    yield from pause(pieces, seconds)


def reset(pieces: Pieces, after: int) -> Pieces:
    """The connection is reset after so many pieces."""
    yield from islice(pieces, after)
    raise ConnectionResetError


def cut(pieces: Pieces, at: int) -> Pieces:
    """The connection ends after so many bytes of the body, framing included, or else before its last piece.

    Of an empty chunk at the end nothing is sent: clients take its first byte for the whole of it.
    """
    yield next(pieces)
    before = b""
    for piece in pieces:
        yield before[:at]
        at -= len(before)
        if at <= 0:
            break
        before = piece
    else:
        yield before[:at] if at < len(before) and before != LAST_CHUNK else b""
    raise ConnectionAbortedError


def flip(pieces: Pieces, at: int) -> Pieces:
    """The lowest bit of that byte of the body is another."""
    yield next(pieces)
    for piece in pieces:
        if 0 <= at < len(piece):
            piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
        at -= len(piece)
        yield piece


def cut_end(pieces: Pieces) -> Pieces:
    """All but the last piece, which in a chunked body is the empty chunk that marks its end."""
    last = next(pieces)
    for piece in pieces:
        yield last
        last = piece
    raise ConnectionAbortedError


def cut_chunk(pieces: Pieces) -> Pieces:
    """All but the last two pieces, and one half of the one before: a chunked body ends inside its last chunk."""
    before, last = b"", next(pieces)
    for piece in pieces:
        yield before
        before, last = last, piece
    yield before[: len(before) // 2]
    raise ConnectionAbortedError


def drip(pieces: Pieces, seconds: float, count: int) -> Pieces:
    """The head at once, then so many bytes at a time with a pause before each."""
    yield next(pieces)
    for piece in pieces:
        for start in range(0, len(piece), count):
            yield from _wait(seconds)
            yield piece[start : start + count]
