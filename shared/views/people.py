"""The accounts of a day, and the licences that they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.domain.call import Call
from shared.domain.verdict import AccountState
from shared.report.csv_records import cells_of, items

USERS = Call("users")
_COLUMNS = (
    *("User Id", "User Principal Name", "Display Name", "Account Enabled", "User Type", "Department"),
    *("Company Name", "Country", "Office Location", "Job Title", "Created Date Time", "Assigned Licenses"),
    "License Assignments",
)
_SMALL = 1 << 18
"""Bytes of accounts, about a thousand of them, that are kept when they are read ..."""
_MOST_KEPT = 8
"""... of so many days."""


class Person(NamedTuple):
    """One account, its cells as the report `users` has them."""

    id: str
    address: str
    name: str
    enabled: str
    kind: str
    department: str
    company: str
    country: str
    office: str
    title: str
    created: str
    licences: str
    """Ids of products, joined by `+`."""
    assignments: str

    @property
    def skus(self) -> Sequence[str]:
        """The ids of the products that are assigned."""
        return _items(self.licences) if self.licences else ()

    @property
    def created_on(self) -> date | None:
        return _date(self.created)

    @property
    def state(self) -> AccountState:
        if self.kind == "Guest":
            return AccountState.GUEST
        return AccountState.DISABLED if self.enabled == "False" else AccountState.ENABLED

    def assigned_on(self, sku: str) -> date | None:
        """Return when a product was first assigned, of the ways by which it came that stand; None = nobody says."""
        ways = (item.split(":", 2) for item in _items(self.assignments))
        return min((day for way in ways if way[0] == sku and (day := _date(way[-1]))), default=None)


class Accounts:
    """Reads the accounts of snapshots, of which those of some are kept, as one day is looked at with others."""

    def __init__(self, snapshots: SnapshotArchive) -> None:
        self.snapshots = snapshots
        self._kept: dict[str, list[Person]] = {}
        """By the names of blobs, those that were asked for last at the end."""

    def of(self, snapshot: Snapshot) -> Iterator[Person]:
        """Yield the accounts of a snapshot, by id. Raise ArchiveUnavailable."""
        if snapshot.metadata.size > _SMALL:
            return people_of(self.snapshots.pieces(snapshot))
        people = self._kept.pop(snapshot.blob, None) or [*people_of(self.snapshots.content(snapshot))]
        self._kept[snapshot.blob] = people
        if len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return iter(people)


class Directory(NamedTuple):
    """The accounts of a day."""

    accounts: Accounts
    now: Snapshot
    before: Snapshot | None
    """Of the day before: who is missing on one day alone is not gone."""

    def people(self) -> Iterator[Person]:
        """Yield every account, by id. Raise ArchiveUnavailable."""
        now = self.accounts.of(self.now)
        if not self.before:
            yield from now
            return
        for today, yesterday in paired(now, self.accounts.of(self.before)):
            if person := today or yesterday:
                yield person


def directory_at(accounts: Accounts, day: date, as_of: datetime | None = None) -> Directory | None:
    """Return the accounts of the newest day up to that one; None if there are none."""
    snapshots = accounts.snapshots
    now = snapshots.until(USERS, day, as_of)
    if not now:
        return None
    before = snapshots.revisions(USERS, now.refresh_date - timedelta(days=1), as_of)
    return Directory(accounts, now, before[-1] if before else None)


def people_of(body: bytes | Iterable[bytes]) -> Iterator[Person]:
    """Yield the accounts of a snapshot, of its body or the pieces of it, by id."""
    return map(Person._make, cells_of(body, _COLUMNS))


def paired(now: Iterator[Person], then: Iterator[Person]) -> Iterator[tuple[Person | None, Person | None]]:
    """Yield the accounts of two days side by side, by id; None where one is missing on that day."""
    one, other = next(now, None), next(then, None)
    while one or other:
        if not one or (other and other.id < one.id):
            yield None, other
            other = next(then, None)
        elif not other or one.id < other.id:
            yield one, None
            one = next(now, None)
        else:
            yield one, other
            one, other = next(now, None), next(then, None)


@lru_cache(maxsize=1024)  # people share them, as they do products
def _items(cell: str) -> Sequence[str]:
    return tuple(items(cell))


@lru_cache(maxsize=4096)
def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
