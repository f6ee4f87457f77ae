"""Changes of an answer on the wire: pieces in, pieces out. The first piece is the head, the others are the frames."""

import time
from collections.abc import Iterator
from itertools import islice

from simulator.protocol.messages import LAST_CHUNK

_TICK = 0.02  # seconds between two checks whether the client is still there

Pieces = Iterator[bytes]


def _wait(seconds: float | None) -> Pieces:
    """Send nothing for that long, for ever if None; stop when the client leaves or the listener stops."""
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        time.sleep(_TICK if end is None else min(_TICK, max(0.0, end - time.monotonic())))
        yield b""


def pause(pieces: Pieces, seconds: float | None) -> Pieces:
    """Wait, then send everything."""
    yield from _wait(seconds)
    yield from pieces


def silence(pieces: Pieces, seconds: float | None, chunks: int) -> Pieces:
    """Send the head and some chunks, wait, then send the rest."""
    yield from islice(pieces, 1 + chunks)
    yield from pause(pieces, seconds)


def reset(pieces: Pieces, after: int) -> Pieces:
    """Reset the connection after some pieces."""
    yield from islice(pieces, after)
    raise ConnectionResetError


def cut(pieces: Pieces, at: int) -> Pieces:
    """End the connection after `at` bytes of the body, framing included, and at the latest before its last piece.

    Of the last, empty chunk nothing is sent: clients take its first byte for the whole.
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
    """Flip the lowest bit of one byte of the body."""
    yield next(pieces)
    for piece in pieces:
        if 0 <= at < len(piece):
            piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
        at -= len(piece)
        yield piece


def cut_end(pieces: Pieces) -> Pieces:
    """Send all but the last piece, which in a chunked body is the empty chunk that marks its end."""
    last = next(pieces)
    for piece in pieces:
        yield last
        last = piece
    raise ConnectionAbortedError


def cut_chunk(pieces: Pieces) -> Pieces:
    """Send all but the last two pieces, and half of the last but one: a chunked body ends inside its last chunk."""
    before, last = b"", next(pieces)
    for piece in pieces:
        yield before
        before, last = last, piece
    yield before[: len(before) // 2]
    raise ConnectionAbortedError


def drip(pieces: Pieces, seconds: float, count: int) -> Pieces:
    """Send the head at once, then `count` bytes at a time with a pause before each."""
    yield next(pieces)
    for piece in pieces:
        for start in range(0, len(piece), count):
            yield from _wait(seconds)
            yield piece[start : start + count]
