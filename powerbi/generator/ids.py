"""Ids that follow from names: the same name has the same id for ever."""

from __future__ import annotations

import uuid

_NAMESPACE = uuid.UUID("6f6d1c1a-54f7-5f3c-9a43-3f4c1a3c0d5e")


def tag(*names: str) -> str:
    """A UUID, as lineage tags, relationships and items have."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


def short(*names: str) -> str:
    """20 hexadecimal digits, as Power BI Desktop names pages and visuals."""
    return tag(*names).replace("-", "")[:20]
