"""The archive: all that is stored, by kind."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from shared.archive.blob_store import BlobStore
from shared.archive.layout import Partition
from shared.archive.markers import Markers
from shared.archive.run_log import RunLog
from shared.archive.snapshots import SnapshotArchive
from shared.archive.upload import BLOCK
from shared.domain.call import calls_in
from shared.domain.catalogue import Catalogue

if TYPE_CHECKING:
    from shared.archive.coverage_archive import CoverageArchive
    from shared.archive.run_lease import RunLease
    from shared.archive.series import SeriesArchive
    from shared.archive.tables import TableArchive


class Archive:
    """All that is kept in a store; each part raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore, catalogue: Catalogue, *, block: int = BLOCK) -> None:
        """`catalogue` says which reports have personal data; `block` is the size of staged blocks in bytes."""
        self.store = store
        self._catalogue = catalogue
        self.snapshots = SnapshotArchive(store, catalogue.personal, block)
        self.runs = RunLog(store)
        self.markers = Markers(store)

    @functools.cached_property
    def series(self) -> SeriesArchive:
        """The merged histories."""
        from shared.archive.series import SeriesArchive  # the newest snapshot, which most ask for, does not need it

        return SeriesArchive(self.store, self.snapshots)

    @functools.cached_property
    def tables(self) -> TableArchive:
        """The tables of snapshots."""
        from shared.archive.tables import TableArchive  # likewise, and what writes Parquet is for runs

        return TableArchive(self.store, self.snapshots, self._catalogue)

    @functools.cached_property
    def coverage(self) -> CoverageArchive:
        """What there is, as one read tells it."""
        from shared.archive.coverage_archive import CoverageArchive  # likewise

        partitions = sorted(map(Partition.of, calls_in(self._catalogue)))
        return CoverageArchive(self.store, self.snapshots, self.markers, partitions)

    @functools.cached_property
    def lease(self) -> RunLease:
        """Whose turn it is to run."""
        from shared.archive.run_lease import RunLease  # likewise

        return RunLease(self.store)
