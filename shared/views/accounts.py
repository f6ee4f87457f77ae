"""Whose an id or an address was, over the whole past of the directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from typing import NamedTuple

from shared.archive.snapshots import SnapshotArchive
from shared.views.people import USERS, Person, people_of

Held = tuple[date, str]
"""Something from a day on."""


class Account(NamedTuple):
    """One account, on all days of the directory."""

    id: str
    addresses: Sequence[Held]
    """Each in lower case, with the first day of the directory that has it; oldest first."""
    holders: Mapping[str, Sequence[Held]]
    """By address the ids of those who had it, likewise."""

    def first_called(self, name: str) -> date:
        """Return the first day on which the account had an address."""
        return next(since for since, id_ in self.holders[name] if id_ == self.id)

    def address_on(self, day: date) -> str:
        """Return the address of a day; before the directory was archived, its first. Empty where it is another's."""
        address = _at(self.addresses, day)
        return address if _at(self.holders[address], day) == self.id else ""


def accounts_called(snapshots: SnapshotArchive, name: str) -> list[Account]:
    """Return the accounts that had an id or an address on any day, in lower case, by the day when they first had it.

    Raise ArchiveUnavailable.
    """
    sought = {name}
    while True:
        found = list(_known_as(snapshots, sought))
        ids = list(dict.fromkeys(person.id for _, person in found if name in _names(person)))
        more = sought.union(*(_names(person) for _, person in found if person.id in ids))
        if more == sought:
            break
        sought = more
    addresses: dict[str, list[Held]] = {}
    holders: dict[str, list[Held]] = {}
    for day, person in found:
        _hold(addresses.setdefault(person.id, []), day, person.address.casefold())
        _hold(holders.setdefault(person.address.casefold(), []), day, person.id)
    return [Account(id_, addresses[id_], holders) for id_ in ids]


def _known_as(snapshots: SnapshotArchive, names: Set[str]) -> Iterator[tuple[date, Person]]:
    """Yield the accounts of each day, oldest first, that have one of these ids or addresses."""
    days = snapshots.last_revisions(USERS)
    for snapshot, body in zip(days, snapshots.contents(days), strict=True):
        for person in people_of(body):
            if not names.isdisjoint(_names(person)):
                yield snapshot.refresh_date, person


def _names(person: Person) -> tuple[str, str]:
    return person.id, person.address.casefold()


def _hold(held: list[Held], day: date, what: str) -> None:
    if not held or held[-1][1] != what:
        held.append((day, what))


def _at(held: Sequence[Held], day: date) -> str:
    return next((what for since, what in reversed(held) if since <= day), held[0][1])
