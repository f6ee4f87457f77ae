"""How each call stands: late or not, what is missing, and what the newest run said."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.archive.cadence import Cadence
from shared.archive.coverage import GapState
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import ConcealmentChange, Partition
from shared.archive.run_record import CallState, PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.date_ranges import DateRanges
from shared.domain.dates import days_between
from shared.domain.outcome import Outcome, Reason
from shared.domain.selection import Selection, select
from shared.web.call_status import call_statuses
from shared.web.status import COLUMNS, summary, table

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
"""A Saturday."""
TODAY = NOW.date()
SERVICES = Call("getOffice365ServicesUserCounts", period="D7")
DETAIL = Call("getOffice365ActiveUserDetail", period="D7")
DAYS = Partition(DETAIL.report, "day")


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def dates(oldest: int, newest: int) -> list[date]:
    """Those from so many days ago to so many days ago."""
    return days_between(ago(oldest), ago(newest) + timedelta(days=1))


def single(days: int) -> Call:
    return Call(DETAIL.report, date=ago(days))


def selected(*items: object) -> Selection:
    return select(", ".join(map(str, items)), catalogue())


def run_of(
    *pulls: PullResult, states: dict[Call, CallState] | None = None, hours_ago: float = 1, waiting: int = 0
) -> RunRecord:
    """Of a run that planned the single days of `DETAIL`."""
    at = NOW - timedelta(hours=hours_ago)
    planned = {DETAIL.report: at}
    return RunRecord("the run", at, at, list(pulls), waiting, states=states or {}, pulled_at=at, planned=planned)


def covered(
    held: Mapping[Partition, Iterable[date]],
    lost: Mapping[Partition, Iterable[date]] | None = None,
    changes: Mapping[Partition, list[ConcealmentChange]] | None = None,
) -> CoverageIndex:
    dates, marked = (
        {place: DateRanges.of(days) for place, days in each.items() if days} for each in (held, lost or {})
    )
    return CoverageIndex(dates, marked, changes or {})


def entry(
    selection: Selection,
    held: dict[Partition, list[date]],
    run: RunRecord | None = None,
    *,
    lost: dict[Partition, set[date]] | None = None,
    flips: dict[Partition, list[ConcealmentChange]] | None = None,
    now: datetime = NOW,
) -> dict[str, Any]:
    """The last of the calls in the status."""
    found: dict[str, Any] = summary(selection, covered(held, lost, flips), run, now)["calls"][-1]
    return found


def of_days(days: list[date], periods: list[date], run: RunRecord | None = None, **more: Any) -> dict[str, Any]:
    """Of the single days of a report, beside its D7."""
    selection = Selection({DETAIL}, {DETAIL.report})
    return entry(selection, {DAYS: days, Partition.of(DETAIL): periods}, run, **more)


# -- which calls -------------------------------------------------------------------------------------------------------


def test_every_selected_call_is_told_and_the_single_days_of_a_report_as_one() -> None:
    selection = selected(SERVICES, DETAIL.report)
    assert [each.call for each in call_statuses(selection, CoverageIndex(), None, NOW)] == [
        *(f"{DETAIL.report}(period='{period}')" for period in ("D180", "D30", "D7", "D90")),
        f"{DETAIL.report}(date)",
        str(SERVICES),
    ]


def test_a_call_of_which_nothing_came_yet_is_not_late() -> None:
    assert entry(selected(SERVICES), {}) == {
        "call": str(SERVICES),
        "report": SERVICES.report,
        "state": "awaited",
        "since": None,
        "refreshDate": None,
        "ageDays": None,
        "revision": None,
        "rows": None,
        "expectedNext": None,
        "late": False,
        "outcome": None,
        "reason": None,
        "run": None,
        "missing": 0,
        "waiting": 0,
        "lost": 0,
        "gaps": [],
        "names": None,
        "flips": [],
    }


# -- late or not -------------------------------------------------------------------------------------------------------


def test_the_newest_refresh_date_has_an_age_in_days() -> None:
    told = entry(selected(SERVICES), {Partition.of(SERVICES): dates(20, 3)})
    assert (told["since"], told["refreshDate"], told["ageDays"]) == ("2026-11-01", "2026-11-18", 3)


@pytest.mark.parametrize(
    ("newest", "expected"), [(18, "2026-11-23T00:00:00+00:00"), (19, "2026-11-25T00:00:00+00:00")], ids=["Wed", "Thu"]
)
def test_a_call_is_late_from_when_a_newer_date_should_be_there(newest: int, expected: str) -> None:
    held = {Partition.of(SERVICES): [date(2026, 11, newest)]}
    moment = datetime.fromisoformat(expected)
    on_time, late = (entry(selected(SERVICES), held, now=moment + timedelta(seconds=s)) for s in (0, 1))
    assert on_time["expectedNext"] == late["expectedNext"] == expected
    assert (on_time["late"], late["late"]) == (False, True)


def test_each_call_is_expected_in_its_own_rhythm() -> None:
    other = SERVICES._replace(period="D30")
    slow = Cadence(((),) * 2 + ((222, 222),) + ((),) * 4)
    last = CallState(Outcome.UNCHANGED, None, NOW, refresh_date=ago(3))
    run = run_of(states={SERVICES: last, other: last._replace(cadence=slow)})
    held = {Partition.of(call): [ago(3)] for call in (SERVICES, other)}
    assert entry(selected(SERVICES), held, run)["expectedNext"] == "2026-11-23T00:00:00+00:00"
    assert entry(selected(other), held, run)["expectedNext"] == "2026-11-28T06:00:00+00:00"


def test_single_days_on_which_nobody_did_anything_do_not_make_the_next_one_late() -> None:
    empty = {single(days): CallState(Outcome.NO_DATA, Reason.NO_ROWS, NOW) for days in (5, 4, 3)}
    periods = dates(20, 3)
    assert of_days(dates(27, 6), periods, run_of())["late"] is True
    assert of_days(dates(27, 6), periods, run_of(states=empty))["late"] is False


def test_single_days_on_which_nobody_did_anything_are_not_missing() -> None:
    held = sorted({*dates(27, 3)} - {ago(9), ago(8), ago(5)})
    empty = {single(days): CallState(Outcome.NO_DATA, Reason.NO_ROWS, NOW) for days in (9, 8)}
    told = of_days(held, dates(20, 3), run_of(states=empty))
    assert (told["missing"], told["lost"]) == (1, 0)
    assert [(gap["first"], gap["days"], gap["state"]) for gap in told["gaps"]] == [
        (str(ago(9)), 2, "empty"),
        (str(ago(5)), 1, "recoverable"),
    ]


def test_without_a_period_an_empty_day_may_be_one_that_is_not_out_yet() -> None:
    empty = {single(days): CallState(Outcome.NO_DATA, Reason.NO_ROWS, NOW) for days in (5, 4, 3)}
    alone = Selection(set(), {DETAIL.report})
    assert entry(alone, {DAYS: dates(27, 6)}, run_of(states=empty))["late"] is True


def test_single_days_are_expected_in_the_rhythm_of_their_report() -> None:
    slow = Cadence(((),) * 2 + ((222, 222),) + ((),) * 4)
    last = CallState(Outcome.UNCHANGED, None, NOW, refresh_date=ago(3), cadence=slow)
    told = of_days(dates(27, 3), dates(27, 3), run_of(states={DETAIL: last}))
    assert told["expectedNext"] == "2026-11-28T06:00:00+00:00"


# -- what is missing ---------------------------------------------------------------------------------------------------


def test_refresh_dates_that_are_missing_are_lost_or_were_never_published() -> None:
    place = Partition.of(SERVICES)
    held = {place: dates(20, 15) + dates(12, 10) + dates(8, 3)}
    told = entry(selected(SERVICES), held, lost={place: set(dates(14, 13))})
    assert told["gaps"] == [
        {"first": "2026-11-07", "last": "2026-11-08", "days": 2, "state": GapState.LOST},
        {"first": "2026-11-12", "last": "2026-11-12", "days": 1, "state": GapState.NEVER_PUBLISHED},
    ]
    assert (told["missing"], told["lost"]) == (0, 2)


def test_single_days_can_be_recovered_for_27_days() -> None:
    told = of_days([*dates(40, 30), *dates(24, 3)], dates(40, 3), run_of(), lost={DAYS: set(dates(29, 29))})
    assert told["gaps"] == [
        {"first": "2026-10-23", "last": "2026-10-23", "days": 1, "state": GapState.LOST},
        {"first": "2026-10-24", "last": "2026-10-24", "days": 1, "state": GapState.NEVER_PUBLISHED},
        {
            "first": "2026-10-25",
            "last": "2026-10-27",
            "days": 3,
            "state": GapState.RECOVERABLE,
            "recoverableUntil": TODAY.isoformat(),
        },
    ]
    assert (told["missing"], told["lost"]) == (3, 1)


@pytest.mark.parametrize("reason", [Reason.NO_ROWS, Reason.UNKNOWN_IN_THIS_CLOUD])
def test_single_days_that_went_out_of_reach_since_the_newest_run_are_lost_if_graph_had_them(reason: Reason) -> None:
    held = [*dates(40, 31), *dates(27, 3)]
    empty = {single(29): CallState(reason.outcome, reason, NOW)}
    told = of_days(held, dates(40, 3), run_of(states=empty, hours_ago=48))
    assert [(gap["first"], gap["state"]) for gap in told["gaps"]] == [
        (str(ago(30)), GapState.NEVER_PUBLISHED),
        (str(ago(28)), GapState.LOST),
    ]


def test_a_single_day_is_not_missing_before_its_refresh_date_is_out() -> None:
    assert of_days(dates(27, 5), dates(27, 5), run_of())["gaps"] == []
    assert of_days(dates(27, 6), dates(27, 5), run_of())["missing"] == 1


@pytest.mark.parametrize(("days", "missing"), [(4, 1), (3, 0)], ids=["Tue", "Wed"])
def test_single_days_are_missing_when_their_own_time_is_over(days: int, missing: int) -> None:
    outage = run_of(hours_ago=72)  # what it saw last is old: younger days may be out
    told = of_days([day for day in dates(27, 3) if day != ago(days)], dates(27, 5), outage)
    assert told["missing"] == missing


def test_single_days_are_missing_of_a_report_that_is_selected_for_them_alone() -> None:
    told = entry(Selection(set(), {DETAIL.report}), {DAYS: dates(27, 5)}, run_of())
    assert (told["call"], told["missing"]) == (f"{DETAIL.report}(date)", 1)


# -- what is to come by itself -----------------------------------------------------------------------------------------


def test_days_that_did_not_fit_the_run_are_not_missing_and_make_nothing_late() -> None:
    told = of_days(dates(27, 22), dates(27, 3), run_of(waiting=19))
    assert (told["state"], told["missing"], told["waiting"], told["late"]) == ("filling_up", 0, 18, False)


def test_a_day_that_was_asked_for_in_vain_is_missing_while_others_wait() -> None:
    vain = {single(20): CallState(Outcome.DEFERRED, Reason.GRAPH_ERROR, NOW)}
    told = of_days(dates(27, 22), dates(27, 3), run_of(states=vain, waiting=18))
    assert (told["state"], told["missing"], told["waiting"], told["late"]) == ("missing", 1, 17, False)


def test_days_of_a_report_that_no_run_has_planned_are_not_missing() -> None:
    unplanned = run_of()._replace(planned={})
    told = of_days([], [], unplanned)
    assert (told["state"], told["missing"], told["waiting"]) == ("awaited", 0, 24)


def test_a_call_that_no_run_has_asked_for_is_not_late() -> None:
    held = {Partition.of(SERVICES): dates(40, 30)}
    assert entry(selected(SERVICES), held, run_of())["late"] is False
    asked = {SERVICES: CallState(Outcome.UNCHANGED, None, NOW, refresh_date=ago(30))}
    assert entry(selected(SERVICES), held, run_of(states=asked))["late"] is True


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (Reason.NO_ROWS, "no_data"),
        (Reason.NOT_SWITCHED_ON, "no_data"),
        (Reason.GRAPH_ERROR, "awaited"),
        (Reason.NOT_CSV, "failing"),
    ],
)
def test_what_is_not_archived_says_whether_it_will_be(reason: Reason, state: str) -> None:
    pulled = PullResult(SERVICES, reason.outcome, NOW, reason)
    assert entry(selected(SERVICES), {}, run_of(pulled))["state"] == state


# -- what the newest run said ------------------------------------------------------------------------------------------


def test_the_last_outcome_is_that_of_the_newest_run() -> None:
    pulled = PullResult(SERVICES, Outcome.DEFERRED, NOW, Reason.RATE_LIMITED)
    told = entry(selected(SERVICES), {}, run_of(pulled))
    assert (told["outcome"], told["reason"], told["run"]) == ("deferred", "rate_limited", "the run")


def test_the_outcome_of_single_days_is_the_worst_of_them() -> None:
    reasons = [Reason.NOT_DUE, Reason.NO_ROWS, Reason.NOT_CSV, Reason.BUDGET, Reason.NOT_MODIFIED]
    pulls = [PullResult(single(5 + number), each.outcome, NOW, each) for number, each in enumerate(reasons)]
    told = of_days([], [], run_of(*pulls))
    assert (told["outcome"], told["reason"]) == ("quarantined", "not_csv")


def test_what_is_known_of_the_newest_snapshot_outlives_a_pull_that_fails() -> None:
    last = CallState(
        Outcome.DEFERRED, Reason.GRAPH_ERROR, NOW, refresh_date=ago(3), revision=2, rows=40, names="concealed"
    )
    told = entry(selected(DETAIL), {Partition.of(DETAIL): [ago(3)]}, run_of(states={DETAIL: last}))
    assert (told["revision"], told["rows"], told["names"]) == (2, 40, "concealed")


def test_what_is_known_of_another_refresh_date_is_not_said_of_the_newest() -> None:
    last = CallState(Outcome.PUBLISHED, None, NOW, refresh_date=ago(4), revision=2, rows=40, names="concealed")
    told = entry(selected(DETAIL), {Partition.of(DETAIL): [ago(3)]}, run_of(states={DETAIL: last}))
    assert (told["revision"], told["rows"], told["names"]) == (None, None, None)


def test_it_is_told_when_names_changed() -> None:
    place = Partition.of(DETAIL)
    flips = {
        place: [
            ConcealmentChange(place, ago(9), 1, "named", "concealed"),
            ConcealmentChange(place, ago(5), 2, "concealed", "named"),
        ]
    }
    assert entry(selected(DETAIL), {}, flips=flips)["flips"] == [
        {"refreshDate": "2026-11-12", "revision": 1, "from": "named", "to": "concealed"},
        {"refreshDate": "2026-11-16", "revision": 2, "from": "concealed", "to": "named"},
    ]


# -- as a table --------------------------------------------------------------------------------------------------------


def test_as_a_table_every_call_is_a_line_of_text_below_a_constant_header() -> None:
    place = Partition.of(SERVICES)
    pulled = PullResult(SERVICES, Outcome.UNCHANGED, NOW, Reason.NOT_DUE)
    last = CallState(Outcome.UNCHANGED, None, NOW, refresh_date=ago(3), names="none")
    told = summary(
        selected(SERVICES, DETAIL),
        covered({place: dates(20, 15) + dates(10, 3)}, {place: set(dates(14, 13))}),
        run_of(pulled, states={SERVICES: last}),
        NOW,
    )
    nothing = [str(DETAIL), DETAIL.report, "", "", "", "", "false", "", "", "", "0", "0", ""]
    assert table(told) == [
        list(COLUMNS),
        nothing,
        [
            str(SERVICES),
            SERVICES.report,
            "2026-11-01",
            "2026-11-18",
            "3",
            "2026-11-23T00:00:00+00:00",
            "false",
            "unchanged",
            Reason.NOT_DUE,
            "the run",
            "0",
            "2",
            "none",
        ],
    ]


def test_as_a_table_nothing_selected_would_leave_the_header() -> None:
    assert table({"calls": []}) == [list(COLUMNS)]
