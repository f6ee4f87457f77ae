"""The folder of a local archive: `files` has the archive itself, `blobs` that which Azurite keeps."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.lock import locked
from shared.archive.folder_blob_store import with_long_paths

FILES, OF_AZURITE = "files", "blobs"
_LOCK = "in-use.lock"


@contextmanager
def files(folder: Path) -> Iterator[dict[str, str]]:
    """Give the app settings that name the archive of plain files in `folder`, which nobody else serves meanwhile."""
    with in_use(folder):
        yield {"ARCHIVE_URL": (folder.resolve() / FILES).as_uri()}


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Let nobody else serve or clear the folder, which is made if it is missing. Raises LockedError if one does."""
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / _LOCK, seconds=0):
        yield


def clear(folder: Path) -> None:
    """Delete the blobs that are kept in `folder`, and what else is there. Raises LockedError while they are in use."""
    if folder.exists():
        with in_use(folder):
            for entry in with_long_paths(folder).iterdir():
                if entry.is_dir():
                    shutil.rmtree(entry)
                elif entry.name != _LOCK:
                    entry.unlink()
