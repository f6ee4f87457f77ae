"""The real parts that the tests share: storage, identity and the simulated Graph, started once for all tests."""

import gc
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import hypothesis
import pytest
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from local.environment import environment, identity
from local.simulator_client import Control
from local.stack import Stack
from local.storage import empty
from shared.app import App
from shared.archive.blob_requests import StorageTimeouts
from shared.archive.blob_store import BlobStore
from shared.graph.client import GraphClient
from shared.settings import read
from tests.reliability.faulty_memory import FaultyMemory

# Examples by chance: the same ones each time.
hypothesis.settings.register_profile("short", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.register_profile("long", deadline=None, derandomize=True, max_examples=500)

USERS = 40
MORNING = datetime.fromisoformat(os.environ.get("USAGE_ARCHIVE_MORNING", "2026-11-21T07:15:00+00:00"))
"""When tests begin: any time will do, and `python -m tests.reliability dates` tries many."""
AT_MORNING = {"control", "make_app", "lasting", "site"}
"""The fixtures that begin then."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long too, and try many more examples")


def pytest_configure(config: pytest.Config) -> None:
    # What a shell starts in the background ignores it, and so would the programs that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    hypothesis.settings.load_profile("long" if config.getoption("--long") else "short")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and not AT_MORNING.isdisjoint(item.fixturenames):
            item.add_marker("any_date")
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over all that is there before the first test, and stays."""
    gc.freeze()


@pytest.fixture(scope="session")
def started() -> Iterator[Stack]:
    """The real parts as the module before left them: for `stack` alone."""
    with Stack(users=USERS) as stack, environment(identity(stack.settings)):
        yield stack


@pytest.fixture(scope="module")
def stack(started: Stack, blobs: BlobServiceClient) -> Stack:
    """The real parts as if newly started: nothing is archived, and the simulator is in its usual state."""
    empty(blobs)
    usual(started)
    return started


@pytest.fixture(scope="session")
def blobs(started: Stack) -> Iterator[BlobServiceClient]:
    """The blob service as anybody else would see it."""
    credential = ManagedIdentityCredential()
    url, ca = started.settings["ARCHIVE_URL"], started.settings["ARCHIVE_CA"]
    with BlobServiceClient(url, credential, connection_verify=ca) as service, credential:
        yield service


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Waits until something outside this process has come true."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it did not come true within 20 seconds"
            time.sleep(0.02)

    return wait


@pytest.fixture
def control(stack: Stack) -> Control:
    """The simulator in its usual state, at seven in the morning."""
    return usual(stack)


@pytest.fixture
def make_app(stack: Stack, control: Control, blobs: BlobServiceClient) -> Callable[..., App]:
    """Makes the app that lives in the simulator's time, beside an empty archive; settings as keywords."""
    empty(blobs)
    return maker(stack, control)


@pytest.fixture
def storage(control: Control) -> FaultyMemory:
    """Storage for `make_app_in_memory`."""
    return FaultyMemory(control.now)


@pytest.fixture
def make_app_in_memory(stack: Stack, control: Control, storage: FaultyMemory) -> Callable[..., App]:
    """What `make_app` is, but for storage: for what is about Graph, as a run takes a fifth of the time."""
    return maker(stack, control, storage.store)


@pytest.fixture(scope="module")
def lasting(stack: Stack) -> tuple[Callable[..., App], Control]:
    """What `make_app` and `control` are, once for all tests of a module: they may read what the app archived."""
    control = usual(stack)
    return maker(stack, control), control


def usual(stack: Stack) -> Control:
    control = Control(stack.control)
    control.reset()
    control.set_time(MORNING)
    return control


def maker(stack: Stack, control: Control, store: BlobStore | None = None) -> Callable[..., App]:
    def make(graph: GraphClient | None = None, clock: Callable[[], datetime] | None = None, **settings: str) -> App:
        return App(
            read(stack.settings | settings),
            store=store,
            graph=graph,
            clock=clock or control.now,
            sleep=control.sleep,
            timeouts=StorageTimeouts(backoff=0),
        )

    return make
