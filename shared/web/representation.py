"""How a resource goes over the wire: its forms, validators, compression and ranges, by RFC 9110. Pure.

What only a body can tell is asked for late, so that a conditional request costs no reading.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import NamedTuple

from shared.domain.errors import PreconditionFailed, RangeNotSatisfiable, TooLarge
from shared.report.compression import compress
from shared.web.http import Reply, Request

LARGEST = 200_000_000
"""Bytes of one answer. The Functions host was seen to fail from about 250 MB on: Azure/Azure-Functions#2171."""

# RFC 9110 section 15.4.5. Without a Content-Type the Functions worker would add one, and a cache would believe it.
_OF_304 = ("ETag", "Content-Type", "Vary", "Cache-Control", "Content-Location")
_TAG = re.compile(r'(W/)?("[^"]*")')
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_CODING = re.compile(r"([\w*-]+)(?:\s*;\s*q=([01](?:\.\d{0,3})?))?", re.ASCII)


class Coded(NamedTuple):
    """The bytes of one content coding, or of none."""

    read: Callable[[], bytes]
    size: int | None = None
    """Bytes; None if only reading tells."""
    sha256: str = ""
    """In hexadecimal; empty if only reading tells."""


class Representation(NamedTuple):
    """One form of a resource."""

    etag: str
    """Without quotes: it names these bytes in this form."""
    media_type: str
    plain: Coded
    gzip: Coded | None = None
    """None = compressed when it is asked for."""
    modified: datetime | None = None
    """UTC."""
    headers: Mapping[str, str] = {}
    """What else to send."""
    file_name: str = ""
    """ASCII; empty = shown and not saved."""


def computed(body: bytes, media_type: str, headers: Mapping[str, str], file_name: str = "") -> Representation:
    """The representation of bytes that were made for this answer."""
    sha256 = hashlib.sha256(body).hexdigest()
    plain = Coded(lambda: body, len(body), sha256)
    return Representation(sha256, media_type, plain, headers=headers, file_name=file_name)


def send(request: Request, content: Representation) -> Reply:
    """The answer to a GET or HEAD. Raises PreconditionFailed, RangeNotSatisfiable, TooLarge."""
    packed = _is_packed(request, content)
    etag = f'"{content.etag}-gzip"' if packed else f'"{content.etag}"'
    headers = {
        "ETag": etag,
        "Content-Type": content.media_type,
        "Vary": "Accept, Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        **content.headers,
    }
    if content.modified:
        headers["Last-Modified"] = http_date(content.modified)
    if not _is_wanted(request.headers, etag, content.modified):
        return Reply(304, {name: headers[name] for name in _OF_304 if name in headers})
    coded = (content.gzip or _compressed(content.plain)) if packed else content.plain
    _refuse_too_large(request, coded.size or 0, packed=packed)
    if packed:
        headers["Content-Encoding"] = "gzip"
    if content.file_name:
        headers["Content-Disposition"] = f'attachment; filename="{content.file_name}"'
    headers["Accept-Ranges"] = "bytes"
    if request.method == "HEAD" and coded.size is not None and coded.sha256:
        return Reply(200, headers | {"Content-Length": str(coded.size), "Repr-Digest": _digest(coded.sha256)})
    body = coded.read()
    _refuse_too_large(request, len(body), packed=packed)
    headers["Repr-Digest"] = _digest(coded.sha256 or hashlib.sha256(body).hexdigest())
    part = _part(request, etag, content.modified, len(body))
    if part:
        first, last = part
        headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        body = body[first : last + 1]
    return Reply(206 if part else 200, headers | {"Content-Length": str(len(body))}, body)


def http_date(moment: datetime) -> str:
    """As HTTP writes it (RFC 9110 section 5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def read_http_date(text: str) -> datetime | None:
    """The moment, or None for what is no HTTP date."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is at least as welcome as nothing (RFC 9110 section 12.5.3)."""
    weights = {}
    for part in accept_encoding.lower().split(","):
        if match := _CODING.fullmatch(part.strip()):
            weights[match[1]] = float(match[2] or 1)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _refuse_too_large(request: Request, size: int, *, packed: bool) -> None:
    if size > LARGEST:
        ask = "Ask without Range, and with" if "range" in request.headers else "Ask with"
        raise TooLarge(
            f"This body has {size} bytes, and the Functions host can send {LARGEST}. "
            + ("Read it from blob storage." if packed else f"{ask} Accept-Encoding: gzip.")
        )


def _is_packed(request: Request, content: Representation) -> bool:
    """Whether gzip is sent: where it is accepted, but for a part of the plain body, unless gzip's own tag is named.

    Clients accept gzip for every request, and cannot unpack a piece of it.
    """
    asked = request.headers
    plain_part = request.method == "GET" and "range" in asked and asked.get("if-range") != f'"{content.etag}-gzip"'
    return accepts_gzip(asked.get("accept-encoding", "")) and not plain_part


def _is_wanted(asked: Mapping[str, str], etag: str, modified: datetime | None) -> bool:
    """Whether the body is to be sent, and not 304, as RFC 9110 section 13.2.2 ranks conditions."""
    second = modified.replace(microsecond=0) if modified else None
    if (if_match := asked.get("if-match")) is not None:
        if not _names(if_match, etag, weakly=False):
            raise PreconditionFailed("No tag in If-Match is that of what is there now.", headers={"ETag": etag})
    elif (since := read_http_date(asked.get("if-unmodified-since", ""))) and second and second > since:
        raise PreconditionFailed("It was modified after the time in If-Unmodified-Since.", headers={"ETag": etag})
    if (if_none_match := asked.get("if-none-match")) is not None:
        return not _names(if_none_match, etag, weakly=True)
    since = read_http_date(asked.get("if-modified-since", ""))
    return not (since and second and second <= since)


def _names(field: str, etag: str, *, weakly: bool) -> bool:
    """Whether If-Match or If-None-Match names the tag."""
    return field.strip() == "*" or any(
        tag == etag and (weakly or not weak) for weak, tag in _TAG.findall(field.replace("W/ ", "W/"))
    )


def _part(request: Request, etag: str, modified: datetime | None, size: int) -> tuple[int, int] | None:
    """The first and last byte that a single Range asks for; None = all. Raises RangeNotSatisfiable."""
    match = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if request.method != "GET" or not match or match.group() == "bytes=-":
        return None
    if (condition := request.headers.get("if-range")) is not None and condition.strip() != etag:
        second = modified.replace(microsecond=0) if modified else None
        if second is None or read_http_date(condition) != second:
            return None
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
        if match[2] and int(match[2]) < first:
            return None
    else:
        first, last = max(0, size - int(match[2])), size - 1
    if first > last:
        raise RangeNotSatisfiable(
            f"The body has {size} bytes.", headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
        )
    return first, last


def _compressed(plain: Coded) -> Coded:
    return Coded(lambda: compress(plain.read()))


def _digest(sha256: str) -> str:
    """RFC 9530."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
