"""The page in a real browser, in front of the real app over an archive with a past.

With USAGE_ARCHIVE_SITE=http://127.0.0.1:7071 it is the app that `python3 -m local run` serves there, whatever it holds.
With USAGE_ARCHIVE_BROWSER=firefox it is Firefox instead of Chromium.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

from local.backfill import Past
from local.functions_host.deployed import deployed
from local.functions_host.host import HOST_KEY, FunctionsHost
from local.setup import HOME
from local.stack import Stack
from tests.browser.browsers import launched
from tests.browser.world import REPORTS, live_through
from tests.conftest import MORNING, USERS

DAYS = 9
RUNNING = os.environ.get("USAGE_ARCHIVE_SITE")
PATIENCE = 60_000 if RUNNING else 10_000
"""Milliseconds."""
BROWSER = os.environ.get("USAGE_ARCHIVE_BROWSER", "chromium")
ONLY_CHROMIUM = pytest.mark.skipif(BROWSER != "chromium", reason="Playwright cannot do that in Firefox yet")
OWN_PAST = pytest.mark.skipif(bool(RUNNING), reason="needs the past of world.py")


class Site(NamedTuple):
    """A running app."""

    host: FunctionsHost

    @property
    def url(self) -> str:
        return f"{self.host.url}/api/dashboard"

    @property
    def key(self) -> str:
        """The app key, which opens every function."""
        return self.host.keys[HOST_KEY]

    def get(self, path: str) -> requests.Response:
        """The answer of the API itself, which is a success."""
        answer = requests.get(f"{self.host.url}/api/{path}", headers={"x-functions-key": self.key}, timeout=30)
        answer.raise_for_status()
        return answer


class Running(NamedTuple):
    """Of an app that somebody has started, what a site needs."""

    url: str
    keys: Mapping[str, str]


def running(url: str) -> Site:
    """The app that `python3 -m local run` serves there."""
    return Site(cast(FunctionsHost, Running(url, json.loads((HOME / "keys.json").read_text("utf-8")))))


class Visit:
    """A tab, and what went wrong in it: every error that was not foreseen, and every request to somebody else."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page, self.site = page, site
        self.requests: list[Request] = []
        self.responses: list[Response] = []
        self.foreseen: list[str] = []
        """Parts of messages on the console that have to be there, and of `status of` an answer that is a failure."""
        self._said: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._said.append(f"uncaught: {error}"))
        page.on("request", lambda request: self.requests.append(request))
        page.on("response", self._response)

    def open(self, part: str = "", key: str | None = None) -> Visit:
        """Go to the page, give the key, and wait until all is shown."""
        self.page.goto(self.site.url + part)
        self.enter(self.site.key if key is None else key)
        self.page.locator("main[aria-busy=false]").wait_for()
        return self

    def show(self, part: str) -> Visit:
        """Follow a link within the page, and wait until it is shown."""
        self.page.evaluate(
            """part => decodeURI(location.hash) === part || new Promise(done => {
                addEventListener("hashchange", () => setTimeout(done), { once: true });
                location.hash = part;
            })""",
            part,
        )
        return self.settled()

    def begin(self) -> None:
        """Forget what was seen so far."""
        for seen in (self.requests, self.responses, self.foreseen, self._said):
            seen.clear()

    def leave(self) -> None:
        """Close the page, and let the browser keep nothing of it but what it may cache."""
        self.page.unroute_all()
        self.page.emulate_media(color_scheme="null", forced_colors="null")
        self.page.evaluate("() => origin !== 'null' && [localStorage, sessionStorage].forEach(kept => kept.clear())")
        self.page.goto("about:blank")

    def enter(self, key: str) -> None:
        self.page.get_by_label("Key", exact=True).fill(key)
        self.page.get_by_role("button", name="Open", exact=True).click()

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def rows(self, selector: str) -> list[list[str]]:
        """The cells of a table's body."""
        found: list[list[str]] = self.page.locator(f"{selector} tbody").evaluate(
            "body => [...body.rows].map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return found

    def settled(self) -> Visit:
        """Wait until what was asked for last is on the screen."""
        self.page.locator("main[aria-busy=false]:not(:has(#panel[aria-busy=true]))").wait_for()
        return self

    def heard(self) -> None:
        """Wait until the page has taken in whatever came before: an answer of later and an event of later are there."""
        self.page.evaluate("() => fetch(location.href).then(() => new Promise(done => setTimeout(done)))")

    @property
    def complaints(self) -> list[str]:
        """What should not be."""
        own = urlsplit(self.site.url).netloc
        urls = [each.url for each in self.requests]
        foreign = [url for url in urls if urlsplit(url.removeprefix("blob:")).netloc not in (own, "")]
        unforeseen = [text for text in self._said if not any(part in text for part in self.foreseen)]
        missing = [part for part in self.foreseen if not any(part in text for text in self._said)]
        return foreign + unforeseen + [f"not said: {part}" for part in missing]

    def _response(self, response: Response) -> None:
        self.responses.append(response)
        if response.status >= 400:
            self._said.append(f"{response.url}: status of {response.status}")

    def _console(self, message: ConsoleMessage) -> None:
        failed = message.text.startswith("Failed to load resource")  # some browsers say that, and some do not
        if message.type in ("error", "warning") and not failed:
            self._said.append(message.text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for one module: while it is open, asyncio cannot run anything else in this thread."""
    with sync_playwright() as playwright, launched(playwright, BROWSER) as browser:
        yield browser


@contextmanager
def serving(settings: Mapping[str, str], clock: Callable[[], datetime] = lambda: MORNING) -> Iterator[Site]:
    """The app with these settings, as a new process would run it."""
    with deployed(settings, clock) as host:
        yield Site(host)


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The app over an archive of some days, or the one that is running."""
    if RUNNING:
        yield running(RUNNING)
        return
    stack: Stack = request.getfixturevalue("stack")
    settings = stack.settings | {"REPORTS": ", ".join(REPORTS)}
    with Past(settings, USERS) as past:
        live_through(DAYS, past.app(settings["REPORTS"]), past.control)
        past.keep()
    with serving(settings) as served:
        yield served


@pytest.fixture
def new_visit(browser: Browser, site: Site) -> Iterator[Callable[..., Visit]]:
    """Opens a tab of its own, with options of Playwright's; in the end nothing may have gone wrong in it."""
    visits = []

    def visit(**options: object) -> Visit:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        visits.append(Visit(context.new_page(), site))
        return visits[-1]

    yield visit
    complaints = [complaint for each in visits for complaint in each.complaints]
    for each in visits:
        each.page.context.close()
    assert complaints == []


@contextmanager
def desktop(browser: Browser, site: Site) -> Iterator[Visit]:
    """A tab of a desktop in which nothing is open yet."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(PATIENCE)
        yield Visit(context.new_page(), site)


@pytest.fixture(scope="module")
def closed(browser: Browser, site: Site) -> Iterator[Visit]:
    """A tab of a desktop for `visit` alone: a new one costs more than most tests."""
    with desktop(browser, site) as visit:
        yield visit


@pytest.fixture
def visit(closed: Visit) -> Iterator[Visit]:
    """A tab of a desktop in which nothing is open and of which nothing is kept; in it nothing may go wrong."""
    closed.begin()
    yield closed
    complaints = closed.complaints
    closed.leave()
    assert complaints == []


@pytest.fixture(scope="module")
def opened(browser: Browser, site: Site) -> Iterator[Visit]:
    """A tab of a desktop in which the page is open."""
    with desktop(browser, site) as visit:
        yield visit.open()


@pytest.fixture
def tab(opened: Visit) -> Iterator[Visit]:
    """The same tab for all tests that ask for it, in which nothing may go wrong."""
    opened.begin()
    opened.page.bring_to_front()
    yield opened
    assert opened.complaints == []
