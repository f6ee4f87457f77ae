"""Series: a snapshot replaces the days that it has rows for, whatever the order in which snapshots come."""

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.in_memory import Around, Operation
from local.stack import Stack
from shared.app import App
from shared.archive.archive import Archive
from shared.archive.layout import DERIVED
from shared.archive.series import SeriesArchive
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.errors import ArchiveUnavailable, SeriesUnfinished
from shared.domain.outcome import Flag
from shared.events import SERIES_BEHIND
from shared.report.history import Concatenation, pieces
from shared.report.table import Table, columns_of, joined, merged, parse, split
from shared.web.http import Request, handle
from tests.reliability.storage_proxy import FaultyStorage
from tests.shelf import Shelf, lines, series_name, snapshot

COUNTS = Call("getOffice365ActiveUserCounts", period="D7")
SUMMARY = Call("getOffice365ServicesUserCounts", period="D7")
PEOPLE = Call("getOffice365ActiveUserDetail", period="D7")
DAY = date(2026, 11, 18)

CASES = {
    "the newest refresh date replaces the days that it has rows for, and no others": (
        [
            (
                "2026-11-03",
                ["Report Refresh Date,Teams,Report Date", "2026-11-03,3,2026-11-03", "2026-11-03,2,2026-11-02"],
            ),
            (
                "2026-11-04",
                ["Report Refresh Date,Teams,Report Date", "2026-11-04,4,2026-11-04", "2026-11-04,9,2026-11-03"],
            ),
        ],
        [
            "Report Refresh Date,Teams,Report Date",
            "2026-11-03,2,2026-11-02",
            "2026-11-04,9,2026-11-03",
            "2026-11-04,4,2026-11-04",
        ],
    ),
    "an older one that comes late fills gaps only": (
        [
            ("2026-11-04", ["Report Refresh Date,Teams,Report Date", "2026-11-04,9,2026-11-03"]),
            (
                "2026-11-03",
                ["Report Refresh Date,Teams,Report Date", "2026-11-03,3,2026-11-03", "2026-11-03,2,2026-11-02"],
            ),
        ],
        ["Report Refresh Date,Teams,Report Date", "2026-11-03,2,2026-11-02", "2026-11-04,9,2026-11-03"],
    ),
    "a correction replaces its day as a whole": (
        [
            ("2026-11-03", ["Report Refresh Date,Product,Users", "2026-11-03,Teams,3", "2026-11-03,Yammer,1"]),
            ("2026-11-03", ["Report Refresh Date,Product,Users", "2026-11-03,Teams,4"]),
        ],
        ["Report Refresh Date,Product,Users", "2026-11-03,Teams,4"],
    ),
    "without a Report Date the refresh date is the day, and rows stay as they came": (
        [
            ("2026-11-04", ["Report Refresh Date,Product", "2026-11-04,b", "2026-11-04,a"]),
            ("2026-11-03", ["Report Refresh Date,Product", "2026-11-03,z"]),
        ],
        ["Report Refresh Date,Product", "2026-11-03,z", "2026-11-04,b", "2026-11-04,a"],
    ),
    "columns are added at the end wherever they came, and stay when they are gone": (
        [
            ("2026-11-03", ["Report Refresh Date,A,B", "2026-11-03,1,2"]),
            ("2026-11-04", ["Report Refresh Date,New,B,A", "2026-11-04,3,4,5"]),
            ("2026-11-05", ["Report Refresh Date,B,Renamed", "2026-11-05,6,7"]),
        ],
        [
            "Report Refresh Date,A,B,New,Renamed",
            "2026-11-03,1,2,,",
            "2026-11-04,5,4,3,",
            "2026-11-05,,6,,7",
        ],
    ),
    "the refresh date comes first, under its name of today, in one form, from the snapshot's name": (
        [
            ("2026-11-03", ["A,Data as of", "1,2026-11-03"]),
            (
                "2026-11-04",
                [
                    "A,Report Refresh Date,Report Date",
                    "2,2026-11-04T00:00:00Z,2026-11-04T00:00:00+00:00",
                    "3,,2026-11-05",
                ],
            ),
        ],
        ["Report Refresh Date,A,Report Date", "2026-11-04,2,2026-11-04", "2026-11-04,3,2026-11-05"],
    ),
    "columns of one name are told apart; cells that are missing are empty, cells without a column are left out": (
        [("2026-11-03", ["Report Refresh Date,Used,Used", "2026-11-03,1,2", "2026-11-03,3", "", "2026-11-03,4,5,6"])],
        ["Report Refresh Date,Used,Used (2)", "2026-11-03,1,2", "2026-11-03,3,", "2026-11-03,4,5"],
    ),
    "columns that a reader takes for the same are told apart in one snapshot, and one column of the series": (
        [
            ("2026-11-03", ["Report Refresh Date,Used,used,", "2026-11-03,1,2,3"]),
            ("2026-11-04", ["Report Refresh Date,USED", "2026-11-04,4"]),
        ],
        ["Report Refresh Date,Used,used (2),(no name)", "2026-11-03,1,2,3", "2026-11-04,4,,"],
    ),
    "rows without a Report Date are of no day, whether they come first": (
        [
            ("2026-11-03", ["Report Refresh Date,Teams", "2026-11-03,1"]),
            ("2026-11-04", ["Report Refresh Date,Teams,Report Date", "2026-11-04,2,2026-11-02", "2026-11-04,3,"]),
        ],
        ["Report Refresh Date,Teams,Report Date", "2026-11-04,2,2026-11-02"],
    ),
    "or later, and the days that were there stay": (
        [
            ("2026-11-04", ["Report Refresh Date,Teams,Report Date", "2026-11-04,2,2026-11-04"]),
            ("2026-11-05", ["Report Refresh Date,Teams", "2026-11-05,9"]),
            ("2026-11-06", ["Report Refresh Date,Teams,Report Date", "2026-11-06,3,2026-11-05"]),
        ],
        ["Report Refresh Date,Teams,Report Date", "2026-11-04,2,2026-11-04", "2026-11-06,3,2026-11-05"],
    ),
    "quoting is kept where it is needed": (
        [
            (
                "2026-11-03",
                ["Report Refresh Date,Name", '2026-11-03,"a,""b"""', '"2026-11-03","c"', '2026-11-03,"=x\ny"'],
            )
        ],
        ["Report Refresh Date,Name", '2026-11-03,"a,""b"""', "2026-11-03,c", '2026-11-03,"=x\ny"'],
    ),
}


@pytest.mark.parametrize(("snapshots", "expected"), CASES.values(), ids=CASES.keys())
def test_merging(snapshots: list[tuple[str, list[str]]], expected: list[str]) -> None:
    parts = [parse(lines(*body), date.fromisoformat(day)) for day, body in snapshots]
    table = merged(Table(), parts)
    content = table.to_csv()
    one_by_one = Table()
    for part in parts:
        one_by_one = merged(one_by_one, [part])
    assert one_by_one.to_csv() == content
    assert content.decode().split("\r\n") == [*expected, ""]
    assert parse(content).to_csv() == content
    assert parse(content).between(None, None).to_csv() == content


def test_a_range_includes_its_first_day_and_not_its_end_and_has_always_the_same_header() -> None:
    table = merged(
        Table(), [parse(lines("Report Refresh Date,Report Date", *(f"2026-11-09,2026-11-0{n}" for n in range(1, 6))))]
    )
    assert list(table.between(date(2026, 11, 2), date(2026, 11, 4)).days) == ["2026-11-02", "2026-11-03"]
    assert list(table.between(date(2026, 11, 5), None).days) == ["2026-11-05"]
    assert table.between(date(2027, 1, 1), None).to_csv() == b"Report Refresh Date,Report Date\r\n"


@pytest.mark.parametrize("body", [b"\xff\xfe", b'Report Refresh Date\n"2026-11-01\n', b'A\n"b"c\n'])
def test_what_is_no_csv_is_no_table(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"utf-8|not a CSV"):
        parse(body)


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=5)


@given(st.lists(st.lists(cells, min_size=1, max_size=4), min_size=1, max_size=4))
def test_whatever_is_in_a_cell_comes_back(rows: list[list[str]]) -> None:
    columns = columns_of(f"C{number}" for number in range(4))
    table = Table(columns, {"2026-11-01": [("2026-11-01", *row) for row in rows]})
    assert list(parse(table.to_csv()).rows()) == list(table.rows())


@given(st.lists(st.permutations(["A", "B", "C", "D"]).map(lambda names: names[:2]), min_size=1, max_size=4))
def test_concatenating_gives_what_merging_would(headers: list[list[str]]) -> None:
    table, parts = Table(), []
    for number, names in enumerate(headers):
        day = DAY + timedelta(days=number)
        body = lines(",".join(["Report Refresh Date", *names]), *(f"{day},{row},{row}{row}" for row in range(3)))
        table = merged(table, [parse(body, day)])
        parts.append((day, body))
    assert b"".join(pieces(Concatenation(table.columns, lambda: parts))) == table.to_csv()


# Two months of snapshots that differ in everything in which they can; each is told by its place in the list.
HEADERS = ["A,Report Date,B", "B,A,Report Date", "A,Report Date,B,C", "D,Report Date", "A,Report Date"]
archived = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(HEADERS), st.sets(st.integers(0, 6), min_size=1), st.integers(0, 3)),
    min_size=1,
    max_size=7,
)


def snapshots_of(drawn: list[tuple[int, str, set[int], int]], call: Call) -> list[tuple[Snapshot, bytes]]:
    """In the order in which they were archived; a few were pulled some hours before they were archived."""
    made = []
    revisions: dict[int, int] = {}
    for number, (days_ago, header, covered, hours) in enumerate(drawn):
        day = DAY - timedelta(days=days_ago)
        revisions[days_ago] = revisions.get(days_ago, 0) + 1
        names = header.split(",")
        rows = [
            ",".join(
                [
                    str(day),
                    *(
                        str(day - timedelta(days=back)) if name == "Report Date" else f"{number}{name}"
                        for name in names
                    ),
                ]
            )
            for back in sorted(covered)
        ]
        body = lines(f"Report Refresh Date,{header}", *rows)
        pulled_at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(hours=number - hours)
        made.append((snapshot(call, day, body, revisions[days_ago], pulled_at), body))
    return made


@pytest.mark.parametrize(
    "call", [COUNTS, PEOPLE, Call(PEOPLE.report, date=DAY)], ids=["counts", "people", "people by day"]
)
@given(drawn=archived, chance=st.randoms(use_true_random=False))
@example(drawn=[(1, HEADERS[0], {0}, 0), (0, HEADERS[3], {1}, 0), (1, HEADERS[2], {0, 1}, 3)], chance=None)
def test_any_order_of_arrival_gives_the_bytes_of_a_rebuild(
    call: Call, drawn: list[tuple[int, str, set[int], int]], chance: object
) -> None:
    shelf = Shelf()
    made = snapshots_of(drawn, call)
    waiting: list[Snapshot] = []
    for each, body in made:
        own = each._replace(call=call._replace(date=each.refresh_date)) if call.date else each
        shelf.put(own, body)
        waiting.append(own)
        while waiting and chance and chance.random() < 0.6:  # type: ignore[attr-defined]
            late = waiting.pop(chance.randrange(len(waiting)))  # type: ignore[attr-defined]
            if chance.random() < 0.8:  # type: ignore[attr-defined]
                shelf.series.keep_up(late)
    table = shelf.series.table(call, DAY)
    kept = shelf.memory.get(DERIVED, series_name(call))
    assert kept is not None
    assert table.to_csv() == kept.content
    assert shelf.rebuilt(call).to_csv() == kept.content
    again = shelf.memory.get(DERIVED, series_name(call))
    assert again is not None
    assert (again.content, again.metadata) == (kept.content, kept.metadata)
    if call == COUNTS:
        assert kept.content == model([(each, body) for each, body in made])


def model(made: list[tuple[Snapshot, bytes]]) -> bytes:
    """The rule as it is written: for every day the rows of the newest snapshot that has some."""
    rows: dict[str, tuple[tuple[date, int], list[dict[str, str]]]] = {}
    columns = ["Report Refresh Date"]
    for _, body in sorted(made, key=lambda each: (each[0].metadata.pulled_at, each[0].order)):
        columns += [name for name in body.decode("utf-8-sig").splitlines()[0].split(",") if name not in columns]
    for each, body in made:
        header, *records = (line.split(",") for line in body.decode("utf-8-sig").splitlines())
        days: dict[str, list[dict[str, str]]] = {}
        for record in records:
            row = dict(zip(header, record, strict=True))
            days.setdefault(row["Report Date"], []).append(row)
        for day, of_day in days.items():
            if day not in rows or rows[day][0] < each.order:
                rows[day] = each.order, of_day
    text = [columns, *([row.get(name, "") for name in columns] for day in sorted(rows) for row in rows[day][1])]
    return "".join(",".join(row) + "\r\n" for row in text).encode()


def a_week(call: Call = COUNTS) -> list[tuple[Snapshot, bytes]]:
    made = []
    for number in range(7):
        day = DAY + timedelta(days=number)
        body = lines(
            "Report Refresh Date,Teams,Report Date",
            f"{day},{number},{day}",
            f"{day},{number}0,{day - timedelta(days=1)}",
        )
        made.append((snapshot(call, day, body), body))
    return made


class Counted(Shelf):
    """Notes which snapshots are read."""

    def __init__(self) -> None:
        super().__init__(self._note)
        self.asked: list[str] = []

    def _note(self, operation: Operation, carry_out: Callable[[], object]) -> object:
        if operation.name == "get" and operation.container != DERIVED:
            self.asked.append(operation.blob)
        return carry_out()


def test_an_update_reads_nothing_but_the_new_snapshot() -> None:
    shelf = Counted()
    for each, body in a_week():
        shelf.put(each, body)
        shelf.asked.clear()
        shelf.series.keep_up(each)
        assert shelf.asked == [each.blob]
    shelf.asked.clear()
    shelf.series.keep_up(each)
    shelf.series.table(COUNTS, DAY)
    assert shelf.asked == []


def test_of_people_nothing_is_read_and_nothing_is_kept_but_the_columns() -> None:
    shelf = Counted()
    for each, body in a_week(PEOPLE):
        shelf.put(each, body)
        shelf.series.keep_up(each)
    assert shelf.asked == []
    assert shelf.blobs[DERIVED, series_name(PEOPLE)][0] == b"Report Refresh Date,Teams,Report Date\r\n"
    old = a_week(PEOPLE)[0][0]
    content, metadata = shelf.blobs["usage-personal", old.blob]
    shelf.memory.put("usage-personal", old.blob, content, {n: v for n, v in metadata.items() if n != "columns"})
    assert shelf.rebuilt(PEOPLE).header == ["Report Refresh Date", "Teams", "Report Date"]
    assert shelf.asked == [old.blob]


def test_updates_that_failed_are_made_good_by_the_next_one_or_by_a_reader() -> None:
    shelf, whole = Shelf(), Shelf()
    for number, (each, body) in enumerate(a_week()):
        for one in (shelf, whole):
            one.put(each, body)
        whole.series.keep_up(each)
        if number in (0, 4):
            shelf.series.keep_up(each)
    shelf.series.table(COUNTS, DAY)
    assert shelf.blobs == whole.blobs


def test_a_series_that_is_damaged_is_made_anew() -> None:
    shelf = Shelf()
    for each, body in a_week():
        shelf.put(each, body)
        shelf.series.keep_up(each)
    at = DERIVED, series_name(COUNTS)
    content, metadata = shelf.blobs[at]
    for damage in (
        (content[:-1], metadata),
        (content, {}),
        (content, metadata | {"rules": "0"}),
        (content, metadata | {"merged": "x"}),
    ):
        shelf.memory.put(*at, *damage)
        shelf.series.table(COUNTS, DAY)
        assert shelf.blobs[at] == (content, metadata)


def test_what_is_lost_is_not_papered_over(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    *before, (new, body) = a_week()
    for each, its_body in before:
        shelf.put(each, its_body)
        shelf.series.keep_up(each)
    kept = shelf.blobs[DERIVED, series_name(COUNTS)]
    shelf.memory.delete("usage", before[2][0].blob)
    shelf.put(new, body)
    shelf.series.keep_up(new)
    assert shelf.blobs[DERIVED, series_name(COUNTS)] == kept
    assert SERIES_BEHIND in caplog.text
    assert "2026-11" in caplog.text
    assert str(new.refresh_date) in shelf.series.table(COUNTS, DAY).days
    assert str(before[2][0].refresh_date) in shelf.series.table(COUNTS, DAY).days
    shelf.rebuilt(COUNTS)
    assert shelf.blobs[DERIVED, series_name(COUNTS)] != kept


def test_as_of_an_instant_a_series_is_what_it_was_then() -> None:
    shelf = Shelf()
    was = []
    for each, body in a_week():
        shelf.put(each, body)
        was.append((each.metadata.pulled_at, shelf.series.table(COUNTS, DAY).to_csv()))
    for instant, content in was:
        assert shelf.series.as_of(COUNTS, instant).to_csv() == content
    assert shelf.series.as_of(COUNTS, was[0][0] - timedelta(seconds=1)) == Table()


def test_the_newest_revision_of_every_day_is_what_people_are_concatenated_from() -> None:
    shelf = Shelf()
    made = [
        snapshot(Call(PEOPLE.report, date=DAY), DAY, lines("Report Refresh Date,N", f"{DAY},{n}"), n) for n in (1, 2)
    ]
    other = DAY + timedelta(days=1)
    made.append(snapshot(Call(PEOPLE.report, date=other), other, lines("Report Refresh Date,N", f"{other},1")))
    for each in made:
        shelf.put(each, b"")
    assert shelf.snapshots.last_revisions(Call(PEOPLE.report, date=DAY)) == made[1:]
    assert shelf.snapshots.last_revisions(Call(PEOPLE.report, date=DAY), made[0].metadata.pulled_at) == made[:1]


def test_nothing_is_kept_of_a_call_without_snapshots() -> None:
    shelf = Shelf()
    assert shelf.series.table(COUNTS, DAY) == shelf.rebuilt(COUNTS) == Table()
    assert shelf.blobs == {}


def test_a_series_of_years_is_brought_up_to_date_by_few_listings() -> None:
    shelf = Shelf()
    for day in (date(2020, 2, 29), DAY):
        body = lines("Report Refresh Date,Report Date", f"{day},{day}")
        shelf.put(each := snapshot(COUNTS, day, body), body)
        shelf.series.keep_up(each)
    assert list(shelf.series.table(COUNTS, DAY).days) == ["2020-02-29", "2026-11-18"]


class Interrupted(Shelf):
    """Something happens just before the so-manieth operation."""

    def __init__(self, left: int) -> None:
        super().__init__(self._count)
        self.left = left
        self.meanwhile: Callable[[], None] = lambda: None

    def _count(self, operation: Operation, carry_out: Callable[[], object]) -> object:
        self.left -= 1
        if self.left == 0:
            self.meanwhile()
        return carry_out()


@pytest.mark.parametrize("there", [0, 3], ids=["new series", "old series"])
@pytest.mark.parametrize("number", range(1, 8))
def test_another_writer_may_come_at_any_moment(number: int, there: int) -> None:
    shelf, whole = Interrupted(0), Shelf()
    *made, (ours, our_body), (theirs, their_body) = a_week()[: there + 2]
    for each, body in made:
        shelf.put(each, body)
        shelf.series.keep_up(each)

    def meanwhile() -> None:
        shelf.put(theirs, their_body)
        shelf.series.keep_up(theirs)

    shelf.put(ours, our_body)
    shelf.left, shelf.meanwhile = number, meanwhile
    shelf.series.keep_up(ours)
    if shelf.left > 0:
        shelf.left = 0
        meanwhile()
    for each, body in a_week()[: there + 2]:
        whole.put(each, body)
    whole.rebuilt(COUNTS)
    assert shelf.blobs == whole.blobs


def contested(operation: Operation, carry_out: Callable[[], object]) -> object:
    """Somebody else always writes a series first."""
    return False if (operation.name, operation.container) == ("put_blob", DERIVED) else carry_out()


def broken(operation: Operation, carry_out: Callable[[], object]) -> object:
    """A defect of ours."""
    if (operation.name, operation.container) == ("get", DERIVED):
        raise RuntimeError("a defect")
    return carry_out()


@pytest.mark.parametrize(("around", "why"), [(contested, "Others keep writing"), (broken, "RuntimeError")])
def test_trouble_with_a_series_is_an_event_and_no_error(
    around: Around, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(around)
    (each, body), *_ = a_week()
    shelf.put(each, body)
    shelf.series.keep_up(each)
    assert SERIES_BEHIND in caplog.text
    assert why in caplog.text


def test_a_reader_gets_the_series_that_cannot_be_kept(caplog: pytest.LogCaptureFixture) -> None:
    def read_only(operation: Operation, carry_out: Callable[[], object]) -> object:
        if (operation.name, operation.container) == ("put_blob", DERIVED):
            raise ArchiveUnavailable("AuthorizationPermissionMismatch")
        return carry_out()

    shelf = Shelf(read_only)
    (each, body), *_ = a_week()
    shelf.put(each, body)
    assert list(shelf.series.table(COUNTS, DAY).days) == [str(DAY - timedelta(days=1)), str(DAY)]
    assert SERIES_BEHIND in caplog.text


def test_a_reader_gets_the_series_where_nothing_derived_is_to_be_read(
    stack: Stack, make_app: Callable[..., App], caplog: pytest.LogCaptureFixture
) -> None:
    make_app(REPORTS="getOffice365ServicesUserCounts(period='D7')").pull()
    path = "v1.0/reports/getOffice365ServicesUserCounts(period='D7')/series"
    with FaultyStorage(stack.settings) as storage:
        whole, nothing_derived = (make_app(**storage.settings).api for _ in range(2))
        expected = handle(Request("GET", path), lambda request: whole.reports(request, personal=False))
        storage.set([{"fault": "no_permission", "match": {"container": DERIVED}, "times": None}])
        got = handle(Request("GET", path), lambda request: nothing_derived.reports(request, personal=False))
    assert (got.status, got.body) == (200, expected.body)
    assert SERIES_BEHIND in caplog.text


def test_a_pull_that_has_the_body_at_hand_reads_no_snapshot() -> None:
    shelf = Counted()
    for each, body in a_week():
        shelf.put(each, body)
        shelf.series.keep_up(each, body)
    assert shelf.asked == []
    assert shelf.series.table(COUNTS, DAY).to_csv() == shelf.rebuilt(COUNTS).to_csv()


def test_a_damaged_snapshot_stops_its_series_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    (each, body), *_ = a_week()
    shelf.put(each, body)
    shelf.memory.put("usage", each.blob, b"rubbish", each.metadata.to_metadata())
    shelf.series.keep_up(each)
    assert f"{each.blob} is damaged" in caplog.text


@pytest.fixture
def archive(make_app: Callable[..., App]) -> Archive:
    return make_app().archive


def keep(archive: Archive, each: Snapshot, body: bytes) -> Snapshot:
    with archive.snapshots.upload(each.call) as upload:
        upload.write(body, each.refresh_date)
        return upload.commit(each.refresh_date, each.metadata)[1]


def test_series_in_real_storage_beside_other_writers(archive: Archive) -> None:
    made = [*a_week(), *a_week(PEOPLE)]

    def write(each: Snapshot, body: bytes) -> None:
        archive.series.keep_up(keep(archive, each, body))

    threads = [threading.Thread(target=write, args=each) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for call in (COUNTS, PEOPLE):
        table = archive.series.table(call, DAY)
        kept = archive.store.get(DERIVED, series_name(call))
        archive.store.delete(DERIVED, series_name(call))
        assert archive.series.table(call, DAY).to_csv() == table.to_csv()
        again = archive.store.get(DERIVED, series_name(call))
        assert kept is not None
        assert again is not None
        assert again[:2] == kept[:2]
        assert again.etag != kept.etag


def history_of(*days: int) -> bytes:
    """A series with a row for each day of November 2026."""
    rows = [f"2026-11-{day:02},{day},2026-11-{day:02}" for day in days]
    return parse(lines("Report Refresh Date,Teams,Report Date", *rows)).to_csv()


def test_what_a_snapshot_does_not_touch_is_not_read() -> None:
    before, rest = split(history_of(1, 2, 3, 4), [parse(history_of(3, 5))])
    assert (before, rest) == (history_of(1, 2), history_of(3, 4))
    assert joined(before, rest) == history_of(1, 2, 3, 4)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        pytest.param(history_of(1, 2), parse(lines("Report Refresh Date,New", "2026-11-03,1")), id="a new column"),
        pytest.param(history_of(1, 2), Table(), id="no rows"),
        pytest.param(lines("Report Refresh Date,Teams", '2026-11-01,"a\r\nb"'), parse(history_of(3)), id="quoted"),
    ],
)
def test_all_of_a_series_is_read_where_that_might_be_wrong(content: bytes, part: Table) -> None:
    assert split(content, [part]) == (b"", content)


def test_a_single_day_of_the_month_before_that_was_not_merged_is_made_good_by_the_next_pull() -> None:
    shelf = Shelf()
    later = [datetime(2026, 11, number, tzinfo=UTC) for number in (20, 21, 22)]
    pulls = [(later[0], DAY, "A"), (later[1], date(2026, 10, 31), "B"), (later[2], DAY + timedelta(days=1), "A")]
    today, late, tomorrow = (
        snapshot(Call(PEOPLE.report, date=day), day, lines(f"Report Refresh Date,{column}", f"{day},1"), 1, at)
        for at, day, column in pulls
    )
    for each in (today, late, tomorrow):
        shelf.put(each, b"")
        if each is not late:
            shelf.series.keep_up(each)
    content, _ = shelf.blobs[DERIVED, series_name(today.call)]
    assert content == b"Report Refresh Date,A,B\r\n"


# -- what a former version kept ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "content", "expected"),
    [
        ("Report Refresh Date,Used,Report Date", "kept as it was", "kept as it was"),
        (
            "Report Refresh Date,Used,Used,Report Date",
            "Report Refresh Date,Used,Used,Report Date\r\n2026-11-18,1,2,2026-11-17\r\n",
            "Report Refresh Date,Used,Used (2),Report Date\r\n2026-11-18,1,2,2026-11-17\r\n",
        ),
        (
            "Report Refresh Date,Used",
            "Report Refresh Date,Used,Report Date\r\n2026-11-18,1,\r\n",
            "Report Refresh Date,Used\r\n",
        ),
    ],
    ids=["of the same form", "columns of one name", "rows of no day"],
)
def test_a_series_of_former_rules_is_read_or_made_anew(header: str, content: str, expected: str) -> None:
    cells = {"Report Refresh Date": str(DAY), "Report Date": "2026-11-17"}
    values = iter("12")
    body = lines(header, ",".join(cells.get(name) or next(values) for name in header.split(",")))
    each = snapshot(COUNTS, DAY, body)
    if "Report Date" not in header.split(","):
        each = each._replace(metadata=each.metadata._replace(flags=(Flag.UNDATED,)))
    shelf = Shelf()
    shelf.put(each, body)
    made = shelf.series.table(COUNTS, DAY)
    at = DERIVED, series_name(COUNTS)
    kept, metadata = shelf.blobs[at]
    former = kept if content == "kept as it was" else content.encode()
    sha256 = hashlib.sha256(former).hexdigest()
    shelf.memory.put(*at, former, {**metadata, "rules": "2", "sha256": sha256})
    table = shelf.series.table(COUNTS, DAY)
    assert table == made
    assert table.to_csv() == (kept if expected == content else expected.encode())


# More than one reader waits for


def months_of(call: Call, shelf: Shelf) -> list[Snapshot]:
    """Put a snapshot into each of five months."""
    made = []
    for month in range(7, 12):
        day = date(2026, month, 1)
        body = lines("Report Refresh Date,Teams,Report Date", f"{day},{month},{day}")
        made.append(snapshot(call, day, body))
        shelf.put(made[-1], body)
    return made


def test_a_long_series_is_made_in_parts_that_are_kept() -> None:
    shelf = Shelf()
    months_of(COUNTS, shelf)
    series = SeriesArchive(shelf.memory, shelf.snapshots, most_at_once=2)
    for left in (3, 1):
        with pytest.raises(SeriesUnfinished, match=f"{left} months") as told:
            series.table(COUNTS, DAY)
        assert (told.value.status, told.value.headers) == (503, {"Retry-After": "1"})
    assert series.table(COUNTS, DAY).to_csv() == shelf.rebuilt(COUNTS).to_csv()


def test_a_long_series_that_cannot_be_kept_is_made_at_once() -> None:
    def read_only(operation: Operation, carry_out: Callable[[], object]) -> object:
        if operation.name == "put_blob" and operation.container == DERIVED:
            raise ArchiveUnavailable("AuthorizationPermissionMismatch")
        return carry_out()

    shelf = Shelf(read_only)
    for each in months_of(COUNTS, other := Shelf()):
        kept = other.memory.blobs["usage", each.blob]
        shelf.memory.put("usage", each.blob, kept.content, kept.metadata)
    series = SeriesArchive(shelf.memory, shelf.snapshots, most_at_once=2)
    assert len(series.table(COUNTS, DAY).days) == 5


def test_a_pull_makes_a_long_series_at_once() -> None:
    shelf = Shelf()
    newest = months_of(COUNTS, shelf)[-1]
    series = SeriesArchive(shelf.memory, shelf.snapshots, most_at_once=2)
    series.keep_up(newest)
    assert len(series.table(COUNTS, DAY).days) == 5
