"""Azurite comes up as the archive's storage, takes tokens, and keeps what it is given."""

from __future__ import annotations

import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import BlobServiceClient

from local.child import ChildError
from local.lock import LockedError
from local.storage import Storage


class Identity:
    """A credential that Azurite takes: it looks at the claims and not at the signature."""

    def __init__(self, audience: str = "https://storage.azure.com") -> None:
        self._audience = audience

    def get_token(self, *_: str, **__: object) -> AccessToken:
        now = int(time.time())
        claims = {"aud": self._audience, "iss": "https://sts.windows.net/x/", "iat": now, "nbf": now, "exp": now + 3600}
        return AccessToken(jwt.encode(claims, "a secret that nobody looks at, long enough"), now + 3600)


def service(storage: Storage, identity: Identity | None = None) -> BlobServiceClient:
    return BlobServiceClient(
        storage.urls["blob"], identity or Identity(), connection_verify=str(storage.ca_file), retry_total=0
    )


def test_what_is_stored_in_a_folder_is_there_the_next_time(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with spaces"
    with Storage(folder) as storage, service(storage) as blobs:
        blobs.create_container("usage").upload_blob("name", b"content")
    with Storage(folder) as storage, service(storage) as blobs:
        assert blobs.get_blob_client("usage", "name").download_blob().readall() == b"content"


def test_what_is_stored_in_memory_is_gone_afterwards() -> None:
    with Storage() as storage, service(storage) as blobs:
        blobs.create_container("usage")
        folder = storage.ca_file.parent
    assert not folder.exists()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Storage, Path]]:
    """Storage, and its folder."""
    folder = tmp_path_factory.mktemp("kept")
    with Storage(folder) as storage:
        yield storage, folder


def test_a_token_for_something_else_is_refused(kept: tuple[Storage, Path]) -> None:
    with (
        service(kept[0], Identity("https://graph.microsoft.com")) as blobs,
        pytest.raises(ClientAuthenticationError),
    ):
        list(blobs.list_containers())


def test_one_folder_serves_one_storage_at_a_time(kept: tuple[Storage, Path]) -> None:
    with pytest.raises(LockedError, match=kept[1].name), Storage(kept[1]):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no such file modes")
def test_nobody_else_can_read_the_private_key(kept: tuple[Storage, Path]) -> None:
    assert stat.S_IMODE((kept[1] / "key.pem").stat().st_mode) == 0o600


def test_storage_that_does_not_come_up_says_what_it_printed(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("not a folder", "utf-8")
    with pytest.raises(ChildError, match=r"Azurite ended with exit code 1.*\n(.*\n)*.*blobs"), Storage(tmp_path):
        pass


def test_a_listing_finds_the_names_that_begin_so_those_that_are_numbers_too(blobs: BlobServiceClient) -> None:
    names = ["1e5", "5", "5/a", "57", "6", "report=", "report=a", "report=a/b", "report=a/b+(c)d", "report=b", "s"]
    container = blobs.create_container("names")
    for name in names:
        container.upload_blob(name, b"")
    for start in ("", "5", "5/", "1e", "report=", "report=a/", "report=a/b+(c)", "x"):
        found = list(container.list_blob_names(name_starts_with=start))
        assert found == [name for name in names if name.startswith(start)]
    container.delete_container()
