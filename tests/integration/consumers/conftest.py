"""One running app for all who read it."""

import os
from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.serving import Served, serving


@pytest.fixture(scope="module")
def served(stack: Stack) -> Iterator[Served]:
    with serving(stack) as served:
        os.environ["CURL_CA_INFO"] = stack.settings["ARCHIVE_CA"]  # for DuckDB
        yield served
