"""What Graph says: names that are concealed and shown again, corrections, refresh dates that stand still or differ."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from shared.domain.call import Call
from tests.reliability.faults.cases import DETAIL
from tests.reliability.faults.scenario import Scenario, ended, must, must_end

if TYPE_CHECKING:
    from tests.reliability.faults.run import Bench

SERVICES = "getOffice365ServicesUserCounts(period='D7')"
REPORTS = ("getOffice365ServicesUserCounts", "getEmailActivityCounts", "getOneDriveUsageStorage")


def _concealed_and_back(bench: Bench) -> str:
    """Names are concealed for a day."""
    app = bench.app(DETAIL)
    told = []
    for concealed in (False, True, False):
        bench.spoil([{"fault": "concealed", "times": None}] if concealed else [])
        bench.tomorrow(23, 59)
        must_end(bench.pull(app), "published")
        origin = bench.newest(app, DETAIL).origin
        told.append(f"{origin.names}{'!' if 'names_changed' in origin.flags else ''}")
    must(told == ["named", "concealed!", "named!"], f"the names are told as {told}")
    return "published, both changes flagged"


def _three_weeks_later(bench: Bench) -> str:
    """The refresh date stands still for three weeks, and then its numbers are others."""
    bench.tomorrow(23, 59)
    app = bench.app(SERVICES)
    must_end(bench.pull(app), "published")
    first = bench.newest(app, SERVICES)
    said = app.archive.snapshots.content(first)
    bench.spoil([{"fault": "stuck", "args": {"days": 30.0}}])
    bench.at(bench.control.now() + timedelta(days=21))
    with bench.corrected(first):
        must_end(bench.pull(app), "revised")
    one, two = app.archive.snapshots.revisions(first.call, first.refresh_date)
    must(
        app.archive.snapshots.content(one) == said != app.archive.snapshots.content(two),
        "the first revision is not what it was",
    )
    must(bench.newest(app, SERVICES) == two, "the newest is not the correction")
    return "revised, r2 beside r1"


def _stuck_and_jump(bench: Bench) -> str:
    """The refresh date stands still for five days, then it jumps."""
    bench.tomorrow(23, 59)
    app = bench.app(SERVICES)
    must_end(bench.pull(app), "published")
    before = bench.newest(app, SERVICES)
    bench.spoil([{"fault": "stuck", "args": {"days": 5.0}}])
    ends, lost = [], 0
    for _ in range(10):
        bench.at(bench.control.now() + timedelta(hours=12))
        bench.forget()
        run = app.pull_run.execute()
        ends += [ended(pulled) for pulled in run.pulls]
        lost += sum(len(dates) for dates in run.lost.values())
    must(ends[-1] == "published", f"it did not jump: {ends[-1]}")
    must(all(end.startswith("unchanged") for end in ends[:-1]), f"{ends}")
    gap = (bench.newest(app, SERVICES).refresh_date - before.refresh_date).days - 1
    must(gap >= 4 and lost == 0, f"of {gap} dates that Graph never showed, {lost} are named as lost")
    return f"unchanged, then published; {gap} dates never shown, 0 lost"


def _different_dates(bench: Bench) -> str:
    """Three reports have three refresh dates on one day."""
    bench.tomorrow(23, 59)
    bench.spoil(
        [
            {"fault": "shifted", "match": {"call": f"{report}*"}, "args": {"days": -float(days)}}
            for days, report in enumerate(REPORTS)
        ]
    )
    run = bench.app(", ".join(f"{report}(period='D7')" for report in REPORTS)).pull_run.execute()
    seen = {pulled.call.report: str(pulled.refresh_date) for pulled in run.pulls}
    for report, day in seen.items():
        visible = bench.control.get("visible", report=report)["refresh_date"]
        must(day == visible, f"{report} is archived under {day}, and Graph has {visible}")
    must(len(set(seen.values())) == 3, f"they are {seen}")
    return "published, each under its own date"


def _empty_day(bench: Bench) -> str:
    """A single day is empty at first, and has numbers the day after."""
    report = DETAIL.partition("(")[0]
    bench.tomorrow(12, 0)
    call = Call(report, date=bench.control.now().date() - timedelta(days=26))  # among the first that are asked for
    bench.spoil([{"fault": "header_only", "times": None, "match": {"call": str(call)}}])
    app = bench.app(report)
    first = {str(pulled.call): ended(pulled) for pulled in app.pull_run.execute().pulls}
    bench.heal()
    must(first[str(call)] == "no_data:no_rows", f"the day ended as {first[str(call)]}")
    bench.tomorrow(23, 59)
    bench.forget()
    second = {str(pulled.call): ended(pulled) for pulled in app.pull_run.execute().pulls}
    must(second.get(str(call)) == "published", f"the day ended as {second.get(str(call))}")
    return "no_data:no_rows, published the next day"


CONTENT: tuple[Scenario, ...] = (
    Scenario("F40", "names concealed for a day", _concealed_and_back),
    Scenario("F43", "a correction three weeks later", _three_weeks_later),
    Scenario("F45", "a refresh date that is stuck and jumps", _stuck_and_jump),
    Scenario("F46", "a refresh date for each report", _different_dates),
    Scenario("F49", "a single day that is empty at first", _empty_day),
)
