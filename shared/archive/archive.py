"""The archive: all that is stored, by kind."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING

from shared.archive.blob_store import BlobStore
from shared.archive.markers import Markers
from shared.archive.run_log import RunLog
from shared.archive.snapshots import SnapshotArchive
from shared.archive.upload import BLOCK

if TYPE_CHECKING:
    from shared.archive.series import SeriesArchive


class Archive:
    """All that is kept in a store; each part raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore, personal: Iterable[str], *, block: int = BLOCK) -> None:
        """`personal` names the reports with personal data; `block` is the size of staged blocks in bytes."""
        self.store = store
        self.snapshots = SnapshotArchive(store, personal, block)
        self.runs = RunLog(store)
        self.markers = Markers(store)

    @functools.cached_property
    def series(self) -> SeriesArchive:
        """The merged histories."""
        from shared.archive.series import SeriesArchive  # the newest snapshot, which most ask for, does not need it

        return SeriesArchive(self.store, self.snapshots)
