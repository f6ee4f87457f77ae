"""What the tests of `local` share."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def write_app(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes a function app of the source of its `function_app.py`; gives its folder."""

    def write(source: str) -> Path:
        folder = tmp_path_factory.mktemp("app")
        (folder / "function_app.py").write_text(textwrap.dedent(source), "utf-8")
        return folder

    return write


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Waits until something outside this process has come true."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it did not come true within 20 seconds"
            time.sleep(0.02)

    return wait
