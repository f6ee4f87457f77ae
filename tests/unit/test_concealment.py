"""Where names in a report changed, as a run marks it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.archive.layout import ConcealmentChange, Partition
from shared.archive.run_record import CallState, PullResult
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.domain.call import Call
from shared.domain.outcome import Outcome
from shared.pulling.concealment import change_of_call, changes_of_days

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
REPORT = "getOffice365ActiveUserDetail"
D7 = Call(REPORT, period="D7")
DAY = date(2026, 11, 18)


def snapshot(names: str, day: date = DAY) -> Snapshot:
    return Snapshot(D7, day, 1, SnapshotMetadata("", 0, 0, NOW, "", "", names=names))


def pulled(of: Snapshot) -> PullResult:
    return PullResult.of_snapshot(Outcome.PUBLISHED, of, NOW)


def no_previous(snapshot: Snapshot) -> None:
    raise AssertionError("nobody needs to know")


def test_a_snapshot_with_other_names_than_the_newest_before_is_marked() -> None:
    result, before = pulled(snapshot("concealed")), snapshot("named", DAY - timedelta(days=1))
    change = ConcealmentChange(Partition.of(D7), DAY, 1, "named", "concealed")
    assert [*change_of_call(before, result, no_previous)] == [change]


@pytest.mark.parametrize("names", ["none", "concealed", "a word of a newer version"])
def test_names_that_are_the_same_or_not_told_change_nothing(names: str) -> None:
    before = snapshot(names, DAY - timedelta(days=1))
    assert [*change_of_call(before, pulled(snapshot("concealed")), no_previous)] == []
    assert [*change_of_call(None, pulled(snapshot("concealed")), no_previous)] == []


def test_a_snapshot_that_is_read_again_is_compared_with_the_one_before_it() -> None:
    again, before = snapshot("concealed"), snapshot("named", DAY - timedelta(days=1))
    result = pulled(again)._replace(outcome=Outcome.UNCHANGED)
    change = ConcealmentChange(Partition.of(D7), DAY, 1, "named", "concealed")
    assert [*change_of_call(again, result, {again: before}.get)] == [change]
    assert [*change_of_call(again, result, {again: None}.get)] == []
    assert [*change_of_call(again, result._replace(read=False), no_previous)] == []


def test_of_single_days_the_oldest_with_other_names_than_the_day_read_before_is_marked() -> None:
    def single(number: int) -> Call:
        return Call(REPORT, date=date(2026, 11, number))

    def state(names: str, hours_ago: int) -> CallState:
        return CallState(Outcome.UNCHANGED, None, NOW, read_at=NOW - timedelta(hours=hours_ago), names=names)

    states = {single(1): state("named", 30), single(2): state("concealed", 60), single(3): state("none", 1)}
    names = {4: "none", 5: "concealed", 6: "concealed", 7: "named"}
    pulls = [
        PullResult(single(day), Outcome.PUBLISHED, NOW, refresh_date=single(day).date, revision=1, read=True, names=of)
        for day, of in names.items()
    ]
    change = ConcealmentChange(Partition(REPORT, "day"), date(2026, 11, 5), 1, "named", "concealed")
    assert [*changes_of_days([REPORT], pulls, states)] == [change]
    assert [*changes_of_days([REPORT], pulls, {})] == []
    assert [*changes_of_days([], pulls, states)] == []
