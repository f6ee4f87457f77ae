"""The page on the first day: nothing is archived, and then Graph says no."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from local.functions_host.host import FunctionError
from local.simulator_client import Control
from local.stack import Stack
from tests.browser.conftest import Site, Visit, serving
from tests.browser.world import RESTATED


@pytest.fixture(scope="module")
def site(stack: Stack) -> Iterator[Site]:
    """The app over an archive with nothing in it."""
    with serving(stack.settings | {"REPORTS": RESTATED}, Control(stack.control).now) as served:
        yield served


def test_an_empty_archive_says_how_it_starts(visit: Visit) -> None:
    visit.open()
    assert visit.text("#headline") == "Starting"
    steps = visit.page.locator("#getting-started li")
    expect(steps).to_have_count(3)
    expect(steps.nth(1)).to_contain_text("It begins at ")
    expect(visit.page.locator("#getting-started pre")).to_contain_text("/api/pull")
    expect(visit.page.locator("#overview")).to_have_count(0)
    expect(visit.page.locator(".card.absent", has_text="Not selected. To have it, add")).to_have_count(4)
    expect(visit.page.locator(".card.absent", has_text="Selected. It comes with the next run, at ")).to_have_count(1)


def test_a_page_that_needs_the_directory_says_so(visit: Visit) -> None:
    visit.open()
    for page in ("people", "licences", "departments"):
        visit.show(f"#/{page}")
        expect(visit.page.locator(f"#{page}-body")).to_contain_text("This page is made of the directory")


def test_without_permission_that_is_the_headline(visit: Visit, stack: Stack) -> None:
    control = Control(stack.control)
    control.put("roles", {"roles": []})
    with pytest.raises(FunctionError):
        visit.site.host.run_timer("pull")
    control.put("roles", {"roles": ["Reports.Read.All"]})
    control.sleep(60)  # what the app knew of the newest run, it keeps for half a minute
    visit.foreseen.append("status of 503")
    visit.open()
    assert visit.text("#headline") == "No permission"
    expect(visit.page.locator(".headline")).to_contain_text("Grant it as docs/deploy.md says.")
