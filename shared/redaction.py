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


def redacted(text: str) -> str:
    """The text with `[hidden]` in place of bearers, keys, signatures and the tokens of URLs."""
    return _SECRET.sub(lambda found: (found["name"] or "") + HIDDEN, text)
