"""A report with keyed hashes in place of people: which columns are told, and what becomes of their cells. Pure.

What is told is listed, so that a column which Microsoft adds is left out until somebody has looked at it. A cell that
does not have the form of its column is left out too, as it may be anything. The order of rows says nothing.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date
from enum import Enum, auto
from typing import NamedTuple, Protocol

from shared.domain.catalogue import Report
from shared.report.column_types import ColumnType, column_types
from shared.report.compression import join
from shared.report.csv_records import BOM, distinct, records, same
from shared.report.directory import SIGN_IN_COLUMNS
from shared.report.refresh_dates import DATE

OTHER = "(other)"
"""What stands for the traits of people who have them in common with too few."""


class Kind(Enum):
    """What the cells of a column that is told are."""

    ID = auto()
    """The object id of whom the row is about."""
    ADDRESS = auto()
    """The address of whom the row is about."""
    OWNER = auto()
    """The address of somebody else."""
    THING = auto()
    """The id of a group, site or team."""
    TRAIT = auto()
    """What several people have in common."""
    NUMBER = auto()
    DAY = auto()
    """A date; a time is told as its day."""
    FLAG = auto()
    DURATION = auto()


class Naming(Protocol):
    """What gives the hashes of one snapshot."""

    def person(self, id_: str, address: str, deleted: date | None = None) -> str:
        """Return the hash of a person who has that id or address, or had it until the day of the deletion."""

    def thing(self, kind: str, id_: str) -> str:
        """Return the hash of a `group`, `site` or `team`."""


LEFT_OUT = frozenset(
    same(column)
    for column in (
        *("Display Name", "Owner Display Name", "Group Display Name", "Team Name", "Site URL", "Network Display Name"),
        *("Tenant Display Name", "Shared Channel Tenant Display Names", "Job Title", "Office Location"),
        *("Created Date", "Created Date Time", "Deleted Date", "State Change Date"),
        *(f"{service} License Assign Date" for service in ("Exchange", "OneDrive", "SharePoint", "Skype For Business")),
        *(f"{service} License Assign Date" for service in ("Yammer", "Teams")),
        *("License Assignments", "Disabled Plans", "Site Sensitivity Label Id", "Unmanaged Device Policy"),
    )
)
"""Documented columns that are not told: names, places of one person, and days that colleagues know of somebody."""
_NAMED = {"user id": Kind.ID, "user principal name": Kind.ADDRESS, "owner principal name": Kind.OWNER}
_THINGS = {"group id": "group", "site id": "site", "team id": "team"}
_TRAITS = frozenset(
    (
        *("user type", "department", "company name", "country", "usage location", "user state", "product type"),
        *("group type", "team type", "geo location", "root web template", "site type"),
    )
)
_SIGN_INS = frozenset(map(same, SIGN_IN_COLUMNS))
_OTHERS = {
    "report period": Kind.NUMBER,
    **dict.fromkeys(_SIGN_INS, Kind.DAY),
    **dict.fromkeys(("audio duration", "video duration", "screen share duration"), Kind.DURATION),
    **_NAMED,
    **dict.fromkeys(_THINGS, Kind.THING),
    **dict.fromkeys(_TRAITS, Kind.TRAIT),
}
_BY_TYPE = {
    ColumnType.NUMBER: Kind.NUMBER,
    ColumnType.FRACTION: Kind.NUMBER,
    ColumnType.DATE: Kind.DAY,
    ColumnType.BOOLEAN: Kind.FLAG,
    ColumnType.LIST: Kind.TRAIT,
}
_FORMS = {
    Kind.NUMBER: re.compile(r"(-?\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?)", re.ASCII),
    Kind.DAY: re.compile(r"(\d{4}-\d{2}-\d{2})(?:T[\d:.]{1,18}(?:Z|\+00:00)?)?", re.ASCII),
    Kind.FLAG: re.compile(r"(true|false|yes|no)", re.IGNORECASE | re.ASCII),
    Kind.DURATION: re.compile(r"(-?P(?:\d{1,9}D)?(?:T[\dHMS.]{1,40})?)", re.ASCII),
}
_NOBODY = "00000000-0000-0000-0000-000000000000"
_DELETED, _DELETED_ON = "is deleted", "deleted date"

Traits = tuple[str, ...]


def kind_of(report: Report, column: str) -> Kind | None:
    """Return what a column of a report holds; None if it is not told."""
    name = same(column)
    documented = {same(each) for header in report.headers for each in header}
    if name in LEFT_OUT or name not in documented | (_SIGN_INS if report.is_directory else set()):
        return None
    return _OTHERS.get(name) or _BY_TYPE.get(column_types(report.name).get(name, ColumnType.TEXT))


def pseudonymous(report: Report, body: bytes, naming: Naming, least: int) -> bytes:
    """Return the body of a snapshot, in the form in which Graph sends it, as it is told.

    Traits that fewer than `least` people or things share are `(other)`. Raise ValueError if it is no CSV in UTF-8.
    """
    header = distinct(next(filter(None, records(body)), []))
    columns = _Columns(report, header)
    shared = defaultdict[Traits, set[str]](set)
    if columns.traits:
        for number, cells in enumerate(_rows(body)):
            shared[columns.traits_of(cells)].add(columns.subject(cells) or str(number))
    traits = told_traits(shared, least)
    lines: list[str] = []
    writer = csv.writer(_Sink(lines.append))
    for cells in _rows(body):
        writer.writerow(columns.told(cells, naming, traits))
    lines.sort()
    heading: list[str] = [BOM]
    csv.writer(_Sink(heading.append)).writerow(header[place] for place in columns.places)
    return join(line.encode() for some in (heading, lines) for line in some)


def told_traits(shared: Mapping[Traits, Set[str]], least: int, place: int = 0) -> dict[Traits, Traits]:
    """Return what is told of the traits that people share, from `place` on.

    `shared` are the people who share them. Whatever is told, together, is told of at least `least` of them, as far as
    there are so many: those of whom a trait is not told are so many too.
    """
    if not shared or place == len(next(iter(shared))):
        return {traits: () for traits in shared}
    groups = defaultdict[str, dict[Traits, Set[str]]](dict)
    for traits, people in shared.items():
        groups[traits[place]][traits] = people
    members = {value: set[str]().union(*group.values()) for value, group in groups.items()}
    shown = sorted(groups, key=lambda value: (len(members[value]), value))
    first = bisect_left(shown, least, key=lambda value: len(members[value]))
    others = set[str]().union(*(members[value] for value in shown[:first]))
    while first and first < len(shown) and len(others) < least:
        others |= members[shown[first]]
        first += 1
    hidden = {traits: people for value in shown[:first] for traits, people in groups[value].items()}
    told = {traits: (OTHER, *rest) for traits, rest in told_traits(hidden, least, place + 1).items()}
    for value in shown[first:]:
        told |= {traits: (value, *rest) for traits, rest in told_traits(groups[value], least, place + 1).items()}
    return told


def _rows(body: bytes) -> Iterator[list[str]]:
    lines = filter(None, records(body))
    next(lines, None)
    return lines


class _Sink(NamedTuple):
    """A file, as far as `csv.writer` needs one: it writes each line at once."""

    write: Callable[[str], object]


class _Columns:
    """The columns of a body, and what is told of its rows."""

    def __init__(self, report: Report, header: Sequence[str]) -> None:
        kinds = {place: kind for place, name in enumerate(header) if (kind := kind_of(report, name))}
        names = [same(name) for name in header]
        self.places = list(kinds)
        """Those that are told."""
        self.traits = [place for place, kind in kinds.items() if kind is Kind.TRAIT]
        self._kinds = kinds
        self._names = names
        self._id, self._address = (_place(kinds, kind) for kind in (Kind.ID, Kind.ADDRESS))
        self._things = [place for place, kind in kinds.items() if kind is Kind.THING]
        self._deleted, self._deleted_on = (
            names.index(name) if name in names else -1 for name in (_DELETED, _DELETED_ON)
        )

    def traits_of(self, cells: Sequence[str]) -> Traits:
        return tuple([_cell(cells, place) for place in self.traits])

    def subject(self, cells: Sequence[str]) -> str:
        """Return what tells whom or what a row is about; empty if nothing does."""
        texts = (_somebody(_cell(cells, place)) for place in (self._address, self._id, *self._things))
        return next(filter(None, texts), "")

    def told(self, cells: Sequence[str], naming: Naming, traits: Mapping[Traits, Traits]) -> list[str]:
        """Return what is told of a row."""
        own = dict(zip(self.traits, traits[self.traits_of(cells)], strict=True)) if self.traits else {}
        return [own[place] if place in own else self._told(cells, place, naming) for place in self.places]

    def _told(self, cells: Sequence[str], place: int, naming: Naming) -> str:
        kind, cell = self._kinds[place], _cell(cells, place)
        if kind in (Kind.ID, Kind.ADDRESS):
            id_, address = (_somebody(_cell(cells, each)) for each in (self._id, self._address))
            return naming.person(id_, address, self._deleted_of(cells)) if id_ or address else ""
        if kind is Kind.OWNER:
            return naming.person("", address) if (address := _somebody(cell)) else ""
        if kind is Kind.THING:
            return naming.thing(_THINGS[self._names[place]], id_) if (id_ := _somebody(cell)) else ""
        match = _FORMS[kind].fullmatch(cell)
        return match[1] if match else ""

    def _deleted_of(self, cells: Sequence[str]) -> date | None:
        if _cell(cells, self._deleted).casefold() != "true" or not (
            match := DATE.fullmatch(_cell(cells, self._deleted_on))
        ):
            return None
        try:
            return date.fromisoformat(match[1])
        except ValueError:
            return None


def _place(kinds: Mapping[int, Kind], wanted: Kind) -> int:
    return next((place for place, kind in kinds.items() if kind is wanted), -1)


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place] if 0 <= place < len(cells) else ""


def _somebody(text: str) -> str:
    """Return an id or address as it is compared; empty if it is that of nobody."""
    name = text.strip().casefold()
    return "" if name == _NOBODY else name
