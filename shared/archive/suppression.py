"""The suppression list: who must not come back, as hashes, with the key of these hashes; in `usage-erased`.

Nothing can make it again. As long as it cannot be read, nobody knows whether a row may be archived.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Self

from shared.archive.blob_store import BlobStore
from shared.archive.hash_key import UNREADABLE, HashKey
from shared.archive.layout import ERASED, SUPPRESSED
from shared.domain.errors import ArchiveUnavailable
from shared.report.erasing import url_form

_ATTEMPTS = 5


class ErasedName(NamedTuple):
    """An address of a person, as hashes."""

    address: str
    url_form: str
    """Of what URLs have of it."""
    since: str
    """The first day on which the directory has it as theirs, as YYYY-MM-DD; empty: nobody says."""


class ErasedPerson(NamedTuple):
    """A person who must not come back."""

    since: datetime
    """UTC."""
    id: str
    """A hash. Empty where the directory does not know the person: then the address alone tells who it is."""
    names: frozenset[ErasedName]

    @property
    def addresses(self) -> frozenset[str]:
        """The hashes of the addresses."""
        return frozenset(each.address for each in self.names)


class SuppressionList(NamedTuple):
    """Who must not come back."""

    key: HashKey
    people: tuple[ErasedPerson, ...] = ()

    def with_person(self, id_: str, addresses: Mapping[str, str], now: datetime) -> Self:
        """Return the list with a person too, of whom `id_` is the id, or empty.

        `addresses` has each with the first day on which the directory has it as theirs, or nothing; they are added to
        those that are known.
        """
        hashed = self.key.hash(id_) if id_ else ""
        names = [
            ErasedName(self.key.hash(name), self.key.hash(url_form(name)), since)
            for name, since in addresses.items()
            if name
        ]
        new = ErasedPerson(now, hashed, frozenset(names))
        known = next((each for each in self.people if _are_one(each, new)), None)
        if not known:
            return self._replace(people=(*self.people, new))
        merged = {each.address: each for each in (*new.names, *known.names) if each.since}
        others = {each.address: each for each in (*new.names, *known.names)}
        person = ErasedPerson(known.since, known.id, frozenset((others | merged).values()))
        return self._replace(people=tuple(person if each == known else each for each in self.people))

    def called(self, name: str) -> list[ErasedPerson]:
        """Return the people on the list who have an id or an address."""
        hashed = self.key.hash(name)
        return [each for each in self.people if hashed == each.id or hashed in each.addresses]

    def without(self, people: Iterable[ErasedPerson]) -> Self:
        """Return the list without some people. The key stays."""
        gone = {*people}
        return self._replace(people=tuple(each for each in self.people if each not in gone))

    def to_bytes(self) -> bytes:
        """Return the list as it is stored."""
        people = [
            {
                "since": each.since.isoformat(),
                "id": each.id,
                "names": sorted(each.names),
            }
            for each in self.people
        ]
        return json.dumps({**self.key.to_json(), "people": people}).encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Return the list of which these are the bytes. Raise one of UNREADABLE for anything else."""
        content = json.loads(stored)
        return cls(HashKey.from_json(content), tuple(map(_person, content["people"])))


class Suppression:
    """The suppression list of an archive. Every method raises ArchiveUnavailable, for a damaged list too."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def read(self) -> SuppressionList | None:
        """Return the list; None if nobody was ever put on it."""
        return self._load()[0]

    def keep(self, listed: SuppressionList, before: SuppressionList | None) -> None:
        """Put a list in the place of the one that was read before; nothing if it is the same."""
        if listed == before:
            return
        known, etag = self._load()
        if known != before or not self._store.replace_if(ERASED, SUPPRESSED, listed.to_bytes(), {}, etag):
            raise ArchiveUnavailable(f"Others are writing {SUPPRESSED}.")

    def learn(self, names: Iterable[tuple[str, str]]) -> bool:
        """Note the addresses of people on the list, each after the id; return whether one of them is new."""
        for _ in range(_ATTEMPTS):
            before, etag = self._load()
            after = before
            for id_, address in names if after else ():
                if after and after.called(id_):
                    after = after.with_person(id_, {address: ""}, after.key.since)
            if not after or after == before:
                return False
            if self._store.replace_if(ERASED, SUPPRESSED, after.to_bytes(), {}, etag):
                return True
        raise ArchiveUnavailable(f"Others keep writing {SUPPRESSED}.")

    def _load(self) -> tuple[SuppressionList | None, str | None]:
        stored = self._store.get(ERASED, SUPPRESSED)
        if not stored:
            return None, None
        try:
            return SuppressionList.from_bytes(stored.content), stored.etag
        except UNREADABLE:
            raise ArchiveUnavailable(f"{SUPPRESSED} in {ERASED} is damaged.") from None


def _are_one(one: ErasedPerson, other: ErasedPerson) -> bool:
    return one.id == other.id and bool(one.id or one.addresses & other.addresses)


def _person(stored: Mapping[str, Any]) -> ErasedPerson:
    names = frozenset(ErasedName(*map(str, each)) for each in stored["names"])
    return ErasedPerson(datetime.fromisoformat(stored["since"]), str(stored["id"]), names)
