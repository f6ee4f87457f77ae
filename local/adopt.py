"""`python3 -m local adopt`: copy an archive of one tenant to where the app looks for it among many tenants.

It copies what is not there yet, reads every copy again, and leaves the archive itself as it is. Cut short, it goes on
where it was.
"""

from __future__ import annotations

import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from local.child import ChildError
from local.parsers import adopt as parse
from local.place import opened
from shared.archive.archive import Archive
from shared.archive.blob_store import BlobStore
from shared.archive.layout import (
    CONTAINERS,
    DERIVED,
    INPUT,
    LEASE,
    STANDINGS,
    TENANT,
    RunRecordName,
    SnapshotName,
)
from shared.archive.layout import parse as parse_name
from shared.archive.tenant_blob_store import TenantBlobStore
from shared.domain.catalogue import catalogue
from shared.domain.errors import UsageArchiveError
from shared.views.inputs import TENANTS

_AT_ONCE = 8
"""Blobs that are copied at the same time."""
_NOT_OF_THE_ARCHIVE = ((DERIVED, LEASE), (INPUT, TENANTS))
At = tuple[str, str]
"""A container, and the name of a blob."""


def main(arguments: Sequence[str]) -> int:
    """Copy. Return 0, 1 if a copy is not what it should be, 2 if it could not be done."""
    options = parse(arguments)
    tenant, options.tenant = options.tenant, None
    try:
        with opened(options) as archive:
            return adopt(archive(), tenant)
    except (ChildError, UsageArchiveError, OSError) as error:
        print(f"Not done, or not all of it: {error}", file=sys.stderr)
        return 2


def adopt(store: BlobStore, tenant: str) -> int:
    """Copy the archive that has no tenant into that of a tenant, while no run of either is under way.

    Return the exit status. Raise ArchiveUnavailable.
    """
    theirs, token = TenantBlobStore(store, tenant), secrets.token_hex(3)
    with (
        Archive(store, catalogue()).lease.hold(token) as of_own,
        Archive(theirs, catalogue()).lease.hold(token) as of_theirs,
    ):
        for lease in (of_own, of_theirs):
            if lease.run != token:
                print(f"A run is under way since {lease.since:%Y-%m-%dT%H:%MZ}. Wait for its end.", file=sys.stderr)
                return 2
        return _adopt(store, theirs)


def _adopt(own: BlobStore, theirs: BlobStore) -> int:
    blobs, further = _names(own), _names(theirs)
    further -= blobs
    if not blobs:
        print("There is no archive of one tenant here.", file=sys.stderr)
        return 2
    if begun := sorted(at for at in further if isinstance(parse_name(at[1]), RunRecordName | SnapshotName)):
        print(
            f"The tenant's archive has {len(begun)} runs and snapshots of its own, such as {'/'.join(begun[0])}: it "
            "takes over no other.",
            file=sys.stderr,
        )
        return 2
    for container, name in further:
        if container != INPUT:  # what an earlier copying left, and the archive has no more
            theirs.delete(container, name, with_versions=False)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        outcomes = Counter(pool.map(lambda at: _copy(own, theirs, at), sorted(blobs)))
    print(f"{outcomes['copied']} blobs are copied, {outcomes['there']} were there. The archive itself stays as it is.")
    if wrong := outcomes["wrong"]:
        print(f"{wrong} copies are not what they should be. Run the same command again.", file=sys.stderr)
    return bool(wrong)


def _names(store: BlobStore) -> set[At]:
    """Return where the blobs of an archive are, without those of tenants."""
    return {
        (container, blob.name)
        for container in (*CONTAINERS, INPUT)
        for blob in store.list(container)
        if not blob.name.startswith((TENANT, STANDINGS)) and (container, blob.name) not in _NOT_OF_THE_ARCHIVE
    }


def _copy(own: BlobStore, theirs: BlobStore, at: At) -> str:
    """Make a blob of the tenant what it is in the archive, and read it again. Return what came of it."""
    original, copy = own.get(*at), theirs.get(*at)
    if not original:
        return "wrong"  # it is gone meanwhile
    told = (original.content, dict(original.metadata))
    if copy and (copy.content, dict(copy.metadata)) == told:
        return "there"
    theirs.replace_if(*at, *told, copy.etag if copy else None)
    copied = theirs.get(*at)
    return "copied" if copied and (copied.content, dict(copied.metadata)) == told else "wrong"
