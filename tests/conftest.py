"""The real parts that the tests share: storage, identity and the simulated Graph, started once for all tests."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import hypothesis
import pytest
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from local.environment import environment, identity
from local.simulator_client import Control
from local.stack import Stack
from local.storage import empty
from shared.app import App
from shared.archive.azure_blob_store import StorageTimeouts
from shared.graph.client import GraphClient
from shared.settings import read

hypothesis.settings.register_profile("project", deadline=None, derandomize=True)
hypothesis.settings.load_profile("project")

USERS = 40
MORNING = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)


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


@pytest.fixture
def control(stack: Stack) -> Control:
    """The simulator in its usual state, at seven in the morning."""
    return usual(stack)


@pytest.fixture
def make_app(stack: Stack, control: Control, blobs: BlobServiceClient) -> Callable[..., App]:
    """Makes the app that lives in the simulator's time, beside an empty archive; settings as keywords."""
    empty(blobs)
    return maker(stack, control)


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


def maker(stack: Stack, control: Control) -> Callable[..., App]:
    def make(graph: GraphClient | None = None, **settings: str) -> App:
        return App(
            read(stack.settings | settings),
            graph=graph,
            clock=control.now,
            sleep=control.sleep,
            timeouts=StorageTimeouts(backoff=0),
        )

    return make
