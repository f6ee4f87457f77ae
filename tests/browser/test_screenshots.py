"""The pictures in the docs, taken of the page in front of an archive of 400 days.

Only where USAGE_ARCHIVE_SCREENSHOTS=1 asks for it: such a life takes minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import FloatRect

from local.backfill import Past
from local.run import PRICES
from local.setup import ROOT
from local.stack import Stack
from shared.archive.layout import INPUT
from shared.views.inputs import PRICES as PRICE_LIST
from tests.browser.conftest import Site, Visit, serving
from tests.browser.png import packed
from tests.browser.world import REPORTS, live_through

pytestmark = pytest.mark.skipif(
    os.environ.get("USAGE_ARCHIVE_SCREENSHOTS") != "1", reason="set USAGE_ARCHIVE_SCREENSHOTS=1"
)

DAYS = 400
USERS = 900
FOLDER = ROOT / "docs" / "images"
MARGIN = 16
LARGEST = 300_000
"""Bytes of a picture."""
COUNTS = "getOffice365ActiveUserCounts(period='D180')"
ALSO = (
    *("getSharePointSiteUsageStorage(period='D180')", "getTeamsUserActivityUserCounts(period='D180')"),
    "getMicrosoft365CopilotUsageUserDetail(period='D180')",
)


@pytest.fixture(scope="module")
def site(stack: Stack) -> Iterator[Site]:
    """The app over an archive of more than a year, in which little went wrong."""
    settings = stack.settings | {"REPORTS": ", ".join((*REPORTS, *ALSO))}
    with Past(settings, USERS) as past:
        app = past.app(settings["REPORTS"])
        app.archive.store.create(INPUT, PRICE_LIST, PRICES.encode(), {})
        live_through(DAYS, app, past.control, calm=True)
        past.keep()
    with serving(settings) as served:
        yield served


@pytest.mark.parametrize(
    ("name", "address", "end", "scheme", "width"),
    [
        ("dashboard", "#/overview", ".card:has(h3:text-is('Active users'))", "light", 1280),
        ("dashboard-dark", f"#/reports/{COUNTS}", "figure.chart", "dark", 1280),
        ("dashboard-phone", "#/overview", ".card:has(h3:text-is('Active users'))", "light", 390),
        ("dashboard-people", "#/people", "#people-list", "light", 1280),
    ],
)
def test_a_picture_is_taken(
    new_visit: Callable[..., Visit], name: str, address: str, end: str, scheme: str, width: int
) -> None:
    visit = new_visit(color_scheme=scheme, viewport={"width": width, "height": 1500})
    visit.open(address).settled()
    # Where it runs is not what a reader is interested in.
    visit.page.evaluate("() => { document.getElementById('host').textContent = 'contoso-usage.azurewebsites.net' }")
    visit.heard()
    bottom: float = visit.page.locator(end).evaluate("element => element.getBoundingClientRect().bottom")
    area: FloatRect = {"x": 0, "y": 0, "width": width, "height": bottom + MARGIN}
    picture = packed(visit.page.screenshot(clip=area))
    (FOLDER / f"{name}.png").write_bytes(picture)
    assert len(picture) < LARGEST
