"""What a run remembers of each call for the runs after it, and how it is stored."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from local.in_memory import InMemoryBlobStore
from shared import __version__
from shared.archive.cadence import Cadence
from shared.archive.layout import DERIVED, Partition, SnapshotName
from shared.archive.run_log import RunLog
from shared.archive.run_record import CallState, PullResult, RunRecord, states_after
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.outcome import Outcome, Reason
from shared.domain.selection import select
from tests.shelf import lines, snapshot

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
HELD = date(2026, 11, 17)
CALL = Call("getOffice365ServicesUserCounts", period="D7")
WAS = CallState(
    Outcome.UNCHANGED,
    None,
    NOW - timedelta(hours=6),
    refresh_date=HELD,
    revision=2,
    rows=40,
    names="named",
    cadence=Cadence().observe(HELD - timedelta(weeks=1), NOW - timedelta(weeks=1)),
)


def after(pulled: PullResult, was: CallState = WAS) -> CallState:
    return states_after({CALL: was}, [pulled], NOW)[CALL]


def came(day: date, outcome: Outcome = Outcome.PUBLISHED, at: datetime = NOW) -> PullResult:
    return PullResult(CALL, outcome, at, refresh_date=day, revision=1, rows=41, names="concealed", read=True)


def test_what_graph_shows_is_remembered() -> None:
    now = after(came(HELD + timedelta(days=1)))
    assert (now.refresh_date, now.revision, now.rows, now.names) == (HELD + timedelta(days=1), 1, 41, "concealed")


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.QUARANTINED, Outcome.NO_DATA])
def test_what_graph_showed_is_remembered_when_a_pull_fails(outcome: Outcome) -> None:
    now = after(PullResult(CALL, outcome, NOW, Reason.BUDGET))
    assert now == WAS._replace(outcome=outcome, reason=Reason.BUDGET, at=NOW)


def test_a_run_that_had_no_time_for_a_call_does_not_count_as_its_turn() -> None:
    now = after(PullResult(CALL, Outcome.DEFERRED, NOW, Reason.OUT_OF_TIME))
    assert (now.reason, now.at) == (Reason.OUT_OF_TIME, WAS.at)


def test_it_is_learned_how_long_the_next_refresh_date_took() -> None:
    assert after(came(HELD + timedelta(days=1))).cadence == WAS.cadence.observe(HELD, NOW)


@pytest.mark.parametrize("days", [0, -1])
def test_nothing_is_learned_from_a_refresh_date_that_is_not_newer(days: int) -> None:
    assert after(came(HELD + timedelta(days=days), Outcome.REVISED)).cadence == WAS.cadence


def test_nothing_is_learned_from_the_first_refresh_date() -> None:
    assert states_after({}, [came(HELD)], NOW)[CALL].cadence == Cadence()


def test_nothing_is_remembered_of_single_days_that_are_out_of_reach() -> None:
    days = [NOW.date() - timedelta(days=number) for number in (28, 27)]
    states = {call: WAS for call in (CALL, *(Call("getOffice365ActiveUserDetail", date=day) for day in days))}
    assert [call.date for call in states_after(states, [], NOW)] == [None, days[1]]


def test_single_days_of_a_report_that_is_not_planned_any_more_are_remembered_as_when_it_was() -> None:
    states = {Call("getOffice365ActiveUserDetail", date=NOW.date() - timedelta(days=28)): WAS}
    planned = {"getOffice365ActiveUserDetail": NOW - timedelta(days=1)}
    assert states_after(states, [], NOW, planned) == states


def test_a_call_that_needed_no_request_stays_as_it_was() -> None:
    skipped = PullResult(CALL, Outcome.UNCHANGED, NOW, Reason.NOT_DUE, refresh_date=HELD, requested=False)
    assert after(skipped) == WAS


BODY = lines("Report Refresh Date,Value", "2026-11-17,1")


def run_of(last: CallState) -> RunRecord:
    return RunRecord(
        id="the run",
        started=NOW,
        finished=NOW,
        pulls=[came(HELD)._replace(blob=str(SnapshotName(Partition.of(CALL), HELD, 1)))],
        waiting=0,
        lost={CALL: [date(2026, 11, 9)]},
        states={CALL: last},
        pulled_at=NOW,
        planned={"getX": NOW},
    )


@pytest.mark.parametrize("last", [WAS, CallState(Outcome.NO_DATA, Reason.EMPTY_BODY, NOW)], ids=["all", "little"])
def test_the_record_of_a_run_is_read_as_it_was(last: CallState) -> None:
    assert RunRecord.from_bytes(run_of(last).to_bytes()) == run_of(last)


def test_the_record_of_a_run_over_every_call_is_a_few_kilobytes() -> None:
    calls = sorted(select("aggregates", catalogue()).calls, key=str)
    pulls = [PullResult.of_snapshot(Outcome.PUBLISHED, snapshot(call, HELD, BODY), NOW) for call in calls]
    slow = Cadence(((85,) * 5, (79, 85, 91), (85,) * 5, (85, 79) * 2, (91,) * 5, (85,) * 5, (79,) * 5))
    states = {call: state._replace(cadence=slow) for call, state in states_after({}, pulls, NOW).items()}
    record = run_of(WAS)._replace(pulls=pulls, states=states)
    assert len(record.to_bytes()) < 5_000
    assert len(calls) == 230
    assert RunRecord.from_bytes(record.to_bytes()) == record


def test_a_record_of_an_earlier_version_is_read_from_its_place() -> None:
    store = InMemoryBlobStore()
    record = run_of(WAS)
    store.put(DERIVED, str(record.name._replace(is_plain=True)), record.to_json(), {})
    assert RunLog(store).newest(NOW) == record


@pytest.mark.parametrize(
    ("old", "new"), [("2026-11-09", "the ninth"), (str(WAS.cadence), "often"), ('"2026-11-17"', '"17"')]
)
def test_a_record_with_nonsense_in_it_is_refused(old: str, new: str) -> None:
    text = run_of(WAS).to_json().decode()
    assert old in text
    with pytest.raises(ValueError, match=r"Invalid|invalid"):
        RunRecord.from_json(text.replace(old, new).encode())


AT = "2026-11-21T07:15:00+00:00"
STORED = {
    "run": "2026-11-21T071500Z-5b2c1f",
    "started": AT,
    "finished": AT,
    "app_version": "0.1.0",
    "waiting": 4,
    "lost": {"getX(period='D7')": ["2026-11-09"], "getX": ["2026-10-01"]},
    "pulls": [
        {"call": "getX(date=2026-11-18)", "outcome": "no_data", "at": AT, "reason": "no_rows"}
        | {"detail": "The body has a header and no rows.", "read": False, "asked": True},
        {"call": "getX(period='D7')", "outcome": "revised", "at": AT, "refresh_date": "2026-11-18", "revision": 2}
        | {"rows": 0, "blob": "report=getX", "read": True, "asked": True, "names": "named"},
        {"call": "getY", "outcome": "deferred", "at": AT, "reason": "budget", "read": False, "asked": False},
    ],
    "last": {
        "getX(period='D7',version='v2')": {"outcome": "unchanged", "reason": "not_modified", "at": AT, "streak": 3}
        | {"read_at": AT, "refresh_date": "2026-11-18", "seen_at": AT, "revision": 1, "rows": 7, "names": "mixed"}
        | {"rhythm": ",103,,,,,"},
        "getY": {"outcome": "deferred", "reason": "budget", "at": AT, "streak": 1},
    },
    "pulled_at": AT,
}
"""As version 0.1 of the app stored it."""


def test_a_record_of_version_0_1_is_written_again_as_it_was_but_for_what_it_did_not_remember() -> None:
    again = RunRecord.from_json(json.dumps(STORED).encode()).to_json()
    assert json.loads(again) == STORED | {"app_version": __version__, "planned": {}}


def test_a_reason_that_only_a_newer_version_knows_does_not_make_a_record_unreadable() -> None:
    text = json.dumps(STORED).replace('"reason": "budget"', '"reason": "of_tomorrow"')
    record = RunRecord.from_json(text.encode())
    assert (record.pulls[2].outcome, record.pulls[2].reason) == (Outcome.DEFERRED, None)
    assert record.states[Call("getY")] == CallState(Outcome.DEFERRED, None, NOW)


def test_what_only_a_newer_version_keeps_does_not_make_a_record_unreadable() -> None:
    record = json.loads(json.dumps(STORED))
    for each in (record, *record["pulls"], *record["last"].values()):
        each["since_then"] = {"of": ["another", "kind"]}
    assert RunRecord.from_json(json.dumps(record).encode()) == RunRecord.from_json(json.dumps(STORED).encode())


def test_a_record_of_before_marks_and_rhythms_is_read() -> None:
    record = json.loads(run_of(CallState(Outcome.NO_DATA, Reason.EMPTY_BODY, NOW)).to_json())
    del record["pulled_at"]
    assert RunRecord.from_json(json.dumps(record).encode()).pulled_at is None


@pytest.mark.parametrize(
    ("outcome", "reason", "needs"),
    [
        (Outcome.QUARANTINED, Reason.NOT_CSV, True),
        (Outcome.REFUSED, Reason.PERMISSION, True),
        (Outcome.DEFERRED, Reason.INTERNAL_ERROR, True),
        (Outcome.DEFERRED, Reason.RATE_LIMITED, False),
        (Outcome.REFUSED, Reason.UNKNOWN_IN_THIS_CLOUD, False),
        (Outcome.REFUSED, Reason.DATE_OUT_OF_REACH, False),
        (Outcome.REFUSED, Reason.NOT_SWITCHED_ON, False),
    ],
)
def test_what_needs_a_person(outcome: Outcome, reason: Reason, needs: bool) -> None:
    pulled = PullResult(CALL, outcome, NOW, reason)
    assert bool(RunRecord("the run", NOW, NOW, [pulled], 0).needing_a_person()) == needs
