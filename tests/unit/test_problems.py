"""The headline: green while all is well, blue while the archive is at work, and what is wrong, the worst first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.archive.coverage import Gap, GapState
from shared.archive.run_record import CallState, PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.outcome import Outcome, Reason
from shared.domain.standing import Problem
from shared.web.call_status import CallStatus
from shared.web.problems import Found, Timer, headline, problems

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
TIMER = Timer(NOW + timedelta(hours=6), timedelta(hours=6))
CALL = Call("getOffice365ServicesUserCounts", period="D7")


def call(**facts: Any) -> CallStatus:
    usual: dict[str, Any] = {
        "call": str(CALL),
        "report": CALL.report,
        "since": date(2026, 1, 1),
        "refresh_date": date(2026, 11, 18),
        "state": None,
        "expected": NOW + timedelta(days=1),
        "late": False,
        "missing": 0,
        "waiting": 0,
        "pulled": None,
        "gaps": [],
        "flips": [],
    }
    return CallStatus(**usual | facts)


def pulled(reason: Reason) -> PullResult:
    return PullResult(CALL, reason.outcome, NOW, reason)


RUN = RunRecord("the run", NOW, NOW, [], 0, pulled_at=NOW)


def found(*calls: CallStatus, run: RunRecord | None = RUN, health: str = "healthy", **more: Any) -> list[Found]:
    return problems(calls or [call()], run, health=health, timer=TIMER, now=NOW, **more)


def words(*calls: CallStatus, **more: Any) -> list[str]:
    return [str(each.problem) for each in found(*calls, **more)]


def test_nothing_is_said_of_an_archive_that_is_well() -> None:
    assert (found(), headline(found())) == ([], "healthy")


GAP = Gap(date(2026, 11, 10), date(2026, 11, 11), GapState.RECOVERABLE)


@pytest.mark.parametrize(
    ("facts", "word", "text"),
    [
        ({"late": True, "expected": NOW - timedelta(hours=3)}, "late", "1 call is late, by up to 3 hours."),
        ({"pulled": pulled(Reason.NOT_CSV)}, "failing", "The last run could not archive 1 call: not_csv."),
        (
            {"missing": 2, "gaps": [GAP]},
            "missing",
            "2 single days are missing. Graph still has them, the first until 7 Dec 2026.",
        ),
        (
            {"refresh_date": None, "pulled": pulled(Reason.UNKNOWN_TENANT)},
            "empty",
            "Nothing is archived yet. The last run ended with: no data.",
        ),
        (
            {"waiting": 20},
            "filling_up",
            "20 days of the past to go: done in about 20 runs, by about 26 Nov 2026, 07:15 UTC.",
        ),
    ],
    ids=["late", "failing", "missing", "empty", "filling up"],
)
def test_one_word_and_one_sentence_say_what_there_is(facts: dict[str, Any], word: str, text: str) -> None:
    assert [(each.problem, each.text) for each in found(call(**facts))] == [(word, text)]


@pytest.mark.parametrize("reason", [Reason.UNKNOWN_IN_THIS_CLOUD, Reason.NOT_SWITCHED_ON, Reason.BUDGET])
def test_what_nobody_can_or_need_change_is_no_alarm(reason: Reason) -> None:
    assert words(call(pulled=pulled(reason))) == []


def test_names_that_are_concealed_are_told_below_a_headline_that_is_well() -> None:
    concealed = CallState(Outcome.UNCHANGED, None, NOW, names="concealed")
    told = found(call(state=concealed))
    assert (words(call(state=concealed)), headline(told)) == (["concealed"], "healthy")


def test_the_worst_comes_first() -> None:
    refused = call(pulled=pulled(Reason.PERMISSION), late=True, expected=NOW - timedelta(hours=3), waiting=5)
    told = words(refused, lacking=["Reports.Read.All"], inputs={"prices.csv": "prices.csv, line 2: no price."})
    assert told == ["no_permission", "bad_input", "late", "filling_up"]


def test_what_the_other_calls_fail_of_is_told_beside_a_permission() -> None:
    told = words(call(pulled=pulled(Reason.PERMISSION)), call(pulled=pulled(Reason.NOT_CSV)), lacking=["User.Read.All"])
    assert told == ["no_permission", "failing"]


@pytest.mark.parametrize("health", ["stopped", "unscheduled", "stale"])
def test_what_health_says_is_bad(health: str) -> None:
    assert words(health=health) == [health]


def test_before_the_first_run_it_says_when_that_begins() -> None:
    (told,) = found(call(refresh_date=None, since=None, expected=None, waiting=9), run=None, health="starting")
    assert (told.problem, told.text) == (Problem.STARTING, "The first run begins at 21 Nov 2026, 13:15 UTC.")


def test_the_end_of_filling_up_is_worked_out_from_the_last_run() -> None:
    days = [Call(CALL.report, date=date(2026, 11, day)) for day in (1, 2, 3, 4)]
    run = RUN._replace(pulls=[PullResult(day, Outcome.PUBLISHED, NOW) for day in days])
    (told,) = found(call(waiting=9), run=run)
    assert told.text == "9 days of the past to go: done in about 3 runs, by about 22 Nov 2026, 01:15 UTC."
