"""`{"value": [...]}` as Graph wraps its answers, written object by object: there may be a million of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

_PIECE = 1 << 16
"""Characters, about."""

encode = json.JSONEncoder(ensure_ascii=False).encode
"""Return a value as JSON text; letters of all languages stay as they are."""


def wrap(objects: Iterable[str]) -> Iterator[bytes]:
    """Yield the document of objects that are JSON already, in UTF-8, in pieces of about 64 KB."""
    piece, size = ['{"value":['], 0
    before = ""
    for each in objects:
        piece.append(before + each)
        size += len(each)
        before = ","
        if size > _PIECE:
            yield "".join(piece).encode()
            piece, size = [], 0
    yield "".join([*piece, "]}"]).encode()
