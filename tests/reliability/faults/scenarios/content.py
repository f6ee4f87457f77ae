"""What Graph says: names that are concealed and shown again, corrections, refresh dates that stand still or differ."""

from __future__ import annotations

from datetime import timedelta

from shared.domain.call import Call
from tests.reliability.faults.cases import CALL, DETAIL, OTHER
from tests.reliability.faults.scenario import InMemoryStage, Scenario, Stage, ended, must, must_end


def _concealed_and_back(stage: Stage) -> str:
    """Names are concealed for a day, and there are none for a day."""
    app = stage.app(DETAIL)
    seen = []
    for fault in ("", "concealed", "", "unnamed", ""):
        stage.spoil([{"fault": fault, "times": None}] if fault else [])
        stage.tomorrow(23, 59)
        must_end(stage.pull(app), "published")
        origin = stage.newest(app, DETAIL).metadata
        seen.append(f"{origin.names}{'!' if 'names_changed' in origin.flags else ''}")
    must(seen == ["named", "concealed!", "named!", "concealed!", "named!"], f"the names are {seen}")
    flips = app.archive.markers.concealment_changes()
    must(len(flips) == 4, f"{len(flips)} changes are marked")
    return "published, all changes flagged and marked"


def _three_weeks_later(stage: Stage) -> str:
    """The refresh date stands still for three weeks, and then its numbers are others."""
    stage.tomorrow(23, 59)
    app = stage.app(CALL)
    must_end(stage.pull(app), "published")
    first = stage.newest(app, CALL)
    body = app.archive.snapshots.content(first)
    stage.spoil([{"fault": "stuck", "args": {"days": 30.0}}])
    stage.at(stage.control.now() + timedelta(days=21))
    with stage.corrected(first):
        must_end(stage.pull(app), "revised")
    one, two = app.archive.snapshots.revisions(first.call, first.refresh_date)
    now, corrected = map(app.archive.snapshots.content, (one, two))
    must(now == body != corrected, "the first revision is not what it was")
    must(stage.newest(app, CALL) == two, "the newest is not the correction")
    return "revised, r2 beside r1"


def _stuck_and_jump(stage: Stage) -> str:
    """The refresh date stands still for five days, then it jumps."""
    stage.tomorrow(23, 59)
    app = stage.app(CALL)
    must_end(stage.pull(app), "published")
    before = stage.newest(app, CALL)
    stage.spoil([{"fault": "stuck", "args": {"days": 5.0}}])
    ends, lost = [], 0
    for _ in range(10):
        stage.at(stage.control.now() + timedelta(hours=12))
        stage.forget()
        run = app.pull_run.execute()
        ends += [ended(result) for result in run.pulls]
        lost += sum(len(dates) for dates in run.lost.values())
    must(ends[-1] == "published", f"it did not jump: {ends[-1]}")
    must(all(end.startswith("unchanged") for end in ends[:-1]), f"{ends}")
    gap = (stage.newest(app, CALL).refresh_date - before.refresh_date).days - 1
    must(gap >= 4 and lost == 0, f"of {gap} dates that Graph never showed, {lost} are named as lost")
    return f"unchanged, then published; {gap} dates never shown, 0 lost"


def _different_dates(stage: Stage) -> str:
    """Three reports have three refresh dates on one day."""
    stage.tomorrow(23, 59)
    calls = (CALL, OTHER, "getOneDriveUsageStorage(period='D7')")
    stage.spoil(
        [{"fault": "shifted", "match": {"call": call}, "args": {"days": -float(n)}} for n, call in enumerate(calls)]
    )
    run = stage.app(", ".join(calls)).pull_run.execute()
    seen = {result.call.report: str(result.refresh_date) for result in run.pulls}
    for report, day in seen.items():
        visible = stage.control.get("visible", report=report)["refresh_date"]
        must(day == visible, f"{report} is archived under {day}, and Graph has {visible}")
    must(len(set(seen.values())) == 3, f"they are {seen}")
    return "published, each under its own date"


def _empty_day(stage: Stage) -> str:
    """A single day is empty at first, and has numbers the day after."""
    report = DETAIL.partition("(")[0]
    stage.tomorrow(12, 0)
    call = Call(report, date=stage.control.now().date() - timedelta(days=26))  # among the first in a run
    stage.spoil([{"fault": "header_only", "times": None, "match": {"call": str(call)}}])
    app = stage.app(report)
    for how in ("no_data:no_rows", "published"):
        results = {result.call: ended(result) for result in app.pull_run.execute().pulls}
        must(results.get(call) == how, f"the day ended as {results.get(call)}")
        stage.heal()
        stage.tomorrow(23, 59)
        stage.forget()
    return "no_data:no_rows, published the next day"


CONTENT: tuple[Scenario[InMemoryStage], ...] = (
    Scenario("F40", "names concealed for a day", _concealed_and_back, InMemoryStage),
    Scenario("F43", "a correction three weeks later", _three_weeks_later, InMemoryStage),
    Scenario("F45", "a refresh date that is stuck and jumps", _stuck_and_jump, InMemoryStage),
    Scenario("F46", "a refresh date for each report", _different_dates, InMemoryStage),
    Scenario("F49", "a single day that is empty at first", _empty_day, InMemoryStage),
)
