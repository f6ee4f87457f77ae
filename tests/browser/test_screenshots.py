"""The pictures in the docs, and one of every view for whoever wants to look at them, taken of `run --demo`.

Only where USAGE_ARCHIVE_SCREENSHOTS=1 asks for it: a year is lived through before. Those of every view go to
`.local/views`.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FloatRect

from local.setup import HOME, ROOT
from tests.browser.conftest import RUNNING, Site, Visit, running
from tests.browser.png import packed

pytestmark = pytest.mark.skipif(
    os.environ.get("USAGE_ARCHIVE_SCREENSHOTS") != "1", reason="set USAGE_ARCHIVE_SCREENSHOTS=1"
)

NOW = "2026-11-29T15:30"
FOLDER = ROOT / "docs" / "images"
VIEWS = HOME / "views"
MARGIN = 16
LARGEST = 300_000
"""Bytes of a picture."""
USERS = "getOffice365ActiveUserCounts(period='D180')"
SERVICES = "getOffice365ServicesUserCounts(period='D30')"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo, made anew; or the app that is running."""
    if RUNNING:
        yield running(RUNNING)
        return
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "local.cli", "run", "--demo", "--archive", str(folder), "--now", NOW]
    with subprocess.Popen([*command, "--port", "7099"], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        addresses = (re.match(r"Dashboard  (http\S+)/api/dashboard#key=", line) for line in process.stdout)
        yield running(next(filter(None, addresses))[1])
        process.send_signal(signal.SIGINT)


@pytest.fixture
def take(new_visit: Callable[..., Visit]) -> Callable[..., None]:
    """Takes a picture of a view, down to the end of an element."""

    def picture(file: Path, address: str, end: str, scheme: str, width: int) -> None:
        visit = new_visit(color_scheme=scheme, viewport={"width": width, "height": 1500})
        visit.open(address).settled()
        # Where it runs is not what a reader is interested in.
        visit.page.evaluate("() => { document.getElementById('host').textContent = 'contoso-usage' }")
        visit.heard()
        bottom: float = visit.page.locator(end).evaluate("element => element.getBoundingClientRect().bottom")
        area: FloatRect = {"x": 0, "y": 0, "width": width, "height": bottom + MARGIN}
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(visit.page.screenshot(clip=area, full_page=True))

    return picture


@pytest.mark.parametrize(
    ("name", "address", "end", "scheme", "width"),
    [
        ("dashboard", "#/overview", ".card:has(h3:text-is('Active users'))", "light", 1280),
        ("dashboard-dark", f"#/reports/{USERS}", "figure.chart", "dark", 1280),
        ("dashboard-phone", "#/overview", ".card:has(h3:text-is('Active users'))", "light", 390),
        ("dashboard-people", "#/people", "#people-body", "light", 1280),
    ],
)
def test_a_picture_is_taken(
    take: Callable[..., None], name: str, address: str, end: str, scheme: str, width: int
) -> None:
    picture = FOLDER / f"{name}.png"
    take(picture, address, end, scheme, width)
    picture.write_bytes(packed(picture.read_bytes()))
    assert picture.stat().st_size < LARGEST


@pytest.mark.parametrize(
    ("kind", "scheme", "width"), [("light", "light", 1280), ("dark", "dark", 1280), ("phone", "light", 390)]
)
@pytest.mark.parametrize(
    ("view", "address"),
    [
        *(
            (page, f"#/{page}")
            for page in ("overview", "people", "licences", "departments", "places", "reports", "archive")
        ),
        ("series", f"#/reports/{USERS}"),
        ("multiples", f"#/reports/{SERVICES}"),
        ("day", f"#/reports/{USERS}?view=day"),
        ("changes", f"#/reports/{SERVICES}?view=changes"),
    ],
)
def test_every_view_is_taken(
    take: Callable[..., None], view: str, address: str, kind: str, scheme: str, width: int
) -> None:
    take(VIEWS / f"{view}-{kind}.png", address, "main", scheme, width)
