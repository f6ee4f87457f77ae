"""The numbers of each day, as runs keep them in `usage-derived` for those who may not know about people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.archive.blob_store import BlobStore
from shared.archive.layout import DERIVED, VIEWS, ViewsName, parse
from shared.archive.snapshots import NEWEST_MONTHS
from shared.domain.dates import months_until
from shared.report.compression import CompressionError, compress_pieces, decompress

_LEAST = "least"
"""In the metadata of the blob: how many people each number is of."""


class KeptViews:
    """The numbers of all days. Every method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def days(self, least: int, month: str = "") -> list[date]:
        """Return the days (in `month`, if given as YYYY-MM) whose numbers tell nothing of fewer than `least` people."""
        listed = self._store.list(DERIVED, f"{VIEWS}{month}")
        names = (parse(blob.name) for blob in listed if int(blob.metadata.get(_LEAST, "0")) >= least)
        return sorted(name.refresh_date for name in names if isinstance(name, ViewsName))

    def until(self, day: date, least: int) -> Mapping[str, Any] | None:
        """Return the newest numbers up to that day that tell nothing of fewer people than `least`; or None."""
        for month in months_until(day, NEWEST_MONTHS):
            for each in reversed([each for each in self.days(least, month) if each <= day]):
                if numbers := self._of(each):
                    return numbers
        return None

    def _of(self, day: date) -> Mapping[str, Any]:
        """Return the numbers of a day; empty if they cannot be read."""
        stored = self._store.get(DERIVED, str(ViewsName(day)))
        try:
            numbers: dict[str, Any] = json.loads(decompress(stored.content)) if stored else {}
        except (CompressionError, ValueError):  # it is made again
            numbers = {}
        return numbers

    def keep(self, day: date, numbers: Mapping[str, Any]) -> None:
        """Put the numbers of a day in the place of those that were there."""
        name = str(ViewsName(day))
        stored = self._store.get(DERIVED, name)
        content = b"".join(compress_pieces([json.dumps(numbers).encode()]))
        metadata = {_LEAST: str(numbers["least"])}
        self._store.replace_if(DERIVED, name, content, metadata, stored.etag if stored else None)
