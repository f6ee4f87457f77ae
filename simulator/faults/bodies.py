"""Other bodies made of a report's, chunk by chunk: marks, encodings, line ends, sizes, compression."""

import re
import zlib
from collections.abc import Iterator
from itertools import chain, cycle, islice, repeat

from simulator.tenant.publication import BOM

Chunks = Iterator[bytes]


def _marked(chunks: Chunks, mark: bytes) -> Chunks:
    """The chunks with that in place of the BOM, which is the first chunk."""
    first = next(chunks, b"")
    return chain((mark, first.removeprefix(BOM)), chunks)


def no_bom(chunks: Chunks) -> Chunks:
    return _marked(chunks, b"")


def two_boms(chunks: Chunks) -> Chunks:
    return _marked(chunks, BOM + BOM)


def utf16(chunks: Chunks) -> Chunks:
    """UTF-16, little end first, with its own BOM."""
    return _marked((chunk.decode().encode("utf-16-le") for chunk in _marked(chunks, b"")), b"\xff\xfe")


def invalid_utf8(chunks: Chunks) -> Chunks:
    """A byte that UTF-8 has not, before the last line end."""
    return _ended(chunks, b"\xff\n")


def _ended(chunks: Chunks, end: bytes) -> Chunks:
    """The chunks with that in place of the last line end."""
    last = b""
    for chunk in filter(None, chunks):
        yield last
        last = chunk
    yield last.rstrip(b"\r\n") + end


def no_final_newline(chunks: Chunks) -> Chunks:
    return _ended(chunks, b"")


def blank_lines(chunks: Chunks, count: int) -> Chunks:
    """So many lines without anything after the last."""
    return _ended(chunks, b"\n" * (count + 1))


def crlf(chunks: Chunks) -> Chunks:
    return (chunk.replace(b"\n", b"\r\n") for chunk in chunks)


def mixed_line_ends(chunks: Chunks) -> Chunks:
    """CRLF after every other line, the first included; LF after the rest."""
    ends = cycle((b"\r\n", b"\n"))
    return (re.sub(b"\n", lambda _: next(ends), chunk) for chunk in chunks)


def empty(chunks: Chunks) -> Chunks:
    return iter(())


def bom_only(chunks: Chunks) -> Chunks:
    return islice(chunks, 1)


def header_only(chunks: Chunks) -> Chunks:
    return islice(chunks, 2)


def truncated(chunks: Chunks, at: int) -> Chunks:
    """So many bytes, or all but so many if below 0: whole on the wire, cut where it was made."""
    if at < 0:
        whole = b"".join(chunks)
        yield whole[:at]
        return
    for chunk in chunks:
        if at > 0:
            yield chunk[:at]
        at -= len(chunk)


def endless(chunks: Chunks) -> Chunks:
    """The last chunk for ever."""
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
    """Without so many bytes at the end."""
    yield b"".join(gzip(chunks))[:-by]


def gzip_bad_crc(chunks: Chunks) -> Chunks:
    packed = b"".join(gzip(chunks))
    yield packed[:-8] + bytes(byte ^ 0xFF for byte in packed[-8:-4]) + packed[-4:]


def gzip_bomb(chunks: Chunks, size: int) -> Chunks:
    """So many zeros, about a thousandth of them on the wire."""
    block = bytes(1 << 16)
    return gzip(block[: size - start] for start in range(0, size, len(block)))


def filler(chunks: Chunks, size: int) -> Chunks:
    """So many bytes of a text that is no report."""
    text = b"Object moved to here.\n"
    return (bytes(islice(cycle(text), min(1 << 16, size - start))) for start in range(0, size, 1 << 16))
