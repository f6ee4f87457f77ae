"""What a run notices to be lost: refresh dates that nobody saw, single days that went out of reach."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import pytest

from shared.archive.layout import LostRange, Partition
from shared.archive.run_record import CallState, PullResult, RunRecord
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.domain.call import Call
from shared.domain.outcome import Outcome, Reason
from shared.domain.selection import Selection
from shared.pulling.lost_dates import LostDates, lost_in_run, lost_refresh_dates, markers_of, together
from shared.pulling.memory import Memory
from shared.pulling.plan import ArchivedCalls

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=10)
SHOWN = date(2026, 11, 8)
REPORT = "getOffice365ActiveUserDetail"
D7 = Call(REPORT, period="D7")
ASKED_LONG_AGO = {Call(REPORT, date=date(2026, 11, 9)): CallState(Outcome.UNCHANGED, None, NOW - timedelta(days=12))}


def day(number: int) -> date:
    return date(2026, 11, number)


# -- refresh dates -----------------------------------------------------------------------------------------------------


def test_refresh_dates_of_an_outage_are_lost() -> None:
    assert lost_refresh_dates(SHOWN, LONG_AGO, day(12), NOW) == [day(9), day(10), day(11)]


@pytest.mark.parametrize("hours", [6, 12, 15])
def test_a_refresh_date_that_was_skipped_while_the_archive_watched_was_never_shown(hours: int) -> None:
    assert lost_refresh_dates(SHOWN, NOW - timedelta(hours=hours), day(12), NOW) == []


@pytest.mark.parametrize("hours", [16, 18, 24, 36])
def test_a_refresh_date_that_two_pulls_in_a_row_would_have_seen_is_lost(hours: int) -> None:
    assert lost_refresh_dates(SHOWN, NOW - timedelta(hours=hours), day(10), NOW) == [day(9)]


@pytest.mark.parametrize("number", [20, 21, 22])
def test_a_refresh_date_that_cannot_be_out_yet_proves_no_loss(number: int) -> None:
    assert lost_refresh_dates(SHOWN, LONG_AGO, day(number), NOW) == []
    assert lost_refresh_dates(SHOWN, LONG_AGO, day(19), NOW) != []


@pytest.mark.parametrize("refresh_date", [day(8), day(9), day(7)])
def test_nothing_is_lost_between_neighbouring_dates(refresh_date: date) -> None:
    assert lost_refresh_dates(SHOWN, LONG_AGO, refresh_date, NOW) == []


def test_nothing_is_lost_before_the_archive_began() -> None:
    assert lost_refresh_dates(None, None, day(12), NOW) == []


# -- of a run ----------------------------------------------------------------------------------------------------------


def lost(
    pulls: Sequence[PullResult],
    states: Mapping[Call, CallState],
    archived: Sequence[date] = (),
    *,
    daily: Sequence[str] = (),
    days: Sequence[date] = (),
    planned: Mapping[str, datetime] = MappingProxyType({}),
    is_readable: bool = True,
) -> LostDates:
    """What a run finds lost that began six hours after the one before; D7 has snapshots of the `archived` dates."""
    newest = {D7: Snapshot(D7, SHOWN, 1, SnapshotMetadata("", 0, 0, NOW, "", ""))} if archived and is_readable else {}
    record = RunRecord("before", NOW - timedelta(hours=6), NOW, [], 0, states=states, planned=planned)
    memory = Memory(record, {REPORT: ArchivedCalls(newest, dict.fromkeys(days, 1))})

    def refresh_dates(call: Call, month: str) -> list[date]:
        return [each for each in archived if call == D7 and f"{each}".startswith(month)]

    return lost_in_run(pulls, memory, daily, refresh_dates, NOW)


def shows(refresh_date: date) -> PullResult:
    return PullResult(D7, Outcome.PUBLISHED, NOW, refresh_date=refresh_date, revision=1)


def seen(refresh_date: date, at: datetime = LONG_AGO) -> dict[Call, CallState]:
    return {D7: CallState(Outcome.UNCHANGED, None, at, refresh_date=refresh_date, seen_at=at)}


def test_what_graph_showed_last_is_what_the_records_say() -> None:
    assert lost([shows(day(12))], seen(day(9)), [SHOWN]) == {D7: [day(10), day(11)]}


def test_without_a_record_it_is_the_newest_date_before_that_is_archived() -> None:
    assert lost([shows(day(12))], {}, [SHOWN, day(12), day(13)]) == {D7: [day(9), day(10), day(11)]}


def test_without_a_record_nothing_follows_from_a_date_that_was_archived_before() -> None:
    assert lost([shows(SHOWN)], {}, [day(1), SHOWN]) == {}


def test_a_date_that_could_not_be_out_when_it_was_seen_is_no_record() -> None:
    assert lost([shows(day(12))], seen(LONG_AGO.date()), [day(10)]) == {D7: [day(11)]}


def test_what_a_run_archived_that_left_no_record_is_not_lost() -> None:
    assert lost([shows(day(12))], seen(SHOWN), [SHOWN, day(10)]) == {D7: [day(9), day(11)]}


@pytest.mark.parametrize("states", [seen(day(9)), {}])
def test_dates_are_lost_after_a_snapshot_too_that_cannot_be_read(states: Mapping[Call, CallState]) -> None:
    assert lost([shows(day(12))], states, [day(9)], is_readable=False) == {D7: [day(10), day(11)]}


def test_nothing_follows_from_a_single_day() -> None:
    shown = shows(day(12))._replace(call=Call(REPORT, date=day(12)))
    assert lost([shown], seen(day(9)), [day(9)], is_readable=False) == {}


def test_nothing_follows_from_a_call_that_was_not_asked_or_has_no_snapshot() -> None:
    assert lost([shows(day(12))._replace(requested=False)], seen(SHOWN), [SHOWN]) == {}
    assert lost([shows(day(12))], seen(SHOWN), [day(12)], is_readable=False) == {}


def test_a_single_day_that_went_out_of_reach_is_lost_but_not_if_graph_had_nothing_for_it_to_the_last() -> None:
    gone = date(2026, 10, 24)
    single_day = Call(REPORT, date=gone)
    watched = {Call(REPORT, date=day(1)): CallState(Outcome.UNCHANGED, None, NOW)}
    of_yesterday = RunRecord("before", NOW - timedelta(days=1), NOW, [], 0, states=watched)
    empty = {single_day: CallState(Outcome.NO_DATA, Reason.NO_ROWS, NOW)}

    def found(states: Mapping[Call, CallState], archived: set[date]) -> LostDates:
        memory = Memory(of_yesterday._replace(states=states), {REPORT: ArchivedCalls({}, dict.fromkeys(archived, 1))})
        return lost_in_run([], memory, [REPORT], lambda call, month: [], NOW)

    assert found(watched, set()) == {Call(REPORT): [gone]}
    assert found(watched, {gone}) == {}
    assert found(watched | empty, set()) == {}


@pytest.mark.parametrize(
    ("reason", "is_lost"),
    [
        (Reason.BAD_REQUEST, True),
        (Reason.PERMISSION, True),
        (Reason.GRAPH_ERROR, True),
        (Reason.UNKNOWN_IN_THIS_CLOUD, False),
        (Reason.NO_ROWS, False),
        (Reason.UNKNOWN_TENANT, False),
    ],
)
def test_a_day_that_graph_refused_to_the_last_is_lost_but_not_one_that_it_never_had(
    reason: Reason, is_lost: bool
) -> None:
    gone = date(2026, 10, 24)
    states = {Call(REPORT, date=gone): CallState(reason.outcome, reason, NOW - timedelta(days=1))}
    found = lost([], states, daily=[REPORT], planned={REPORT: NOW - timedelta(days=1)})
    assert found == ({Call(REPORT): [gone]} if is_lost else {})


def test_days_of_a_report_that_was_no_part_of_the_last_runs_are_lost_though_they_know_of_it() -> None:
    planned = {REPORT: NOW - timedelta(days=12)}
    gone = [date(2026, 10, each) for each in range(13, 25)]
    assert lost([], ASKED_LONG_AGO, daily=[REPORT], planned=planned) == {Call(REPORT): gone}


def test_a_day_of_a_report_that_was_planned_all_the_while_is_not_lost_though_nothing_was_due() -> None:
    assert lost([], ASKED_LONG_AGO, daily=[REPORT], planned={REPORT: NOW - timedelta(hours=6)}) == {}


def test_a_record_that_does_not_tell_when_days_were_planned_is_taken_to_have_planned_those_it_knows() -> None:
    assert lost([], ASKED_LONG_AGO, daily=[REPORT], planned={}) == {}
    assert lost([], {}, daily=[REPORT], planned={}) == {}


# -- markers -----------------------------------------------------------------------------------------------------------


def test_what_one_run_could_not_mark_is_marked_by_the_next() -> None:
    assert together({D7: [day(3), day(1)]}, {D7: [day(2), day(3)], Call("getX"): [day(1)]}) == {
        D7: [day(1), day(2), day(3)],
        Call("getX"): [day(1)],
    }


def test_lost_dates_are_marked_by_stretch_as_far_as_they_are_selected() -> None:
    selection = Selection(frozenset([D7]), frozenset([REPORT]))
    gone = {D7: [day(1), day(2), day(4)], Call(REPORT): [day(9)], Call("getX", period="D7"): [day(1)]}
    assert [*markers_of(gone, selection)] == [
        LostRange(Partition(REPORT, "D7"), day(1), day(2)),
        LostRange(Partition(REPORT, "D7"), day(4), day(4)),
        LostRange(Partition(REPORT, "day"), day(9), day(9)),
    ]
