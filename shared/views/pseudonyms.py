"""Keyed hashes in place of people, the same for one person in all reports and through a rename.

Whose an address was on which day, the report `users` tells. What it told of all days is kept, as hashes, beside the
tables of personal reports; it is made again where it is missing, or the key is another.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from shared.archive.blob_store import BlobStore
from shared.archive.hash_key import HashKey
from shared.archive.layout import ACCOUNTS, PERSONAL_DERIVED
from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.domain.catalogue import Report
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.errors import ArchiveUnavailable, DamagedBlob
from shared.report import compression
from shared.report.pseudonymous import pseudonymous
from shared.views.people import USERS, Person, people_of

_UNREADABLE = (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Holder(NamedTuple):
    """Whose an address was; days are `YYYY-MM-DD`."""

    person: str
    """As hash."""
    first: str
    """Of the days of the directory that say so."""
    last: str
    created: str
    """When the account was made; empty if that is not known."""


class KeptAccounts(NamedTuple):
    """Whose every address was, as hashes: of the days of the directory that were read."""

    key: HashKey
    days: DateRanges = NO_DAYS
    holders: Mapping[str, Sequence[Holder]] = MappingProxyType({})
    """By hash of the address, by first day."""
    state: str = ""
    """The same for what was made of the same days in the same steps."""

    def holder(self, address: str, day: date) -> str | None:
        """Return as hash whose an address was on a day; None if nobody knows.

        Before the directory was archived it was that of its first holder, if the account was there.
        """
        holders, text = self.holders.get(address, ()), day.isoformat()
        found = next((each for each in reversed(holders) if each.first <= text), None)
        if not found and holders and holders[0].created <= text:
            found = holders[0]
        return found.person if found else None

    def since(self, first: date) -> Self:
        """Return what is left when the days before the first are not archived any more."""
        if self.days.first is None or first <= self.days.first:
            return self
        text = first.isoformat()
        kept = {
            at: [each._replace(first=max(each.first, text)) for each in holders if each.last >= text]
            for at, holders in self.holders.items()
        }
        return self._replace(
            days=self.days - DateRanges(((self.days.first, first - timedelta(days=1)),)),
            holders={at: each for at, each in kept.items() if each},
            state=hash_of(self.key, "state", f"{self.state} since {text}"),
        )

    def after(self, day: date, people: Iterable[Person], sha256: str) -> Self:
        """Return what is known with the accounts of a later day; `sha256` is that of what tells of them."""
        holders, text = dict(self.holders), day.isoformat()
        for person in people:
            address, id_ = hash_of(self.key, "address", person.address), hash_of(self.key, "person", person.id)
            *others, last = holders.get(address) or [Holder("", "", "", "")]
            if last.person == id_:
                holders[address] = [*others, last._replace(last=text)]
            else:
                created = str(person.created_on or "")
                holders[address] = [*holders.get(address, ()), Holder(id_, text, text, created)]
        state = hash_of(self.key, "state", f"{self.state} {text} {sha256}")
        return self._replace(days=self.days | DateRanges.of([day]), holders=holders, state=state)

    def to_bytes(self) -> bytes:
        """Return it as it is stored."""
        content = {"key": self._mark, "state": self.state, "days": self.days.to_texts(), "holders": self.holders}
        return compression.compress(json.dumps(content).encode())

    def read(self, stored: bytes) -> Self:
        """Return what was stored; nothing, if it cannot be read or another key made it."""
        with suppress(*_UNREADABLE):
            content: Mapping[str, Any] = json.loads(compression.decompress(stored))
            if content["key"] == self._mark:
                holders = {at: [Holder(*each) for each in held] for at, held in content["holders"].items()}
                return self._replace(
                    days=DateRanges.from_texts(content["days"]), holders=holders, state=str(content["state"])
                )
        return self

    @property
    def _mark(self) -> str:
        """What tells the key without giving it away."""
        return hash_of(self.key, "blob", ACCOUNTS)


def hash_of(key: HashKey, kind: str, text: str) -> str:
    """Return the hash of a text of some kind, such as an `address`."""
    return key.hash(f"{kind}\0{text.strip()}")


def read_accounts(store: BlobStore, snapshots: SnapshotArchive, key: HashKey) -> KeptAccounts:
    """Return whose every address was, brought up to date with what is archived, and kept for the next reader.

    Raise ArchiveUnavailable. A day that is damaged is passed over.
    """
    stored, nothing = store.get(PERSONAL_DERIVED, ACCOUNTS), KeptAccounts(key)
    etag = stored.etag if stored else None
    archived = DateRanges.of(snapshots.refresh_dates(USERS))
    if not archived.first:
        return nothing
    known = nothing.read(stored.content) if stored else nothing
    accounts = known.since(archived.first)
    new = archived - accounts.days
    if accounts != known and not new:
        _keep(store, accounts, etag)
    if new.first and accounts.days.last and new.first < accounts.days.last:
        accounts, new = nothing, archived  # what is told of a day depends on those before it
    for month, days in groupby(new.days, lambda day: f"{day:%Y-%m}"):
        of_month = {each.refresh_date: each for each in snapshots.all(USERS, month=month)}
        for day in days:
            snapshot = of_month.get(day)
            sha256 = snapshot.metadata.sha256 if snapshot else ""
            accounts = accounts.after(day, _people(snapshots, snapshot), sha256)
        etag = _keep(store, accounts, etag)
    return accounts


def _keep(store: BlobStore, accounts: KeptAccounts, etag: str | None) -> str | None:
    """Put them in the place of those with an ETag, unless others were first; return the new one."""
    with suppress(ArchiveUnavailable):  # the reader has them
        if store.replace_if(PERSONAL_DERIVED, ACCOUNTS, accounts.to_bytes(), {}, etag):
            kept = store.get(PERSONAL_DERIVED, ACCOUNTS, 0, 1)
            return kept.etag if kept else None
    return etag


def _people(snapshots: SnapshotArchive, snapshot: Snapshot | None) -> list[Person]:
    """Return who has an address."""
    try:
        people = people_of(snapshots.content(snapshot)) if snapshot else iter(())
        return [person for person in people if person.address.strip()]
    except (DamagedBlob, ValueError):
        return []


class Pseudonyms:
    """What is told of people to those who may not know who they are."""

    def __init__(self, accounts: KeptAccounts, least: int) -> None:
        """`least` is how many must share a trait that is told."""
        self._accounts = accounts
        self._hash = partial(hash_of, accounts.key)
        self._least = least
        self._people = {each.person for holders in accounts.holders.values() for each in holders}

    def body(self, report: Report, day: date, content: bytes) -> bytes:
        """Return the body of a snapshot of a day as it is told. Raise ValueError if it is no CSV in UTF-8."""
        return pseudonymous(report, content, _OfDay(self, day), self._least)

    def tag(self, *parts: str) -> str:
        """Return what names a body that is made of parts: of the key, the directory and the code too."""
        return self._hash("tag", "\0".join((str(self._least), self._accounts.state, *parts)))

    def person(self, id_: str, address: str, day: date) -> str:
        """Return the hash of whoever has an id or, on a day, an address, both in lower case."""
        if id_ and (own := self._hash("person", id_)) in self._people:
            return own
        if not address:
            return self._hash("person", id_)
        hashed = self._hash("address", address)
        return self._accounts.holder(hashed, day) or hashed

    def thing(self, kind: str, id_: str) -> str:
        """Return the hash of a group, site or team."""
        return self._hash(kind, id_)


class _OfDay(NamedTuple):
    """The hashes of the snapshots of a day."""

    pseudonyms: Pseudonyms
    day: date

    def person(self, id_: str, address: str, deleted: date | None = None) -> str:
        """Return the hash of a person; who was deleted had the address on the day before."""
        on = min(self.day, deleted - timedelta(days=1)) if deleted and deleted > date.min else self.day
        return self.pseudonyms.person(id_, address, on)

    def thing(self, kind: str, id_: str) -> str:
        """Return the hash of a group, site or team."""
        return self.pseudonyms.thing(kind, id_)


def read_pseudonyms(store: BlobStore, snapshots: SnapshotArchive, key: HashKey, least: int) -> Pseudonyms:
    """Return what is told of people under a key. Raise ArchiveUnavailable."""
    return Pseudonyms(read_accounts(store, snapshots, key), least)
