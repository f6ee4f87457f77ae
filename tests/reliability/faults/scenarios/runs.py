"""The timer and the time: runs that start twice, late, in parallel or not at all, and a calendar with odd days."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.archive.layout import DERIVED
from shared.domain.call import Call
from shared.domain.dates import days_between
from shared.domain.graph_window import DATE_DAYS
from shared.domain.outcome import Outcome
from shared.pulling.plan import BUDGET
from tests.reliability.faults.cases import CALL, DETAIL
from tests.reliability.faults.scenario import InMemoryStage, RealStage, Scenario, Stage, must, must_end
from tests.reliability.storage_proxy import Operation

REPORT = CALL.partition("(")[0]
GOOD = (Outcome.PUBLISHED, Outcome.UNCHANGED)


def _twice(stage: Stage) -> str:
    """Two instances run in the same second."""
    return _in_parallel(stage, 2)


def _fifty(stage: Stage) -> str:
    """Fifty runs start one after the other in the same minute, then fifty at once on another day."""
    stage.tomorrow(23, 59)
    for _ in range(50):
        for result in stage.app(CALL).pull_run.execute().pulls:
            must(result.outcome in GOOD, f"a run ended as {result.outcome}:{result.reason}")
    requests = len(stage.control.get("record", listener="graph"))
    return f"{requests} request of 50 in a row; at once: {_in_parallel(stage, 50)}"


def _in_parallel(stage: Stage, number: int) -> str:
    """Runs that begin at the same moment share one request budget, and leave the rest to the next run."""
    stage.tomorrow(23, 59)
    stage.forget()
    apps = [stage.app(CALL) for _ in range(number)]
    with ThreadPoolExecutor(number) as pool:
        runs = list(pool.map(lambda app: app.pull_run.execute(), apps))
    outcomes = Counter(result.outcome for run in runs for result in run.pulls)
    must(outcomes.keys() <= {*GOOD, Outcome.DEFERRED}, f"they ended as {dict(outcomes)}")
    newest = stage.newest(apps[0], CALL)
    must(newest.revision == 1, f"there are {newest.revision} revisions")
    requests = len(stage.control.get("record", listener="graph"))
    must(requests <= BUDGET, f"Graph got {requests} requests")
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    return f"1 revision, {counts}, {requests} requests"


def _second_instance(stage: RealStage) -> str:
    """A second instance runs from start to end while the first is about to write its snapshot."""
    stage.tomorrow(23, 59)
    first, second = stage.app(CALL), stage.app(CALL)
    between: list[str] = []

    def before(operation: Operation) -> None:
        if operation.name == "put_blob" and operation.blob.startswith("report=") and not between:
            between.append("")
            between[0] = str(stage.pull(second).outcome)

    stage.storage.before = before
    result = stage.pull(first)
    must(between == ["published"], f"the second ended as {between}")
    must(stage.newest(first, CALL).revision == 1, "there are two revisions")
    return f"published by the second, {must_end(result, 'unchanged')} for the first"


def _asleep(stage: Stage) -> str:
    """The host sleeps for three days."""
    detail = Call.from_text(DETAIL)
    stage.tomorrow(23, 59)
    app = stage.app(detail.report)
    app.pull_run.execute()
    before = stage.newest(app, DETAIL).refresh_date
    stage.at(stage.control.now() + timedelta(days=3))
    stage.tomorrow(20, 0)
    stage.forget()
    named = sorted(app.pull_run.execute().lost.get(detail, ()))
    newest = stage.newest(app, DETAIL).refresh_date
    missed = days_between(before + timedelta(days=1), newest)
    must(len(missed) >= 3 and named == missed, f"{missed} were missed, and {named} are named")
    stage.control.sleep(600)
    stage.forget()
    run = app.pull_run.execute()
    oldest = stage.control.now().date() - timedelta(days=DATE_DAYS)
    archived = app.archive.snapshots.refresh_dates(Call(detail.report, date=newest))
    missing = (newest - oldest).days + 1 - sum(day >= oldest for day in archived)
    must(run.waiting == missing, f"{missing} single days are missing, and {run.waiting} are waited for")
    return f"{len(missed)} refresh dates named as lost, all single days archived or waited for"


def _out_of_time(stage: Stage) -> str:
    """Graph is so slow that the time of a run is over before all reports have had their turn."""
    reports = [
        *("getEmailActivityCounts", "getEmailActivityUserCounts", "getEmailAppUsageAppsUserCounts"),
        *("getOneDriveUsageStorage", "getOneDriveActivityFileCounts", "getSharePointActivityPages"),
    ]
    stage.tomorrow(23, 0)
    match, args = {"call": "getEmail*"}, {"retry_after": "590"}
    stage.spoil([{"fault": "throttled", "times": 12, "match": match, "args": args}])
    app = stage.app(", ".join(f"{report}(period='D7')" for report in reports))
    deferred = sum(result.outcome is Outcome.DEFERRED for result in app.pull_run.execute().pulls)
    must(deferred > 0, "the time was enough, so nothing was tried")
    stage.heal()
    stage.tomorrow(5, 0)
    stage.forget()
    left = [str(result.call) for result in app.pull_run.execute().pulls if result.outcome not in GOOD]
    must(left == [], f"{left} had no turn")
    return f"{deferred} deferred, published by the next run"


def _any_message(stage: Stage) -> str:
    """Work is planned anew for each run: whatever a message says, it is a run, and without any the timer begins one."""
    app = stage.app("getOffice365ActivationCounts")
    messages = ["../../x", "{", "x" * 65_536, "0a1b2c"]
    for message in messages:
        app.pull_as_asked(message)
    runs = [*app.archive.store.list(DERIVED, "runs/")]
    must(len(runs) == len(messages), f"{len(runs)} runs")
    must([run.name[-14:] for run in runs].count("0a1b2c.json.gz") == 1, "a run is not named by its message")
    stage.tomorrow(5, 0)
    app.pull()
    must(len([*app.archive.store.list(DERIVED, "runs/")]) == len(messages) + 1, "the timer began no run")
    return f"{len(messages)} messages, as many runs"


def _replanned(stage: Stage) -> str:
    """Five runs in a row fail for one report; nobody has to bring it back."""
    stage.tomorrow(23, 59)
    stage.spoil([{"fault": "page", "times": None}])
    app = stage.app(CALL)
    for _ in range(5):
        must_end(stage.pull(app), "quarantined:not_this_report")
        stage.control.sleep(6 * 3600)
    stage.heal()
    return f"quarantined 5 times, then {must_end(stage.pull(app), 'published')}"


@contextmanager
def _time_zone(name: str) -> Iterator[None]:
    """Set the settings for a time zone. Of the two, Python itself reads TZ."""
    before = dict(os.environ)
    os.environ |= {"TZ": name, "WEBSITE_TIME_ZONE": name}
    _read_time_zone()
    try:
        yield
    finally:
        for setting in ("TZ", "WEBSITE_TIME_ZONE"):
            os.environ.pop(setting)
            os.environ |= {setting: before[setting]} if setting in before else {}
        _read_time_zone()


def _read_time_zone() -> None:
    if sys.platform != "win32":
        time.tzset()


def _calendar(stage: Stage) -> str:
    """A leap day, a new year and a change to summer time come by, in a plan with a time zone of its own."""
    with _time_zone("America/New_York"):
        app = stage.app(CALL)
        for night in map(date.fromisoformat, ("2027-12-31", "2028-01-02", "2028-02-29", "2028-03-02", "2028-03-12")):
            stage.at(datetime(night.year, night.month, night.day, 23, 59, 30, tzinfo=UTC))
            stage.forget()
            run = app.pull_run.execute()
            (result,) = run.pulls
            must_end(result, "published")
            visible = date.fromisoformat(stage.control.get("visible", report=REPORT)["refresh_date"])
            must(result.refresh_date == visible, f"{result.refresh_date} is archived, and Graph has {visible}")
            must(run.id.startswith(f"{night}T235930Z"), f"the run of {night} is called {run.id}")
            must(app.archive.runs.newest(run.finished) == run, f"the run of {night} is not there")
            must(stage.newest(app, CALL).refresh_date == visible, "the newest is another")
    days = app.archive.snapshots.refresh_dates(Call.from_text(CALL))
    must(date(2028, 2, 29) in days, f"{days} has no leap day")
    return f"published, {len(days)} refresh dates, in UTC"


def _in_one_second(stage: Stage) -> str:
    """Two runs begin in one second."""
    app = stage.app(CALL)
    ids = {app.pull_run.execute().id for _ in range(2)}
    names = [blob.name for blob in app.archive.store.list("usage-derived", "runs/")]
    must(
        len(ids) == 2 and all(any(id_ in name for name in names) for id_ in ids), f"of {sorted(ids)}, {names} are kept"
    )
    return "both records kept"


RUNS: tuple[Scenario[Any], ...] = (
    Scenario("F68", "two runs in the same second", _twice, InMemoryStage),
    Scenario("F69", "no run for three days", _asleep, InMemoryStage),
    Scenario("F70", "a second instance while the first runs", _second_instance, RealStage),
    Scenario("F71", "fifty runs", _fifty, InMemoryStage, slow=True),
    Scenario("F73", "a run that is out of time", _out_of_time, InMemoryStage),
    Scenario("F75", "a report that fails five times", _replanned, InMemoryStage),
    Scenario("F75 F76", "a message in a poison queue, or too large", _any_message, InMemoryStage),
    Scenario("F80", "29 February, new year, summer time, a time zone", _calendar, InMemoryStage),
    Scenario("F81", "two runs in one second", _in_one_second, InMemoryStage),
)
