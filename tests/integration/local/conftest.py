"""What the tests of `local` share."""

from __future__ import annotations

import textwrap
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
