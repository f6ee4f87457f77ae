"""What is served, as a value: its bytes in each content coding, its ETag, media type and headers. Pure.

A body is read as late as possible, so that a conditional request costs no reading.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.report.compression import compress_pieces, join
from shared.report.csv_records import to_csv
from shared.web.http import NOTHING

CSV = "text/csv; charset=utf-8; header=present"
JSON = "application/json"

LARGEST = 200_000_000
"""Bytes of one answer. The Functions host was seen to fail from about 250 MB on: Azure/Azure-Functions#2171."""


class EncodedBody(NamedTuple):
    """The bytes of a representation in one content coding, or in none."""

    read: Callable[[], bytes]
    size: int | None = None
    """Bytes; None if only reading tells."""
    sha256: str = ""
    """In hexadecimal; empty if only reading tells."""
    part: Callable[[range], bytes] | None = None
    """Reads these bytes alone; None: whoever wants a part reads all. Only where size and digest are known."""
    working: int = 0
    """Bytes in memory besides the body while it is read."""
    estimate: int = 0
    """Bytes, about, where only reading tells the size."""


class Representation(NamedTuple):
    """A resource in one format."""

    tag: str
    """The ETag without its quotes: it names these bytes in this format."""
    media_type: str
    plain: EncodedBody
    gzip: EncodedBody | None = None
    """None: it is compressed when it is asked for."""
    modified: datetime | None = None
    """UTC."""
    headers: Mapping[str, str] = NOTHING
    """What else to send."""
    file_name: str = ""
    """ASCII; empty: a browser shows the body and does not save it."""
    smaller: Mapping[str, str] = NOTHING
    """Parameters, by name, each of which gives less, where this may be more than one answer can carry."""


def streamed(
    pieces: Callable[[], Iterable[bytes]], estimate: int = 0, working: int = 0
) -> tuple[EncodedBody, EncodedBody]:
    """Return a body that is made piece by piece, plain and as gzip, where memory never holds the plain one.

    `working` is how many bytes making it holds besides.
    """
    return (
        EncodedBody(lambda: join(pieces()), estimate=estimate, working=working),
        EncodedBody(lambda: join(compress_pieces(pieces())), working=working),
    )


def from_bytes(body: bytes, media_type: str, headers: Mapping[str, str], file_name: str = "") -> Representation:
    """Return the representation of bytes that were made for this answer."""
    sha256 = hashlib.sha256(body).hexdigest()
    plain = EncodedBody(lambda: body, len(body), sha256)
    return Representation(tag=sha256, media_type=media_type, plain=plain, headers=headers, file_name=file_name)


def from_json(value: object, headers: Mapping[str, str]) -> Representation:
    """Return the representation of a value as JSON."""
    return from_bytes(json.dumps(value).encode(), JSON, headers)


def from_csv(rows: Iterable[Sequence[object]], headers: Mapping[str, str], file_name: str) -> Representation:
    """Return the representation of rows as CSV."""
    return from_bytes(b"".join(to_csv(rows)), CSV, headers, file_name)
