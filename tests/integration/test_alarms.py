"""The alarms, run over what the app logs in simulated weeks: each fires with its trouble, and none without."""

from __future__ import annotations

import logging
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from operator import ge, gt, lt
from typing import Any

import pytest

from local.simulator_client import Control
from local.stack import Stack
from shared import events
from shared.app import App
from shared.domain.catalogue import catalogue
from shared.domain.errors import Outcome, RunFailed
from shared.domain.graph_window import DATE_DAYS
from shared.settings import read
from shared.web.http import Request, handle
from tests.unit.infra import kql
from tests.unit.infra.bicep import Resource
from tests.unit.infra.template import Infra
from tests.wire import Wire, response

MakeApp = Callable[..., App]

SERVICES = "getOffice365ServicesUserCounts"
DETAIL = "getOffice365ActiveUserDetail"
D7 = f"{SERVICES}(period='D7')"
HOUR = timedelta(hours=1)
RUNS_A_WEEK = range(0, 7 * 24, 6)
"""The hours at which the timer fires."""
COMPARE: dict[str, Callable[[int, int], bool]] = {"GreaterThan": gt, "GreaterThanOrEqual": ge, "LessThan": lt}


class Alarm:
    """One rule of the template, as Azure Monitor evaluates it."""

    def __init__(self, rule: Resource) -> None:
        self.name = rule.name.removeprefix("usage-")
        self.every = span(rule.properties["evaluationFrequency"])
        self.window = span(rule.properties["windowSize"])
        (criterion,) = rule.properties["criteria"]["allOf"]
        self.query = criterion["query"]
        self._operator = criterion["operator"]
        self._threshold = criterion["threshold"]

    def fires(self, log: Log, now: datetime) -> bool:
        count = len(kql.run(self.query, log.tables(now - self.window, now), now))
        return COMPARE[self._operator](count, self._threshold)

    def firings(self, log: Log) -> list[datetime]:
        """The evaluations at which it fires, from a day after the first line on until the last one."""
        now, found = log.lines[0]["timestamp"] + timedelta(days=1), []
        while now < log.lines[-1]["timestamp"] + self.every:
            if self.fires(log, now):
                found.append(now)
            now += self.every
        return found


class Log(logging.Handler):
    """What Application Insights would hold: the event lines as traces, the answers of the API as requests."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(logging.INFO)
        self.clock = clock
        self.lines: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append({"timestamp": self.clock(), "message": record.getMessage()})

    def ask(self, app: Callable[[], App]) -> int:
        """Ask the API for a report, and note the answer as the Functions host does."""
        request = Request("GET", f"v1.0/reports/{D7}")
        status = handle(request, lambda request: app().api.reports(request, personal=False)).status
        self.requests.append({"timestamp": self.clock(), "name": "reports", "resultCode": str(status)})
        return status

    def tables(self, after: datetime, until: datetime) -> dict[str, list[dict[str, Any]]]:
        """The rows with a time in that window."""

        def window(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return rows[bisect_right(rows, after, key=_time) : bisect_right(rows, until, key=_time)]

        return {"traces": window(self.lines), "requests": window(self.requests)}

    def first(self, event: str) -> datetime | None:
        times = (line["timestamp"] for line in self.lines if line["message"].startswith(event))
        return next(times, None)


@pytest.fixture
def alarms(infra: Infra) -> dict[str, Alarm]:
    rules = infra.deploy().all("Microsoft.Insights/scheduledQueryRules")
    return {alarm.name: alarm for alarm in map(Alarm, rules)}


@pytest.fixture
def log(control: Control) -> Iterator[Log]:
    log = Log(control.now)
    with recorded(log):
        yield log


@contextmanager
def recorded(log: Log) -> Iterator[None]:
    logger = logging.getLogger("usage_archive")
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(log)
    try:
        yield
    finally:
        logger.removeHandler(log)
        logger.setLevel(before)


def _time(row: dict[str, Any]) -> datetime:
    time: datetime = row["timestamp"]
    return time


def span(text: str) -> timedelta:
    """A duration such as `PT15M` or `P2D`."""
    number = int(re.sub(r"\D", "", text))
    return {"M": timedelta(minutes=number), "H": timedelta(hours=number), "D": timedelta(days=number)}[text[-1]]


def live(app: App, control: Control, hours: Iterable[int], before: Callable[[int], object] = lambda hour: None) -> None:
    """Let the timer fire at these hours from now on; `before` each run something may happen."""
    start = control.now()
    for hour in hours:
        control.set_time(max(control.now(), start + hour * HOUR))
        before(hour)
        with suppress(RunFailed):
            app.pull()


def fired(alarms: dict[str, Alarm], log: Log) -> set[str]:
    return {name for name, alarm in alarms.items() if alarm.firings(log)}


# -- weeks -------------------------------------------------------------------------------------------------------------


def test_no_alarm_fires_in_a_healthy_week(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    """With a single run in which another app had used up the tenant's limit, and a reader that came too early once."""
    app = make_app(REPORTS=f"{D7}, {DETAIL}")

    def before(hour: int) -> None:
        control.put("neighbour", {"function": SERVICES, "used": 40 if hour == 72 else 0})
        log.ask(lambda: app)

    live(app, control, RUNS_A_WEEK, before)
    assert log.first("pull.deferred")
    assert fired(alarms, log) == set()


def test_a_missing_permission_needs_a_person_and_puts_dates_at_risk(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    control.put("roles", {"roles": []})
    live(make_app(REPORTS=D7), control, RUNS_A_WEEK)
    assert fired(alarms, log) == {"pull-needs-a-person", "date-at-risk"}


def test_the_alarm_for_a_person_goes_out_with_the_first_good_run(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    control.put("roles", {"roles": []})
    live(make_app(REPORTS=D7), control, [0, 6])
    control.put("roles", {"roles": ["Reports.Read.All"]})
    during = alarms["pull-needs-a-person"].fires(log, control.now() + HOUR)
    live(make_app(REPORTS=D7), control, [6])
    assert (during, alarms["pull-needs-a-person"].fires(log, control.now() + HOUR)) == (True, False)


def test_a_timer_that_does_not_fire_is_noticed_after_a_day(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    live(make_app(REPORTS=D7), control, [hour for hour in RUNS_A_WEEK if not 60 < hour < 96])
    assert fired(alarms, log) == {"no-run-for-a-day"}
    stopped = log.lines[0]["timestamp"] + 60 * HOUR
    first = alarms["no-run-for-a-day"].firings(log)[0]
    assert timedelta(hours=24) <= first - stopped <= timedelta(hours=26)


def test_a_report_that_microsoft_publishes_no_more_goes_stale(
    make_app: MakeApp, stack: Stack, control: Control, alarms: dict[str, Alarm]
) -> None:
    """The tenant's clock stands almost still, and the app's goes on."""
    runs = 0

    def now() -> datetime:
        return control.now() + runs * 12 * HOUR

    log = Log(now)
    app = App(read(stack.settings | {"REPORTS": D7}), clock=now, sleep=control.sleep)
    with recorded(log):
        while runs < 20:
            control.sleep(660)
            app.pull()
            runs += 1
    assert fired(alarms, log) == {"report-stale"}
    alarm = alarms["report-stale"]
    first = alarm.firings(log)[0]
    (row,) = kql.run(alarm.query, log.tables(first - alarm.window, first), first)
    assert row["call"] == D7
    assert timedelta(days=10) < first - row["newest"] < timedelta(days=10, hours=2)


def test_refresh_dates_that_graph_does_not_hand_out_are_at_risk_before_they_are_lost(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    app = make_app(REPORTS=f"{D7}, getOffice365ActiveUserCounts(period='D7')")

    def before(hour: int) -> None:
        control.put("neighbour", {"function": SERVICES, "used": 40 if 48 <= hour < 120 else 0})

    live(app, control, RUNS_A_WEEK, before)
    assert fired(alarms, log) == {"date-at-risk"}
    first, lost = alarms["date-at-risk"].firings(log)[0], log.first(events.LOST)
    assert lost is not None
    assert first < lost - timedelta(days=1)
    assert first - (log.lines[0]["timestamp"] + 42 * HOUR) <= 20 * HOUR  # since the last answer


def test_a_download_host_that_wants_credentials_for_days_puts_dates_at_risk(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    control.put("faults", {"rules": [{"fault": "missing_credentials", "times": None}]})
    live(make_app(REPORTS=D7), control, range(0, 48, 6))
    assert fired(alarms, log) == {"date-at-risk"}
    assert '"reason": "download_failed"' in log.lines[0]["message"]


def test_single_days_are_at_risk_a_week_before_graph_forgets_them(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    app = make_app(REPORTS=DETAIL)
    control.put("neighbour", {"function": DETAIL, "used": 40})
    live(app, control, range(0, 48, 6))
    now = control.now()
    rows = kql.run(alarms["date-at-risk"].query, log.tables(now - timedelta(days=2), now), now)
    days = [row["day"] for row in rows if row["day"]]
    assert min(now - day for day in days) < timedelta(days=DATE_DAYS)
    assert all(now - day > timedelta(days=DATE_DAYS - 7) for day in days)


def test_a_report_that_suddenly_has_no_rows_is_at_risk(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    header = b"Report Refresh Date,Report Period\n"
    day = f"{control.now() - timedelta(days=2):%Y-%m-%d}".encode()
    with Wire() as graph:
        app = make_app(REPORTS=D7, GRAPH_ENDPOINT=graph.origin)

        def before(hour: int) -> None:
            rows = day + b",7\n" if hour < 30 else b""
            graph.answers[f"/v1.0/reports/{D7}"] = response(body=header + rows)

        live(app, control, range(0, 72, 6), before)
    assert fired(alarms, log) == {"date-at-risk"}


def test_a_report_that_never_had_rows_is_not_at_risk(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    with Wire() as graph:
        graph.answers[f"/v1.0/reports/{D7}"] = response(body=b"Report Refresh Date,Report Period\n")
        live(make_app(REPORTS=D7, GRAPH_ENDPOINT=graph.origin), control, range(0, 72, 6))
    assert fired(alarms, log) == set()


def test_errors_of_ours_are_noticed_once_a_reader_has_asked_in_vain(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    """Somebody takes away a setting; Power Query asks four times before it gives up."""
    live(make_app(REPORTS=D7), control, range(0, 48, 6))
    alarm = alarms["api-errors"]
    assert [log.ask(lambda: make_app(ARCHIVE_URL="")) for _ in range(3)] == [500] * 3
    assert not alarm.fires(log, control.now())
    log.ask(lambda: make_app(ARCHIVE_URL=""))
    assert fired(alarms, log) == {"api-errors"}
    assert log.first(events.REQUEST_FAILED)


def test_names_that_become_concealed_are_noticed_for_a_day(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    call = f"{DETAIL}(period='D7')"
    columns = catalogue().reports[DETAIL].columns["v1.0"]
    start = control.now()
    with Wire() as graph:

        def before(hour: int) -> None:
            cells = dict.fromkeys(columns, "") | {
                "Report Refresh Date": f"{control.now() - timedelta(days=2):%Y-%m-%d}",
                "User Principal Name": "0123456789ABCDEF" * 2 if hour >= 72 else "ada@contoso.com",
            }
            body = ",".join(columns) + "\n" + ",".join(cells.values()) + "\n"
            graph.answers[f"/v1.0/reports/{call}"] = response(body=body.encode())

        live(make_app(REPORTS=call, GRAPH_ENDPOINT=graph.origin), control, RUNS_A_WEEK, before)
    assert fired(alarms, log) == {"names-flipped"}
    firings = alarms["names-flipped"].firings(log)
    flip = start + 72 * HOUR
    assert flip < firings[0] < flip + 24 * HOUR  # the next day's first run is the next to read a body
    assert firings[-1] < firings[0] + 25 * HOUR


# -- what the queries rely on ------------------------------------------------------------------------------------------


def test_every_query_asks_for_events_that_the_app_has(alarms: dict[str, Alarm]) -> None:
    known = {value for name, value in vars(events).items() if name.isupper()}
    asked = {name for alarm in alarms.values() for name in re.findall(r"message startswith '([^']+)'", alarm.query)}
    assert asked
    assert asked <= known


def test_every_query_asks_for_outcomes_that_there_are(alarms: dict[str, Alarm]) -> None:
    lists = [found for alarm in alarms.values() for found in re.findall(r"outcome in \(([^)]+)\)", alarm.query)]
    assert {name for each in lists for name in re.findall(r"\w+", each)} <= set(Outcome)


def test_every_query_reads_fields_that_the_app_writes(
    make_app: MakeApp, control: Control, log: Log, alarms: dict[str, Alarm]
) -> None:
    read = {name for alarm in alarms.values() for name in re.findall(r"facts\.(\w+)", alarm.query)}
    control.put("neighbour", {"function": SERVICES, "used": 40})
    live(make_app(REPORTS=f"{D7}, getOffice365ActiveUserCounts(period='D7')"), control, [0])
    written = set(re.findall(r'"(\w+)": ', "\n".join(line["message"] for line in log.lines)))
    assert read <= written
