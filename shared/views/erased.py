"""Whose a name is that stands in a table: of somebody who must not come back, or of whoever has it since."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from functools import cached_property, lru_cache

from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.archive.suppression import ErasedPerson, SuppressionList
from shared.report.erasing import Who, url_form
from shared.views.people import USERS, people_of

_REMEMBERED = 1 << 16
"""Hashes."""


class ErasedPeople(Who):
    """The people on a suppression list, day by day. Every method raises ArchiveUnavailable."""

    def __init__(self, snapshots: SnapshotArchive, listed: SuppressionList, before: ErasedPeople | None = None) -> None:
        """`before` are those of the same list, which have read some of the directory: what is new in it is seen."""
        self._snapshots = snapshots
        self.listed = listed
        self._hash = lru_cache(_REMEMBERED)(listed.key.hash)
        known = [person for person in listed.people if person.id]
        others = [person for person in listed.people if not person.id]
        self._ids = {person.id for person in known}
        self._names = _since(known)
        self._without_id = {*_since(others)}
        self._read: dict[Snapshot, frozenset[str]] = before._read if before else {}
        self._of_others: dict[date, frozenset[str]] = {}

    def is_id(self, text: str) -> bool:
        """Whether an id is theirs."""
        return self._hash(text) in self._ids

    def is_address(self, text: str, day: str, *, is_anothers: bool = False) -> bool:
        """Whether an address was theirs on a day; `is_anothers`: it stands beside an id which is not theirs.

        Where the directory does not know a person, the address is theirs for ever.
        """
        hashed = self._hash(text)
        if hashed in self._without_id:
            return True
        return hashed in self._names and not is_anothers and not self._is_of_another(hashed, day)

    def is_url_form(self, text: str, day: str) -> bool:
        """Whether part of a URL, as `url_form` returns it, was made of an address that was theirs on a day."""
        return self.is_address(text, day)

    def is_name(self, text: str) -> bool:
        """Whether a text is an id or an address that ever was theirs, or what a URL has of one."""
        hashed = {self._hash(form) for form in (text, text.strip(".'-"), url_form(text))}
        return not hashed.isdisjoint(self._ids | self._names.keys() | self._without_id)

    def _is_of_another(self, hashed: str, text: str) -> bool:
        """Whether a name of theirs was somebody else's on a day, as of now where none is told.

        Before it was theirs it was that of whoever had it last: reports tell of accounts that are deleted, the
        directory does not.
        """
        try:
            day = date.fromisoformat(text[:10])
        except ValueError:
            day = date.max
        place = max(1, bisect_right(self._days, day))
        if self._days and hashed in self._of_others_on(self._days[place - 1]):
            return True
        is_before = day.isoformat() < self._names[hashed]
        return is_before and any(hashed in self._of_others_on(each) for each in reversed(self._days[: place - 1]))

    def _of_others_on(self, day: date) -> frozenset[str]:
        if day not in self._of_others:
            self._of_others[day] = self._names_of_others(day)
        return self._of_others[day]

    @cached_property
    def _days(self) -> list[date]:
        return self._snapshots.refresh_dates(USERS)

    def _names_of_others(self, day: date) -> frozenset[str]:
        """Return the names of theirs that the directory of a day has as somebody else's."""
        revisions = self._snapshots.revisions(USERS, day)
        if not revisions:
            return frozenset()
        newest = revisions[-1]
        if newest not in self._read:
            people = people_of(self._snapshots.pieces(newest))
            others = (person.address for person in people if self._hash(person.id) not in self._ids)
            names = (self._hash(name) for address in others for name in (address, url_form(address)))
            self._read[newest] = frozenset(name for name in names if name in self._names)
        return self._read[newest]


def _since(people: Iterable[ErasedPerson]) -> dict[str, str]:
    """Return the hashes of addresses and of their forms in URLs, each with the first day on which it was theirs."""
    return {name: each.since for person in people for each in person.names for name in (each.address, each.url_form)}
