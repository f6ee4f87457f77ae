"""`python3 -m local export`, from archives of reports that Microsoft changes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from local.environment import environment
from local.export import main
from local.folder import FILES
from local.lock import locked
from local.stack import Stack
from shared.app import App
from shared.archive.blob_store import BlobStore
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import CONTAINERS, DERIVED, PERSONAL_DERIVED, TABLES, USAGE
from shared.report import compression
from shared.report.csv_records import to_csv
from shared.report.typed_columns import write_as_csv
from shared.report.typed_table import Part, write
from tests.integration.consumers import changing
from tests.reliability.storage_proxy import FaultyStorage
from tests.roles import READER, Assignment, Principal
from tests.serving import DETAIL, SERVICES

ROOT = Path(__file__).parents[3]
Said = tuple[int, str, str]


class Taker:
    """Somebody who takes an archive home."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.archive = folder / "archive"
        self.home = folder / "home"
        self.store = FolderBlobStore(self.archive / FILES)
        self._capture = capture
        changing.write(self.archive / FILES)

    def take(self, *options: str) -> Said:
        """The exit status of the command, and what it says."""
        status = main([str(self.home), "--archive", str(self.archive), *options])
        out, err = self._capture.readouterr()
        return status, out, err

    def taken(self, suffix: str = "parquet") -> dict[str, bytes]:
        """What lies in the folder under names of its own."""
        return {file.relative_to(self.home).as_posix(): file.read_bytes() for file in self.home.rglob(f"*.{suffix}")}


def tables(store: BlobStore, container: str) -> dict[str, bytes]:
    """The tables of an archive."""
    names = (blob.name for blob in store.list(container) if blob.name.endswith(".parquet"))
    return {name: stored.content for name in names if (stored := store.get(container, name))}


def change(store: BlobStore, container: str, name: str, content: bytes, metadata: dict[str, str]) -> None:
    """Write a blob over another."""
    stored = store.get(container, name)
    assert store.replace_if(container, name, content, metadata, stored and stored.etag)


@pytest.fixture
def taker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Taker:
    return Taker(tmp_path, capsys)


def test_tables_come_home_byte_for_byte_and_those_of_people_only_if_asked_for(taker: Taker) -> None:
    ours, of_people = tables(taker.store, DERIVED), tables(taker.store, PERSONAL_DERIVED)
    status, out, err = taker.take()
    assert (status, err) == (0, "")
    assert f"Tables of 3 months of calls: {len(ours)} fetched" in out
    assert "--personal" in out
    assert taker.taken() == ours
    assert taker.take("--personal")[0] == 0
    assert taker.taken() == ours | of_people


def test_the_second_time_only_what_is_new_is_fetched_and_a_corrected_day_replaces_the_former(taker: Taker) -> None:
    taker.take()
    old = next(name for name in taker.taken() if "2026-11-14" in name)
    new = old.replace("g1-1", "g1-2")
    other = taker.store.get(DERIVED, next(name for name in taker.taken() if "2026-11-15" in name))
    assert other
    taker.store.create(DERIVED, new, other.content, other.metadata)
    taker.store.delete(DERIVED, old)
    (taker.home / Path(old).parent / "mine.parquet").write_bytes(b"mine")
    status, out, _ = taker.take()
    assert status == 0
    assert out.startswith(f"Tables of 3 months of calls: 1 fetched, {len(other.content):,} bytes; 5 were here.")
    assert taker.taken() == tables(taker.store, DERIVED) | {str(Path(old).parent / "mine.parquet"): b"mine"}


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_table_that_was_made_again_under_its_name_is_fetched_again(taker: Taker, suffix: str) -> None:
    """As when a person was erased from it."""
    taker.take("--format", suffix)
    names = [name for name in tables(taker.store, DERIVED) if "2026-11-14" in name or "2026-11-15" in name]
    before = taker.taken(suffix)
    other = taker.store.get(DERIVED, names[0])
    assert other
    change(taker.store, DERIVED, names[1], other.content, dict(other.metadata))
    status, out, _ = taker.take("--format", suffix)
    assert (status, ": 1 fetched" in out) == (0, True)
    one, again = (str(Path(name).with_suffix(f".{suffix}")) for name in names)
    assert taker.taken(suffix) == before | {again: before[one]}


def test_csv_says_the_same(taker: Taker) -> None:
    assert taker.take("--format", "csv", "--personal")[0] == 0
    rows = [row for text in taker.taken("csv").values() for row in csv.DictReader(text.decode().splitlines(True))]
    newest = sorted(
        (row["refresh_date"], row["Teams Active"] or None, row.get(changing.ADDED) or None)
        for row in rows
        if row["newest"] == "true" and "Teams Active" in row
    )
    assert newest == changing.NEWEST
    assert {row["revision"] for row in rows if row["refresh_date"] == "2026-11-17"} == {"9", "10"}
    assert 'D\nd, "Dora"' in {row.get("Display Name") for row in rows}


def test_a_table_without_a_row_has_its_header_as_csv_too() -> None:
    day, header = date(2026, 11, 18), ("Report Refresh Date", 'Teams, "all"')
    part = Part(day, 1, True, "", header, lambda: to_csv([header]))
    write_as_csv(write(SERVICES, [], [part]).content, file := io.BytesIO())
    assert [*csv.reader(file.getvalue().decode().splitlines())] == [
        ["refresh_date", "revision", "newest", *header, "_unfit", "snapshot_sha256"]
    ]


def test_only_what_is_asked_for_is_taken(taker: Taker) -> None:
    taker.take("--since", "2026-10-31")
    assert {name.split("month=")[1][:7] for name in taker.taken()} == {"2026-10", "2026-11"}
    taker.take("--personal", "--reports", f"{DETAIL}(period='D7')")
    assert {name for name in taker.taken() if DETAIL in name} == {*tables(taker.store, PERSONAL_DERIVED)}
    assert taker.take("--reports", "getMailboxUsageStorage")[:2] == (
        0,
        "Tables of 0 months of calls: 0 fetched, 0 bytes; 0 were here.\n",
    )


def test_a_table_that_is_being_replaced_leaves_its_month_as_it_was(taker: Taker) -> None:
    taker.take()
    before = taker.taken()
    name = next(name for name in before if "2026-11-14" in name)
    taker.store.create(DERIVED, name.replace("g1-1", "g1-2"), b"This table is being replaced.", {})
    status, _, err = taker.take()
    assert (status, err.startswith("Months left as they were")) == (1, True)
    assert taker.taken() == before


def test_days_that_are_in_no_table_are_told(taker: Taker) -> None:
    stored = taker.store.get(DERIVED, TABLES)
    assert stored
    index = json.loads(compression.decompress(stored.content))
    index["partitions"][f"{SERVICES}/D7"]["later"] = {"2026-11-17": 9}
    change(taker.store, DERIVED, TABLES, compression.compress(json.dumps(index).encode()), {})
    (name,) = (name for name in tables(taker.store, DERIVED) if "2026-09" in name)
    taker.store.delete(DERIVED, name)
    status, _, err = taker.take()
    assert (status, "are in no table as they are now: 2." in err) == (1, True)
    assert len(taker.taken()) == 5


def test_what_does_not_fit_on_the_disk_leaves_no_part_and_the_next_time_goes_on(taker: Taker) -> None:
    whole = tables(taker.store, DERIVED) | tables(taker.store, PERSONAL_DERIVED)
    limit = sorted(map(len, whole.values()))[-2]
    program = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "from local.export import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, str(taker.home), "--archive", str(taker.archive), "--personal"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, f"could not be exported to {taker.home}" in done.stderr) == (2, True)
    assert taker.taken().items() < whole.items()
    (taker.home / ".export").mkdir()
    (taker.home / ".export" / "half.parquet").write_bytes(b"PAR1")  # as a killed one leaves it
    assert taker.take("--personal")[0] == 0
    assert taker.taken() == whole


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--since", "2026-02-30"], "'2026-02-30' is no day such as 2028-02-29"),
        (["--since", "yesterday"], "is no day"),
        (["--reports", "getFoo"], "There is no report 'getFoo'"),
        (["--reports", f"{DETAIL}(period='D8')"], "not 'D8'"),
        (["--reports", ","], "names no report"),
        (["--reports", DETAIL], f"{DETAIL} has a row per person, site, group or team: that takes --personal"),
        (["--format", "xlsx"], "parquet"),
    ],
)
def test_an_option_that_says_nothing_is_an_error(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["home", *options])
    assert said in capsys.readouterr().err


def test_a_folder_that_cannot_be_is_an_error(taker: Taker, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    for home, said in (
        (tmp_path / "file", "is no folder"),
        (tmp_path / "file" / "below", "Not a directory"),
        (taker.archive / FILES / DERIVED, "lies in the archive itself"),
    ):
        taker.home = home
        status, _, err = taker.take()
        assert (status, said in err) == (2, True)
    assert (tmp_path / "file").read_bytes() == b"mine"
    taker.home = tmp_path / "used"
    taker.home.mkdir()
    with locked(taker.home / ".export.lock", seconds=0):
        assert "Another process is using" in taker.take()[2]


def test_an_archive_that_is_not_there_is_an_error_and_makes_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "home"), "--archive", str(tmp_path / "nowhere")]) == 2
    assert "there is no archive" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_from_azure_it_takes_the_role_of_a_reader_on_the_containers_it_reads(
    taker: Taker,
    stack: Stack,
    make_app: Callable[..., App],
    blobs: BlobServiceClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_app()
    for container in CONTAINERS:
        blobs.create_container(container)
        for each in taker.store.list(container):
            stored = taker.store.get(container, each.name)
            assert stored
            blobs.get_blob_client(container, each.name).upload_blob(stored.content, metadata=dict(stored.metadata))
    with FaultyStorage(stack.settings) as storage, environment({"ARCHIVE_CA": str(storage.ca_file)}):
        principal = Principal([Assignment(READER, "starch", each) for each in (USAGE, DERIVED)])
        storage.permits = principal.permits
        command = [str(taker.home), "--url", storage.url]
        assert main(command) == 0
        assert principal.refused == []
        assert taker.taken() == tables(taker.store, DERIVED)
        assert main([*command, "--personal"]) == 2
    assert "is missing on the container usage-personal; to read alone" in capsys.readouterr().err
