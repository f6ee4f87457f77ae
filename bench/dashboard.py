"""How soon the dashboard says what is well, of every call, when a new app and a new browser are asked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from bench.measure import Row, Scale, Side, Skipped, compared, interleaved
from bench.parts import FIVE_YEARS, TODAY, aged
from local.functions_host.deployed import deployed
from local.functions_host.host import HOST_KEY

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MONTH = 30
FIRST = "performance.getEntriesByName('health')[0]?.startTime"
"""Milliseconds from the beginning of the visit; the page marks that when its first part is filled."""


def rows(scale: Scale) -> list[Row]:
    """Each round begins with an app that has read nothing yet."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        raise Skipped("there is no chromium or google-chrome on the PATH")
    number = scale.pick(FIVE_YEARS, 60)
    with (
        aged(number, MONTH) as (old, young),
        import_module("playwright.sync_api").sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium) as browser,
    ):
        took = interleaved({"old": _side(browser, old), "young": _side(browser, young)}, 2 * scale.rounds)
    question = f"dashboard of all calls, {number} days, by a new app: until it says what is well"
    return [compared(question, took["old"], f"in an archive of {MONTH} days", took["young"], "s", 1.2)]


def _side(browser: Browser, settings: Mapping[str, str]) -> Side:
    def visit() -> float:
        with deployed(settings, lambda: TODAY) as host, browser.new_context() as context:
            context.add_init_script(f"sessionStorage.setItem('usage-archive-key', '{host.keys[HOST_KEY]}')")
            page = context.new_page()
            page.goto(f"{host.url}/api/dashboard")
            page.locator("main[aria-busy=false]").wait_for()
            return float(page.evaluate(FIRST)) / 1000

    return visit
