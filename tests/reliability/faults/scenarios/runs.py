"""The timer and the time: runs that come twice, late, side by side or not at all, and a calendar with odd days."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from local.setup import ROOT
from shared.domain.call import Call
from shared.domain.dates import days_between
from shared.domain.graph_window import DATE_DAYS
from shared.domain.outcome import Outcome
from shared.pulling.plan import BUDGET
from tests.reliability.faults.cases import DETAIL
from tests.reliability.faults.scenario import Scenario, must, must_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.reliability.faults.run import Bench
    from tests.reliability.storage_proxy import Operation

REPORT = "getOffice365ServicesUserCounts"
CALL = f"{REPORT}(period='D7')"
WELL = (Outcome.PUBLISHED, Outcome.UNCHANGED)


def _twice(bench: Bench) -> str:
    """Two instances run in the same second."""
    return _side_by_side(bench, 2)


def _fifty(bench: Bench) -> str:
    """Fifty runs one after the other in the same minute, then fifty at once on another day."""
    bench.tomorrow(23, 59)
    for _ in range(50):
        for pulled in bench.app(CALL).pull_run.execute().pulls:
            must(pulled.outcome in WELL, f"a run ended as {pulled.outcome}:{pulled.reason}")
    asked = len(bench.control.get("record", listener="graph"))
    return f"{asked} request of 50 in a row; at once: {_side_by_side(bench, 50)}"


def _side_by_side(bench: Bench, number: int) -> str:
    """Runs that begin at the same moment share one request budget: what is beyond it is left to the next run."""
    bench.tomorrow(23, 59)
    bench.forget()
    apps = [bench.app(CALL) for _ in range(number)]
    with ThreadPoolExecutor(number) as pool:
        runs = list(pool.map(lambda app: app.pull_run.execute(), apps))
    outcomes = Counter(str(pulled.outcome) for run in runs for pulled in run.pulls)
    must(set(outcomes) <= {*map(str, WELL), "deferred"}, f"they ended as {dict(outcomes)}")
    newest = bench.newest(apps[0], CALL)
    must(newest.revision == 1, f"there are {newest.revision} revisions")
    statuses = Counter(entry["status"] for entry in bench.control.get("record", listener="graph"))
    must(statuses.total() <= BUDGET, f"Graph was asked {statuses.total()} times")
    told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    return f"1 revision, {told}, {statuses.total()} requests"


def _second_instance(bench: Bench) -> str:
    """A second instance runs from start to end while the first is about to write its snapshot."""
    bench.tomorrow(23, 59)
    first, second = bench.app(CALL), bench.app(CALL)
    between: list[str] = []

    def before(operation: Operation) -> None:
        if operation.name == "put_blob" and operation.blob.startswith("report=") and not between:
            between.append("")
            between[0] = str(bench.pull(second).outcome)

    bench.storage.before = before
    pulled = bench.pull(first)
    must(between == ["published"], f"the second ended as {between}")
    must(bench.newest(first, CALL).revision == 1, "there are two revisions")
    return f"published by the second, {must_end(pulled, 'unchanged')} for the first"


def _asleep(bench: Bench) -> str:
    """The host sleeps for three days."""
    report = DETAIL.partition("(")[0]
    bench.tomorrow(23, 59)
    app = bench.app(report)
    app.pull_run.execute()
    before = bench.newest(app, DETAIL).refresh_date
    bench.at(bench.control.now() + timedelta(days=3))
    bench.tomorrow(20, 0)
    bench.forget()
    run = app.pull_run.execute()
    named = sorted(run.lost.get(Call.from_text(DETAIL), ()))
    newest = bench.newest(app, DETAIL).refresh_date
    missed = days_between(before + timedelta(days=1), newest)
    must(len(missed) >= 3 and named == missed, f"{missed} were missed, and {named} are named")
    bench.control.sleep(600)
    bench.forget()
    run = app.pull_run.execute()
    oldest = bench.control.now().date() - timedelta(days=DATE_DAYS)
    held = [day for day in app.archive.snapshots.refresh_dates(Call(report, date=newest)) if day >= oldest]
    open_days = (newest - oldest).days + 1 - len(held)
    must(run.waiting == open_days, f"{open_days} single days are missing, and {run.waiting} are waited for")
    return f"{len(missed)} refresh dates named as lost, all single days got or waited for"


def _out_of_time(bench: Bench) -> str:
    """Graph is so slow that the time of a run is over before all reports have had their turn."""
    reports = [
        *("getEmailActivityCounts", "getEmailActivityUserCounts", "getEmailAppUsageAppsUserCounts"),
        *("getOneDriveUsageStorage", "getOneDriveActivityFileCounts", "getSharePointActivityPages"),
    ]
    bench.tomorrow(23, 0)
    throttled = {"fault": "throttled", "args": {"retry_after": "590"}, "match": {"call": "getEmail*"}}
    bench.spoil([throttled | {"times": 12}])
    app = bench.app(", ".join(f"{report}(period='D7')" for report in reports))
    first = Counter(str(pulled.outcome) for pulled in app.pull_run.execute().pulls)
    must(first["deferred"] > 0, "the time was enough, so nothing was tried")
    bench.heal()
    bench.tomorrow(5, 0)
    bench.forget()
    second = [pulled for pulled in app.pull_run.execute().pulls if pulled.outcome not in WELL]
    must(second == [], f"{[str(pulled.call) for pulled in second]} had no turn")
    return f"{first['deferred']} deferred, published by the next run"


def _no_queue(bench: Bench) -> str:
    """Work is planned anew for each run, so no message can be lost, be too large or turn to poison."""
    with bench.serving() as site:
        kinds = {function.trigger["type"] for function in site.host.functions.values()}
    extensions = set(json.loads((ROOT / "host.json").read_text("utf-8")).get("extensions", {}))
    must(kinds == {"timerTrigger", "httpTrigger"}, f"there are {sorted(kinds)}")
    must(extensions <= {"http"}, f"host.json has {sorted(extensions)}")
    return "cannot occur: triggers are timer and HTTP"


def _re_planned(bench: Bench) -> str:
    """Five runs in a row fail for one report; nobody has to bring it back."""
    bench.tomorrow(23, 59)
    bench.spoil([{"fault": "page", "times": None}])
    app = bench.app(CALL)
    for _ in range(5):
        must_end(bench.pull(app), "quarantined:not_this_report")
        bench.control.sleep(6 * 3600)
    bench.heal()
    return f"quarantined 5 times, then {must_end(bench.pull(app), 'published')}"


@contextmanager
def _time_zone(name: str) -> Iterator[None]:
    """The settings for it; of the two, Python itself heeds TZ."""
    before = dict(os.environ)
    os.environ |= {"TZ": name, "WEBSITE_TIME_ZONE": name}
    _heed_settings()
    try:
        yield
    finally:
        for setting in ("TZ", "WEBSITE_TIME_ZONE"):
            os.environ.pop(setting)
            os.environ |= {setting: before[setting]} if setting in before else {}
        _heed_settings()


def _heed_settings() -> None:
    if sys.platform != "win32":
        time.tzset()


def _calendar(bench: Bench) -> str:
    """A leap day, a new year and a change to summer time, in a plan with a time zone of its own."""
    with _time_zone("America/New_York"):
        nights = [(2027, 12, 31), (2028, 1, 2), (2028, 2, 29), (2028, 3, 2), (2028, 3, 12)]
        app = bench.app(CALL)
        for night in nights:
            bench.at(datetime(*night, 23, 59, 30, tzinfo=UTC))
            bench.forget()
            run = app.pull_run.execute()
            (pulled,) = run.pulls
            must_end(pulled, "published")
            visible = bench.control.get("visible", report=REPORT)["refresh_date"]
            must(str(pulled.refresh_date) == visible, f"{pulled.refresh_date} is archived, and Graph has {visible}")
            must(run.id.startswith(f"{date(*night)}T235930Z"), f"the run of {date(*night)} is called {run.id}")
            must(app.archive.runs.newest(date(*night)) == run, f"the run of {date(*night)} is not found")
            must(bench.newest(app, CALL).refresh_date.isoformat() == visible, "the newest is another")
    held = app.archive.snapshots.refresh_dates(Call(REPORT, period="D7"))
    must(date(2028, 2, 29) in held, f"{held} has no leap day")
    return f"published, {len(held)} refresh dates, in UTC"


def _in_one_second(bench: Bench) -> str:
    """Two runs begin in one second."""
    app = bench.app(CALL)
    ids = {app.pull_run.execute().id for _ in range(2)}
    kept = {
        entry.name.rpartition("/")[2].removesuffix(".json")
        for entry in app.archive.store.list("usage-derived", "runs/")
    }
    must(len(ids) == 2 and ids <= kept, f"of the runs {sorted(ids)}, {sorted(kept)} are kept")
    return "both records kept"


RUNS: tuple[Scenario, ...] = (
    Scenario("F68", "two runs in the same second", _twice),
    Scenario("F69", "no run for three days", _asleep),
    Scenario("F70", "a second instance while the first runs", _second_instance),
    Scenario("F71", "fifty runs", _fifty, slow=True),
    Scenario("F73", "a run that is out of time", _out_of_time),
    Scenario("F75", "a report that fails five times", _re_planned),
    Scenario("F75 F76", "a message in a poison queue, or too large", _no_queue),
    Scenario("F80", "29 February, new year, summer time, a time zone", _calendar),
    Scenario("F81", "two runs in one second", _in_one_second),
)
