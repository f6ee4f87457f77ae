"""`python -m bench.lone_tables FOLDER NOW...`: the ends of runs, in a process of its own, which make missing tables.

The archive is one of plain files. Prints one JSON line: how many tables there are then, their rows, and the highest
memory in MB (2**20 bytes).
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

from bench.lone_pull import peak
from shared.archive.archive import Archive
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import PERSONAL_DERIVED, REPORTS
from shared.domain.catalogue import catalogue
from shared.pulling.table_keeping import TableKeeping


def main() -> None:
    """Make them."""
    store = FolderBlobStore(Path(sys.argv[1]))
    archive = Archive(store, catalogue())
    for now in map(datetime.fromisoformat, sys.argv[2:]):
        _end(archive, now)
    rows = [int(blob.metadata["rows"]) for blob in store.list(PERSONAL_DERIVED, REPORTS)]
    print(json.dumps({"tables": len(rows), "rows": sum(rows), "peak": round(peak(), 1)}), flush=True)


def _end(archive: Archive, now: datetime) -> None:
    TableKeeping(archive, catalogue(), lambda: now).keep(archive.coverage.read(None), now + timedelta(hours=5))


if __name__ == "__main__":
    main()
