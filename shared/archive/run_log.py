"""The records of runs in the archive."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from shared.archive.blob_store import BlobStore
from shared.archive.layout import DERIVED, RUNS, RunRecordName, run_prefix
from shared.archive.run_record import UNREADABLE, RunRecord
from shared.domain.dates import month_before
from shared.domain.errors import ArchiveUnavailable


class RunLog:
    """The records of runs. Every method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def newest(self, today: date) -> RunRecord | None:
        """Return the newest readable record of a run of this month or the one before, or None."""
        for month in (today, month_before(today)):
            for blob in reversed([*self._store.list(DERIVED, run_prefix(f"{month:%Y-%m}"))]):
                stored = self._store.get(DERIVED, blob.name)
                if not stored:  # a run must not forget all that earlier ones knew
                    raise ArchiveUnavailable(f"Blob storage lists {blob.name} and does not have it.")
                with suppress(*UNREADABLE):  # a damaged one must not stop the pulling
                    return RunRecord.from_json(stored.content)
        return None

    def is_new(self) -> bool:
        """Whether no run ever came to its end."""
        return not any(self._store.list_folders(DERIVED, RUNS))

    def keep(self, record: RunRecord) -> None:
        """Store the record of a run."""
        name = RunRecordName(f"{record.started:%Y-%m}", record.id)
        self._store.create(DERIVED, str(name), record.to_json(), {})
