"""The folder of a local archive: `files` has the archive itself, `blobs` that which Azurite keeps."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.lock import locked
from shared.archive.folder_blob_store import with_long_paths

FILES, OF_AZURITE = "files", "blobs"
_LOCK, _DELETED = "in-use.lock", ".deleted"


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
    with in_use(folder):
        for entry in sorted(with_long_paths(folder).iterdir(), key=lambda entry: entry.suffix != _DELETED):
            if entry.is_dir():  # gone at once, so that nobody opens half of it when this is broken off
                gone = entry if entry.suffix == _DELETED else entry.rename(f"{entry}{_DELETED}")
                shutil.rmtree(gone)
            elif entry.name != _LOCK:
                entry.unlink()
