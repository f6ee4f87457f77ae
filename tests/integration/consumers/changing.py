"""An archive in a folder, of reports that Microsoft changes: what readers of tables have to bear."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from shared.archive.folder_blob_store import FolderBlobStore
from shared.domain.call import parse
from shared.domain.catalogue import catalogue
from shared.pulling.table_keeping import TableKeeping
from tests.serving import DETAIL, SERVICES
from tests.shelf import Shelf, lines, snapshot

ADDED = "Copilot Active"
"""A column that the documentation does not know, and the first snapshots do not have."""
NEWEST = [
    ("2026-09-30", "70", None),  # of a month that is over, in one table
    ("2026-10-01", "71", None),
    ("2026-11-14", "72", None),
    ("2026-11-15", None, None),  # a column is gone for a day
    ("2026-11-17", "74", "8"),  # the tenth revision; the ninth says 73 and 7
    ("2026-11-18", "75", "9"),
]
"""What the newest revision of each refresh date says in `Teams Active` and `ADDED`; `Exchange Active` is 100."""
PEOPLE = [("2026-11-17", 1, 0), ("2026-11-18", 3, 2)]
"""Of each refresh date, the people with a licence for Exchange, and those of them who never used it."""
_REFRESH, _EXCHANGE, _TEAMS = "Report Refresh Date", "Exchange Active", "Teams Active"
_PEOPLE = "Report Refresh Date,User Principal Name,Display Name,Has Exchange License,Exchange Last Activity Date"


def write(folder: Path) -> None:
    """Write the archive as runs leave it, with tables."""
    shelf, now = Shelf(), datetime(2026, 11, 20, tzinfo=UTC)
    for report, day, revision, body in _bodies():
        one = snapshot(parse(f"{report}(period='D7')", catalogue()), date.fromisoformat(day), body, revision)
        shelf.put(one, body)
    keeping = TableKeeping(shelf, catalogue(), lambda: now, with_delta=True)
    keeping.keep(shelf.coverage.read(None), now + timedelta(minutes=25))
    store = FolderBlobStore(folder)
    for (container, name), (content, metadata) in shelf.blobs.items():
        store.create(container, name, content, metadata)


def _bodies() -> list[tuple[str, str, int, bytes]]:
    old, new = f"{_REFRESH},{_EXCHANGE},{_TEAMS}", f"{_REFRESH},{ADDED},{_EXCHANGE},{_TEAMS}"
    return [
        (SERVICES, "2026-09-30", 1, lines(old, "2026-09-30,100,70")),
        (SERVICES, "2026-10-01", 1, lines(old, "2026-10-01,100,71")),
        (SERVICES, "2026-11-14", 1, lines(old, "2026-11-14,100,72")),
        (SERVICES, "2026-11-15", 1, lines(f"{_REFRESH},{_EXCHANGE}", "2026-11-15,100")),
        (SERVICES, "2026-11-17", 9, lines(new, "2026-11-17,7,100,73")),
        (SERVICES, "2026-11-17", 10, lines(new, "2026-11-17,8,100,74")),
        (SERVICES, "2026-11-18", 1, lines(new, "2026-11-18,9,100,75")),
        (DETAIL, "2026-11-17", 9, lines(_PEOPLE, "2026-11-17,a@b.c,A,True,", "2026-11-17,d@b.c,D,True,")),
        (DETAIL, "2026-11-17", 10, lines(_PEOPLE, "2026-11-17,a@b.c,A,True,2026-11-01")),
        (
            DETAIL,
            "2026-11-18",
            1,
            lines(
                _PEOPLE.replace("Display Name", "Pronouns,Display Name"),
                "2026-11-18,a@b.c,they,A,True,2026-11-01",
                '2026-11-18,d@b.c,,"D\nd, ""Dora""",True,',
                "2026-11-18,e@b.c,,E,True,",
                "2026-11-18,f@b.c,,F,False,",
            ),
        ),
    ]
