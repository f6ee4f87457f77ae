"""`python3 -m local erase` where storage forgets nothing by itself: versions, soft delete, roles, policies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import BlobServiceClient

from local.adopt import adopt
from local.departed import remove
from local.erase import erase
from local.stack import Stack
from local.storage import empty
from shared.archive.azure_blob_store import AzureBlobStore
from shared.archive.layout import CONTAINERS, ERASED, INPUT, LEASE, PERSONAL, PERSONAL_DERIVED, QUARANTINE, USAGE
from shared.archive.tenant_blob_store import TenantBlobStore
from shared.domain.errors import ArchiveUnavailable
from shared.identity import ManagedIdentity
from simulator import Simulator
from tests.integration.local.test_erase import Blobs, Person, readable, small_archive
from tests.reliability.storage_proxy.versions import SOFT_DELETE_DAYS, VersionedStorage
from tests.roles import CONTRIBUTOR, OWNER, READER, Assignment, Principal

WITH_PEOPLE = {PERSONAL, PERSONAL_DERIVED, QUARANTINE, INPUT}


@pytest.fixture(scope="module")
def small() -> tuple[Blobs, Person]:
    with Simulator(users=20) as simulator:
        return small_archive(simulator, 1)


class Account:
    """A storage account as in Azure, with an archive in it."""

    def __init__(self, storage: VersionedStorage, small: tuple[Blobs, Person]) -> None:
        self.storage = storage
        self.blobs, self.ann = small
        self.store = AzureBlobStore(storage.url, ManagedIdentity(), str(storage.ca_file))
        for (container, name), kept in self.blobs.items():
            assert self.store.create(container, name, kept.content, kept.metadata)

    def erase(self, role: str = OWNER) -> int:
        self.storage.permits = Principal([Assignment(role, "starch")]).permits
        try:
            return erase(self.store, self.ann.id, for_good=True)
        finally:
            self.storage.permits = lambda operation: True

    def naming(self) -> set[str]:
        """Where a byte of hers is: `current`, `version` or `soft-deleted`, with the container."""
        found = set()
        for container in (*CONTAINERS, INPUT):
            for blob in self.store.list(container):
                stored = self.store.get(container, blob.name)
                assert stored
                found |= {f"current {container}"} if self._is_in(stored.content) else set()
        for each in self.storage.versions:
            kind = "version" if each.days_left is None else "soft-deleted"
            found |= {f"{kind} {each.container}"} if self._is_in(each.content) else set()
        return found

    def _is_in(self, content: bytes) -> bool:
        return any(canary in each for each in (content, readable(content)) for canary in self.ann.canaries)


@pytest.fixture
def account(stack: Stack, blobs: BlobServiceClient, small: tuple[Blobs, Person]) -> Iterator[Account]:
    empty(blobs)
    with VersionedStorage(stack.settings) as storage:
        yield Account(storage, small)


def test_an_owner_deletes_the_versions_and_is_told_when_soft_delete_has_let_go(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert account.naming() == {f"current {each}" for each in WITH_PEOPLE}
    assert account.erase() == 0
    day = (datetime.now(UTC) + timedelta(days=SOFT_DELETE_DAYS)).date()
    assert f"until {day}: soft delete has let go then." in capsys.readouterr().out
    assert account.naming() == {f"soft-deleted {each}" for each in WITH_PEOPLE}
    account.storage.wait(SOFT_DELETE_DAYS - 1)
    assert account.naming() != set()
    account.storage.wait(1)
    assert account.naming() == set()


def test_without_the_owners_role_it_says_what_remains_and_the_same_command_of_an_owner_ends_it(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert account.erase(CONTRIBUTOR) == 1
    said = capsys.readouterr()
    assert account.naming() == {f"version {each}" for each in WITH_PEOPLE}
    remaining = [each for each in account.storage.versions if each.container in WITH_PEOPLE]
    assert f"Still there: {len(remaining)} older versions, such as" in said.out
    assert f"with the role {OWNER} on the account run the same command again" in said.out
    assert OWNER in said.err
    assert account.erase() == 0
    assert "Still there" not in capsys.readouterr().out
    account.storage.wait(SOFT_DELETE_DAYS)
    assert account.naming() == set()


def test_what_was_deleted_before_by_hand_goes_too(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    for container, name in [at for at in account.blobs if at[0] == PERSONAL and "Teams" in at[1]]:
        account.store.delete(container, name, with_versions=False)
    assert account.naming() >= {f"version {PERSONAL}"}
    assert erase(account.store, account.ann.id, for_good=False) == 0
    assert "older versions that storage keeps: 1\n" in capsys.readouterr().out
    assert account.erase() == 0
    account.storage.wait(SOFT_DELETE_DAYS)
    assert account.naming() == set()


def test_where_a_policy_keeps_a_container_it_says_so_and_does_the_rest(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = [
        {"fault": "immutable", "times": None, "match": {"operation": operation, "container": container}}
        for operation, container in (("put_blob", PERSONAL), ("delete", QUARANTINE))
    ]
    account.storage.set(rules)
    assert account.erase() == 1
    said = capsys.readouterr().err
    assert f"{PERSONAL}/report=users" in said
    assert "an immutability policy or a legal hold keeps it" in said
    assert "BlobImmutableDueToPolicy" in said
    assert {each for each in account.naming() if each.startswith("current")} == {
        f"current {each}" for each in (PERSONAL, PERSONAL_DERIVED, QUARANTINE)
    }
    account.storage.set([])
    assert account.erase() == 0
    assert not [each for each in account.naming() if not each.startswith("soft-deleted")]


def test_who_may_only_read_changes_nothing(account: Account) -> None:
    with pytest.raises(Exception, match=f"{CONTRIBUTOR} is missing on the container"):
        account.erase(READER)
    assert [*account.store.list(ERASED)] == []
    assert USAGE not in {each.container for each in account.storage.versions}


def test_what_storage_keeps_of_another_tenant_is_left_alone(account: Account) -> None:
    ours, theirs = (
        TenantBlobStore(account.store, f"{number}" * 8 + "-0000-4000-8000-000000000000") for number in (1, 2)
    )
    for (container, name), kept in account.blobs.items():
        for store in (ours, theirs):
            store.create(container, name, kept.content, kept.metadata)
    theirs.delete(QUARANTINE, next(theirs.list(QUARANTINE)).name, with_versions=False)
    assert erase(ours, account.ann.id, for_good=True) == 0
    assert [*theirs.former(QUARANTINE)] != []
    assert {each.until is None for each in theirs.former(QUARANTINE)} == {True}
    assert {each.until is None for each in ours.former(QUARANTINE)} == {False}


# -- a tenant who left, or who came ------------------------------------------------------------------------------------

A, B = (f"{number}" * 8 + "-0000-4000-8000-000000000000" for number in (1, 2))


def take_out(account: Account, role: str = OWNER) -> int:
    account.storage.permits = Principal([Assignment(role, "starch")]).permits
    try:
        return remove(account.store, A, for_good=True)
    finally:
        account.storage.permits = lambda operation: True


def kept_of(account: Account, tenant: str) -> Counter[str]:
    """How many blobs storage has of a tenant: `current`, `version` or `soft-deleted`."""
    theirs = TenantBlobStore(account.store, tenant)
    kept = Counter("current" for container in (*CONTAINERS, INPUT) for _ in theirs.list(container))
    for each in account.storage.versions:
        if tenant in each.name:
            kept["version" if each.days_left is None else "soft-deleted"] += 1
    return kept


def test_an_archive_is_taken_over_goes_on_where_it_was_cut_short_and_stays_itself(account: Account) -> None:
    of_reports = {"operation": "put_blob", "blob": f"tenant={A}/report=*"}
    account.storage.set([{"fault": "no_permission", "nth": 3, "times": None, "match": of_reports}])
    with pytest.raises(ArchiveUnavailable):
        adopt(account.store, A)
    account.storage.set([])
    begun = kept_of(account, A)["current"]
    assert 0 < begun < len(account.blobs)
    assert adopt(account.store, A) == 0
    theirs = TenantBlobStore(account.store, A)
    for store in (theirs, account.store):
        for (container, name), kept in account.blobs.items():
            stored = store.get(container, name)
            assert stored
            assert (stored.content, stored.metadata) == (kept.content, kept.metadata)
    assert {each.name.removeprefix(f"tenant={A}/") for each in account.storage.versions} <= {LEASE}


def test_a_tenant_who_left_goes_with_all_versions_and_no_other_is_touched(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    for tenant in (A, B):
        assert adopt(account.store, tenant) == 0
    theirs = TenantBlobStore(account.store, A)
    theirs.delete(QUARANTINE, next(theirs.list(QUARANTINE)).name, with_versions=False)
    before = kept_of(account, B)
    assert take_out(account) == 0
    day = (datetime.now(UTC) + timedelta(days=SOFT_DELETE_DAYS)).date()
    assert f"until {day}: soft delete has let go then." in capsys.readouterr().out
    assert set(kept_of(account, A)) == {"soft-deleted"}
    account.storage.wait(SOFT_DELETE_DAYS)
    assert (kept_of(account, A), kept_of(account, B)) == (Counter(), before)
    assert all(account.store.get(*at) for at in account.blobs)


def test_without_the_owners_role_the_versions_of_a_tenant_remain_and_the_same_command_of_an_owner_ends_it(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert adopt(account.store, A) == 0
    assert take_out(account, CONTRIBUTOR) == 1
    assert OWNER in capsys.readouterr().err
    assert kept_of(account, A)["version"] > 0
    assert take_out(account) == 0
    assert set(kept_of(account, A)) == {"soft-deleted"}
