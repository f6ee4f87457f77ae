"""What an answer of Graph is like, in words that tell of nobody: names of headers, and forms of a few values."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

MICROSOFT_HOST = re.compile(r"reports[a-z0-9-]{0,56}\.office\.com", re.ASCII)
"""No part of a name has more than 63 characters (RFC 1035)."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}", re.ASCII)
_HARMLESS_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}(; ?charset=[a-z0-9-]{1,20})?", re.ASCII)
_DATE = re.compile(rb"\d{1,2}/\d{1,2}/\d{4}( [\d: +APM]*)?")


def of_graph(response: requests.Response) -> dict[str, str | float]:
    """Return what Graph's own answer is like."""
    facts: dict[str, str | float] = {"statuses": str(response.status_code), "graph_headers": _names(response.headers)}
    if response.status_code == 429:
        after = response.headers.get("Retry-After", "")
        is_number = after.isascii() and after.isdigit() and len(after) < 9
        facts["retry_after"] = "seconds" if is_number else "a date" if after else "nothing"
        facts |= {"retry_after_seconds": float(after)} if is_number else {}
    return facts


def of_redirect(location: str, origins: frozenset[str]) -> dict[str, str | float]:
    """Return where a redirect leads; `origins` are the allowed ones beside Microsoft's."""
    try:
        parts = urlsplit(location)
        host = parts.hostname or ""
    except ValueError:
        return {"redirect_host": "none"}
    if f"{parts.scheme}://{parts.netloc}" in origins:
        return {"redirect_host": "one of DOWNLOAD_HOSTS"}
    if MICROSOFT_HOST.fullmatch(host):
        return {"redirect_host": host}
    # What is before the last two parts of a name may be a tenant's.
    labels = host.split(".")
    is_name = len(labels) > 1 and all(map(_NAME.fullmatch, labels[-2:]))
    return {"redirect_host": f"another: {'.'.join(labels[-2:])}" if is_name else "another"}


def of_report(response: requests.Response) -> dict[str, str | float]:
    """Return what the answer with the report is like."""
    kind = response.headers.get("Content-Type", "").lower()
    framing = "chunks" if response.raw.chunked else "length" if "Content-Length" in response.headers else "neither"
    return {
        "download_headers": _names(response.headers),
        "content_type": kind if _HARMLESS_TYPE.fullmatch(kind) else "another" if kind else "none",
        "framing": framing,
        "etag": _etag(response.headers.get("ETag", "")),
    }


def _etag(etag: str) -> str:
    if not etag:
        return "none"
    try:
        is_date = _DATE.fullmatch(b64decode(etag.removeprefix("W/").strip('"'), validate=True)) is not None
    except ValueError:
        is_date = False
    return f"{'weak, ' if etag.startswith('W/') else ''}{'a date in base64' if is_date else 'another'}"


def _names(headers: Mapping[str, str]) -> str:
    return ", ".join(sorted({name.lower() for name in headers if _NAME.fullmatch(name.lower())}))
