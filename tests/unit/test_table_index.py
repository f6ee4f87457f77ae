"""The table index: what is in tables, and what is missing in them."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import Partition, SnapshotName
from shared.archive.table_index import Missing, Tabled, TableIndex, block_of
from shared.domain.date_ranges import DateRanges

AT = Partition("getOffice365ActiveUserDetail", "D7")
TODAY = date(2026, 11, 18)
THEN = date(2026, 9, 20)


def in_days(*days: date, revision: int = 1) -> Tabled:
    return Tabled(AT, f"{days[0]:%Y-%m}", DateRanges.of(days), dict.fromkeys(days, revision), in_days=True, newest={})


def settled(*days: date, revision: int = 1) -> Tabled:
    return in_days(*days, revision=revision)._replace(looked_at=DateRanges.of_month(f"{days[0]:%Y-%m}"), in_days=False)


def missing(index: TableIndex, *days: date, revised: date | None = None, today: date = TODAY) -> list[Missing]:
    """Where these days are archived, of one of them a second revision."""
    names = [SnapshotName(AT, day, 1 + (day == revised)) for day in days]
    return index.missing(CoverageIndex().with_names(names), today)


def test_an_archive_without_tables_lacks_days_of_this_month_and_whole_months_before_newest_first() -> None:
    assert missing(TableIndex(), THEN, date(2026, 10, 31), TODAY - timedelta(1), TODAY) == [
        Missing("2026-11", AT, (TODAY - timedelta(1), TODAY)),
        Missing("2026-10", AT, ()),
        Missing("2026-09", AT, ()),
    ]


def test_nothing_is_missing_of_what_was_noted() -> None:
    index = TableIndex().after([in_days(TODAY), settled(THEN, revision=2)])
    assert missing(index, THEN, TODAY, revised=THEN) == []


def test_a_month_is_put_into_one_table_ten_days_after_its_end() -> None:
    index = TableIndex().after([in_days(TODAY)])
    assert missing(index, TODAY, today=date(2026, 12, 10)) == []
    assert missing(index, TODAY, today=date(2026, 12, 11)) == [Missing("2026-11", AT, ())]
    assert missing(index, TODAY, today=date(2027, 3, 1)) == [Missing("2026-11", AT, ())]


def test_a_month_in_one_table_stays_in_one_when_a_clock_goes_back() -> None:
    index = TableIndex().after([settled(TODAY)])
    assert missing(index, TODAY - timedelta(1), TODAY) == [Missing("2026-11", AT, ())]


def test_a_later_revision_a_new_day_and_one_that_is_gone_are_missing() -> None:
    index = TableIndex().after([in_days(TODAY), settled(THEN)])
    assert missing(index, THEN, TODAY, revised=TODAY) == [Missing("2026-11", AT, (TODAY,))]
    assert missing(index, THEN, THEN + timedelta(1), TODAY) == [Missing("2026-09", AT, ())]
    assert missing(index, THEN) == [Missing("2026-11", AT, (TODAY,))]


def test_what_has_to_go_is_first_though_it_is_oldest() -> None:
    index = TableIndex().after([settled(THEN, THEN + timedelta(1))])
    assert [each.month for each in missing(index, THEN, TODAY)] == ["2026-09", "2026-11"]


def test_a_month_that_expires_is_put_into_days_and_stays_in_them() -> None:
    coverage = CoverageIndex().with_names(SnapshotName(AT, day, 1) for day in (THEN, THEN + timedelta(1)))
    index, expiring = TableIndex().after([settled(THEN, THEN + timedelta(1))]), {AT: "2026-09"}
    assert index.missing(coverage, TODAY, expiring) == [Missing("2026-09", AT, (THEN, THEN + timedelta(1)))]
    parted = index.after([in_days(THEN, THEN + timedelta(1))])
    assert parted.missing(coverage, TODAY, expiring) == []
    assert parted.missing(coverage, TODAY) == [Missing("2026-09", AT, ())]


def test_the_days_of_a_block_go_into_one_table_once_all_are_there_and_stay_in_it() -> None:
    days = [date(2026, 11, day) for day in range(6, 14)]
    coverage = CoverageIndex().with_names(SnapshotName(AT, day, 1) for day in days)
    block, rest = Missing("2026-11", AT, tuple(days[:5]), is_block=True), Missing("2026-11", AT, tuple(days[5:]))
    assert TableIndex().missing(coverage, TODAY) == [Missing("2026-11", AT, tuple(days))]
    assert TableIndex().missing(coverage, TODAY, joined=[AT]) == [block, rest]
    index = TableIndex().after([in_days(*days)])
    assert index.missing(coverage, TODAY, joined=[AT]) == [block]
    index = index.after([in_days(*days[:5])._replace(is_block=True)])
    assert index.missing(coverage, TODAY, joined=[AT]) == []
    revised = coverage.with_names([SnapshotName(AT, days[1], 2), SnapshotName(AT, days[6], 2)])
    assert index.missing(revised, TODAY, joined=[AT]) == [block, Missing("2026-11", AT, (days[6],))]
    assert index.missing(coverage, TODAY, {AT: "2026-11"}, joined=[AT]) == [block._replace(is_block=False)]
    assert index.missing(coverage, date(2026, 12, 11), joined=[AT]) == [Missing("2026-11", AT, ())]


def test_the_last_block_of_a_month_goes_to_its_end() -> None:
    assert [len(block_of(date(2026, month, 28)).days) for month in (2, 4, 5)] == [3, 5, 6]


def test_a_revision_that_is_gone_is_missing() -> None:
    assert missing(TableIndex().after([settled(THEN, revision=2)]), THEN) == [Missing("2026-09", AT, ())]


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 3), st.booleans()), max_size=8))
def test_an_index_is_read_as_it_was_stored_and_one_of_other_rules_as_empty(news: list[tuple[int, int, bool]]) -> None:
    days = [(TODAY - timedelta(back), revision, is_one) for back, revision, is_one in news]
    tabled = [(settled if is_one else in_days)(day, revision=revision) for day, revision, is_one in days]
    tabled += [in_days(*block_of(day).days)._replace(is_block=True) for day, *_ in days[:1]]
    index = TableIndex().after(tabled)
    assert TableIndex.from_bytes(index.to_bytes(1), 1) == index
    assert TableIndex.from_bytes(index.to_bytes(1), 2) == TableIndex()
