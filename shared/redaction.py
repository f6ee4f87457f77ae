"""Texts without the secrets that may stand in them: what others said, and what exceptions tell. Pure."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

_SECRET = re.compile(
    r"""
    (?P<name>
        \bbearer\s+
        | \b(?:code|sig|signature|secret|password|\w*token|\w*key)=
        | \b(?:authorization|x-functions-key|x-identity-header|(?:set-)?cookie)["']?\s*[:=]\s*["']?(?:bearer\s+)?
    )[^\s&;,'"<>()\\]+
    | (?<=://)[^\s/@'"]+(?=@)           # who logs in by URL
    | (?<=/data/download/)[^\s'"<>]+     # a preauthenticated URL, as Microsoft documents it
    | eyJ[\w-]{6,}(?:\.[\w-]+)*         # a bearer: JSON in base64, three times
    """,
    re.VERBOSE | re.IGNORECASE,
)


_ONE_URL = re.compile(r"(?P<origin>\s*[\"']?https?://[^/\s?#\"']+)[^\s\"']*(?P<end>[\"']?\s*)", re.IGNORECASE)


def redacted_body(body: bytes) -> bytes:
    """The body of an answer that is not what it should be, without secrets; of one URL only its host is left."""
    text = body.decode("utf-8", errors="surrogateescape")
    if url := _ONE_URL.fullmatch(text.removeprefix("\ufeff")):
        return f"{url['origin']}/{HIDDEN}{url['end']}".encode("utf-8", errors="surrogateescape")
    return redacted(text).encode("utf-8", errors="surrogateescape")


def redacted(text: str) -> str:
    """The text with `[hidden]` in place of bearers, keys, signatures and the tokens of URLs."""
    return _SECRET.sub(lambda found: (found["name"] or "") + HIDDEN, text)
