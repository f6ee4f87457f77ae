"""The browsers of this machine, and a tab that is driven in the same words in each of them.

Playwright drives Chromium by its own protocol and Firefox by WebDriver BiDi; Selenium drives WebKit by WebDriver,
through the driver that comes with WebKitGTK, on a screen that nobody sees.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, WebKitGTK, WebKitGTKOptions, WebKitGTKService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

WIDTH, HEIGHT = 1280, 900
PATIENCE = 20
"""Seconds."""
MINI_BROWSER = "lib/*/webkit2gtk-4.*/MiniBrowser"
"""Below /usr: the browser of WebKitGTK that its driver drives."""


class Tab(Protocol):
    """A tab. What is meant is the first element of a selector that can be seen and has a text in it."""

    def open(self, url: str) -> None:
        """Load a page."""

    def see(self, selector: str, text: str = "") -> None:
        """Wait until it is there."""

    def click(self, selector: str, text: str = "") -> None:
        """Wait until it is there, and click it in its middle."""

    def write(self, selector: str, text: str) -> None:
        """Type a text where nothing stands yet."""

    def choose(self, selector: str, value: str) -> None:
        """Pick a value of a field that has a picker."""

    def point(self, selector: str) -> None:
        """Move the mouse to its middle."""

    def press(self, *keys: str) -> None:
        """Press keys at once, such as `Control` and `k`."""

    def ask(self, expression: str) -> Any:
        """What an expression of JavaScript is."""

    def said(self) -> list[str]:
        """Warnings and errors, on the console or uncaught, since the page was opened."""


@contextmanager
def tab_of(name: str, downloads: Path) -> Iterator[Tab]:
    """A tab in the browser of that name; what is downloaded in it goes to the folder, under its own name."""
    with ExitStack() as stack:
        if name == "webkit":
            yield stack.enter_context(_webkit(downloads))
        else:
            playwright = stack.enter_context(sync_playwright())
            browser = stack.enter_context(launched(playwright, name, downloads))
            yield PlaywrightTab(browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}), downloads)


def launched(playwright: Playwright, name: str, downloads: Path | None = None) -> Browser:
    """Start Chromium or Firefox."""
    if name == "firefox":
        path = _path("Firefox", "firefox-esr", "firefox-esr", "firefox")
        return playwright.firefox.launch(channel="moz-firefox", executable_path=path, downloads_path=downloads)
    path = _path("Chromium", "chromium", "chromium", "chromium-browser", "google-chrome")
    return playwright.chromium.launch(executable_path=path)


def _path(browser: str, package: str, *names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.skip(f"there is no {browser}: no {' or '.join(names)} on the PATH (Debian: apt install {package})")
    return found


class PlaywrightTab:
    """A tab of Chromium or Firefox."""

    def __init__(self, page: Page, downloads: Path) -> None:
        self._page = page
        self._said: list[str] = []
        page.set_default_timeout(1000 * PATIENCE)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._said.append(f"uncaught: {error}"))
        page.on("download", lambda file: file.save_as(downloads / file.suggested_filename))

    def open(self, url: str) -> None:
        self._page.goto(url)

    def see(self, selector: str, text: str = "") -> None:
        self._page.locator(selector).filter(has_text=text, visible=True).first.wait_for()

    def click(self, selector: str, text: str = "") -> None:
        self._page.locator(selector).filter(has_text=text, visible=True).first.click()

    def write(self, selector: str, text: str) -> None:
        self._page.locator(selector).press_sequentially(text)

    def choose(self, selector: str, value: str) -> None:
        self._page.locator(selector).fill(value)

    def point(self, selector: str) -> None:
        self._page.locator(selector).hover()

    def press(self, *keys: str) -> None:
        self._page.keyboard.press("+".join(keys))

    def ask(self, expression: str) -> Any:
        return self._page.evaluate(expression)

    def said(self) -> list[str]:
        return self._said

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._said.append(message.text)


@contextmanager
def _webkit(downloads: Path) -> Iterator[Tab]:
    screen = _path("screen for WebKit", "xvfb", "Xvfb")
    driver = _path("driver of WebKit", "webkit2gtk-driver", "WebKitWebDriver")
    options = WebKitGTKOptions()
    options.binary_location = str(next(Path("/usr").glob(MINI_BROWSER)))
    options.add_argument("--automation")
    with subprocess.Popen([screen, "-displayfd", "1", "-screen", "0", "1600x1200x24"], stdout=-1, stderr=-3) as xvfb:
        try:
            assert xvfb.stdout
            display = f":{int(xvfb.stdout.readline())}"
            environment = {**os.environ, "DISPLAY": display, "HOME": str(downloads)}
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of Selenium's, by Selenium
                tab = WebKitTab(WebKitGTK(options, WebKitGTKService(driver, env=environment)))
            yield tab
            tab.quit()
        finally:
            xvfb.terminate()


class WebKitTab:
    """A tab of WebKit."""

    KEEP = """
        window.said = [];
        for (const name of ["error", "warn"]) console[name] = (...parts) => said.push(parts.join(" "));
        for (const name of ["error", "unhandledrejection"])
            addEventListener(name, (event) => said.push(`uncaught: ${event.message ?? event.reason}`));
    """
    """Its driver tells nothing of the console, so the page keeps what comes after it was loaded."""

    PICK = """
        const [field, value] = arguments;
        field.value = value;
        for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
    """

    def __init__(self, driver: WebKitGTK) -> None:
        self._driver = driver
        self._wait = WebDriverWait(driver, PATIENCE, 0.05, [StaleElementReferenceException])
        driver.set_window_size(WIDTH, HEIGHT)

    def quit(self) -> None:
        self._driver.quit()

    def open(self, url: str) -> None:
        self._driver.get(url)
        self._driver.execute_script(self.KEEP)

    def see(self, selector: str, text: str = "") -> None:
        self._element(selector, text)

    def click(self, selector: str, text: str = "") -> None:
        self._element(selector, text).click()

    def write(self, selector: str, text: str) -> None:
        self._element(selector).send_keys(text)

    def choose(self, selector: str, value: str) -> None:
        self._driver.execute_script(self.PICK, self._element(selector), value)

    def point(self, selector: str) -> None:
        ActionChains(self._driver).move_to_element(self._element(selector)).perform()

    def press(self, *keys: str) -> None:
        codes = [getattr(Keys, key.upper().replace("ARROW", "ARROW_"), key) for key in keys]
        chain = ActionChains(self._driver)
        for code in codes:
            chain.key_down(code)
        for code in codes[::-1]:
            chain.key_up(code)
        chain.perform()

    def ask(self, expression: str) -> Any:
        return self._driver.execute_script(f"return {expression}")

    def said(self) -> list[str]:
        return [str(each) for each in self.ask("window.said")]

    def _element(self, selector: str, text: str = "") -> WebElement:
        found: list[WebElement] = []

        def seen(driver: WebKitGTK) -> bool:
            elements = driver.find_elements(By.CSS_SELECTOR, selector)
            found[:] = [
                each for each in elements if each.is_displayed() and text in str(each.get_property("textContent"))
            ][:1]
            return bool(found)

        self._wait.until(seen, f"{selector} {text}")
        return found[0]
