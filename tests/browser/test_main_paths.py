"""What people mostly do with the page, in each browser that they may have."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.browser.browsers import PATIENCE, Tab, tab_of
from tests.browser.conftest import Site
from tests.browser.test_in_browser import D7, USERS, standing, table_of
from tests.browser.world import RESTATED

pytestmark = pytest.mark.long
ALL = "main[aria-busy=false]:not(:has(#panel[aria-busy=true]))"
"""All is shown."""
TOLD = "document.querySelector('.chart .cursor').textContent"


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what is downloaded."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module", params=["chromium", "firefox", "webkit"])
def running(request: pytest.FixtureRequest, downloads: Path) -> Iterator[Tab]:
    with tab_of(request.param, downloads) as tab:
        yield tab


@pytest.fixture
def tab(running: Tab, site: Site) -> Iterator[Tab]:
    """The page, opened with the key; in the end nothing may have gone wrong in it."""
    running.open(site.url)
    running.write("#key", site.key)
    running.click("#key-form button", "Open")
    running.see(ALL)
    yield running
    said = running.said()
    running.ask("sessionStorage.clear()")
    assert said == []


def rows(tab: Tab, selector: str) -> list[list[str]]:
    """The cells of a table's body."""
    found: list[list[str]] = tab.ask(
        f"[...document.querySelector('{selector} tbody').rows].map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return found


def saved_in(downloads: Path, tab: Tab) -> bytes:
    """Wait until a file was downloaded, and take it away."""
    ends = time.monotonic() + PATIENCE
    while not (files := [*downloads.glob("*.csv")]) or not files[0].stat().st_size:
        assert time.monotonic() < ends
        tab.ask("document.title")  # Playwright takes in what happened
    content = files[0].read_bytes()
    files[0].unlink()
    return content


def test_the_page_says_how_the_archive_stands_and_what_people_ask(tab: Tab, site: Site) -> None:
    tab.see("#headline", "Missing")
    [header, *days] = table_of(site.get(f"v1.0/reports/{USERS}/series"))
    recent = [int(day[header.index("Office 365")]) for day in days[-28:]]
    tab.see(".tile", "Active people")
    tab.see(".tile strong", f"{sum(recent) / 28 + 1e-9:.0f}")
    for page in ("Licences", "Departments", "Archive", "Overview"):
        tab.click("#parts a", page)
        tab.see("#parts a[aria-current=page]", page)
        tab.see(ALL)


def test_a_chart_says_what_is_at_the_mouse_and_goes_by_arrow_keys(tab: Tab, site: Site) -> None:
    tab.press("Control", "k")
    tab.write("#palette input", "active users by service")
    tab.press("Enter")
    tab.see("#report-title", "Active users by service")
    tab.see(".chart canvas")
    newest = tab.ask(TOLD)
    tab.point(".plots .u-over")
    before = tab.ask(TOLD)
    assert newest != before
    tab.press("ArrowLeft")
    drawn = "document.querySelector('.plots canvas').toDataURL()"
    with_teams = tab.ask(drawn)
    tab.click(".lines button", "Teams")
    tab.see(".lines button[aria-pressed=false]", "Teams")
    assert tab.ask(drawn) != with_teams


def test_a_day_can_be_read_as_it_was_known_then(tab: Tab, site: Site) -> None:
    newest = standing(site, RESTATED)["refreshDate"]
    tab.ask(f'location.hash = "#/reports/{RESTATED}?view=changes"')
    tab.see("#changes", "cells in 1 row changed")
    tab.choose("#asOf", newest)
    tab.press("Tab")
    tab.see("#all-days")
    tab.click("[role=tab]", "Over time")
    tab.see(ALL)
    [_, *then] = table_of(site.get(f"v1.0/reports/{RESTATED}/series?asOf={newest}"))
    assert rows(tab, "#panel") == then[::-1]
    tab.click("#all-days")
    tab.see(ALL)
    tab.click("[role=tab]", "Single day")
    tab.see("#previous")
    tab.click("#previous")
    tab.see("#panel td", str(date.fromisoformat(newest) - timedelta(1)))


def test_who_is_idle_is_saved_as_it_is_shown(tab: Tab, site: Site, downloads: Path) -> None:
    named = date.fromisoformat(standing(site, D7)["since"]) + timedelta(4)
    tab.ask(f"location.hash = '#/people?asOf={named}&days=30'")
    tab.see("#people-list tbody td")
    tab.click("#people-list th button", "Display Name")
    shown = rows(tab, "#people-list")
    assert [row[0] for row in shown] == sorted(row[0] for row in shown)
    tab.click("button", "Download these rows")
    saved = list(csv.reader(io.StringIO(saved_in(downloads, tab).decode("utf-8-sig"), newline="")))
    assert sorted(row[0] for row in saved[1:]) == sorted(row[0] for row in shown)
