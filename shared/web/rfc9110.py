"""A representation as the response to a request: conditions, content coding and ranges, by RFC 9110. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from werkzeug.http import http_date, parse_date, parse_etags, parse_range_header

from shared.domain.errors import PreconditionFailed, RangeNotSatisfiable, TooLarge
from shared.report.compression import compress
from shared.web.http import Request, Response
from shared.web.in_flight import Body, InFlight
from shared.web.negotiation import accepts_gzip
from shared.web.representation import LARGEST, EncodedBody, Representation

# RFC 9110 section 15.4.5. With a Content-Type, the .NET SDK of Graph would parse the body that is not there.
_HEADERS_OF_304 = ("ETag", "Vary", "Cache-Control", "Content-Location")


class _Selected(NamedTuple):
    """The representation in the content coding that is sent."""

    tag: str
    modified: datetime | None
    """UTC, to the second, as HTTP knows no more."""
    body: EncodedBody
    is_gzip: bool
    smaller: Mapping[str, Any]


def send(request: Request, content: Representation, in_flight: InFlight | None = None) -> Response:
    """Answer a GET or HEAD. Raises PreconditionFailed, RangeNotSatisfiable, TooLarge, Busy.

    Bodies that may be large are shared and bounded by `in_flight`.
    """
    selected = _select(request, content)
    headers = {
        "ETag": f'"{selected.tag}"',
        "Content-Type": content.media_type,
        "Vary": "Accept, Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        **content.headers,
    }
    if selected.modified:
        headers["Last-Modified"] = http_date(selected.modified)
    if not _is_body_wanted(request.headers, selected):
        return Response(304, {name: headers[name] for name in _HEADERS_OF_304 if name in headers})
    if selected.is_gzip:
        headers["Content-Encoding"] = "gzip"
    if content.file_name:
        headers["Content-Disposition"] = f'attachment; filename="{content.file_name}"'
    return _send_body(request, selected, headers | {"Accept-Ranges": "bytes"}, in_flight or InFlight())


def parse_http_date(text: str) -> datetime | None:
    """Return the moment in UTC, or None for what is no HTTP date."""
    with suppress(IndexError, OverflowError):  # which werkzeug lets through
        moment = parse_date(text)
        return moment and moment.astimezone(UTC)
    return None


def _select(request: Request, content: Representation) -> _Selected:
    """Return the gzip form where it is accepted, but for a part of the plain body, unless gzip's own tag is named.

    Clients accept gzip for every request, and cannot decompress a part of it.
    """
    headers = request.headers
    gzip_tag = f"{content.tag}-gzip"
    plain_part = request.method == "GET" and "range" in headers and headers.get("if-range") != f'"{gzip_tag}"'
    modified = content.modified.replace(microsecond=0) if content.modified else None
    if accepts_gzip(headers.get("accept-encoding", "")) and not plain_part:
        body = content.gzip or EncodedBody(lambda: compress(content.plain.read()))
        return _Selected(gzip_tag, modified, body, True, content.smaller)
    return _Selected(content.tag, modified, content.plain, False, content.smaller)


def _send_body(request: Request, selected: _Selected, headers: Mapping[str, str], in_flight: InFlight) -> Response:
    encoded = selected.body
    _refuse_too_large(request, encoded.size or encoded.estimate, selected)
    if request.method == "HEAD" and encoded.size is not None and encoded.sha256:
        return Response(200, {**headers, "Content-Length": str(encoded.size), "Repr-Digest": _digest(encoded.sha256)})
    key = (selected.tag, headers.get("Content-Location"))
    if encoded.part and encoded.size and (part := _satisfied_range(request, selected, encoded.size)):
        body = in_flight.body((*key, part), len(part) + encoded.working, partial(encoded.part, part))
        return _send_part(part, encoded.size, body.content, {**headers, "Repr-Digest": _digest(encoded.sha256)}, body)
    body = in_flight.body(key, (encoded.size or encoded.estimate) + encoded.working, encoded.read)
    content = body.content
    _refuse_too_large(request, len(content), selected)
    headers = {**headers, "Repr-Digest": _digest(encoded.sha256 or hashlib.sha256(content).hexdigest())}
    if part := _satisfied_range(request, selected, len(content)):
        return _send_part(part, len(content), content[part.start : part.stop], headers, body)
    return Response(200, {**headers, "Content-Length": str(len(content))}, content, body)


def _send_part(part: range, size: int, content: bytes, headers: Mapping[str, str], body: Body) -> Response:
    of_part = {"Content-Range": f"bytes {part.start}-{part.stop - 1}/{size}", "Content-Length": str(len(content))}
    return Response(206, {**headers, **of_part}, content, body)


def _refuse_too_large(request: Request, size: int, selected: _Selected) -> None:
    if size > LARGEST:
        ask = "Ask without Range, and with" if "range" in request.headers else "Ask with"
        instead = [] if selected.is_gzip else ["Accept-Encoding: gzip"]
        instead += [f"{name}={value}" for name, value in selected.smaller.items()]
        raise TooLarge(
            f"This body has {'' if selected.body.size else 'about '}{size} bytes, and the Functions host can send "
            f"{LARGEST}. " + (f"{ask} {', or with '.join(instead)}." if instead else "Read it from blob storage."),
            **selected.smaller,
        )


def _is_body_wanted(headers: Mapping[str, str], selected: _Selected) -> bool:
    """Whether to send the body, and not 304, as RFC 9110 section 13.2.2 ranks conditions. Raises PreconditionFailed."""
    tag, modified = selected.tag, selected.modified
    if (if_match := headers.get("if-match")) is not None:
        if not _names(if_match, tag, weakly=False):
            raise PreconditionFailed("If-Match does not match the current ETag.", headers={"ETag": f'"{tag}"'})
    elif (since := parse_http_date(headers.get("if-unmodified-since", ""))) and modified and modified > since:
        raise PreconditionFailed("It was modified after the time in If-Unmodified-Since.", headers={"ETag": f'"{tag}"'})
    if (if_none_match := headers.get("if-none-match")) is not None:
        return not _names(if_none_match, tag, weakly=True)
    since = parse_http_date(headers.get("if-modified-since", ""))
    return not (since and modified and modified <= since)


def _names(field_value: str, tag: str, *, weakly: bool) -> bool:
    """Whether If-Match or If-None-Match names the tag, in quotes, as the RFC wants it."""
    tags = parse_etags(field_value.strip())
    matches = tags.contains_weak(tag) if weakly else tags.contains(tag)
    return matches and (tags.star_tag or f'"{tag}"' in field_value)


def _satisfied_range(request: Request, selected: _Selected, size: int) -> range | None:
    """Return the bytes that a single Range asks for; None for the whole body. Raises RangeNotSatisfiable."""
    single = _parse_single_range(request.headers.get("range", "").strip())
    if request.method != "GET" or not single or not _if_range_holds(request.headers.get("if-range"), selected):
        return None
    start, stop = single
    start = max(0, start + size) if start < 0 else start
    satisfied = range(start, size if stop is None else min(stop, size))
    if not satisfied:
        raise RangeNotSatisfiable(
            f"The body has {size} bytes.", headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
        )
    return satisfied


def _parse_single_range(text: str) -> tuple[int, int | None] | None:
    """Return the first byte, negative from the end, and the one after the last; None for what is not one range."""
    if text == "bytes=-0":  # nothing satisfies it (RFC 9110 section 14.1.2); werkzeug takes it for malformed
        return 0, 0
    parsed = parse_range_header(text)
    return parsed.ranges[0] if parsed and parsed.units == "bytes" and len(parsed.ranges) == 1 else None


def _if_range_holds(condition: str | None, selected: _Selected) -> bool:
    """Whether If-Range is missing, or names the current ETag or time."""
    if condition is None or condition.strip() == f'"{selected.tag}"':
        return True
    return selected.modified is not None and parse_http_date(condition) == selected.modified


def _digest(sha256: str) -> str:
    """Return the value of Repr-Digest (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
