"""What the reports say of one person."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue, Report
from shared.domain.dates import days_between
from shared.domain.errors import NamesConcealed
from shared.report.csv_records import records, same
from shared.views.naming import NAMING, is_concealed, names_people
from shared.views.people import Accounts, Person, directory_at

COLUMNS = ("Report", "Refresh Date", "Column", "Value")


class PersonView(NamedTuple):
    """The cells of all reports that name a person, one a row."""

    snapshots: SnapshotArchive
    catalogue: Catalogue
    person: Person
    first: date | None
    """Without it, the newest of each report counts alone."""
    end: date | None
    """The day after the last."""
    today: date
    as_of: datetime | None

    def rows(self) -> Iterator[list[str]]:
        """Yield every cell. Raise ArchiveUnavailable."""
        address_on = functools.cache(self._address_on)
        for report in self.catalogue.reports.values():
            for snapshot in self._of(report):
                if is_concealed(self.snapshots, snapshot):
                    raise NamesConcealed([snapshot.call])
                yield from cells_about(self.snapshots, snapshot, self.person.id, address_on(snapshot.refresh_date))

    def _of(self, report: Report) -> Sequence[Snapshot]:
        """Return the snapshots of a report that count."""
        if not names_people(report):
            return ()
        for period in (*reversed(report.periods), None):
            call = Call(report.name, period=period)
            if found := self._between(call):
                return found
        return ()

    def _between(self, call: Call) -> Sequence[Snapshot]:
        end, begin = self.end or self.today + timedelta(days=1), self.person.created_on or date.min
        if not self.first:
            newest = self.snapshots.until(call, end - timedelta(days=1), self.as_of)
            return [newest] if newest and newest.refresh_date >= begin else ()
        months = sorted({f"{day:%Y-%m}" for day in days_between(self.first, end)})
        listed = [each for month in months for each in self.snapshots.all(call, self.as_of, month)]
        last = {each.refresh_date: each for each in listed if max(self.first, begin) <= each.refresh_date < end}
        return list(last.values())

    def _address_on(self, day: date) -> str:
        """Return the address of that day, or else that of now."""
        person = person_at(self.snapshots, day, self.person.id, self.as_of)
        return (person or self.person).address.casefold()


def cells_about(snapshots: SnapshotArchive, snapshot: Snapshot, id_: str, address: str) -> Iterator[list[str]]:
    """Yield the cells of the rows that have an id or an address, in lower case, one a row as COLUMNS says.

    Raise ArchiveUnavailable, DamagedBlob.
    """
    lines = records(snapshots.content(snapshot))
    header = next(lines, [])
    places = [place for place, name in enumerate(header) if same(name) in NAMING]
    own = {id_, address} - {""}
    for line in lines:
        if any(place < len(line) and line[place].casefold() in own for place in places):
            for column, cell in zip(header, line, strict=False):
                yield [str(snapshot.call), snapshot.refresh_date.isoformat(), column, cell]


def person_at(snapshots: SnapshotArchive, day: date, id_: str, as_of: datetime | None = None) -> Person | None:
    """Return the account with that id on the newest day up to that one; None if there is none."""
    directory = directory_at(Accounts(snapshots), day, as_of)
    people = directory.people() if directory else ()
    return next((person for person in people if person.id == id_.casefold()), None)
