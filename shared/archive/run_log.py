"""The records of runs in the archive."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from shared.archive.blob_store import BlobStore
from shared.archive.layout import DERIVED, RUNS, run_prefix
from shared.archive.run_record import UNREADABLE, RunRecord
from shared.domain.dates import months_until
from shared.domain.errors import ArchiveUnavailable

AHEAD = timedelta(hours=2)
"""How far the clock of another instance may be ahead; a record from later than that is left alone until its time."""


class RunLog:
    """The records of runs. Every method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def newest(self, now: datetime) -> RunRecord | None:
        """Return the newest readable record of a run of this month or the one before, or None.

        A copy under the name of another run, and a record from the future, of a clock that was wrong, are passed over.
        """
        latest = now + AHEAD
        for month in months_until(latest.date(), 2):
            for blob in reversed([*self._store.list(DERIVED, run_prefix(month))]):
                stored = self._store.get(DERIVED, blob.name)
                if not stored:  # a run must not forget all that earlier ones knew
                    raise ArchiveUnavailable(f"Blob storage lists {blob.name} and does not have it.")
                with suppress(*UNREADABLE):  # a damaged one, or one without time zone, must not stop the pulling
                    record = RunRecord.from_bytes(stored.content)
                    if record.is_named(blob.name) and record.started <= latest:
                        return record
        return None

    def is_new(self) -> bool:
        """Whether no run ever came to its end."""
        return not any(self._store.list_folders(DERIVED, RUNS))

    def keep(self, record: RunRecord) -> None:
        """Store the record of a run."""
        self._store.create(DERIVED, str(record.name), record.to_bytes(), {})
