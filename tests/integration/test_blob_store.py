"""What every place for blobs promises: one contract, tried on Azure's storage (Azurite, by either way to
read it), a folder and memory, and on the part of it that is one tenant's."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local import blob_stores
from local.in_memory import InMemoryBlobStore
from local.stack import Stack
from local.storage import empty
from shared.archive.azure_blob_store import AzureBlobStore
from shared.archive.blob_requests import StorageTimeouts
from shared.archive.blob_store import BlobStore, StoredBlob
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import DERIVED, USAGE
from shared.archive.tenant_blob_store import TenantBlobStore
from shared.domain.errors import ArchiveUnavailable
from shared.identity import ManagedIdentity

NAME = "report=getX/period=D7/refresh_date=2026-11-18/revision=1/getX_D7_2026-11-18_r1.csv.gz"
METADATA = {"sha256": "00", "columns": "Report Refresh Date,%C3%9Cbung"}


@pytest.fixture(params=["azure", "obstore", "folder", "memory", "tenant"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], BlobStore]:
    """Makes views of one empty place, as several processes have them."""
    if request.param == "folder":
        return lambda: FolderBlobStore(tmp_path / "a folder")
    if request.param == "memory":
        place = InMemoryBlobStore()
        return lambda: InMemoryBlobStore(same_as=place)
    if request.param == "tenant":
        whole = InMemoryBlobStore()
        TenantBlobStore(whole, "0b0b0b0b-1111-2222-3333-444444444444").create(USAGE, NAME, b"another tenant's", {})
        return lambda: TenantBlobStore(whole, "0a0a0a0a-1111-2222-3333-444444444444")
    settings = request.getfixturevalue("stack").settings
    empty(request.getfixturevalue("blobs"))
    if request.param == "obstore":
        return lambda: blob_stores.of_app(settings)
    return lambda: AzureBlobStore(settings["ARCHIVE_URL"], ManagedIdentity(), settings["ARCHIVE_CA"])


@pytest.fixture
def store(make_store: Callable[[], BlobStore]) -> BlobStore:
    return make_store()


def contents(stored: StoredBlob | None) -> tuple[bytes, dict[str, str]] | None:
    return (stored.content, dict(stored.metadata)) if stored else None


def staged(store: BlobStore, *parts: bytes) -> list[str]:
    return [store.stage(USAGE, NAME, io.BytesIO(part)) for part in parts]


def test_a_place_that_was_never_written_to_is_empty(store: BlobStore) -> None:
    assert list(store.list(USAGE)) == []
    assert list(store.list_folders(USAGE)) == []
    assert store.get(USAGE, NAME) is None
    store.delete(USAGE, NAME)


@pytest.mark.parametrize("content", [b"", b"a body", bytes(range(256)) * 64], ids=["empty", "short", "bytes"])
def test_what_was_created_is_read_back_by_another(make_store: Callable[[], BlobStore], content: bytes) -> None:
    assert make_store().create(USAGE, NAME, content, METADATA)
    assert contents(make_store().get(USAGE, NAME)) == (content, METADATA)


def test_a_blob_is_created_once(store: BlobStore) -> None:
    assert store.create(USAGE, NAME, b"first", METADATA)
    assert not store.create(USAGE, NAME, b"second", {})
    assert contents(store.get(USAGE, NAME)) == (b"first", METADATA)


@pytest.mark.parametrize(("start", "length", "part"), [(0, 3, b"abc"), (2, None, b"cdef"), (4, 9, b"ef"), (6, 1, b"")])
def test_a_part_of_a_blob(store: BlobStore, start: int, length: int | None, part: bytes) -> None:
    store.create(USAGE, NAME, b"abcdef", METADATA)
    assert contents(store.get(USAGE, NAME, start, length)) == (part, METADATA)


def test_of_an_empty_blob_every_part_is_empty(store: BlobStore) -> None:
    store.create(USAGE, NAME, b"", METADATA)
    assert contents(store.get(USAGE, NAME, 0, 1)) == (b"", METADATA)


def test_a_blob_is_replaced_only_if_it_is_still_the_same(store: BlobStore) -> None:
    assert store.replace_if(DERIVED, "series", b"1", {}, None)
    assert not store.replace_if(DERIVED, "series", b"2", {}, None)
    first = store.get(DERIVED, "series")
    assert first
    assert store.replace_if(DERIVED, "series", b"2", {"n": "2"}, first.etag)
    assert not store.replace_if(DERIVED, "series", b"3", {}, first.etag)
    assert not store.replace_if(DERIVED, "another", b"3", {}, first.etag)
    assert contents(store.get(DERIVED, "series")) == (b"2", {"n": "2"})


def test_a_blob_of_blocks_is_there_when_it_is_committed_and_not_before(store: BlobStore) -> None:
    blocks = staged(store, b"one ", b"two")
    assert store.get(USAGE, NAME) is None
    assert list(store.list(USAGE)) == []
    assert store.commit(USAGE, NAME, blocks, METADATA)
    assert contents(store.get(USAGE, NAME)) == (b"one two", METADATA)


def test_of_two_commits_the_first_wins(make_store: Callable[[], BlobStore]) -> None:
    ours, theirs = make_store(), make_store()
    our_blocks, their_blocks = staged(ours, b"ours"), staged(theirs, b"theirs")
    assert theirs.commit(USAGE, NAME, their_blocks, METADATA)
    assert not ours.commit(USAGE, NAME, our_blocks, {})
    assert contents(ours.get(USAGE, NAME)) == (b"theirs", METADATA)


def test_a_commit_of_blocks_that_are_gone_makes_no_blob(store: BlobStore) -> None:
    (block,) = staged(store, b"one")
    assert store.commit(USAGE, NAME, [block], METADATA)
    store.delete(USAGE, NAME)
    assert not store.commit(USAGE, NAME, [block], METADATA)
    assert store.get(USAGE, NAME) is None


def test_of_many_who_create_a_blob_at_once_one_does(make_store: Callable[[], BlobStore]) -> None:
    stores = [make_store() for _ in range(8)]
    bodies = [f"{number}".encode() * 5000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        written = list(
            pool.map(lambda store, body: store.create(USAGE, NAME, body, {"n": f"{body[0]:c}"}), stores, bodies)
        )
    assert written.count(True) == 1
    body = bodies[written.index(True)]
    assert contents(stores[0].get(USAGE, NAME)) == (body, {"n": f"{body[0]:c}"})


def test_a_name_that_begins_as_another_ends_is_neither_its_blob_nor_its_folder(store: BlobStore) -> None:
    store.create(USAGE, "a/b/c", b"", {})
    assert [store.get(USAGE, name) for name in ("a", "a/b", "a/b/c/d")] == [None, None, None]
    assert [blob.name for blob in store.list(USAGE, "a/b/c")] == ["a/b/c"]
    assert list(store.list(USAGE, "a/b/c/")) == []


def test_folders_of_which_all_was_deleted_are_gone(store: BlobStore) -> None:
    store.create(USAGE, "a/b/c", b"", {})
    store.delete(USAGE, "a/b/c")
    assert list(store.list_folders(USAGE)) == []
    assert list(store.list_folders(USAGE, "a/")) == []


def test_a_listing_is_by_name_and_has_the_metadata(store: BlobStore) -> None:
    for name in ("b/2", "a/10", "b/1", "a/9", "c", "a-b"):
        store.create(USAGE, name, b"", {"name": name.replace("/", "_")})
    assert [blob.name for blob in store.list(USAGE)] == ["a-b", "a/10", "a/9", "b/1", "b/2", "c"]
    assert [(blob.name, dict(blob.metadata)) for blob in store.list(USAGE, "b/")] == [
        ("b/1", {"name": "b_1"}),
        ("b/2", {"name": "b_2"}),
    ]
    assert list(store.list(DERIVED)) == []


def test_folders_are_told_without_what_is_in_them(store: BlobStore) -> None:
    for name in ("a/d=1/x", "a/d=1/y", "a/d=2/x", "b/d=3/x"):
        store.create(USAGE, name, b"", {})
    assert list(store.list_folders(USAGE, "a/d=")) == ["a/d=1/", "a/d=2/"]
    assert list(store.list_folders(USAGE)) == ["a/", "b/"]


def test_names_are_told_up_to_another_mark(store: BlobStore) -> None:
    for name in ("a/d=1/x.gz", "a/d=1/y", "a/d=2/x.gz", "a/d=2/x.gz.bak"):
        store.create(USAGE, name, b"", {})
    assert sorted(store.list_folders(USAGE, "a/d=", ".")) == ["a/d=1/x.", "a/d=1/y", "a/d=2/x."]


def test_what_was_written_in_one_piece_has_an_md5(store: BlobStore) -> None:
    store.create(USAGE, NAME, b"a body", {})
    (blob,) = store.list(USAGE)
    assert blob.md5 == bytes.fromhex("75fd989981509958777cdfcdc66e21b5")


@pytest.mark.parametrize("with_versions", [True, False])
def test_a_blob_that_was_deleted_is_gone_and_can_be_created_again(store: BlobStore, with_versions: bool) -> None:
    store.create(USAGE, NAME, b"first", METADATA)
    store.create(USAGE, NAME + ".bak", b"another", {})
    store.delete(USAGE, NAME, with_versions=with_versions)
    assert store.get(USAGE, NAME) is None
    assert [blob.name for blob in store.list(USAGE)] == [NAME + ".bak"]
    assert store.create(USAGE, NAME, b"second", {})


def test_all_who_use_a_place_have_one_time(make_store: Callable[[], BlobStore]) -> None:
    times = [make_store().now(), datetime.now(UTC), make_store().now()]
    assert all(time.utcoffset() == timedelta(0) for time in times)
    assert max(times) - min(times) < timedelta(seconds=30)


def test_storage_that_is_not_there_is_unavailable(stack: Stack) -> None:
    store = AzureBlobStore("https://127.0.0.1:1/x", ManagedIdentity(), timeouts=StorageTimeouts(backoff=0))
    for operation in (
        lambda: list(store.list(USAGE)),
        lambda: store.get(USAGE, NAME),
        lambda: store.create(USAGE, NAME, b"", {}),
        lambda: store.delete(USAGE, NAME),
        store.now,
    ):
        with pytest.raises(ArchiveUnavailable):
            operation()
