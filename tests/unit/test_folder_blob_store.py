"""A folder as storage: what is in it, whatever stops half-way, and whoever else looks into it."""

import io
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import duckdb
import pytest

from shared.archive.folder_blob_store import FolderBlobStore, extended, patiently
from shared.archive.layout import DERIVED, USAGE
from shared.domain.errors import ArchiveUnavailable
from shared.report.compression import compress

NAME = "report=getX/period=D7/refresh_date=2026-11-18/revision=1/getX_D7_2026-11-18_r1.csv.gz"
OLD, NEW = (b"old", {"of": "old"}), (b"new bytes", {"of": "new"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "an archive"


@pytest.fixture
def store(folder: Path) -> FolderBlobStore:
    return FolderBlobStore(folder)


def kept(store: FolderBlobStore, container: str = USAGE) -> tuple[bytes, dict[str, str]] | None:
    stored = store.get(container, NAME)
    return (stored.content, dict(stored.metadata)) if stored else None


@pytest.mark.parametrize(
    ("path", "long"),
    [
        (r"C:\Users\ann\archive", r"\\?\C:\Users\ann\archive"),
        (r"\\server\share\archive", r"\\?\UNC\server\share\archive"),
        (r"\\?\C:\archive", r"\\?\C:\archive"),
    ],
    ids=["a drive", "a share", "already so"],
)
def test_a_folder_of_windows_takes_paths_of_more_than_260_characters(path: str, long: str) -> None:
    assert extended(path) == long


@pytest.mark.parametrize(("refusals", "pauses"), [(0, 0), (3, 3)], ids=["nobody reads", "somebody reads for a while"])
def test_what_windows_refuses_while_somebody_reads_is_tried_again(refusals: int, pauses: int) -> None:
    answers: Iterator[type[Exception] | None] = iter([PermissionError] * refusals + [None])
    paused: list[float] = []

    def action() -> None:
        if refusal := next(answers):
            raise refusal

    patiently(action, tries=5, pause=paused.append)
    assert len(paused) == pauses


def test_what_stays_refused_is_told() -> None:
    def action() -> None:
        raise PermissionError("read only")

    with pytest.raises(PermissionError):
        patiently(action, tries=5, pause=lambda seconds: None)


def test_a_blob_is_a_file_under_its_own_name(store: FolderBlobStore, folder: Path) -> None:
    store.create(USAGE, NAME, b"a body", {"rows": "1"})
    assert (folder / USAGE / NAME).read_bytes() == b"a body"
    assert [path.name for path in (folder / USAGE).rglob("*") if path.is_file()] == [NAME.rpartition("/")[2]]


def test_duckdb_opens_it_as_it_lies(store: FolderBlobStore, folder: Path) -> None:
    store.create(USAGE, NAME, compress(b"day,users\r\n2026-11-18,7\r\n"), {"rows": "1"})
    found = duckdb.sql(
        f"from read_csv('{folder}/usage/report=*/period=*/**/*.csv.gz', hive_partitioning = true) select report, users"
    )
    assert found.fetchall() == [("getX", 7)]


def test_it_is_for_its_owner_alone(store: FolderBlobStore, folder: Path) -> None:
    folder.mkdir(mode=0o755)  # as somebody made it beforehand
    store.create(USAGE, NAME, b"a body", {})
    store.stage(USAGE, NAME, io.BytesIO(b"a block"))
    modes = {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir()}
    assert modes == dict.fromkeys((USAGE, ".metadata", ".staged", ".lock"), 0)


def test_it_is_made_for_its_owner_alone(store: FolderBlobStore, folder: Path) -> None:
    store.create(USAGE, NAME, b"a body", {})
    assert folder.stat().st_mode & 0o777 == 0o700


def test_nothing_is_made_by_reading(store: FolderBlobStore, folder: Path) -> None:
    assert (store.get(USAGE, NAME), list(store.list(USAGE)), list(store.list_folders(USAGE))) == (None, [], [])
    assert not folder.exists()


def test_a_file_that_somebody_put_there_has_no_metadata(store: FolderBlobStore, folder: Path) -> None:
    (folder / USAGE / NAME).parent.mkdir(parents=True)
    (folder / USAGE / NAME).write_bytes(b"by hand")
    assert kept(store) == (b"by hand", {})
    assert [(blob.name, blob.metadata, blob.md5) for blob in store.list(USAGE)] == [(NAME, {}, None)]
    assert not store.create(USAGE, NAME, *NEW)


def test_a_file_whose_metadata_are_damaged_has_none(store: FolderBlobStore, folder: Path) -> None:
    store.create(USAGE, NAME, *OLD)
    (folder / ".metadata" / USAGE / f"{NAME}.json").write_bytes(b"\xff{")
    assert kept(store) == (b"old", {})


def test_no_name_leads_out_of_the_folder(store: FolderBlobStore, folder: Path) -> None:
    for name in ("../secret", "/secret", "a/../../secret"):
        with pytest.raises(ArchiveUnavailable):
            store.create(USAGE, name, b"", {})
        with pytest.raises(ArchiveUnavailable):
            store.get(USAGE, name)


def test_a_folder_that_cannot_be_one_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveUnavailable, match="Not a directory"):
        FolderBlobStore(tmp_path / "file" / "folder").create(USAGE, NAME, b"", {})


def test_a_block_that_nobody_commits_is_gone_after_a_week(store: FolderBlobStore, folder: Path) -> None:
    block = store.stage(USAGE, NAME, io.BytesIO(b"a block"))
    file = folder / ".staged" / block
    week_ago = file.stat().st_mtime - 7 * 86400 - 60
    os.utime(file, (week_ago, week_ago))
    store.stage(USAGE, NAME, io.BytesIO(b"another"))
    assert not store.commit(USAGE, NAME, [block], {})


def test_a_url_names_the_folder(tmp_path: Path) -> None:
    FolderBlobStore.at(f"file://{tmp_path}/with%20a%20space").create(USAGE, NAME, b"a body", {})
    assert (tmp_path / "with a space" / USAGE / NAME).exists()


# -- a process that dies -----------------------------------------------------------------------------------------------

STEPS = ("open", "os.rename", "os.mkdir", "os.remove")
"""What a write consists of, as the interpreter tells its audit hooks."""


def dying(act: Callable[[], object], at: int) -> bool:
    """Let a process do something, and be killed before its `at`-th step that changes a file; return whether it was."""

    def live() -> None:
        steps = iter(range(at))

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            if event in STEPS and "archive" in str(arguments[0]) and next(steps, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        act()

    process = multiprocessing.get_context("fork").Process(target=live)
    process.start()
    process.join(30)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def created(store: FolderBlobStore) -> None:
    store.create(USAGE, NAME, *NEW)


def committed(store: FolderBlobStore) -> None:
    content, metadata = NEW
    store.commit(USAGE, NAME, [store.stage(USAGE, NAME, io.BytesIO(content))], metadata)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize("write", [created, committed])
def test_wherever_a_writer_is_killed_there_is_a_whole_blob_or_none(
    tmp_path: Path, write: Callable[[FolderBlobStore], None]
) -> None:
    ends = []
    for at in range(1, 60):
        store = FolderBlobStore(tmp_path / f"archive {at}")
        is_killed = dying(partial(write, store), at)
        ends.append(kept(store))
        assert [(blob.name, dict(blob.metadata)) for blob in store.list(USAGE)] == (
            [(NAME, NEW[1])] if ends[-1] else []
        )
        assert store.create(USAGE, NAME, *OLD) is (ends[-1] is None)
        if not is_killed:
            break
    assert not is_killed
    assert ends[0] is None
    assert set(map(str, ends)) == {"None", str(NEW)}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_wherever_a_writer_is_killed_that_replaces_a_blob_it_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    ends = []
    for at in range(1, 60):
        store = FolderBlobStore(tmp_path / f"archive {at}")
        store.create(DERIVED, NAME, *OLD)
        before = store.get(DERIVED, NAME)
        assert before
        is_killed = dying(partial(store.replace_if, DERIVED, NAME, *NEW, before.etag), at)
        ends.append(kept(store, DERIVED))
        after = store.get(DERIVED, NAME)
        assert after
        assert (after.etag == before.etag) is (ends[-1] == OLD)
        assert store.replace_if(DERIVED, NAME, b"next", {}, after.etag)
        assert kept(store, DERIVED) == (b"next", {})
        if not is_killed:
            break
    assert not is_killed
    assert (ends[0], ends[-1]) == (OLD, NEW)
    assert all(end in (OLD, NEW) for end in ends)


# -- two processes -----------------------------------------------------------------------------------------------------

TIMES = 60


def count(folder: Path) -> None:
    """Add one to a number, so often, whoever else does."""
    store = FolderBlobStore(folder)
    for _ in range(TIMES):
        while True:
            stored = store.get(DERIVED, NAME)
            number = int(stored.content) + 1 if stored else 1
            assert not stored or stored.metadata == {"number": f"{number - 1}"}
            if store.replace_if(DERIVED, NAME, b"%d" % number, {"number": f"{number}"}, stored and stored.etag):
                break


def test_no_write_of_two_processes_is_lost_and_no_reader_sees_a_half(folder: Path) -> None:
    processes = [multiprocessing.get_context("spawn").Process(target=count, args=(folder,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert kept(FolderBlobStore(folder), DERIVED) == (b"%d" % (2 * TIMES), {"number": f"{2 * TIMES}"})
