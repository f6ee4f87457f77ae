"""The pictures in the docs, taken of the page in front of an archive of 400 days.

Only where USAGE_ARCHIVE_SCREENSHOTS=1 asks for it: such a life takes minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator

from local.control import Control
from local.setup import ROOT
from local.stack import Stack
from shared.settings import read
from tests.dashboard.conftest import Site, Visit, serving
from tests.dashboard.world import REPORTS, RESTATED, live_through

pytestmark = pytest.mark.skipif(
    os.environ.get("USAGE_ARCHIVE_SCREENSHOTS") != "1", reason="set USAGE_ARCHIVE_SCREENSHOTS=1"
)

DAYS = 400
FOLDER = ROOT / "docs" / "images"
LARGEST = 300_000
"""Bytes of a picture."""
ALSO = ("getSharePointSiteUsageStorage(period='D180')", "getTeamsUserActivityUserCounts(period='D180')")


@pytest.fixture(scope="module")
def site(stack: Stack, emptied: Control) -> Iterator[Site]:
    """The app over an archive of more than a year, in which little went wrong."""
    settings = stack.settings | {"REPORTS": ", ".join((*REPORTS, *ALSO))}
    live_through(DAYS, read(settings), emptied, calm=True)
    with serving(settings) as served:
        yield served


@pytest.mark.parametrize(
    ("name", "top", "scheme", "width", "height"),
    [
        ("dashboard", "#main", "light", 1280, 1560),
        ("dashboard-dark", "#reports", "dark", 1280, 1300),
        ("dashboard-phone", "#main", "light", 390, 1200),
    ],
)
def test_a_picture_is_taken(
    new_visit: Callable[..., Visit], name: str, top: str, scheme: str, width: int, height: int
) -> None:
    visit = new_visit(color_scheme=scheme, viewport={"width": width, "height": height})
    visit.open(f"#call={RESTATED}&view=series").settled()
    # Where it runs is not what a reader is interested in.
    visit.page.evaluate("() => { document.getElementById('host').textContent = 'contoso-usage.azurewebsites.net' }")
    scroll_to(visit.page.locator(top))
    picture = visit.page.screenshot(path=FOLDER / f"{name}.png")
    assert len(picture) < LARGEST


def scroll_to(element: Locator) -> None:
    element.evaluate("element => element.scrollIntoView({ behavior: 'instant' })")
