"""Changes of a report's bytes, chunk by chunk: BOM, encoding, line ends, size, compression."""

import re
import zlib
from collections.abc import Iterator
from itertools import chain, cycle, islice, repeat

from simulator.tenant.publication import BOM, LINE_END

Chunks = Iterator[bytes]

_CRLF = LINE_END.encode()


def _with_start(chunks: Chunks, start: bytes) -> Chunks:
    """Replace the BOM, which is the first chunk."""
    first = next(chunks, b"")
    return chain((start, first.removeprefix(BOM)), chunks)


def no_bom(chunks: Chunks) -> Chunks:
    return _with_start(chunks, b"")


def two_boms(chunks: Chunks) -> Chunks:
    return _with_start(chunks, BOM + BOM)


def utf16(chunks: Chunks) -> Chunks:
    """Encode as UTF-16, little-endian, with its own BOM."""
    return _with_start((chunk.decode().encode("utf-16-le") for chunk in _with_start(chunks, b"")), b"\xff\xfe")


def invalid_utf8(chunks: Chunks) -> Chunks:
    """Insert a byte that is never in UTF-8 before the last line end."""
    return _with_end(chunks, b"\xff" + _CRLF)


def _with_end(chunks: Chunks, end: bytes) -> Chunks:
    """Replace the last line end."""
    last = b""
    for chunk in filter(None, chunks):
        yield last
        last = chunk
    yield last.rstrip(b"\r\n") + end


def no_final_newline(chunks: Chunks) -> Chunks:
    return _with_end(chunks, b"")


def blank_lines(chunks: Chunks, count: int) -> Chunks:
    """Append blank lines."""
    return _with_end(chunks, _CRLF * (count + 1))


def lf(chunks: Chunks) -> Chunks:
    return (chunk.replace(_CRLF, b"\n") for chunk in chunks)


def mixed_line_ends(chunks: Chunks) -> Chunks:
    """End every other line in CRLF, beginning with the first, and the rest in LF."""
    ends = cycle((_CRLF, b"\n"))
    return (re.sub(_CRLF, lambda _: next(ends), chunk) for chunk in chunks)


def empty(chunks: Chunks) -> Chunks:
    return iter(())


def bom_only(chunks: Chunks) -> Chunks:
    return islice(chunks, 1)


def header_only(chunks: Chunks) -> Chunks:
    return islice(chunks, 2)


def truncated(chunks: Chunks, at: int) -> Chunks:
    """Keep the first `at` bytes, or drop the last if below 0. The framing on the wire fits what is left."""
    if at < 0:
        whole = b"".join(chunks)
        yield whole[:at]
        return
    for chunk in chunks:
        if at > 0:
            yield chunk[:at]
        at -= len(chunk)


def followed(chunks: Chunks, text: str, by: int) -> Chunks:
    """Drop the last bytes, and append a text, such as the error that broke off the report."""
    whole = b"".join(chunks)
    yield whole[: len(whole) - by]
    yield text.encode()


def endless(chunks: Chunks) -> Chunks:
    """Repeat the last chunk for ever."""
    last = b""
    for chunk in chunks:
        yield chunk
        last = chunk
    yield from repeat(last)


def gzip(chunks: Chunks) -> Chunks:
    packer = zlib.compressobj(wbits=31)
    yield from map(packer.compress, chunks)
    yield packer.flush()


def gzip_cut(chunks: Chunks, by: int) -> Chunks:
    """Drop the last bytes of the gzip stream."""
    yield b"".join(gzip(chunks))[:-by]


def gzip_bad_crc(chunks: Chunks) -> Chunks:
    packed = b"".join(gzip(chunks))
    yield packed[:-8] + bytes(byte ^ 0xFF for byte in packed[-8:-4]) + packed[-4:]


def gzip_bomb(chunks: Chunks, size: int) -> Chunks:
    """Compress that many zeros; about a thousandth of them goes over the wire."""
    block = bytes(1 << 16)
    return gzip(block[: size - start] for start in range(0, size, len(block)))


def filler(chunks: Chunks, size: int) -> Chunks:
    """Return that many bytes of a text that is no report."""
    text = b"Object moved to here.\n"
    return (bytes(islice(cycle(text), min(1 << 16, size - start))) for start in range(0, size, 1 << 16))
