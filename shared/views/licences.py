"""Who holds which licence on a day, and what can be said of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue
from shared.domain.products import Product, product, product_of_sku
from shared.domain.verdict import AccountState, Verdict
from shared.report.csv_records import cells_of
from shared.views.activity import Activity, Seen, activity_at
from shared.views.people import USERS, Accounts, Directory, Person, directory_at
from shared.views.verdicts import Judged, held_since, judge

SKUS = Call("subscribedSkus")
MAILBOXES = "getMailboxUsageDetail"
_LISTED = ("Sku Id", "Sku Part Number", "Enabled Units", "Warning Units", "Consumed Units")


class Licence(NamedTuple):
    """One licence of one person."""

    sku: str
    product: Product
    judged: Mapping[int, Judged]
    """By the number of days."""


class Holder(NamedTuple):
    """One account with its licences."""

    person: Person
    state: AccountState
    seen: Mapping[str, Seen]
    """By service."""
    licences: tuple[Licence, ...]


class LicensedPeople(NamedTuple):
    """All accounts of a day, and what is known of them."""

    directory: Directory
    activity: Activity
    products: Mapping[str, Product]
    """By sku id, as the newest list up to the day has them."""
    units: Mapping[str, Sequence[str]]
    """By sku id how many are enabled, in warning and consumed, as the list of the day says; empty if there is none."""
    before: Mapping[int, Snapshot | None]
    """By the number of days: the accounts of so long ago; None where the archive does not reach so far."""
    shared: frozenset[str]
    """The addresses of shared mailboxes, in lower case."""

    @property
    def day(self) -> date:
        return self.directory.now.refresh_date

    def holders(self) -> Iterator[Holder]:
        """Yield every account, by id. Raise ArchiveUnavailable."""
        earlier = {days: self._earlier(snapshot) for days, snapshot in self.before.items()}
        for person in self.directory.people():
            seen = self.activity.of(person)
            before = {days: then.licences_of(person.id) if then else None for days, then in earlier.items()}
            licences = tuple(self._licence(person, sku, seen, before) for sku in person.skus)
            is_shared = person.address.casefold() in self.shared
            yield Holder(person, AccountState.SHARED if is_shared else person.state, seen, licences)

    def _earlier(self, snapshot: Snapshot | None) -> _Earlier | None:
        return _Earlier(self.directory.accounts.of(snapshot)) if snapshot else None

    def _licence(
        self, person: Person, sku: str, seen: Mapping[str, Seen], earlier: Mapping[int, str | None]
    ) -> Licence:
        of = self.products.get(sku) or product_of_sku(sku)
        if not of:
            return Licence(sku, Product(sku, sku), dict.fromkeys(self.before, Judged(Verdict.UNKNOWN)))
        return Licence(sku, of, judge(of, seen, lambda days: held_since(person, sku, earlier[days]), earlier))


class _Earlier:
    """The accounts of an earlier day."""

    def __init__(self, people: Iterator[Person]) -> None:
        self._people = people
        self._next = next(people, None)

    def licences_of(self, id_: str) -> str:
        """Return the licences of an account, empty if there was none. Ids are asked for in their order."""
        while self._next and self._next.id < id_:
            self._next = next(self._people, None)
        return self._next.licences if self._next and self._next.id == id_ else ""


def licensed_people(
    accounts: Accounts, catalogue: Catalogue, day: date, days: Iterable[int], as_of: datetime | None = None
) -> LicensedPeople | None:
    """Return the accounts of the newest day up to that one, judged for each number of days; None if there are none."""
    snapshots, directory = accounts.snapshots, directory_at(accounts, day, as_of)
    if not directory:
        return None
    listed = snapshots.until(SKUS, day, as_of)
    rows = list(cells_of(snapshots.content(listed), _LISTED)) if listed else []
    is_of_day = listed is not None and listed.refresh_date == directory.now.refresh_date
    return LicensedPeople(
        directory=directory,
        activity=activity_at(catalogue, directory, as_of),
        products={sku: product(part) for sku, part, *_ in rows if part},
        units={sku: units for sku, _, *units in rows} if is_of_day else {},
        before={
            each: snapshots.until(USERS, directory.now.refresh_date - timedelta(days=each), as_of) for each in days
        },
        shared=_shared(snapshots, catalogue, day, as_of),
    )


def _shared(snapshots: SnapshotArchive, catalogue: Catalogue, day: date, as_of: datetime | None) -> frozenset[str]:
    """Return the addresses of shared mailboxes, as far as a report says which they are."""
    period = catalogue.reports[MAILBOXES].periods[-1]
    newest = snapshots.until(Call(MAILBOXES, period=period), day, as_of)
    if not newest or "Recipient Type" not in newest.metadata.columns:
        return frozenset()
    rows = cells_of(snapshots.pieces(newest), ["User Principal Name", "Recipient Type"])
    return frozenset(address.casefold() for address, kind in rows if kind.casefold().startswith("shared"))
