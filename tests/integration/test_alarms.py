"""The alarms, run over what the app logs in simulated weeks: each fires with its trouble, and none without."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from operator import ge, gt, lt
from typing import Any

import pytest

from local.in_memory import InMemoryBlobStore
from local.simulator_client import Control
from local.stack import Stack
from shared import events
from shared.app import App
from shared.domain.catalogue import catalogue
from shared.domain.errors import RunFailed
from shared.domain.graph_window import DATE_DAYS
from shared.domain.outcome import Outcome
from shared.web.http import Request, handle
from tests.conftest import maker
from tests.unit.infra import kql
from tests.unit.infra.template import Infra, Resource
from tests.wire import Wire, response

Rows = list[dict[str, Any]]

SERVICES = "getOffice365ServicesUserCounts"
DETAIL = "getOffice365ActiveUserDetail"
D7 = f"{SERVICES}(period='D7')"
BOTH = f"{D7}, getOffice365ActiveUserCounts(period='D7')"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RUNS_A_WEEK = range(0, 7 * 24, 6)
"""The hours at which the timer fires."""
COMPARE: dict[str, Callable[[int, int], bool]] = {"GreaterThan": gt, "GreaterThanOrEqual": ge, "LessThan": lt}


def span(text: str) -> timedelta:
    """Return a duration such as `PT15M` or `P2D`."""
    number = int(re.sub(r"\D", "", text))
    return {"M": timedelta(minutes=number), "H": number * HOUR, "D": number * DAY}[text[-1]]


class Log(logging.Handler):
    """What Application Insights would hold: the event lines as traces, the answers of the API as requests."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(logging.INFO)
        self.clock = clock
        self.lines: Rows = []
        self.requests: Rows = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append({"timestamp": self.clock(), "message": record.getMessage()})

    def tables(self, after: datetime, until: datetime) -> dict[str, Rows]:
        """Return the rows with a time in that window."""
        tables = {"traces": self.lines, "requests": self.requests}
        return {name: [row for row in rows if after < row["timestamp"] <= until] for name, rows in tables.items()}

    def first(self, event: str) -> datetime | None:
        times = (line["timestamp"] for line in self.lines if line["message"].startswith(event))
        return next(times, None)


class Alarm:
    """One rule of the template, as Azure Monitor evaluates it."""

    def __init__(self, rule: Resource) -> None:
        properties = rule["properties"]
        self.every, self.window = span(properties["evaluationFrequency"]), span(properties["windowSize"])
        (self.criterion,) = properties["criteria"]["allOf"]
        self.query: str = self.criterion["query"]

    def rows(self, log: Log, now: datetime) -> Rows:
        return kql.run(self.query, log.tables(now - self.window, now), now)

    def fires(self, log: Log, now: datetime) -> bool:
        return COMPARE[self.criterion["operator"]](len(self.rows(log, now)), self.criterion["threshold"])

    def firings(self, log: Log) -> list[datetime]:
        """Return the evaluations at which it fires, from a day after the first line on until the last one."""
        start, end = log.lines[0]["timestamp"] + DAY, log.lines[-1]["timestamp"] + self.every
        times = [start + number * self.every for number in range(-((start - end) // self.every))]
        return [now for now in times if self.fires(log, now)]


ALARMS = {
    rule["properties"]["displayName"]: Alarm(rule)
    for rule in Infra().default.all("Microsoft.Insights/scheduledQueryRules")
}


class Week:
    """What happens to an app in the simulator's time, and what is logged of it. Its archive is in memory."""

    def __init__(self, stack: Stack, control: Control, log: Log) -> None:
        self.control, self.log = control, log
        self.make_app = maker(stack, control, InMemoryBlobStore(clock=control.now))

    def live(self, app: App, hours: Iterable[int], before: Callable[[int], object] = lambda hour: None) -> None:
        """Let the timer fire at these hours from now on; `before` each run something may happen."""
        start = self.control.now()
        for hour in hours:
            self.control.set_time(max(self.control.now(), start + hour * HOUR))
            before(hour)
            with suppress(RunFailed):
                app.pull()

    def neighbour(self, function: str, used: int) -> None:
        """Let another app have used so many requests of the tenant's limit."""
        self.control.put("neighbour", {"function": function, "used": used})

    def ask(self, make_app: Callable[[], App]) -> int:
        """Ask the API for a report, and note the answer as the Functions host does."""
        request = Request("GET", f"v1.0/reports/{D7}")
        status = handle(request, lambda request: make_app().api.reports(request, personal=False)).status
        self.log.requests.append({"timestamp": self.control.now(), "name": "reports", "resultCode": str(status)})
        return status

    def fired(self) -> set[str]:
        return {name for name, alarm in ALARMS.items() if alarm.firings(self.log)}


@pytest.fixture
def week(stack: Stack, control: Control) -> Iterator[Week]:
    logger, log = logging.getLogger("usage_archive"), Log(control.now)
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(log)
    yield Week(stack, control, log)
    logger.removeHandler(log)
    logger.setLevel(before)


# -- weeks -------------------------------------------------------------------------------------------------------------


def test_no_alarm_fires_in_a_healthy_week(week: Week) -> None:
    """With a single run in which another app had used up the tenant's limit, and a reader that came too early once."""
    app = week.make_app(REPORTS=f"{D7}, {DETAIL}")

    def before(hour: int) -> None:
        week.neighbour(SERVICES, 40 if hour == 72 else 0)
        week.ask(lambda: app)

    week.live(app, RUNS_A_WEEK, before)
    assert week.log.first("pull.deferred")
    assert week.fired() == set()


@pytest.mark.parametrize(
    ("state", "trouble", "reason", "alarms"),
    [
        pytest.param(
            "roles",
            {"roles": []},
            "permission",
            {"pull-needs-a-person", "date-at-risk"},
            id="a permission is missing",
        ),
        pytest.param(
            "faults",
            {"rules": [{"fault": "missing_credentials", "times": None}]},
            "download_failed",
            {"date-at-risk"},
            id="the download host wants credentials",
        ),
    ],
)
def test_what_goes_wrong_for_days_is_noticed(
    week: Week, state: str, trouble: dict[str, object], reason: str, alarms: set[str]
) -> None:
    week.control.put(state, trouble)
    week.live(week.make_app(REPORTS=D7), range(0, 48, 6))
    assert week.fired() == alarms
    assert f'"reason": "{reason}"' in week.log.lines[0]["message"]


def test_a_metric_that_nobody_switched_on_is_no_trouble(week: Week) -> None:
    week.control.put("faults", {"rules": [{"fault": "not_switched_on", "times": None}]})
    week.live(week.make_app(REPORTS=D7), range(0, 48, 6))
    assert '"reason": "not_switched_on"' in week.log.lines[0]["message"]
    assert week.fired() == set()


def test_the_alarm_for_a_person_goes_out_with_the_first_good_run(week: Week) -> None:
    alarm = ALARMS["pull-needs-a-person"]
    week.control.put("roles", {"roles": []})
    week.live(week.make_app(REPORTS=D7), [0, 6])
    week.control.put("roles", {"roles": ["Reports.Read.All"]})
    assert alarm.fires(week.log, week.control.now() + HOUR)
    week.live(week.make_app(REPORTS=D7), [6])
    assert not alarm.fires(week.log, week.control.now() + HOUR)


def test_a_timer_that_does_not_fire_is_noticed_after_a_day(week: Week) -> None:
    week.live(week.make_app(REPORTS=D7), [hour for hour in RUNS_A_WEEK if not 60 < hour < 96])
    assert week.fired() == {"no-run-for-a-day"}
    stopped = week.log.lines[0]["timestamp"] + 60 * HOUR
    assert 24 * HOUR <= ALARMS["no-run-for-a-day"].firings(week.log)[0] - stopped <= 26 * HOUR


def test_a_report_that_microsoft_publishes_no_more_goes_stale(week: Week) -> None:
    """The tenant's clock stands almost still, and the app's goes on."""
    runs = 0

    def now() -> datetime:
        return week.control.now() + runs * 12 * HOUR

    week.log.clock = now
    app = week.make_app(clock=now, REPORTS=D7)
    while runs < 20:
        week.control.sleep(660)
        app.pull()
        runs += 1
    assert week.fired() == {"report-stale"}
    alarm = ALARMS["report-stale"]
    first = alarm.firings(week.log)[0]
    (row,) = alarm.rows(week.log, first)
    assert row["call"] == D7
    assert 10 * DAY < first - row["newest"] < 10 * DAY + 2 * HOUR


def test_refresh_dates_that_graph_does_not_hand_out_are_at_risk_before_they_are_lost(week: Week) -> None:
    week.live(
        week.make_app(REPORTS=BOTH),
        RUNS_A_WEEK,
        lambda hour: week.neighbour(SERVICES, 40 if 48 <= hour < 120 else 0),
    )
    assert week.fired() == {"date-at-risk"}
    first, lost = ALARMS["date-at-risk"].firings(week.log)[0], week.log.first(events.LOST)
    assert lost is not None
    assert first < lost - DAY
    assert first - (week.log.lines[0]["timestamp"] + 42 * HOUR) <= 20 * HOUR  # since the last answer


def test_single_days_are_at_risk_a_week_before_graph_forgets_them(week: Week) -> None:
    week.neighbour(DETAIL, 40)
    week.live(week.make_app(REPORTS=DETAIL), range(0, 48, 6))
    now = week.control.now()
    ages = [now - row["day"] for row in ALARMS["date-at-risk"].rows(week.log, now) if row["day"]]
    assert min(ages) < DATE_DAYS * DAY
    assert all(age > (DATE_DAYS - 7) * DAY for age in ages)


@pytest.mark.parametrize(
    ("hours", "alarms"),
    [pytest.param(30, {"date-at-risk"}, id="no more"), pytest.param(0, set(), id="never had")],
)
def test_a_report_without_rows_is_at_risk_if_it_had_some(week: Week, hours: int, alarms: set[str]) -> None:
    day = f"{week.control.now() - 2 * DAY:%Y-%m-%d}"
    with Wire() as graph:

        def before(hour: int) -> None:
            rows = f"{day},7\n" if hour < hours else ""
            body = f"Report Refresh Date,Report Period\n{rows}"
            graph.answers[f"/v1.0/reports/{D7}"] = response(body=body.encode())

        week.live(week.make_app(REPORTS=D7, GRAPH_ENDPOINT=graph.origin), range(0, 72, 6), before)
    assert week.fired() == alarms


def test_errors_of_ours_are_noticed_once_a_reader_has_asked_in_vain(week: Week) -> None:
    """Somebody takes away a setting; Power Query asks four times before it gives up."""
    week.live(week.make_app(REPORTS=D7), range(0, 48, 6))
    for earlier in range(4):
        assert not ALARMS["api-errors"].fires(week.log, week.control.now()), earlier
        assert week.ask(lambda: week.make_app(ARCHIVE_URL="")) == 500
    assert week.fired() == {"api-errors"}
    assert week.log.first(events.REQUEST_FAILED)


@pytest.mark.parametrize(
    "line",
    [
        f'{events.TENANT_STOPPED} {{"tenant": "x"}}',
        "Message has reached MaxDequeueCount of 5. Moving message to queue 'pulls-poison'.",
    ],
)
def test_a_tenant_that_is_not_pulled_is_noticed_where_there_are_many(week: Week, line: str) -> None:
    (rule,) = Infra().everything.all("Microsoft.Insights/scheduledQueryRules", "tenant-stopped")
    assert "tenant-stopped" not in ALARMS
    alarm, now = Alarm(rule), week.control.now()
    week.log.lines.append({"timestamp": now, "message": f'{events.TENANTS_ASKED} {{"tenants": 1}}'})
    assert not alarm.fires(week.log, now)
    week.log.lines.append({"timestamp": now, "message": line})
    assert alarm.fires(week.log, now)


def test_the_alarm_for_a_person_is_that_of_each_tenant(week: Week) -> None:
    now = week.control.now()

    def fires(*lines: tuple[str, str]) -> bool:
        week.log.lines = [
            {"timestamp": now + number * HOUR, "message": f'{event} {{"tenant": "{tenant}"}}'}
            for number, (event, tenant) in enumerate(lines)
        ]
        return ALARMS["pull-needs-a-person"].fires(week.log, now + 6 * HOUR)

    failed, finished = events.RUN_FAILED, events.RUN_FINISHED
    assert fires((finished, "a"), (failed, "a"), (finished, "b"))
    assert not fires((failed, "a"), (finished, "b"), (finished, "a"))


def test_names_that_become_concealed_are_noticed_for_a_day(week: Week) -> None:
    call = f"{DETAIL}(period='D7')"
    columns = catalogue().reports[DETAIL].columns["v1.0"]
    flip = week.control.now() + 72 * HOUR
    with Wire() as graph:

        def before(hour: int) -> None:
            cells = dict.fromkeys(columns, "") | {
                "Report Refresh Date": f"{week.control.now() - 2 * DAY:%Y-%m-%d}",
                "User Principal Name": "0123456789ABCDEF" * 2 if hour >= 72 else "ada@contoso.com",
            }
            body = ",".join(columns) + "\n" + ",".join(cells.values()) + "\n"
            graph.answers[f"/v1.0/reports/{call}"] = response(body=body.encode())

        week.live(week.make_app(REPORTS=call, GRAPH_ENDPOINT=graph.origin), RUNS_A_WEEK, before)
    assert week.fired() == {"names-flipped"}
    firings = ALARMS["names-flipped"].firings(week.log)
    assert flip < firings[0] < flip + DAY  # the next day's first run is the next to read a body
    assert firings[-1] < firings[0] + 25 * HOUR


# -- what the queries rely on ------------------------------------------------------------------------------------------


def named(pattern: str) -> set[str]:
    """Return what the queries of all alarms name there."""
    return {name for alarm in ALARMS.values() for name in re.findall(pattern, alarm.query)}


def test_every_query_asks_for_events_and_outcomes_that_the_app_has() -> None:
    names = named(r"message startswith '([^']+)'")
    assert names
    assert names <= {value for name, value in vars(events).items() if name.isupper()}
    assert set(re.findall(r"\w+", " ".join(named(r"outcome in \(([^)]+)\)")))) <= set(Outcome)


def test_every_query_reads_fields_that_the_app_writes(week: Week) -> None:
    week.neighbour(SERVICES, 40)
    week.live(week.make_app(REPORTS=BOTH), [0])
    lines = "\n".join(line["message"] for line in week.log.lines)
    assert named(r"facts\.(\w+)") - {"tenant"} <= set(re.findall(r'"(\w+)": ', lines))
