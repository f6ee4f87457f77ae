"""What a run remembers of each call for those who come after it."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.archive.cadence import Rhythm
from shared.archive.run_log import Last, Pulled, Run, remember
from shared.domain.outcome import Outcome, Reason

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
HELD = date(2026, 11, 17)
CALL = "getOffice365ServicesUserCounts(period='D7')"
WAS = Last(
    Outcome.UNCHANGED,
    None,
    NOW - timedelta(hours=6),
    refresh_date=HELD,
    revision=2,
    rows=40,
    names="named",
    rhythm=Rhythm().heard(HELD - timedelta(weeks=1), NOW - timedelta(weeks=1)),
)


def after(pulled: Pulled, was: Last = WAS) -> Last:
    return remember({CALL: was}, [pulled])[CALL]


def came(day: date, outcome: Outcome = Outcome.PUBLISHED, at: datetime = NOW) -> Pulled:
    return Pulled(CALL, outcome, at, refresh_date=day.isoformat(), revision=1, rows=41, names="concealed", read=True)


def test_what_graph_shows_is_remembered() -> None:
    now = after(came(HELD + timedelta(days=1)))
    assert (now.refresh_date, now.revision, now.rows, now.names) == (HELD + timedelta(days=1), 1, 41, "concealed")


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.QUARANTINED, Outcome.NO_DATA])
def test_what_graph_showed_is_remembered_when_a_pull_fails(outcome: Outcome) -> None:
    now = after(Pulled(CALL, outcome, NOW, Reason.BUDGET))
    assert now == WAS._replace(outcome=outcome, reason=Reason.BUDGET, at=NOW)


def test_a_run_that_had_no_time_for_a_call_does_not_count_as_its_turn() -> None:
    now = after(Pulled(CALL, Outcome.DEFERRED, NOW, Reason.OUT_OF_TIME))
    assert (now.reason, now.at) == (Reason.OUT_OF_TIME, WAS.at)


def test_it_is_learned_how_long_the_next_refresh_date_took() -> None:
    assert after(came(HELD + timedelta(days=1))).rhythm == WAS.rhythm.heard(HELD, NOW)


@pytest.mark.parametrize("days", [0, -1])
def test_nothing_is_learned_from_a_refresh_date_that_is_not_newer(days: int) -> None:
    assert after(came(HELD + timedelta(days=days), Outcome.REVISED)).rhythm == WAS.rhythm


def test_nothing_is_learned_from_the_first_refresh_date() -> None:
    assert remember({}, [came(HELD)])[CALL].rhythm == Rhythm()


def run_of(last: Last) -> Run:
    return Run("the run", NOW, NOW, [came(HELD)], 0, {CALL: ["2026-11-09"]}, {CALL: last}, NOW)


@pytest.mark.parametrize("last", [WAS, Last(Outcome.NO_DATA, Reason.EMPTY_BODY, NOW)], ids=["all", "little"])
def test_the_record_of_a_run_is_read_as_it_was(last: Last) -> None:
    assert Run.from_json(run_of(last).to_json()) == run_of(last)


@pytest.mark.parametrize(
    ("old", "new"), [("2026-11-09", "the ninth"), (str(WAS.rhythm), "often"), ('"2026-11-17"', '"17"')]
)
def test_a_record_with_nonsense_in_it_is_refused(old: str, new: str) -> None:
    text = run_of(WAS).to_json().decode()
    assert old in text
    with pytest.raises(ValueError, match=r"Invalid|invalid"):
        Run.from_json(text.replace(old, new).encode())


def test_a_record_of_before_marks_and_rhythms_is_read() -> None:
    record = json.loads(run_of(Last(Outcome.NO_DATA, Reason.EMPTY_BODY, NOW)).to_json())
    del record["pulled_at"]
    assert Run.from_json(json.dumps(record).encode()).pulled_at is None


@pytest.mark.parametrize(
    ("outcome", "reason", "needs"),
    [
        (Outcome.QUARANTINED, Reason.NOT_CSV, True),
        (Outcome.REFUSED, Reason.PERMISSION, True),
        (Outcome.DEFERRED, Reason.INTERNAL_ERROR, True),
        (Outcome.DEFERRED, Reason.RATE_LIMITED, False),
        (Outcome.REFUSED, Reason.UNKNOWN_IN_THIS_CLOUD, False),
        (Outcome.REFUSED, Reason.DATE_OUT_OF_REACH, False),
    ],
)
def test_what_needs_a_person(outcome: Outcome, reason: Reason, needs: bool) -> None:
    pulled = Pulled(CALL, outcome, NOW, reason)
    assert bool(Run("the run", NOW, NOW, [pulled], 0).needing_a_person()) == needs
