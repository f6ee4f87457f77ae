"""Blob storage: snapshots are written once, and found again at a cost that does not grow."""

import errno
import hashlib
import random
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import IO

import pytest
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.archive.archive import Archive
from shared.archive.azure_blob_store import AzureBlobStore
from shared.archive.blob_requests import StorageTimeouts
from shared.archive.layout import USAGE
from shared.archive.snapshot import Snapshot, SnapshotMetadata, read_snapshot
from shared.archive.upload import IN_MEMORY, SnapshotUpload
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable, PullError
from shared.domain.outcome import Outcome
from shared.settings import read
from tests.conftest import MORNING

CALL = Call("getOffice365ServicesUserCounts", period="D7")
DAY = date(2026, 11, 18)
BLOCK = 2 * IN_MEMORY
NOISE = random.Random(1).randbytes(BLOCK + IN_MEMORY)
"""Too large for one block, as it cannot be compressed."""

Keep = Callable[..., tuple[Outcome, Snapshot]]


@pytest.fixture
def archive(make_app: Callable[..., App], stack: Stack) -> Archive:
    """Empty, and with small blocks."""
    settings = read(stack.settings)
    store = AzureBlobStore(settings.archive_url, ManagedIdentityCredential(), settings.archive_ca)
    return Archive(store, catalogue(), block=BLOCK)


@pytest.fixture
def written(archive: Archive) -> Iterator[Callable[..., SnapshotUpload]]:
    """Writes a body into a upload."""
    with ExitStack() as drafts:

        def written(body: bytes, call: Call = CALL, day: date = DAY) -> SnapshotUpload:
            upload = drafts.enter_context(archive.snapshots.upload(call))
            for start in range(0, len(body), 1 << 20):
                upload.write(body[start : start + (1 << 20)], day)
            return upload

        yield written


@pytest.fixture
def keep(written: Callable[..., SnapshotUpload], control: Control) -> Keep:
    """Writes a body and commits it."""

    def keep(
        body: bytes, day: date = DAY, call: Call = CALL, upload: SnapshotUpload | None = None
    ) -> tuple[Outcome, Snapshot]:
        origin = SnapshotMetadata(hashlib.sha256(body).hexdigest(), len(body), 1, control.now(), '"tag"', "id")
        return (upload or written(body, call, day)).commit(day, origin)

    return keep


@pytest.mark.parametrize("body", [b"small", NOISE], ids=["one block", "several blocks"])
def test_what_was_written_is_read_back(archive: Archive, keep: Keep, body: bytes) -> None:
    outcome, snapshot = keep(body)
    assert (outcome, snapshot.revision) == (Outcome.PUBLISHED, 1)
    assert archive.snapshots.revisions(CALL, DAY) == [snapshot]
    assert archive.snapshots.content(snapshot) == body


@pytest.mark.parametrize("body", [b"small", NOISE], ids=["one block", "several blocks"])
def test_the_same_body_again_makes_no_second_revision(archive: Archive, keep: Keep, body: bytes) -> None:
    _, snapshot = keep(body)
    assert keep(body) == (Outcome.UNCHANGED, snapshot)
    assert archive.snapshots.revisions(CALL, DAY) == [snapshot]


def test_another_body_is_the_next_revision_and_the_first_stays(archive: Archive, keep: Keep) -> None:
    keep(b"first")
    assert keep(b"second")[0] is Outcome.REVISED
    assert [archive.snapshots.content(each) for each in archive.snapshots.revisions(CALL, DAY)] == [b"first", b"second"]


def test_a_draft_that_is_not_committed_cannot_be_seen(archive: Archive, written: Callable[..., SnapshotUpload]) -> None:
    written(NOISE)
    assert archive.snapshots.newest(CALL, DAY) is None


@pytest.mark.parametrize(
    ("body", "content"),
    [(b"small", b"small"), (NOISE[: IN_MEMORY + 1], None), (NOISE, None)],
    ids=["small", "in a temporary file", "in blocks"],
)
def test_a_body_is_at_hand_after_its_commit_only_if_it_was_kept_in_memory(
    keep: Keep, written: Callable[..., SnapshotUpload], body: bytes, content: bytes | None
) -> None:
    upload = written(body)
    keep(body, upload=upload)
    assert upload.content() == content


def test_another_writer_with_the_same_body_does_no_harm(
    archive: Archive, keep: Keep, written: Callable[..., SnapshotUpload]
) -> None:
    late = written(NOISE)
    _, snapshot = keep(NOISE)
    assert keep(NOISE, upload=late) == (Outcome.UNCHANGED, snapshot)


def test_another_writer_with_another_small_body_makes_ours_the_next_revision(
    archive: Archive, keep: Keep, written: Callable[..., SnapshotUpload]
) -> None:
    late = written(b"late")
    keep(b"early")
    assert keep(b"late", upload=late)[1].revision == 2


def test_another_writer_with_another_large_body_defers_ours(
    archive: Archive, keep: Keep, written: Callable[..., SnapshotUpload]
) -> None:
    late = written(NOISE)
    keep(b"early")
    with pytest.raises(PullError) as caught:
        keep(NOISE, upload=late)
    assert caught.value.reason == "conflict"
    assert [archive.snapshots.content(each) for each in archive.snapshots.revisions(CALL, DAY)] == [b"early"]


@pytest.mark.parametrize("body", [b"small", NOISE], ids=["one block", "several blocks"])
@pytest.mark.parametrize("day", [DAY, None], ids=["with a date", "without"])
def test_a_body_that_is_not_published_is_kept_whole_and_once(
    archive: Archive, written: Callable[..., SnapshotUpload], blobs: BlobServiceClient, body: bytes, day: date | None
) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)

    def kept() -> str:
        upload = written(body[:100], day=day)
        upload.reject()
        upload.write(body[100:], None)
        return upload.quarantine(hashlib.sha256(body).hexdigest(), "not_csv", now)

    name = kept()
    assert kept() == name
    assert ("/large/" in name) == (len(body) > BLOCK)
    (blob,) = blobs.get_container_client("usage-quarantine").list_blobs()
    assert blob.name == name
    assert zlib.decompress(blobs.get_blob_client("usage-quarantine", name).download_blob().readall(), wbits=31) == body
    assert archive.snapshots.newest(CALL, DAY) is None


def test_without_room_for_a_temporary_file_the_pull_is_deferred(archive: Archive) -> None:
    def full() -> IO[bytes]:
        raise OSError(errno.ENOSPC, "No space left on device")

    upload = SnapshotUpload(archive.store, USAGE, CALL, archive.snapshots.numbered, BLOCK, temporary_file=full)
    with pytest.raises(PullError) as caught, upload:
        upload.write(NOISE, DAY)
    assert caught.value.reason == "disk_full"


def test_the_newest_has_the_highest_refresh_date_and_of_that_the_highest_revision(archive: Archive, keep: Keep) -> None:
    for number in range(11):
        keep(b"%d" % number)
    keep(b"older", DAY - timedelta(days=1))
    newest = archive.snapshots.newest(CALL, DAY + timedelta(days=2))
    assert newest is not None
    assert (newest.refresh_date, newest.revision) == (DAY, 11)


@pytest.mark.parametrize("days_later", [0, 4, 13, 20, 60, 800])
def test_the_newest_is_found_however_old_it_is(archive: Archive, keep: Keep, days_later: int) -> None:
    _, snapshot = keep(b"body")
    assert archive.snapshots.newest(CALL, DAY + timedelta(days=days_later)) == snapshot


def test_refresh_dates_are_those_of_that_very_call(archive: Archive, keep: Keep) -> None:
    for days in (0, 1, 40):
        keep(b"body", DAY - timedelta(days=days))
    keep(b"body", date(2026, 1, 1), Call(CALL.report, period="D30"))
    assert archive.snapshots.refresh_dates(CALL) == [DAY - timedelta(days=days) for days in (40, 1, 0)]
    assert archive.snapshots.refresh_dates(CALL, "2026-10") == [DAY - timedelta(days=40)]


def test_an_archive_without_containers_is_empty(archive: Archive) -> None:
    assert archive.snapshots.newest(CALL, DAY) is None
    assert archive.snapshots.refresh_dates(CALL) == []
    assert archive.runs.newest(MORNING) is None


def test_blobs_with_names_that_are_not_ours_are_passed_over(
    archive: Archive, keep: Keep, blobs: BlobServiceClient
) -> None:
    _, snapshot = keep(b"body")
    folder = snapshot.blob.rpartition("/")[0]
    for name in (f"{folder}/_SUCCESS", f"{folder}/other.csv.gz", f"{folder}0/{snapshot.file_name}.gz"):
        blobs.get_blob_client("usage", name).upload_blob(b"")
    assert archive.snapshots.revisions(CALL, DAY) == [snapshot]


@pytest.mark.parametrize("period", ["D7", "ALL"])
def test_a_name_tells_its_snapshot(keep: Keep, period: str) -> None:
    _, snapshot = keep(b"body", call=Call("getMicrosoft365CopilotUserCountTrend", period=period, version="v2"))
    assert f"period={period}-v2/" in snapshot.blob
    assert read_snapshot(snapshot.call, snapshot.blob, snapshot.metadata.to_metadata()) == snapshot


def test_a_blob_service_that_is_not_there_is_said_to_be_unavailable(make_app: Callable[..., App]) -> None:
    nowhere = "https://127.0.0.1:1/devstoreaccount1"
    store = AzureBlobStore(nowhere, ManagedIdentityCredential(), timeouts=StorageTimeouts(backoff=0))
    archive = Archive(store, catalogue())
    with pytest.raises(ArchiveUnavailable):
        archive.snapshots.newest(CALL, DAY)
