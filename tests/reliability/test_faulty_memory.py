"""Storage in memory fails as the proxy in front of Azurite does."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.reliability.faulty_memory import FaultyMemory


def test_list_without_the_newest() -> None:
    storage = FaultyMemory(lambda: datetime(2026, 11, 20, tzinfo=UTC))
    for name in ("a/1", "a/2", "b/1", "b/2", "c/1"):
        storage.store.create("usage", name, b"", {})
    storage.set([{"fault": "stale_list", "times": None, "args": {"newest": 2}}])
    assert [each.name for each in storage.store.list("usage")] == ["a/1", "a/2", "b/1"]
    assert [each.name for each in storage.store.list("usage", "b")] == ["b/1"]
    assert [*storage.store.list_folders("usage")] == ["a/", "b/"]
