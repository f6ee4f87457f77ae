"""`python3 -m local person`: what an archive says of one person, on all its days, as CSV.

Who it is, is said to this command alone: no address is in a URL, and so in nobody's log of requests.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain

from local.child import ChildError
from local.parsers import person as parse
from local.place import opened
from shared.archive.archive import Archive
from shared.archive.layout import Partition
from shared.archive.read_ahead import read_ahead
from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.domain.call import every_call
from shared.domain.catalogue import catalogue
from shared.domain.dates import stretches
from shared.domain.errors import DamagedBlob, UsageArchiveError
from shared.report.csv_records import to_csv
from shared.views.accounts import Account, accounts_called
from shared.views.naming import is_concealed, names_people
from shared.views.person import COLUMNS, cells_about


def main(arguments: Sequence[str]) -> int:
    """Print what is said of a person. Return 0, 1 if there is nothing or not all could be read, 2 if nothing could."""
    options = parse(arguments)
    name = options.person.strip().casefold()
    try:
        with opened(options) as archive:
            return _print(Archive(archive(), catalogue()), name)
    except (ChildError, UsageArchiveError, OSError) as error:
        print(f"The archive could not be read: {error}", file=sys.stderr)
        return 2


def _print(archive: Archive, name: str) -> int:
    accounts = accounts_called(archive.snapshots, name)
    if len(accounts) > 1:
        print("This address was that of more than one. Say which, by the id:", file=sys.stderr)
        for account in accounts:
            print(f"  {account.id} from {account.first_called(name)} on", file=sys.stderr)
        return 2
    past = _Past(archive.snapshots, accounts[0] if accounts else None, name)
    for piece in to_csv(chain([COLUMNS], past.rows())):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    for line in past.remarks():
        print(line, file=sys.stderr)
    return 0 if past.found and not past.unread else 1


class _Past:
    """What is said of one person."""

    def __init__(self, snapshots: SnapshotArchive, account: Account | None, name: str) -> None:
        self._snapshots = snapshots
        self._account = account
        self._name = name
        self.found: set[str] = set()
        """The reports that name the person."""
        self.unread: dict[str, list[date]] = {}
        """By what is the matter and the call, the days of which nothing or not all could be said."""

    def rows(self) -> Iterator[list[str]]:
        """Yield every cell. Raise ArchiveUnavailable."""
        for report in filter(names_people, catalogue().reports.values()):
            for call in every_call(report):
                for cells in read_ahead(self._of, self._snapshots.last_revisions(call)):
                    self.found |= {report.name} if cells else set()
                    yield from cells

    def remarks(self) -> Iterator[str]:
        """Yield what a reader should know besides, once all rows are given."""
        if self._account:
            addresses = ", ".join(f"{address} from {since} on" for since, address in self._account.addresses)
            yield f"{self._account.id}: {addresses}."
        elif self.found:
            yield "The directory does not know whose address this is: rows may be those of several people."
        else:
            yield "Nobody has this id or address."
        for what, days in self.unread.items():
            for first, last in stretches(days):
                yield f"{what}, {first} to {last}."

    def _of(self, snapshot: Snapshot) -> list[list[str]]:
        day = snapshot.refresh_date
        id_, address = (self._account.id, self._account.address_on(day)) if self._account else ("", self._name)
        try:
            if is_concealed(self._snapshots, snapshot):
                self._note("Names are concealed", snapshot)
            return list(cells_about(self._snapshots, snapshot, id_, address))
        except DamagedBlob:
            self._note("Damaged, which verify tells more of", snapshot)
            return []

    def _note(self, what: str, snapshot: Snapshot) -> None:
        self.unread.setdefault(f"{what}: {Partition.of(snapshot.call)}", []).append(snapshot.refresh_date)
