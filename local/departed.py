"""What `python3 -m local erase --tenant ID` does: take a customer who left out of a provider's archives."""

from __future__ import annotations

import secrets
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from shared.archive.archive import Archive
from shared.archive.blob_store import BlobStore, FormerBlob
from shared.archive.layout import CONTAINERS, DERIVED, INPUT, LEASE, StandingName, tenant_prefix
from shared.archive.tenant_blob_store import TenantBlobStore
from shared.domain.catalogue import catalogue
from shared.domain.errors import AccessRefused, BadInput
from shared.domain.quantity import quantity
from shared.views.inputs import read_tenants

_PLACES = (*CONTAINERS, INPUT)


def remove(store: BlobStore, tenant: str, *, for_good: bool) -> int:
    """Say what is there of a tenant; if it is `for_good`, delete it with its versions, while no run is under way.

    Return 0, 1 if something is left or to be done, 2 if nothing was done. Raise ArchiveUnavailable.
    """
    theirs = TenantBlobStore(store, tenant)
    if _is_listed(store, tenant):
        print(
            "The tenant is in usage-input/tenants.csv: take it out first, or the next run begins anew.", file=sys.stderr
        )
        return 2
    found = Counter(container for container in _PLACES for _ in theirs.list(container))
    former = sum(1 for _ in _former(store, tenant))
    for container, number in found.items():
        print(f"{container}: {quantity(number, 'blob')}")
    print(f"{quantity(found.total(), 'blob')}, and {quantity(former, 'older or deleted version')}.")
    if not found and not former:
        return 1
    if not for_good:
        print("Nothing was changed. With --whole --yes it is done, and cannot be undone. Take it out of TENANTS first.")
        return 0
    token = secrets.token_hex(3)
    with Archive(theirs, catalogue()).lease.hold(token) as lease:
        if lease.run != token:
            print(f"A run is under way since {lease.since:%Y-%m-%dT%H:%MZ}. Wait for its end.", file=sys.stderr)
            return 2
        kept = _delete(theirs)
    theirs.delete(DERIVED, LEASE, with_versions=False)
    store.delete(DERIVED, str(StandingName(tenant)), with_versions=False)
    return _told(store, tenant, kept)


def _is_listed(store: BlobStore, tenant: str) -> bool:
    with suppress(BadInput):  # there is no such file, or none that tells
        return any(each.id == tenant for each in read_tenants(store)[0])
    return False


def _delete(theirs: BlobStore) -> int:
    """Delete all blobs but the lease; return how many an immutability policy, a legal hold or a missing role keeps."""
    kept = 0
    for container in _PLACES:
        for blob in [*theirs.list(container)]:
            try:
                if (container, blob.name) != (DERIVED, LEASE):
                    theirs.delete(container, blob.name, with_versions=False)
            except AccessRefused:
                kept += 1
    return kept


def _former(store: BlobStore, tenant: str) -> Iterator[tuple[str, FormerBlob]]:
    """Yield what storage keeps of a tenant's blobs that were written over or deleted, with the container."""
    for container in _PLACES:
        yield from ((container, each) for each in store.former(container, tenant_prefix(tenant)))
    yield from ((DERIVED, each) for each in store.former(DERIVED, str(StandingName(tenant))))


def _told(store: BlobStore, tenant: str, kept: int) -> int:
    """Delete what is kept of deleted blobs, and say what is left. Return the exit status."""
    for container, each in [*_former(store, tenant)]:
        if not each.until:
            with suppress(AccessRefused):
                store.delete_former(container, each)
    left = [each for _, each in _former(store, tenant)]
    if days := [each.until for each in left if each.until]:
        print(f"Storage keeps {quantity(len(days), 'deleted version')} until {max(days)}: soft delete has let go then.")
    for_ever = len(left) - len(days)
    if kept or for_ever:
        print(
            f"Still there: {quantity(kept, 'blob')} and {quantity(for_ever, 'older version')}. An immutability policy "
            "or a legal hold keeps them, or it takes the role Storage Blob Data Owner on the account. Then run the "
            "same command again.",
            file=sys.stderr,
        )
    return bool(kept or for_ever)
