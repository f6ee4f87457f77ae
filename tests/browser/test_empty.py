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


def test_an_empty_archive_says_when_something_comes_and_what_would_come(visit: Visit) -> None:
    visit.open()
    assert visit.text("#headline") == "Empty"
    expect(visit.page.locator(".headline")).to_contain_text("POST /api/pull")
    assert visit.rows("#overview") == [[RESTATED, "none", "nothing archived", "not due"]]
    assert visit.page.locator(".card.absent").count() == 5
    expect(visit.page.locator("#days")).to_contain_text("Nothing is archived of this call.")


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
