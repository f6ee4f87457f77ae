"""Bodies that are whole, or an error: HTTP clients pass a cut gzip stream without a word (urllib3 2.8 does)."""

from __future__ import annotations

from collections.abc import Iterator

import requests
from urllib3.exceptions import HTTPError

from shared.domain.errors import PullError, Retryable
from shared.domain.outcome import Reason
from shared.graph.deadline import DeadlineExceeded, ended_within_line
from shared.graph.session import LIMITS, Limits
from shared.report import compression

CHUNK = 256 << 10
"""Bytes read at once."""


def whole_body(response: requests.Response, limits: Limits = LIMITS) -> Iterator[bytes]:
    """Return the body in chunks, unpacked if it came as gzip, which was not asked for.

    Raise Retryable if it does not arrive whole and in time, PullError if it is too large.
    """
    if not response.raw.chunked and response.raw.length_remaining is None:  # or the length cannot be read
        raise Retryable(Reason.UNFRAMED, "The answer tells neither its length nor its end, so it may be cut.")
    received = _received(response)
    match response.headers.get("Content-Encoding", "identity").lower():
        case "identity":
            return _within_size(received, limits)
        case "gzip":
            return _within_size(_unpacked(received, limits), limits)
        case encoding:
            raise Retryable(Reason.ENCODED, f"The answer is encoded as {encoding!r}, which was not asked for.")


def first_bytes(response: requests.Response, size: int) -> bytes:
    """Return the first bytes of a body as received, at most `size`; none if it breaks off."""
    try:
        start: bytes = response.raw.read(size, decode_content=False)
    except (HTTPError, OSError, ValueError):
        return b""
    return start


def _received(response: requests.Response) -> Iterator[bytes]:
    try:
        yield from response.raw.stream(CHUNK, decode_content=False)
    except (HTTPError, OSError, ValueError) as error:  # a ValueError for a chunk of negative length
        if isinstance(error.__cause__, DeadlineExceeded):
            raise Retryable(Reason.TOO_SLOW, str(error.__cause__)) from None
        raise Retryable(Reason.CUT_SHORT, f"The body broke off: {type(error).__name__}.") from None
    if response.raw.chunked and ended_within_line(response):
        raise Retryable(Reason.CUT_SHORT, "The body broke off in the size of a chunk.")


def _within_size(chunks: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limits.max_bytes:
            raise PullError(Reason.TOO_LARGE, f"The body has more than {limits.max_bytes} bytes.")
        yield chunk


def _unpacked(chunks: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    unpacker = compression.decompressor()
    packed_size = size = 0
    ratio = limits.max_compression_ratio
    try:
        for packed in chunks:
            packed_size += len(packed)
            while packed:
                chunk = unpacker.decompress(packed, CHUNK)
                packed = unpacker.unconsumed_tail
                size += len(chunk)
                if size > ratio * max(packed_size, CHUNK):
                    raise PullError(Reason.BOMB, f"The body unfolds to more than {ratio} times its size.")
                if unpacker.unused_data:
                    raise Retryable(Reason.CUT_SHORT, "Something follows the end of the gzip stream.")
                yield chunk
    except compression.CompressionError as error:
        raise Retryable(Reason.CUT_SHORT, f"The gzip stream is damaged: {error}.") from None
    if not unpacker.eof:
        raise Retryable(Reason.CUT_SHORT, "The gzip stream has no end.")
