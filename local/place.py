"""Where an archive lies that a command works on: in a folder, or in Azure."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from azure.core.exceptions import ClientAuthenticationError

from local import blob_stores
from local.environment import environment, identity
from local.folder import FILES, OF_AZURITE
from local.stack import Stack
from shared.archive.blob_store import BlobStore
from shared.archive.folder_blob_store import FolderBlobStore
from shared.settings import read

_STORAGE = "https://storage.azure.com/.default"
Opener = Callable[[], BlobStore]
"""What opens the archive, in any process."""


def opened(options: argparse.Namespace) -> AbstractContextManager[Opener]:
    """Give what opens the archive that these options name. Raise ChildError, UsageArchiveError, OSError."""
    url: str | None = options.url
    place = _in_folder(options.archive.resolve(), options.azurite) if url is None else _in_azure(url)
    return _part_of(place, options.tenant) if options.tenant else place


@contextmanager
def _part_of(place: AbstractContextManager[Opener], tenant: str) -> Iterator[Opener]:
    with place as archive:
        yield partial(blob_stores.of_tenant, archive, tenant)


@contextmanager
def _in_folder(folder: Path, azurite: bool) -> Iterator[Opener]:
    if not (folder / (OF_AZURITE if azurite else FILES)).is_dir():
        other = not azurite and (folder / OF_AZURITE).is_dir()
        raise FileNotFoundError(f"there is no archive in {folder}" + " but that of --azurite" * other)
    if not azurite:
        yield partial(FolderBlobStore, folder / FILES)
        return
    with Stack(folder, users=1) as stack, environment(identity(stack.settings)):
        yield partial(blob_stores.of_app, stack.settings)


@contextmanager
def _in_azure(url: str) -> Iterator[Opener]:
    """Read as whoever is signed in here."""
    read({**os.environ, "ARCHIVE_URL": url})
    with blob_stores.signed_in() as credential:
        try:
            credential.get_token(_STORAGE)
        except ClientAuthenticationError:
            raise PermissionError("nobody is signed in to Azure here: run az login") from None
    yield partial(blob_stores.in_azure, url)
