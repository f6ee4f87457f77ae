"""`python3 -m local pseudonyms`: since when the hashes of an archive stand for people, and other ones from now on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

from local.child import ChildError
from local.parsers import pseudonyms as parse
from local.place import opened
from shared.app import utc_now
from shared.archive.blob_store import BlobStore
from shared.archive.hash_key import PseudonymKey
from shared.archive.layout import ACCOUNTS, PERSONAL_DERIVED
from shared.domain.errors import ArchiveUnavailable, UsageArchiveError

_SECOND = "%Y-%m-%dT%H:%M:%SZ"


def main(arguments: Sequence[str]) -> int:
    """Say since when, or rotate. Return 0, or 2 if that could not be done."""
    options = parse(arguments)
    try:
        with opened(options) as store:
            print("\n".join(_rotated(store()) if options.rotate else _told(store())))
            return 0
    except (ChildError, UsageArchiveError, OSError) as error:
        print(f"The key could not be {'rotated' if options.rotate else 'read'}: {error}", file=sys.stderr)
        return 2


def _told(store: BlobStore) -> list[str]:
    key = PseudonymKey(store).current(utc_now())
    return [f"The key of the pseudonyms is used since {key.since:{_SECOND}}."]


def _rotated(store: BlobStore) -> list[str]:
    now, before = utc_now(), "an unknown time"
    with suppress(ArchiveUnavailable):  # it is damaged, which a new one heals
        before = f"{PseudonymKey(store).current(now).since:{_SECOND}}"
    PseudonymKey(store).rotate(now)
    store.delete(PERSONAL_DERIVED, ACCOUNTS, with_versions=False)  # made of the key that is gone
    return [
        f"Another key is used since {now:{_SECOND}}.",
        f"What was read with the one before, since {before}, does not join with what is read "
        "from now on: no person, group, site or team in it, of whatever report and day.",
        "What is read from now on joins over all reports and days of the archive, those of before too: read it anew.",
        "Versions and soft delete keep the former key until they expire: delete them if it was to be forgotten.",
    ]
