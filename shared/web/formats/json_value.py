"""`{"value": [...]}` as Graph wraps its answers, written object by object: there may be a million of them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable

encode = json.JSONEncoder(ensure_ascii=False).encode
"""Return a value as JSON text; letters of all languages stay as they are."""


def wrap(objects: Iterable[str]) -> bytes:
    """Return the document of objects that are JSON already, in UTF-8."""
    content = io.BytesIO()
    text = io.TextIOWrapper(content, "utf-8", newline="")
    before = '{"value":['
    for each in objects:
        text.write(before + each)
        before = ","
    text.write("]}" if before == "," else before + "]}")
    text.flush()
    return content.getvalue()
