"""`adopt` takes the archive of one tenant over among many, and `erase --tenant` takes one of them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.adopt import adopt
from local.departed import remove
from local.erase import main
from local.folder import FILES
from local.in_memory import InMemoryBlobStore, KeptBlob, Operation
from local.parsers import erase
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import DERIVED, INPUT, LEASE, USAGE
from shared.archive.tenant_blob_store import TenantBlobStore
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.verification.archive import everything, verify
from simulator import Simulator
from tests.integration.test_directory import World

A, B = "0a0a0a0a-1111-2222-3333-444444444444", "0b0b0b0b-1111-2222-3333-444444444444"
COUNTS = "getOffice365ActiveUserCounts(period='D7')"
Blobs = Mapping[tuple[str, str], KeptBlob]


@pytest.fixture(scope="module")
def archived() -> Blobs:
    """The blobs of an archive of one tenant."""
    with Simulator(users=10) as simulator:
        world = World(simulator)
        world.run(f"{COUNTS}, getOffice365ActiveUserDetail(period='D7')")
        world.store.put(INPUT, "prices.csv", b"product,price,currency\n", {})
        return dict(world.store.blobs)


def place(archived: Blobs) -> InMemoryBlobStore:
    store = InMemoryBlobStore()
    for (container, name), kept in archived.items():
        store.put(container, name, kept.content, kept.metadata)
    return store


def told(store: InMemoryBlobStore, start: str = "") -> dict[tuple[str, str], tuple[bytes, dict[str, str]]]:
    return {
        (container, name.removeprefix(start)): (kept.content, dict(kept.metadata))
        for (container, name), kept in store.blobs.items()
        if name.startswith(start) and name.startswith("tenant=") == bool(start) and not name.endswith(LEASE)
    }


def test_every_blob_of_an_archive_is_copied_and_the_archive_stays(archived: Blobs) -> None:
    store = place(archived)
    before = told(store)
    assert adopt(store, A) == 0
    assert told(store, f"tenant={A}/") == told(store) == before
    theirs = TenantBlobStore(store, A)
    assert [*verify(everything(theirs), catalogue(), store.now())] == []


def test_cut_short_it_goes_on_where_it_was_and_copies_again_what_was_damaged(
    archived: Blobs, capsys: pytest.CaptureFixture[str]
) -> None:
    store, writes = place(archived), 0

    def fail(operation: Operation, carry_out: Callable[[], Any]) -> Any:
        nonlocal writes
        is_copy = operation.name == "put_blob" and operation.blob.startswith(f"tenant={A}/report=")
        writes += is_copy
        if is_copy and writes == 2:
            raise ArchiveUnavailable("it does not answer")
        return carry_out()

    with pytest.raises(ArchiveUnavailable):
        adopt(InMemoryBlobStore(fail, same_as=store), A)
    (container, name), *_ = (at for at in store.blobs if at[1].startswith(f"tenant={A}/report=") and at[0] == USAGE)
    store.put(container, name, b"half", {})
    assert adopt(store, A) == 0
    assert told(store, f"tenant={A}/") == told(store)
    assert " 0 were there" not in capsys.readouterr().out


def test_a_tenant_with_runs_of_its_own_takes_over_no_other_archive(
    archived: Blobs, capsys: pytest.CaptureFixture[str]
) -> None:
    store = place(archived)
    TenantBlobStore(store, A).create(DERIVED, "runs/2026-11/2026-11-02T071500Z-0a1b2c.json.gz", b"", {})
    before = told(store, f"tenant={A}/")
    assert adopt(store, A) == 2
    assert told(store, f"tenant={A}/") == before
    assert "runs and snapshots of its own" in capsys.readouterr().err


def test_a_tenant_who_left_is_taken_out_with_its_standing_and_no_other_is_touched(
    archived: Blobs,
) -> None:
    store = place(archived)
    for tenant in (A, B):
        adopt(store, tenant)
        store.put(DERIVED, f"tenants/{tenant}", b"", {})
    before = told(store), told(store, f"tenant={B}/")
    assert remove(store, A, for_good=False) == 0
    assert told(store, f"tenant={A}/")
    assert remove(store, A, for_good=True) == 0
    assert [name for _, name in store.blobs if A in name] == []
    before[0].pop((DERIVED, f"tenants/{A}"))
    assert (told(store), told(store, f"tenant={B}/")) == before


def test_a_tenant_that_is_still_listed_is_not_taken_out(archived: Blobs) -> None:
    store = place(archived)
    adopt(store, A)
    store.put(INPUT, "tenants.csv", f"id,name\n{A},Contoso\n".encode(), {})
    assert remove(store, A, for_good=True) == 2
    assert told(store, f"tenant={A}/") == {at: kept for at, kept in told(store).items() if at != (INPUT, "tenants.csv")}


@pytest.mark.parametrize(
    "arguments", [["--tenant", A, "--yes"], ["", "--tenant", A, "--yes"], ["--whole", "--yes"], ["a@b.c", "--whole"]]
)
def test_a_person_that_was_forgotten_removes_no_tenant(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        erase(arguments)


def test_erase_takes_a_tenant_out_of_a_folder_and_leaves_no_folder_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = TenantBlobStore(FolderBlobStore(tmp_path / FILES), A)
    folder.create(USAGE, "report=x/a.csv.gz", b"x", {})
    where = ["--archive", str(tmp_path), "--tenant", A]
    assert main(where) == 0
    assert "usage: 1 blob\n1 blob, and 0 older" in capsys.readouterr().out
    assert main([*where, "--whole", "--yes"]) == 0
    assert [*folder.list(USAGE)] == []
    assert [*tmp_path.rglob("tenant=*")] == []
    assert main(where) == 1
