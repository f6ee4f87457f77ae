"""One running app for all who read it."""

import os
from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient

from local.stack import Stack
from tests.serving import Served, serving


@pytest.fixture(scope="package")
def served(stack: Stack, blobs: BlobServiceClient) -> Iterator[Served]:
    with serving(stack, blobs) as served:
        os.environ["CURL_CA_INFO"] = stack.settings["ARCHIVE_CA"]  # for DuckDB
        yield served
