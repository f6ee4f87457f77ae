"""Archives that cannot be read; in a module of its own, as another process imports it."""

from typing import Any

from azure.core.credentials import AccessToken

from local.obstore_blob_store import ObstoreBlobStore
from shared.archive.blob_requests import StorageTimeouts
from shared.archive.blob_store import BlobStore
from shared.domain.errors import ArchiveUnavailable


class _Credential:
    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken("token", 4102444800)


def opened() -> BlobStore:
    raise ArchiveUnavailable("Nobody answers.")


def of_nobody() -> BlobStore:
    return ObstoreBlobStore("https://127.0.0.1:1", _Credential(), timeouts=StorageTimeouts(backoff=0))
