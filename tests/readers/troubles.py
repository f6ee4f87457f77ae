"""What Microsoft may do to a report, as an archive with tables for each, and what is right then."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from local.folder import FILES
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import DERIVED, PERSONAL, PERSONAL_DERIVED, USAGE, Partition
from shared.domain.call import parse
from shared.domain.catalogue import catalogue
from shared.pulling.table_keeping import TableKeeping
from shared.report.column_types import ColumnType, column_types
from shared.report.csv_records import same
from tests.serving import DETAIL, SERVICES
from tests.shelf import Shelf, lines, snapshot

REFRESH = "Report Refresh Date"
OLD = f"{REFRESH},Exchange Active,Teams Active"
Body = tuple[str, int, str, Sequence[str]]
"""A refresh date, a revision, a header, and rows without their refresh date."""
Row = tuple[str | None, ...]


class Trouble(NamedTuple):
    """An archive of one call to which something happened."""

    name: str
    bodies: Sequence[Body]
    columns: Sequence[str]
    """Those that are asked for."""
    report: str = SERVICES
    in_tables: Sequence[str] = ()
    """What these columns are called in tables, where that is something else."""
    now: datetime = datetime(2026, 11, 20, tzinfo=UTC)
    """When the last run ends."""

    def right(self, source: str) -> list[Row]:
        """The cells of the newest revisions, sorted; in tables with what does not fit its type, which is null there."""
        last = {day: max(each for other, each, *_ in self.bodies if other == day) for day, *_ in self.bodies}
        rows = [
            self._right(dict(zip(header.split(","), [day, *next(csv.reader([row], strict=True))], strict=True)), source)
            for day, revision, header, body in self.bodies
            if revision == last[day]
            for row in body
        ]
        return sorted(rows, key=str)

    def _right(self, cells: dict[str, str], source: str) -> Row:
        told = {name: cells.get(name) or None for name in self.columns}
        if source != "tables":
            return tuple(told.values())
        types = column_types(self.report)
        unfit = {
            name: cell
            for name, cell in told.items()
            if cell and types.get(same(name)) is ColumnType.NUMBER and not _is_int64(cell)
        }
        return *(None if name in unfit else cell for name, cell in told.items()), json.dumps(unfit) if unfit else None

    def asked(self, source: str) -> list[str]:
        """The columns to ask for."""
        return [*(self.in_tables or self.columns), "_unfit"] if source == "tables" else [*self.columns]

    def write(self, folder: Path) -> None:
        """Write the archive as runs leave it that find the first revisions, then the next and so on."""
        shelf = Shelf()
        keeping = TableKeeping(shelf, catalogue(), lambda: self.now)
        for number in sorted({revision for _, revision, *_ in self.bodies}):
            for day, revision, header, rows in self.bodies:
                if revision == number:
                    self._put(shelf, date.fromisoformat(day), revision, header, rows)
            keeping.keep(shelf.coverage.read(None), self.now + timedelta(minutes=25))
        store = FolderBlobStore(folder / FILES)
        for (container, name), (content, metadata) in shelf.blobs.items():
            store.create(container, name, content, metadata)

    def _put(self, shelf: Shelf, day: date, revision: int, header: str, rows: Sequence[str]) -> None:
        body = lines(header, *(f"{day},{row}" for row in rows))
        call = parse(f"{self.report}(period='D7')", catalogue())
        one = snapshot(call, day, body if rows else _with_a_row(body), revision)
        if not rows:
            one = one._replace(metadata=one.metadata._replace(rows=0, sha256=sha256(body).hexdigest(), size=len(body)))
        shelf.put(one, body)

    def folder(self, of: Path, source: str, as_csv: bool) -> Path:
        """Where that lies; `as_csv`: the tables as they were exported."""
        is_personal, partition = self.report in catalogue().personal, str(Partition(self.report, "D7"))
        if source != "tables":
            return of / "archive" / FILES / (PERSONAL if is_personal else USAGE) / partition
        if as_csv:
            return of / "home" / partition
        return of / "archive" / FILES / (PERSONAL_DERIVED if is_personal else DERIVED) / partition


def _with_a_row(header: bytes) -> bytes:
    """A body that the app would archive, as it would not a header alone."""
    return header + b",".join([b"2026-11-15", *[b"1"] * header.count(b",")]) + b"\r\n"


def _is_int64(cell: str) -> bool:
    return cell.lstrip("-").isdigit() and -(2**63) <= int(cell) < 2**63


def _days(*later: Body) -> list[Body]:
    """A month in one table and some days, and then these."""
    return [
        ("2026-09-30", 1, OLD, ["100,70"]),
        ("2026-10-01", 1, OLD, ["100,71"]),
        ("2026-11-14", 1, OLD, ["100,72"]),
        *later,
    ]


BOTH = (REFRESH, "Exchange Active", "Teams Active")
NEW, RENAMED, MONTH = "Copilot Active", "Teams Users", "Month"
PEOPLE = f"{REFRESH},User Principal Name,Display Name,Has Exchange License"
EDGE = Trouble(
    "corrected days in tables of five days",
    [
        *((f"2027-02-{day}", 1, PEOPLE, [f"a@b.c,Ann,{day % 2 == 0}", "d@b.c,Dora,True"]) for day in range(21, 29)),
        ("2027-03-01", 1, PEOPLE, ["a@b.c,Ann,True"]),
        ("2027-02-25", 2, PEOPLE, ["a@b.c,Ann,True"]),
        ("2027-02-26", 2, PEOPLE, ["a@b.c,Ann,False", "d@b.c,Dora,False", "e@b.c,E,True"]),
    ],
    (REFRESH, "User Principal Name", "Display Name", "Has Exchange License"),
    DETAIL,
    now=datetime(2027, 3, 3, tzinfo=UTC),
)
"""The last two blocks of a month that goes on, the second of three days, and a day of its own."""
TROUBLES = (
    Trouble("nothing", _days(("2026-11-15", 1, OLD, ["100,73"])), BOTH),
    Trouble("a restatement", _days(("2026-11-15", 1, OLD, ["100,73"]), ("2026-11-15", 2, OLD, ["100,74"])), BOTH),
    Trouble(
        "an added column",
        _days(("2026-11-15", 1, f"{REFRESH},{NEW},Exchange Active,Teams Active", ["9,100,73"])),
        (*BOTH, NEW),
    ),
    Trouble("a removed column", _days(("2026-11-15", 1, f"{REFRESH},Teams Active", ["73"])), BOTH),
    Trouble(
        "a renamed column",
        _days(("2026-11-15", 1, f"{REFRESH},Exchange Active,{RENAMED}", ["100,73"])),
        (*BOTH, RENAMED),
    ),
    Trouble("a header alone", [("2026-09-29", 1, OLD, []), *_days(("2026-11-15", 1, OLD, []))], BOTH),
    Trouble(
        "a line break in a name",
        [
            ("2026-10-01", 1, PEOPLE, ["a@b.c,Ann,True"]),
            ("2026-11-15", 1, PEOPLE, ['d@b.c,"D\nd, ""Dora""",True', "e@b.c,E,False"]),
        ],
        (REFRESH, "User Principal Name", "Display Name", "Has Exchange License"),
        DETAIL,
    ),
    EDGE,
    Trouble("revisions 9 and 10", _days(("2026-11-15", 9, OLD, ["100,73"]), ("2026-11-15", 10, OLD, ["100,74"])), BOTH),
    Trouble(
        "a number that becomes text",
        _days(("2026-11-15", 1, OLD, ["100,n/a"]), ("2026-11-16", 1, OLD, ["101,75.5"])),
        BOTH,
    ),
    Trouble(
        "numbers beyond 2^53 and int64",
        _days(("2026-11-15", 1, OLD, ["9007199254740993,9223372036854775808"]), ("2026-11-16", 1, OLD, [",75"])),
        BOTH,
    ),
    Trouble(
        "a column without a name",
        _days(("2026-11-15", 1, f"{REFRESH},,Exchange Active,Teams Active", ["x,100,73"])),
        (*BOTH, ""),
        in_tables=(*BOTH, "(no name)"),
    ),
    Trouble(
        "names that differ in case alone",
        _days(("2026-11-15", 1, f"{OLD},TEAMS ACTIVE", ["100,73,5"])),
        (*BOTH, "TEAMS ACTIVE"),
        in_tables=(*BOTH, "TEAMS ACTIVE (2)"),
    ),
    Trouble(
        "a column named as a folder is",
        _days(("2026-11-15", 1, f"{OLD},{MONTH}", ["100,73,May"])),
        (*BOTH, MONTH),
        in_tables=(*BOTH, f"{MONTH} (2)"),
    ),
    Trouble(
        "a dot, a slash, a quote in a name",
        _days(("2026-11-15", 1, f"{OLD},Teams.v2 (d/w) 'x'", ["100,73,6"])),
        (*BOTH, "Teams.v2 (d/w) 'x'"),
    ),
)
