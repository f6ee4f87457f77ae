"""Storage in memory keeps the limits of Azure's that Azurite does not have."""

import io

import pytest

from local.in_memory import METADATA_BYTES, NAME_CHARACTERS, NAME_SEGMENTS, InMemoryBlobStore
from shared.domain.errors import ArchiveUnavailable


def created(name: str = "x", **metadata: str) -> bool:
    return InMemoryBlobStore().create("usage", name, b"", metadata)


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ({"x": "y" * (METADATA_BYTES - 1)}, {"x": "y" * METADATA_BYTES}),
        ({"name": "n" * NAME_CHARACTERS}, {"name": "n" * (NAME_CHARACTERS + 1)}),
        ({"name": "n/" * (NAME_SEGMENTS - 1) + "n"}, {"name": "n/" * NAME_SEGMENTS + "n"}),
        ({"x": "e"}, {"x": "é"}),
    ],
    ids=["metadata", "name", "segments", "ascii"],
)
def test_so_much_is_kept_and_no_more(most: dict[str, str], more: dict[str, str]) -> None:
    assert created(**most)
    with pytest.raises(ArchiveUnavailable):
        created(**more)


def test_there_is_no_empty_block() -> None:
    with pytest.raises(ArchiveUnavailable, match="InvalidHeaderValue"):
        InMemoryBlobStore().stage("usage", "x", io.BytesIO())
