"""Which form of an answer a request accepts (RFC 9110 section 12.5). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from werkzeug.datastructures import Accept, MIMEAccept
from werkzeug.http import parse_accept_header

from shared.domain.errors import NotAcceptable

MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "svg": "image/svg+xml",
    "parquet": "application/vnd.apache.parquet",
    "link": "application/link-format",
}
"""By format."""
PROBLEM = "application/problem+json"

_SAME_AS = {"application/octet-stream": MEDIA_TYPES["csv"]}
"""The media type by which the SDKs of Graph ask for a CSV."""
_ODATA = re.compile(r";\s*odata[.=]")


def accepted_format(accept: str, formats: Sequence[str]) -> str:
    """Return the format with the highest quality in Accept, of equal ones the first. Raises NotAcceptable.

    The parameters of the media ranges are ignored.
    """
    ranges = [(item.partition(";")[0], quality) for item, quality in _parse_qualities(accept)]
    accepted = MIMEAccept((_SAME_AS.get(media_type, media_type), quality) for media_type, quality in ranges)
    typed = [name for name in formats if name in MEDIA_TYPES]
    best = max(typed, key=lambda name: accepted.quality(MEDIA_TYPES[name]))
    if accepted.quality(MEDIA_TYPES[best]) > 0:
        return best
    raise NotAcceptable(f"Accept admits none of {', '.join(MEDIA_TYPES[name] for name in typed)}.")


def without_odata(accept: str) -> str:
    """Return Accept without the media ranges that have a parameter of OData.

    Some clients of Graph send such a one with every request, and want a CSV all the same.
    """
    return Accept(each for each in _parse_qualities(accept) if not _ODATA.search(each[0])).to_header()


def error_media_type(accept: str) -> str:
    """Return the media type of an error: that of RFC 9457 if Accept names it, else JSON, which every client reads."""
    named = any(item.partition(";")[0] == PROBLEM and quality > 0 for item, quality in _parse_qualities(accept))
    return PROBLEM if named else MEDIA_TYPES["json"]


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is at least as welcome as no coding (RFC 9110 section 12.5.3)."""
    codings = _parse_qualities(accept_encoding.lower().replace("x-gzip", "gzip"))
    return codings.quality("gzip") > 0 and codings.quality("gzip") >= codings.quality("identity")


def _parse_qualities(text: str) -> Accept:
    """Return what a field such as Accept lists, in lower case and with its quality (RFC 9110 section 12.4.2).

    The RFC allows `q=1.` and Java's own client writes `q=.2`: werkzeug knows neither.
    """
    return parse_accept_header(re.sub(r"\bq=(\d*)\.(\d*)", r"q=0\1.\g<2>0", text.lower(), flags=re.ASCII))
