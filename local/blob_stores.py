"""The archives that `verify` reads, opened in any process: little is imported here, as each process imports it.

obstore is there where an archive in Azure is asked for, and not for who reads a folder.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping

from azure.identity import DefaultAzureCredential

from shared.archive.blob_store import BlobStore
from shared.archive.tenant_blob_store import TenantBlobStore
from shared.identity import ManagedIdentity
from shared.settings import read


def of_app(settings: Mapping[str, str]) -> BlobStore:
    """Open the archive of an app in this environment, with the patience of a run."""
    from local.obstore_blob_store import ObstoreBlobStore

    configured = read(settings)
    return ObstoreBlobStore(configured.archive_url, ManagedIdentity(), configured.archive_ca)


def in_azure(url: str) -> BlobStore:
    """Open an archive as whoever is signed in here."""
    from local.obstore_blob_store import ObstoreBlobStore

    configured = read({**os.environ, "ARCHIVE_URL": url})
    return ObstoreBlobStore(configured.archive_url, signed_in(), configured.archive_ca)


def of_tenant(archive: Callable[[], BlobStore], tenant: str) -> BlobStore:
    """Open the part of an archive that is a tenant's."""
    return TenantBlobStore(archive(), tenant)


def signed_in() -> DefaultAzureCredential:
    """Return the credential of whoever is signed in here, in any of the ways that the identity library knows."""
    # It would tell of each way that is not open, each time it is asked.
    logging.getLogger("azure").setLevel(logging.ERROR)
    return DefaultAzureCredential()
