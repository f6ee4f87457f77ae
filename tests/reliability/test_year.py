"""A year of runs against what Graph would have shown at each: nothing is missed, and hardly a request is wasted.

The calls of the plan are answered from the simulated tenant's publication dates, under the simulator's own request
limits; what a run does with an answer is in test_pull.py, over HTTP. In the year of faults the whole app takes part, in
one process, and what must hold is checked after each pull.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.archive.coverage import lost_days
from shared.archive.run_record import CallState, PullResult, states_after
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.date_ranges import DateRanges
from shared.domain.graph_window import DATE_DAYS
from shared.domain.outcome import Outcome, Reason
from shared.domain.selection import Selection, select
from shared.pulling.lost_dates import lost_refresh_dates
from shared.pulling.plan import UNCHANGED_CHECKS, ArchivedCalls, PlannedPull, plan
from simulator.protocol.limits import Limits
from simulator.tenant.publication import Publication
from simulator.tenant.tenant import Tenant
from tests.reliability.environment import InProcess
from tests.reliability.random_walk.year import CONCEALMENT_CHANGES, DOWN, RESTATEMENTS, SHARE, live
from tests.reliability.schedule import RUNS_A_DAY

BEGIN = datetime(2025, 11, 21, 1, 15, tzinfo=UTC)
EVERYTHING = select("all", catalogue())


def representatives() -> Selection:
    """Of the reports with the same calls those three that come out earliest in the day, latest, and in between.

    The plan of one report does not depend on another's.
    """
    publication = Publication(Tenant(1, 1))
    week = [BEGIN + timedelta(hours=hour) for hour in range(24 * 7)]
    alike: defaultdict[object, list[str]] = defaultdict(list)
    for report, calls in EVERYTHING.by_report.items():
        alike[tuple(call._replace(report="") for call in calls), report in EVERYTHING.daily].append(report)
    chosen = set()
    for reports in alike.values():
        reports.sort(key=lambda report: sum(publication.newest(report, at).toordinal() for at in week))
        chosen |= {reports[0], reports[len(reports) // 2], reports[-1]}
    return Selection({call for call in EVERYTHING.calls if call.report in chosen}, EVERYTHING.daily & chosen)


class World:
    """The tenant as Graph shows it, and an archive that is kept by the plan."""

    def __init__(self, selection: Selection, neighbour: int = 0) -> None:
        self.selection = selection
        self.requests: Counter[str] = Counter()
        self.archived: defaultdict[Call, set[date]] = defaultdict(set)
        self.shown: dict[datetime, dict[str, date]] = {}
        """The newest refresh date of each report, at each run."""
        self.lost: defaultdict[str, set[date]] = defaultdict(set)
        self.waiting = 0
        self._calls = selection.by_report
        self._newest: defaultdict[str, dict[Call, Snapshot]] = defaultdict(dict)
        self._days: defaultdict[str, set[date]] = defaultdict(set)
        self._states: dict[Call, CallState] = {}
        self._since: datetime | None = None
        self._publication = Publication(Tenant(1, 1))
        self._limits = Limits()
        self._limits.set_neighbours("*", neighbour)

    def run(self, now: datetime) -> None:
        """One run of the timer; a 429 would raise TooManyRequests."""
        since, self._since = self._since or now, now
        for report in self.selection.daily:
            self.lost[report].update(lost_days(DateRanges.of(self._days[report]), since, now))
        shown = self.shown[now] = {report: self.newest(report, now) for report in self._calls}
        days = {report: dict.fromkeys(self._days[report], 1) for report in self._calls}
        archived = {report: ArchivedCalls(self._newest[report], days[report]) for report in self._calls}
        todo = plan(self.selection, archived, self._states, {}, now)
        pulls = [self._answer(ask, shown[report], now) for report, due in todo.pulls.items() for ask in due]
        self._states = states_after(self._states, pulls, now)
        self.waiting = todo.waiting

    def newest(self, report: str, now: datetime) -> date:
        return self._publication.newest(report, now)

    def single_days(self, report: str) -> set[date]:
        """Return the single days that are archived."""
        return {day for call, days in self.archived.items() if call.report == report and call.date for day in days}

    def visible(self) -> dict[Call, set[date]]:
        """What each call had to show at one of the runs."""
        dates = {report: {shown[report] for shown in self.shown.values()} for report in self._calls}
        return {call: dates[report] for report, calls in self._calls.items() for call in calls}

    def _answer(self, ask: PlannedPull, newest: date, now: datetime) -> PullResult:
        call = ask.call
        self._limits.take(call.report, "us", now.timestamp())
        self.requests[call.report] += 1
        day = call.date or newest
        assert day <= newest, f"{call} is not out yet"
        if ask.conditional and ask.newest and ask.newest.refresh_date == newest:
            return PullResult(call, Outcome.UNCHANGED, now, Reason.NOT_MODIFIED, refresh_date=newest)
        outcome = Outcome.UNCHANGED if day in self.archived[call] else Outcome.PUBLISHED
        self.archived[call].add(day)
        if call.date:
            self._days[call.report].add(day)
        else:
            if was := self._states.get(call):
                self.lost[str(call)].update(lost_refresh_dates(was.refresh_date, was.seen_at, day, now))
            self._newest[call.report][call] = Snapshot(call, day, 1, SnapshotMetadata("", 0, 0, now, '"an ETag"', ""))
        return PullResult(call, outcome, now, refresh_date=day, read=True)


def runs(days: int, begin: datetime = BEGIN) -> Iterator[datetime]:
    for number in range(days * RUNS_A_DAY):
        yield begin + timedelta(days=1) * number / RUNS_A_DAY


def least_requests(world: World, days: int) -> int:
    """What nobody who cannot see the future can do without.

    For each call one look a day at the whole body, to see corrections, and one at each later run before which the day
    before yesterday was not out; for each single day one request, and one on each of the UNCHANGED_CHECKS days after
    (those of the days before the archive began are not counted, so this is on the low side).
    """
    least = 0
    calls = Counter(call.report for call in world.selection.calls)
    end = max(runs(days)).date()
    for report in world.selection.by_report:
        out = False
        seen = set()
        for now in runs(days):
            if now.hour < 24 / RUNS_A_DAY or not out:
                least += calls[report]
            newest = world.shown[now][report]
            out = newest == now.date() - timedelta(days=2)
            if report in world.selection.daily and newest not in seen:
                seen.add(newest)
                least += 1 + min(UNCHANGED_CHECKS, (end - now.date()).days)
        if report in world.selection.daily:
            least += (min(seen) - (BEGIN.date() - timedelta(days=DATE_DAYS))).days
    return least


@pytest.mark.parametrize("days", [90, pytest.param(365, marks=pytest.mark.long)])
def test_in_a_year_no_refresh_date_and_no_day_is_missed_and_no_request_is_wasted(days: int) -> None:
    world = World(representatives())
    for now in runs(days):
        world.run(now)
    assert {call: dates for call, dates in world.visible().items() if dates - world.archived[call]} == {}
    first, last = BEGIN.date() - timedelta(days=DATE_DAYS), now.date() - timedelta(days=3)
    for report in world.selection.daily:
        assert world.single_days(report) >= {
            first + timedelta(days=number) for number in range((last - first).days + 1)
        }
    assert not any(world.lost.values())
    ratio = world.requests.total() / least_requests(world, days)
    print(f"{days} days, {world.requests.total()} requests, {ratio:.3f} times the least possible")
    assert ratio <= 1.05


def test_after_an_outage_of_ten_days_all_that_can_be_had_is_archived_and_the_rest_is_named() -> None:
    world = World(representatives())
    for now in runs(40):
        world.run(now)
    back = now + timedelta(days=10)
    missed = defaultdict(set)
    for moment in runs(10, now + timedelta(hours=6)):
        for call in world.selection.calls:
            missed[str(call)].add(world.newest(call.report, moment))
    for now in runs(4, back):
        world.run(now)
    assert world.waiting == 0
    for call in world.selection.calls:
        gone = missed[str(call)] - world.archived[call]
        assert gone <= world.lost[str(call)]
        assert not world.lost[str(call)] & world.archived[call]
    for report in world.selection.daily:
        held = {day for call, days in world.archived.items() if call.report == report and call.date for day in days}
        youngest = now.date() - timedelta(days=3)
        assert held >= {youngest - timedelta(days=number) for number in range(DATE_DAYS - 4)}
        assert world.lost[report] == set()


def test_an_outage_of_forty_days_loses_single_days_and_names_them() -> None:
    world = World(select("getOffice365ActiveUserDetail", catalogue()))
    for now in runs(40):
        world.run(now)
    archived = {call.date for call in world.archived if call.date}
    back = now + timedelta(days=40)
    world.run(back)
    gone = {back.date() - timedelta(days=DATE_DAYS + number) for number in range(1, 41)} - archived
    assert gone
    assert world.lost["getOffice365ActiveUserDetail"] == gone


def test_a_neighbour_that_takes_thirty_of_the_tenants_forty_requests_costs_no_refresh_date() -> None:
    world = World(representatives(), neighbour=30)
    for now in runs(40):
        world.run(now)
    assert {call: dates for call, dates in world.visible().items() if dates - world.archived[call]} == {}
    assert world.waiting == 0


@pytest.mark.parametrize("days", [40, pytest.param(365, marks=pytest.mark.long)])
def test_in_a_year_of_faults_outages_and_corrections_no_revision_is_lost_and_what_is_missed_is_named(days: int) -> None:
    with InProcess(users=16) as environment:
        year = live(environment, "getMailboxUsageDetail(period='D7')", seed=1, days=days)
    print(year)
    assert (year.pulls, year.corrected) == (days * RUNS_A_DAY, RESTATEMENTS)
    assert year.concealment_changes == CONCEALMENT_CHANGES
    assert year.faulty >= SHARE * year.requests
    assert year.revised == year.read > RESTATEMENTS / 3
    assert year.named == year.missed > len(DOWN)
