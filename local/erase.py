"""`python3 -m local erase`: take a person out of an archive, and keep them out; or a tenant, with all there is of it.

Without --yes it only says what would change. Who it is, is said to this command alone, and stored as a hash.
"""

from __future__ import annotations

import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from local.child import ChildError
from local.departed import remove
from local.parsers import erase as parse
from local.parsers import is_of_tenant
from local.place import opened
from shared.app import utc_now
from shared.archive.archive import Archive
from shared.archive.blob_store import BlobStore
from shared.archive.hash_key import HashKey
from shared.archive.layout import ManifestName, SnapshotName, TableName
from shared.archive.layout import parse as parse_name
from shared.archive.suppression import Suppression, SuppressionList
from shared.domain.catalogue import catalogue
from shared.domain.dates import stretches
from shared.domain.errors import AccessRefused, UsageArchiveError
from shared.domain.quantity import quantity
from shared.erasure.eraser import Eraser, attempt
from shared.erasure.search import Named, Search
from shared.views.accounts import accounts_called
from shared.views.erased import ErasedPeople

_OWNER = "Storage Blob Data Owner"
_SHOWN = 5
"""Blobs that are named of many."""


def main(arguments: Sequence[str]) -> int:
    """Erase a person, or a tenant. Return 0, 1 if something is left or to be done, 2 if nothing was done."""
    options = parse(arguments)
    tenant = options.tenant
    if is_of_tenant(options):
        options.tenant = None
    try:
        with opened(options) as archive:
            store = archive()
            if tenant != options.tenant:
                return remove(store, tenant, for_good=options.yes)
            if options.list:
                return _list(store)
            name = options.person.strip().casefold()
            return _lift(store, name) if options.lift else erase(store, name, for_good=options.yes)
    except (ChildError, UsageArchiveError, OSError) as error:
        print(f"Not done, or not all of it: {error}", file=sys.stderr)
        return 2


def _list(store: BlobStore) -> int:
    listed = Suppression(store).read()
    for each in listed.people if listed else ():
        known = "by the id" if each.id else "by the address, as the directory did not know it"
        print(f"since {each.since:%Y-%m-%dT%H:%MZ}, {known}; addresses: {len(each.addresses)}")
    print(f"People who are kept out: {len(listed.people) if listed else 0}.")
    return 0


def _lift(store: BlobStore, name: str) -> int:
    before = Suppression(store).read()
    lifted = before.called(name) if before else []
    if not before or not lifted:
        print("Nobody who is kept out has this id or address.", file=sys.stderr)
        return 1
    if len(lifted) > 1:
        print("Several people who are kept out had this address. Say which, by the id.", file=sys.stderr)
        return 2
    Suppression(store).keep(before.without(lifted), before)
    print("Kept out no more, from the next run on. What was erased stays erased.")
    return 0


def erase(store: BlobStore, name: str, *, for_good: bool) -> int:
    """Say what names a person in an archive; if it is `for_good`, erase that while no run is under way.

    `name` is an id or an address in lower case. Return the exit status. Raise ArchiveUnavailable.
    """
    erasing = _Erasing(store, name)
    if not for_good:
        return erasing.erase(for_good=False)
    token = secrets.token_hex(3)
    with Archive(store, catalogue()).lease.hold(token) as lease:
        if lease.run != token:
            print(f"A run is under way since {lease.since:%Y-%m-%dT%H:%MZ}. Wait for its end.", file=sys.stderr)
            return 2
        return erasing.erase(for_good=True)


class _Found(NamedTuple):
    """What names the people on a list."""

    people: ErasedPeople
    blobs: Sequence[Named]
    tables: Sequence[TableName | ManifestName]
    search: Search


class _Erasing:
    """One person who is to be erased, with all whose erasure was cut short."""

    def __init__(self, store: BlobStore, name: str) -> None:
        self._name = name
        self._archive = Archive(store, catalogue())
        self._suppression = Suppression(store)

    def erase(self, *, for_good: bool) -> int:
        """Do what `erase` says, without a look at runs."""
        before = self._suppression.read()
        listed = self._with_person(before or SuppressionList(HashKey.new(utc_now())))
        if not listed:
            return 2
        found = self._search(listed)
        if not found.blobs and not (before and before.called(self._name)):
            print("Nobody has this id or address.", file=sys.stderr)
            return 1
        self._tell(found)
        if not for_good:
            print("Nothing was changed. With --yes it is done, and cannot be undone.")
            return 0
        self._suppression.keep(found.people.listed, before)
        return self._carry_out(found)

    def _with_person(self, listed: SuppressionList) -> SuppressionList | None:
        """Return the list with the person too; None, and say so, if the address was that of more than one."""
        accounts = accounts_called(self._archive.snapshots, self._name)
        others = [
            each for each in listed.called(self._name) if each.id not in {listed.key.hash(it.id) for it in accounts}
        ]
        if len(accounts) + len(others) > 1 and self._name not in {each.id for each in accounts}:
            print("This address was that of more than one. Say which, by the id:", file=sys.stderr)
            for account in accounts:
                print(f"  {account.id} from {account.first_called(self._name)} on", file=sys.stderr)
            for each in others:
                print(f"  somebody who is kept out since {each.since:%Y-%m-%d}", file=sys.stderr)
            return None
        if accounts:
            names = {address: since.isoformat() for since, address in reversed(accounts[0].addresses)}
            return listed.with_person(accounts[0].id, names, utc_now())
        if others:
            return listed
        is_address = "@" in self._name
        return listed.with_person("" if is_address else self._name, {self._name: ""} if is_address else {}, utc_now())

    def _search(self, listed: SuppressionList) -> _Found:
        """Return what names them, by addresses too that the search itself found beside their ids."""
        while True:
            people = ErasedPeople(self._archive.snapshots, listed)
            search = Search(self._archive, catalogue(), people)
            blobs = [*search.snapshots(), *search.bodies(), *search.inputs()]
            more = listed
            for id_, address in search.addresses:
                more = more.with_person(id_, {address: ""}, utc_now())
            if more == listed:
                return _Found(people, blobs, [*search.tables({each.name for each in blobs})], search)
            listed = more

    def _tell(self, found: _Found) -> None:
        """Say what is found, by report and period."""
        blobs, rows = Counter[str](), Counter[str]()
        for each in found.blobs:
            name = parse_name(each.name)
            at = f"{each.container}/{name.partition if isinstance(name, SnapshotName) else ''}".rstrip("/")
            blobs[at] += 1
            rows[at] += each.rows
        for at, number in blobs.items():
            what = quantity(rows[at], "row") if rows[at] else "as a whole"
            print(f"{at}: {quantity(number, 'blob')}, {what}")
        print(f"tables and manifests to be made again: {len(found.tables)}")
        former = Eraser(self._archive, catalogue(), found.people).former()
        print(f"older versions that storage keeps: {sum(not each.until for _, each in former)}")
        print(f"blobs that name the person: {len(found.blobs)}")
        for what, days in found.search.unread.items():
            for first, last in stretches(days):
                print(f"Not searched. {what}, {first} to {last}.")

    def _carry_out(self, found: _Found) -> int:
        """Erase what was found, make again what is made of it, and delete what storage still keeps."""
        eraser = Eraser(self._archive, catalogue(), found.people)
        left = [*attempt(eraser, found.blobs)]
        eraser.renew(found.tables, utc_now().date())
        for line in left:
            print(line, file=sys.stderr)
        is_clean = self._forget(eraser)
        erased = len(found.blobs) - len(left)
        print(f"Erased from {erased} of {quantity(len(found.blobs), 'blob')}. The person is kept out from now on.")
        return 0 if is_clean and not left and not found.search.unread else 1

    def _forget(self, eraser: Eraser) -> bool:
        """Delete older versions, say which remain and until when; return whether none is left that needs somebody."""
        try:
            eraser.delete_former([*eraser.former()])
        except AccessRefused as error:
            print(error, file=sys.stderr)
        remaining = [*eraser.former()]
        for_ever = [f"{container}/{each.name}" for container, each in remaining if not each.until]
        if days := [each.until for _, each in remaining if each.until]:
            kept = quantity(len(days), "deleted version")
            print(f"Storage keeps {kept} until {max(days)}: soft delete has let go then.")
        if for_ever:
            left = quantity(len(for_ever), "older version")
            print(f"Still there: {left}, such as:", *islice(for_ever, _SHOWN), sep="\n  ")
            print(f"Let somebody with the role {_OWNER} on the account run the same command again.")
        return not for_ever
