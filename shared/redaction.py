"""Texts without the secrets and the people that may stand in them: what others said, what exceptions tell. Pure."""

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


_ADDRESS = re.compile(r"[^\s@\"'<>()\[\]{},;:=/|][^\s@\"<>()\[\]{},;:=/|]{0,63}(?:@|%40)\w[\w.-]*\w")
"""Of mail, or the name of a user, which looks the same."""

_ONE_URL = re.compile(r"(?P<origin>\s*[\"']?https?://[^/\s?#\"']+)[^\s\"']*(?P<end>[\"']?\s*)", re.IGNORECASE)


def redacted_body(body: bytes) -> bytes:
    """The body of an answer that is not what it should be, without secrets; of one URL only its host is left."""
    text = body.decode("utf-8", errors="surrogateescape")
    if url := _ONE_URL.fullmatch(text.removeprefix("\ufeff")):
        return f"{url['origin']}/{HIDDEN}{url['end']}".encode("utf-8", errors="surrogateescape")
    return _without_secrets(text).encode("utf-8", errors="surrogateescape")


def redacted(text: str) -> str:
    """The text with `[hidden]` in place of bearers, keys, signatures, the tokens of URLs, and addresses of people."""
    return _ADDRESS.sub(HIDDEN, _without_secrets(text))


def _without_secrets(text: str) -> str:
    return _SECRET.sub(lambda found: (found["name"] or "") + HIDDEN, text)
