"""The names of blobs: each says what it is of, and is read back as that and as nothing else."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.archive.layout import (
    AwaitedRun,
    BlobName,
    ConcealmentChange,
    DeltaLogName,
    LargeQuarantineName,
    LostRange,
    ManifestName,
    Partition,
    QuarantineName,
    RunRecordName,
    SeriesName,
    SnapshotName,
    TableName,
    ViewsName,
    parse,
)
from shared.archive.markers import lost_ranges
from shared.archive.table_index import block_of
from shared.domain.call import Call

D7 = Partition.of(Call("getOffice365ServicesUserCounts", period="D7"))
V2 = Partition("getMicrosoft365CopilotUserCountTrend", "D28-v2")
DAYS = Partition("getOffice365ActiveUserDetail", "day")
DAY = date(2026, 11, 9)
LOST = LostRange(D7, DAY, date(2026, 11, 11))
NAMES: dict[BlobName, str] = {
    SnapshotName(V2, DAY, 12): (
        "report=getMicrosoft365CopilotUserCountTrend/period=D28-v2/refresh_date=2026-11-09/revision=12/"
        "getMicrosoft365CopilotUserCountTrend_D28-v2_2026-11-09_r12.csv.gz"
    ),
    SeriesName(DAYS): (
        "series/report=getOffice365ActiveUserDetail/period=day/getOffice365ActiveUserDetail_day_series.csv"
    ),
    QuarantineName(DAYS, DAY, "no_rows", "0a"): (
        "report=getOffice365ActiveUserDetail/period=day/date=2026-11-09/reason=no_rows/0a.csv.gz"
    ),
    LargeQuarantineName(D7, None, "0a"): "report=getOffice365ServicesUserCounts/period=D7/large/0a.csv.gz",
    TableName(D7, "2026-11", None, 1, 3): (
        "report=getOffice365ServicesUserCounts/period=D7/month=2026-11/"
        "getOffice365ServicesUserCounts_D7_2026-11_g1-3.parquet"
    ),
    TableName(DAYS, "2026-11", DAY, 2, 1): (
        "report=getOffice365ActiveUserDetail/period=day/month=2026-11/"
        "getOffice365ActiveUserDetail_day_2026-11-09_g2-1.parquet"
    ),
    TableName(D7, "2026-11", DAY, 1, 1, date(2026, 11, 15)): (
        "report=getOffice365ServicesUserCounts/period=D7/month=2026-11/"
        "getOffice365ServicesUserCounts_D7_2026-11-09-to-15_g1-1.parquet"
    ),
    DeltaLogName(D7, 12, is_checkpoint=False): (
        "report=getOffice365ServicesUserCounts/period=D7/_delta_log/00000000000000000012.json"
    ),
    DeltaLogName(D7, 10, is_checkpoint=True): (
        "report=getOffice365ServicesUserCounts/period=D7/_delta_log/00000000000000000010.checkpoint.parquet"
    ),
    ManifestName("getOffice365ServicesUserCounts", "2026-11"): (
        "newest/report=getOffice365ServicesUserCounts/month=2026-11/getOffice365ServicesUserCounts_2026-11_newest.json"
    ),
    ViewsName(DAY): "views/refresh_date=2026-11-09/views.json.gz",
    RunRecordName("2026-11", "2026-11-09T071500Z-5b2c1f"): "runs/2026-11/2026-11-09T071500Z-5b2c1f.json.gz",
    RunRecordName("2026-11", "2026-11-09T071500Z-5b2c1f", is_plain=True): (
        "runs/2026-11/2026-11-09T071500Z-5b2c1f.json"
    ),
    LOST: "lost/report=getOffice365ServicesUserCounts/period=D7/first=2026-11-09/last=2026-11-11",
    ConcealmentChange(D7, DAY, 2, "named", "concealed"): (
        "flips/report=getOffice365ServicesUserCounts/period=D7/refresh_date=2026-11-09/revision=2/named-to-concealed"
    ),
    AwaitedRun(datetime(2026, 11, 9, 7, 15, tzinfo=UTC)): "awaited/since=2026-11-09T071500Z",
}


@pytest.mark.parametrize("name", NAMES, ids=lambda name: type(name).__name__)
def test_a_name_is_spelled_as_in_every_archive_there_is(name: BlobName) -> None:
    assert str(name) == NAMES[name]


words = st.from_regex(r"[A-Za-z]\w{0,30}", fullmatch=True).filter(str.isascii)
keys = st.sampled_from(["D7", "D180", "D28-v2", "day", "day-throttlingReport", "none"])
partitions = st.builds(Partition, words, keys)
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
revisions = st.integers(1, 10**6)
states = st.permutations(["named", "concealed", "mixed"])
names: st.SearchStrategy[BlobName] = st.one_of(
    st.builds(SnapshotName, partitions, days, revisions),
    st.builds(SeriesName, partitions),
    st.builds(QuarantineName, partitions, st.none() | days, words, words),
    st.builds(LargeQuarantineName, partitions, st.none() | days, words),
    st.builds(ViewsName, days),
    st.builds(lambda at, day, one: TableName(at, f"{day:%Y-%m}", day, one, one), partitions, days, revisions),
    st.builds(lambda at, day, one: TableName(at, f"{day:%Y-%m}", None, one, one), partitions, days, revisions),
    st.builds(lambda at, day, one: TableName.of(at, block_of(day), one, one), partitions, days, revisions),
    st.builds(DeltaLogName, partitions, st.integers(0, 10**19), st.booleans()),
    st.builds(lambda report, day: ManifestName(report, f"{day:%Y-%m}"), words, days),
    st.builds(RunRecordName, days.map("{:%Y-%m}".format), words),
    st.builds(
        lambda where, first, more: LostRange(where, first, first + timedelta(days=more)),
        partitions,
        days,
        st.integers(0, 99),
    ),
    st.builds(
        lambda where, day, revision, pair: ConcealmentChange(where, day, revision, *pair[:2]),
        partitions,
        days,
        revisions,
        states,
    ),
    st.builds(lambda day: AwaitedRun(datetime.combine(day, time(7, 15, 59), UTC)), days),
)


@given(names)
def test_every_name_is_read_back(name: BlobName) -> None:
    assert parse(str(name)) == name


@given(names, st.data())
def test_a_name_with_another_character_is_another_name_or_none(name: BlobName, data: st.DataObject) -> None:
    text = str(name)
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.characters(max_codepoint=0x2FF)) + text[place + 1 :]
    parsed = parse(changed)
    assert parsed is None or str(parsed) == changed


@pytest.mark.parametrize(
    "name",
    [
        *(text + "/" for text in NAMES.values()),
        *("x" + text for text in NAMES.values()),
        "",
        "requests.json",
        "awaited/since=2026-11-09T0715Z",
        "report=getX/period=D7/refresh_date=2026-11-09/revision=01/getX_D7_2026-11-09_r01.csv.gz",
        "report=getX/period=D7/refresh_date=2026-02-30/revision=1/getX_D7_2026-02-30_r1.csv.gz",
        "report=getX/period=D7/refresh_date=2026-11-09/revision=1/getY_D7_2026-11-09_r1.csv.gz",
        "report=getX/period=D7/refresh_date=2026-11-09/revision=1/getX_D7_2026-11-09_r1.csv",
        "report=getX/period=D7/refresh_date=２０２６-11-09/revision=1/getX_D7_2026-11-09_r1.csv.gz",  # noqa: RUF001
        "lost/report=getX/period=D7/first=2026-11-12/last=2026-11-11",
        "lost/report=getX/period=D7/first=2026-02-30/last=2026-03-01",
        "flips/report=getX/period=D7/refresh_date=2026-11-09/revision=1/named-to-named",
        "flips/report=getX/period=D7/refresh_date=2026-11-09/revision=1/named-to-none",
    ],
)
def test_what_only_looks_like_a_name_is_none(name: str) -> None:
    assert parse(name) is None


def test_single_days_share_a_partition() -> None:
    call = Call("getOffice365ActiveUserDetail", date=DAY)
    assert Partition.of(call) == Partition.of(call._replace(date=date(2026, 11, 10))) == DAYS


def test_a_marker_of_lost_days_has_all_of_them() -> None:
    assert LOST.days == [date(2026, 11, 9), date(2026, 11, 10), date(2026, 11, 11)]


def test_lost_days_have_a_marker_for_each_stretch() -> None:
    gone = [date(2026, 11, 12), *LOST.days, date(2026, 11, 14), date(2026, 11, 9)]
    assert [*lost_ranges(D7, gone)] == [
        LostRange(D7, date(2026, 11, 9), date(2026, 11, 12)),
        LostRange(D7, date(2026, 11, 14), date(2026, 11, 14)),
    ]
