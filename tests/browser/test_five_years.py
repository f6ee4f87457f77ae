"""How soon the page says something in front of an archive of every call and of five years, and what that takes.

Only where USAGE_ARCHIVE_YEARS=1 asks for it: filling the archive takes minutes. `pytest -s` shows the figures.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, expect

from local.stack import Stack
from shared.app import App
from shared.archive.layout import PERSONAL, USAGE
from shared.archive.run_record import CallState, PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.dates import days_between
from shared.domain.graph_window import DATE_DAYS
from shared.domain.outcome import Outcome
from shared.domain.selection import Selection, select
from shared.settings import read
from tests.browser.conftest import Site, Visit, serving
from tests.conftest import MORNING
from tests.shelf import lines, snapshot

pytestmark = pytest.mark.skipif(os.environ.get("USAGE_ARCHIVE_YEARS") != "1", reason="set USAGE_ARCHIVE_YEARS=1")

YEARS = 5
LONG = [
    *(Call("getOffice365ServicesUserCounts", period=period) for period in ("D30", "D90")),
    *(Call(f"get{name}UsageStorage", period="D7") for name in ("Mailbox", "OneDrive", "SharePointSite")),
    *(Call(name, period="D7") for name in ("getOffice365ActiveUserCounts", "getTeamsUserActivityUserCounts")),
    Call("getMicrosoft365CopilotUserCountSummary", period="D30"),
]
"""Archived for five years; what the page reads at first is among them. All others are for ten days."""
NEWEST = MORNING.date() - timedelta(days=3)


@pytest.fixture(scope="module")
def site(stack: Stack) -> Iterator[Site]:
    """The app over such an archive."""
    settings = stack.settings | {"REPORTS": "all"}
    fill(App(read(settings), lambda: MORNING))
    with serving(settings) as served:
        yield served


def fill(app: App) -> None:
    """Put the snapshots, the series and the record of a run into the archive."""
    selection = select("all", catalogue())
    with ThreadPoolExecutor(8) as pool:
        for report, calls in selection.by_report.items():
            of_days = [Call(report, date=day) for day in days(DATE_DAYS)] if report in selection.daily else []
            list(pool.map(lambda call: put(app, call), [*calls, *of_days]))
    for call in LONG:
        app.archive.series.table(call, NEWEST)
    app.archive.runs.keep(run_of(selection))


def put(app: App, call: Call) -> None:
    container = PERSONAL if catalogue().reports[call.report].personal_data else USAGE
    for day in [call.date] if call.date else days(365 * YEARS if call in LONG else 10):
        body = body_of(call, day)
        packer = zlib.compressobj(wbits=31)
        one = snapshot(call, day, body)
        content = packer.compress(body) + packer.flush()
        app.archive.store.create(container, one.blob, content, one.metadata.to_metadata())


def days(number: int) -> list[date]:
    """So many, the last of which is the newest that there is."""
    return days_between(NEWEST - timedelta(days=number - 1), NEWEST + timedelta(days=1))


def body_of(call: Call, newest: date) -> bytes:
    """With the documented columns: a row for each day of the period, or one."""
    report = catalogue().reports[call.report]
    columns = report.columns_of(report.graph_version("v1.0"), call.version, call.report_type)
    count = int((call.period or "D1")[1:]) if call in LONG and report.kind == "counts" else 1
    known = {"Report Refresh Date": str(newest), "Report Period": (call.period or "D1")[1:], "Site Type": "All"}
    rows = []
    for back in range(count):
        day = newest - timedelta(days=back)
        numbers = {column: str(1000 + day.toordinal() % 97 + place) for place, column in enumerate(columns)}
        rows.append(",".join({**numbers, **known, "Report Date": str(day)}[column] for column in columns))
    return lines(",".join(columns), *rows)


def run_of(selection: Selection) -> RunRecord:
    """The record of a run an hour ago, in which nothing was new."""
    at = MORNING - timedelta(hours=1)
    pulls = [
        PullResult(call, Outcome.UNCHANGED, at, refresh_date=NEWEST, revision=1, rows=1) for call in selection.calls
    ]
    state = CallState(Outcome.UNCHANGED, None, at, 1, at, NEWEST, revision=1, rows=1, names="none")
    states = {call: state for call in selection.calls}
    return RunRecord(f"{at:%Y-%m-%dT%H%M%SZ}-000000", at, at, pulls, 0, states=states, pulled_at=at)


def test_the_first_words_are_there_within_a_second(browser: Browser, site: Site) -> None:
    found = {}
    for name in ("new app, new browser", "warm app, new browser"):
        with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
            context.set_default_timeout(120_000)
            context.add_init_script(f"sessionStorage.setItem('usage-archive-key', '{site.key}')")
            visit = Visit(context.new_page(), site)
            visit.page.goto(site.url)
            found[name] = figures(visit)
            visit.page.reload()
            found[name.replace("new browser", "known page")] = figures(visit)
            assert visit.complaints == []
    for name, figure in found.items():
        print(f"\n{name}: {figure}")
    assert max(figure["first"]["ms"] for figure in found.values()) < 1000
    assert found["warm app, new browser"]["health"]["ms"] < 1000


def test_one_call_among_hundreds_and_one_day_in_five_years_are_found(new_visit: Callable[..., Visit]) -> None:
    visit = new_visit(viewport={"width": 1280, "height": 900})
    visit.open("#/archive").settled()
    visit.page.get_by_label("Filter").fill("storage")
    names = visit.page.locator("#overview th code").all_inner_texts()
    assert {*names} >= {call.report for call in LONG[2:5]}
    visit.show(f"#/reports/{LONG[0]}?view=series")
    expect(visit.page.locator("#days")).to_contain_text(f"{365 * YEARS:,} days archived since")
    while visit.page.locator("#earlier").is_enabled():
        visit.page.locator("#earlier").click()
    visit.page.locator(".calendar button").first.click()
    visit.settled()
    oldest = NEWEST - timedelta(days=365 * YEARS - 1)
    expect(visit.page.locator("#day")).to_have_value(str(oldest))
    assert visit.rows("#panel")[0][0] == str(oldest)


def figures(visit: Visit) -> dict[str, dict[str, int]]:
    """Milliseconds until the first word, the health and all were on the page; requests and bytes until then."""
    visit.page.locator("main[aria-busy=false]").wait_for()
    found: dict[str, dict[str, int]] = visit.page.evaluate(
        """() => {
            const entries = ["navigation", "resource"].flatMap(type => performance.getEntriesByType(type));
            const until = mark => {
                const time = performance.getEntriesByName(mark)[0].startTime;
                const done = entries.filter(each => each.responseEnd <= time && !each.name.startsWith("blob:"));
                const bytes = done.reduce((sum, each) => sum + each.transferSize, 0);
                return { ms: Math.round(time), requests: done.length, bytes };
            };
            return Object.fromEntries(["first", "health", "all"].map(mark => [mark, until(mark)]));
        }"""
    )
    return found
