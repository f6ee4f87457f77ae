"""What of an archive is read; all of it is listed. Pure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import NamedTuple

from shared.archive.layout import RunRecordName, parse
from shared.verification.call import Blob

_RUN_TIME = "%Y-%m-%dT%H%M%SZ"


class Portion(NamedTuple):
    """A share of the blobs, of which those before `since` may be left out."""

    share: tuple[int, int] = (1, 1)
    """The n-th of so many."""
    since: datetime | None = None
    """UTC."""

    def has(self, blob: Blob) -> bool:
        """Whether a blob is to be read."""
        return in_share(blob.name, *self.share) and self._is_new(blob)

    def _is_new(self, blob: Blob) -> bool:
        """Whether a blob was written since then, as it tells of itself; or does not tell when."""
        if self.since is None:
            return True
        try:
            return _written_at(blob) >= self.since
        except (KeyError, ValueError, OverflowError):
            return True


def in_share(name: str, number: int, of: int) -> bool:
    """Whether a blob is in the `number`-th of so many shares: in exactly one of them, and always in the same."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % of == number - 1


def _written_at(blob: Blob) -> datetime:
    """Return when a run began that a blob is the record of, or when a body was pulled. Raise KeyError or ValueError."""
    name = parse(blob.name)
    if isinstance(name, RunRecordName):
        return datetime.strptime(name.id.rpartition("-")[0], _RUN_TIME).replace(tzinfo=UTC)
    told = datetime.fromisoformat(blob.metadata["pulled_at"])
    if told.tzinfo is None:
        raise ValueError("a time without a zone")
    return told
