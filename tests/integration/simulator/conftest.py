"""A simulator that stands at noon of a Friday, and a client for it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from simulator import Simulator
from tests.integration.simulator.client import Client

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(now=NOON) as running:
        running.clock.set(NOON, running=False)
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    with Client(simulator) as client:
        yield client
