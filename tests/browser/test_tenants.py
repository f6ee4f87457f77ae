"""The page where one app archives many tenants: how all stand, and the archive of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from local.simulator_client import Control
from local.stack import Stack
from shared.fleet import fleet
from tests.browser.conftest import Site, Visit, serving
from tests.browser.world import RESTATED

NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The app over the archives of three tenants, of which the second has not consented."""
    folder: Path = tmp_path_factory.mktemp("tenants")
    with Stack(folder, azurite=False, users=10, tenants=3, settings={"REPORTS": RESTATED}) as stack:
        control = Control(stack.control)
        control.set_time(NOW)
        second = stack.settings["TENANTS"].split(",")[1]
        control.put("consent", {"tenant": second, "error": "AADSTS65001"})
        with serving(stack.settings, control.now) as served:
            messages: list[str] = []
            fleet().pull_all(messages.extend)
            for message in messages:
                fleet().pull_one(message, message, messages.append)
            yield served


def test_all_tenants_are_shown_with_their_states_and_found_by_a_word(visit: Visit) -> None:
    visit.open()
    assert visit.text("#fleet-told") == "3 tenants: 2 up to date, 1 has not consented."
    assert len(visit.rows("#tenants-body")) == 3
    expect(visit.page.locator("#tenants-body a", has_text="its administrator opens this")).to_have_count(1)
    visit.page.get_by_label("Find a tenant").fill("consented")
    assert len(visit.rows("#tenants-body")) == 1
    expect(visit.page.locator("#parts")).to_be_hidden()


def test_a_key_of_the_fleet_s_function_alone_opens_the_fleet_and_each_tenant(site: Site, visit: Visit) -> None:
    visit.foreseen = ["401"]
    visit.open(key=site.host.keys["tenants"])
    assert visit.text("#fleet-told") == "3 tenants: 2 up to date, 1 has not consented."
    first = visit.rows("#tenants-body")[0][0]
    visit.page.locator("#tenants-body a", has_text=first).click()
    expect(visit.page.locator("#headline")).to_be_visible()
    expect(visit.page.locator("#tenant")).to_have_value(first)


def test_a_second_key_opens_what_has_people_in_it(site: Site, visit: Visit) -> None:
    visit.foreseen = ["401"]
    visit.page.goto(site.url)
    visit.page.get_by_text("Another key").click()
    visit.page.locator("#personal-key").fill(site.host.keys["personal_tenants"])
    visit.enter(site.host.keys["tenants"])
    visit.page.locator("#tenants-body a").first.click()
    visit.settled()
    opened = [(answer.url.partition("/personal/")[2], answer.status) for answer in visit.responses]
    assert ("v1.0/reports", 200) in opened


def test_a_tenant_leads_to_its_archive_and_another_one_can_be_chosen(visit: Visit) -> None:
    visit.open()
    first, _, third = (row[0] for row in visit.rows("#tenants-body"))
    visit.page.locator("#tenants-body a", has_text=first).click()
    expect(visit.page.locator("#headline")).to_be_visible()
    asked = {request.url.partition("/api")[2] for request in visit.requests}
    assert f"/tenants/{first}/status" in asked
    visit.page.locator("#tenant").select_option(third)
    expect(visit.page.locator("main[aria-busy=false]")).to_be_visible()
    expect(visit.page.locator("#tenant")).to_have_value(third)
    visit.page.locator("#tenant").select_option("")
    expect(visit.page.locator("#fleet-told")).to_be_visible()
