"""What is due, as a function of what the archive holds, the last outcomes and the time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.archive.run_record import CallState
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.domain.call import Call
from shared.domain.outcome import Outcome, Reason
from shared.domain.selection import Selection
from shared.pulling.plan import BUDGET, ArchivedCalls, Plan, PlannedPull, SkippedCall, plan

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
TODAY = NOW.date()
REPORT = "getOffice365ActiveUserDetail"
PERIODS = [Call(REPORT, period=period) for period in ("D180", "D30", "D7", "D90")]
D7 = Call(REPORT, period="D7")
ONLY_D7 = Selection(frozenset([D7]), frozenset())


def days(*ago: int) -> list[date]:
    return [TODAY - timedelta(days=each) for each in ago]


def was(
    outcome: Outcome, hours_ago: float, reason: Reason | None = None, streak: int = 1, read: bool = True
) -> CallState:
    at = NOW - timedelta(hours=hours_ago)
    return CallState(outcome, reason, at, streak, at if read else None)


def planned(
    selection: Selection = ONLY_D7,
    archived: ArchivedCalls | None = None,
    states: Mapping[Call, CallState] | None = None,
    spent: int = 0,
    now: datetime = NOW,
) -> Plan:
    return plan(selection, {REPORT: archived or ArchivedCalls()}, states or {}, {REPORT: spent}, now)


def due(*args: object, **kwargs: object) -> Sequence[PlannedPull]:
    return planned(*args, **kwargs).pulls.get(REPORT, ())  # type: ignore[arg-type]


def snapshot(days_ago: int) -> Snapshot:
    return Snapshot(D7, days(days_ago)[0], 1, SnapshotMetadata("00" * 32, 100, 1, NOW, '"an ETag"', ""))


def holding(days_ago: int) -> ArchivedCalls:
    return ArchivedCalls({D7: snapshot(days_ago)})


# -- the newest refresh date -------------------------------------------------------------------------------------------


def test_a_call_that_was_never_pulled_is_due_in_full() -> None:
    assert due() == [PlannedPull(D7)]


def test_the_first_run_of_a_day_reads_the_body_in_full_to_see_corrections() -> None:
    assert due(archived=holding(3), states={D7: was(Outcome.UNCHANGED, hours_ago=8)}) == [PlannedPull(D7, snapshot(3))]


def test_later_runs_of_the_day_ask_only_whether_the_refresh_date_has_moved() -> None:
    assert due(archived=holding(3), states={D7: was(Outcome.UNCHANGED, hours_ago=6)}) == [
        PlannedPull(D7, snapshot(3), conditional=True)
    ]


def test_a_304_does_not_count_as_having_read_the_body() -> None:
    yesterday = NOW - timedelta(days=1)
    states = {D7: CallState(Outcome.UNCHANGED, Reason.NOT_MODIFIED, NOW - timedelta(hours=6), 2, read_at=yesterday)}
    assert due(archived=holding(3), states=states) == [PlannedPull(D7, snapshot(3))]


def test_nothing_is_asked_while_nothing_newer_can_exist() -> None:
    unchanged = SkippedCall(D7, Outcome.UNCHANGED, Reason.NOT_DUE, snapshot(2))
    assert planned(archived=holding(2), states={D7: was(Outcome.PUBLISHED, hours_ago=6)}) == Plan({}, [unchanged], 0)


@pytest.mark.parametrize("days_ago", [1, 0, -1])
def test_a_refresh_date_that_cannot_be_out_yet_is_no_reason_to_stop_asking(days_ago: int) -> None:
    read = was(Outcome.PUBLISHED, hours_ago=6)
    assert due(archived=holding(days_ago), states={D7: read}) == [PlannedPull(D7, snapshot(days_ago))]


def test_what_the_memory_says_is_held_but_the_archive_does_not_hold_is_due() -> None:
    assert due(states={D7: was(Outcome.PUBLISHED, hours_ago=6)}) == [PlannedPull(D7)]


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.QUARANTINED])
def test_a_call_that_failed_is_due_again_at_the_next_run(outcome: Outcome) -> None:
    assert due(archived=holding(2), states={D7: was(outcome, hours_ago=6)}) == [
        PlannedPull(D7, snapshot(2), conditional=True)
    ]


def test_deferred_calls_come_first() -> None:
    selection = Selection(frozenset(PERIODS), frozenset())
    states = {call: was(Outcome.UNCHANGED, 8) for call in PERIODS} | {D7: was(Outcome.DEFERRED, 6, read=False)}
    assert due(selection, states=states)[0].call == D7


# -- refused -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("streak", "pause_days"), [(1, 1), (2, 2), (3, 4), (4, 7), (50, 7)])
def test_a_refused_call_is_asked_again_after_growing_pauses(streak: int, pause_days: int) -> None:
    states = {D7: was(Outcome.REFUSED, hours_ago=24 * pause_days - 1, reason=Reason.BAD_REQUEST, streak=streak)}
    assert planned(states=states).skipped == [SkippedCall(D7, Outcome.REFUSED, Reason.BAD_REQUEST)]
    assert due(states=states, now=NOW + timedelta(hours=1))


def test_a_period_for_which_graph_once_said_that_a_date_is_too_old_is_asked_for_again() -> None:
    refused = was(Outcome.REFUSED, 24, Reason.DATE_OUT_OF_REACH)
    assert due(states={D7: refused}) == [PlannedPull(D7)]


def test_a_report_that_the_cloud_lacks_is_asked_for_once_a_week() -> None:
    states = {D7: was(Outcome.REFUSED, hours_ago=24 * 7 - 1, reason=Reason.UNKNOWN_IN_THIS_CLOUD)}
    assert not due(states=states)
    assert due(states=states, now=NOW + timedelta(hours=1))


@pytest.mark.parametrize("reason", [Reason.UNKNOWN_IN_THIS_CLOUD, Reason.BAD_REDIRECT])
def test_a_refused_call_that_was_answered_in_the_last_week_is_asked_at_every_run(reason: Reason) -> None:
    refused = was(Outcome.REFUSED, hours_ago=6, reason=reason, streak=9)
    answered = refused._replace(seen_at=NOW - timedelta(days=7))
    assert not due(states={D7: answered})
    assert due(states={D7: answered}, now=NOW - timedelta(hours=1))


def test_a_missing_permission_is_asked_for_at_every_run_as_a_grant_may_come_any_hour() -> None:
    assert due(states={D7: was(Outcome.REFUSED, hours_ago=6, reason=Reason.PERMISSION, streak=9)})


def test_a_report_that_had_no_turn_for_want_of_time_is_first_in_line() -> None:
    calls = [("getA", "D7"), ("getA", "D90"), ("getB", "D7"), ("getC", "D7"), ("getD", "D7")]
    selection = Selection(frozenset(Call(report, period=period) for report, period in calls), frozenset())
    states = {
        Call("getA", "D7"): was(Outcome.DEFERRED, 6, Reason.GRAPH_ERROR),
        Call("getA", "D90"): was(Outcome.DEFERRED, 6, Reason.OUT_OF_TIME),
        Call("getC", "D7"): was(Outcome.DEFERRED, 12, Reason.OUT_OF_TIME),
        Call("getD", "D7"): was(Outcome.DEFERRED, 18, Reason.OUT_OF_TIME),
    }
    assert [*plan(selection, {}, states, {}, NOW).pulls] == ["getD", "getC", "getA", "getB"]


# -- single days -------------------------------------------------------------------------------------------------------

WITH_DAYS = Selection(frozenset(PERIODS), frozenset([REPORT]))
ONLY_DAYS = Selection(frozenset(), frozenset([REPORT]))


def due_days(*args: object, **kwargs: object) -> list[date | None]:
    return [each.call.date for each in due(*args, **kwargs) if each.call.date]


def test_missing_days_are_asked_for_oldest_first() -> None:
    assert due_days(ONLY_DAYS)[:3] == days(27, 26, 25)


def test_a_day_younger_than_the_newest_refresh_date_is_not_asked_for() -> None:
    archived = ArchivedCalls({D7: snapshot(5)}, dict.fromkeys(days(*range(7, 28)), 1))
    assert due_days(ONLY_DAYS, archived)[:2] == days(6, 5)
    assert min(days(4)) > max(filter(None, due_days(ONLY_DAYS, archived)))


def test_a_day_that_had_no_data_is_asked_for_once_a_day() -> None:
    archived = ArchivedCalls({}, dict.fromkeys(days(*range(3, 28)), 1))
    missing = Call(REPORT, date=days(2)[0])
    assert days(2)[0] not in due_days(ONLY_DAYS, archived, {missing: was(Outcome.NO_DATA, hours_ago=6)})
    assert days(2)[0] in due_days(ONLY_DAYS, archived, {missing: was(Outcome.NO_DATA, hours_ago=8)})


@pytest.mark.parametrize(("hours", "again"), [(23, False), (24, True)])
def test_a_day_within_reach_that_graph_calls_too_old_is_asked_for_again_after_a_pause(hours: int, again: bool) -> None:
    archived = ArchivedCalls({}, dict.fromkeys(days(*range(2, 27)), 1))
    states = {Call(REPORT, date=days(27)[0]): was(Outcome.REFUSED, hours, reason=Reason.DATE_OUT_OF_REACH)}
    assert (days(27)[0] in due_days(ONLY_DAYS, archived, states)) == again


def settled(*ago: int) -> dict[Call, CallState]:
    return {Call(REPORT, date=day): was(Outcome.UNCHANGED, 24, streak=3) for day in days(*ago)}


def test_the_last_ten_days_are_read_again_while_they_may_still_be_corrected() -> None:
    archived = ArchivedCalls({}, dict.fromkeys(days(*range(2, 28)), 1))
    assert due_days(ONLY_DAYS, archived) == days(10, 9, 8, 7, 6, 5, 4, 3, 2)


def test_a_day_is_read_again_once_a_day_only() -> None:
    archived = ArchivedCalls({}, dict.fromkeys(days(*range(2, 28)), 1))
    states = settled(*range(3, 11)) | {Call(REPORT, date=days(2)[0]): was(Outcome.PUBLISHED, hours_ago=6)}
    assert due_days(ONLY_DAYS, archived, states) == []


def test_a_day_that_was_read_today_stands_as_unchanged() -> None:
    call = Call(REPORT, date=days(5)[0])
    archived = ArchivedCalls({}, dict.fromkeys(days(*range(2, 28)), 1))
    result = planned(ONLY_DAYS, archived, {call: was(Outcome.PUBLISHED, hours_ago=6)})
    assert result.skipped == [SkippedCall(call, Outcome.UNCHANGED, Reason.NOT_DUE)]


def test_a_day_is_left_alone_after_three_unchanged_checks() -> None:
    archived = ArchivedCalls({}, dict.fromkeys(days(*range(2, 28)), 1))
    assert due_days(ONLY_DAYS, archived, settled(*range(2, 11))) == []


def test_missing_days_go_before_days_to_read_again() -> None:
    archived = ArchivedCalls({}, dict.fromkeys(days(*range(2, 12)), 1))
    assert due_days(ONLY_DAYS, archived) == days(*range(27, 27 - BUDGET, -1))


# -- the request budget ------------------------------------------------------------------------------------------------


def test_days_leave_room_for_asking_for_the_newest_once_more() -> None:
    result = planned(WITH_DAYS)
    assert [each.call for each in result.pulls[REPORT]] == [*PERIODS, *(Call(REPORT, date=day) for day in days(27, 26))]
    assert result.waiting == 24


def test_what_was_spent_in_the_last_ten_minutes_is_not_spent_again() -> None:
    assert len(due(WITH_DAYS, spent=BUDGET - 2)) == 2
    assert planned(WITH_DAYS, spent=BUDGET).pulls == {}


def test_a_call_for_which_no_request_is_left_is_deferred() -> None:
    assert planned(spent=BUDGET).skipped == [SkippedCall(D7, Outcome.DEFERRED, Reason.BUDGET)]


def test_days_that_do_not_fit_are_counted_as_waiting() -> None:
    assert planned(ONLY_DAYS, spent=BUDGET).waiting == 26
