"""What Azure's storage refuses and Azurite takes: the app writes nothing of that, and says what storage refuses it."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.in_memory import METADATA_BYTES, NAME_CHARACTERS
from shared.archive.layout import (
    ConcealmentChange,
    LargeQuarantineName,
    LostRange,
    Partition,
    QuarantineName,
    SeriesName,
    SnapshotName,
)
from shared.archive.snapshot import SnapshotMetadata
from shared.domain.call import Call, calls_in
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.domain.outcome import Flag, Outcome, Reason
from tests.reliability.environment import InProcess
from tests.shelf import Shelf, lines, snapshot

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
COUNTS = Call("getOffice365ServicesUserCounts", period="D7")
DAY = date(2026, 11, 18)
READ_ONLY = [
    {"fault": "read_only", "match": {"operation": operation}, "times": None}
    for operation in ("put_blob", "put_block", "commit")
]

names = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=2000).map(tuple)
repeated = st.tuples(st.text(min_size=1, max_size=40), st.integers(1, 3000)).map(lambda it: (it[0],) * it[1])


@given(columns=names | repeated, blank=names | repeated)
def test_the_metadata_of_a_snapshot_fit_whatever_the_header_is(
    columns: tuple[str, ...], blank: tuple[str, ...]
) -> None:
    digest, longest = "f" * 64, "x" * 256  # of a header that is kept
    metadata = SnapshotMetadata(
        sha256=digest,
        size=1 << 30,
        rows=1 << 30,
        pulled_at=NOW.replace(microsecond=123456),
        etag=longest,
        request_id=longest,
        content=digest,
        names="concealed",
        flags=tuple(Flag),
        columns=columns,
        blank=blank,
        gzip_sha256=digest,
        gzip_size=1 << 30,
    ).to_metadata()
    assert all(value.isascii() and value.isprintable() for value in metadata.values())
    assert sum(len(f"x-ms-meta-{name}{value}") for name, value in metadata.items()) <= METADATA_BYTES


def test_every_name_is_short_enough() -> None:
    longest = max(
        map(Partition.of, calls_in(catalogue())),
        key=lambda partition: len(str(partition)),
    )
    reason = max(Reason, key=len)
    written = (
        SnapshotName(longest, DAY, 10**9),
        QuarantineName(longest, DAY, reason, "f" * 64),
        LargeQuarantineName(longest, DAY, "f" * 32),
        SeriesName(longest),
        LostRange(longest, DAY, DAY),
        ConcealmentChange(longest, DAY, 10**9, "concealed", "named"),
    )
    assert max(len(str(name)) for name in written) < NAME_CHARACTERS / 2


def test_a_series_of_more_months_than_metadata_hold_is_answered_and_said_to_be_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf = Shelf()
    like = snapshot(COUNTS, DAY, lines("Report Refresh Date,Exchange,Report Period", f"{DAY},1,7"))
    days = [date(2000 + month // 12, 1 + month % 12, 15) for month in range(380)]
    for day in days:
        body = lines("Report Refresh Date,Exchange,Report Period", f"{day},1,7")
        origin = like.metadata._replace(sha256=hashlib.sha256(body).hexdigest())
        shelf.put(like._replace(refresh_date=day, metadata=origin), body)
    assert len(list(shelf.series.table(COUNTS, DAY).rows())) == len(days)
    assert "series.behind" in caplog.text


@pytest.fixture
def world() -> Iterator[InProcess]:
    with InProcess() as world:
        world.control.set_time(NOW)
        world.restore({})
        yield world


def test_a_run_in_an_account_that_is_read_only_says_so_and_the_next_one_goes_on(
    world: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    world.spoil(storage=READ_ONLY)
    with pytest.raises(ArchiveUnavailable, match="InsufficientAccountPermissions"):
        world.app(str(COUNTS)).pull()
    assert "run.stopped" in caplog.text
    world.heal()
    world.control.set_time(NOW + timedelta(hours=6))
    (result,) = world.app(str(COUNTS)).pull_run.execute().pulls
    assert result.outcome is Outcome.PUBLISHED
    assert world.violations() == []
