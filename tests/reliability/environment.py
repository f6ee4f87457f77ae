"""Where an archive can live while it is tried: among the real parts, or in one process and its memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from local.backfill import settings_of
from local.in_memory import InMemoryBlobStore, KeptBlob
from local.in_process import InProcessControl, in_process_graph
from local.simulator_client import Control
from local.stack import Stack
from local.storage import empty
from shared.app import App
from shared.archive.azure_blob_store import AzureBlobStore, StorageTimeouts
from shared.archive.blob_store import BlobStore
from shared.archive.layout import CONTAINERS
from shared.identity import ManagedIdentity
from shared.settings import read
from simulator.faults.rules import Rules
from simulator.simulator import Simulator
from tests.reliability.in_memory import FaultyMemory
from tests.reliability.oracle import Blobs
from tests.reliability.storage_proxy import FaultyStorage, Operation
from tests.reliability.storage_proxy.proxy import Hook

AT_ONCE = StorageTimeouts(backoff=0)
"""Storage is asked again without a pause."""


class Storage(Protocol):
    """A blob service with faults."""

    seen: list[Operation]
    rules: Rules
    before: Hook
    after: Hook

    def set(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """These rules and no others."""


class World(ABC):
    """A simulated Graph, which `control` steers, and a blob service whose faults are set at `storage`."""

    control: Control
    secret: str
    """Of the identity endpoint."""

    @property
    @abstractmethod
    def storage(self) -> Storage:
        """Where its operations are seen and disturbed."""

    @abstractmethod
    def app(self, reports: str = "aggregates") -> App:
        """The app, as in a new process: it lives in the simulator's time and does not wait before it tries again."""

    @abstractmethod
    def reader(self) -> App:
        """Another, which no fault of storage reaches."""

    @abstractmethod
    def clear(self) -> None:
        """Empty the archive."""

    @abstractmethod
    def blobs(self, anew: bool = False) -> Blobs:
        """All that is stored; read `anew` even if the service says that it is still the same."""


class InProcess(World):
    """No network and no service: twenty times as fast."""

    def __init__(self, users: int = 12) -> None:
        self._simulator = Simulator(users=users)
        self._settings = settings_of(self._simulator)
        self.control = InProcessControl(self._simulator)
        self.secret = self._simulator.identity_header
        self._memory = FaultyMemory()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._simulator.stop()

    @property
    def storage(self) -> Storage:
        return self._memory

    def app(self, reports: str = "aggregates") -> App:
        return self._app(self._memory.store, reports)

    def reader(self) -> App:
        return self._app(self._memory.sound, "aggregates")

    def clear(self) -> None:
        self._memory.clear()

    def blobs(self, anew: bool = False) -> Blobs:
        return self._memory.sound.blobs

    def _app(self, store: InMemoryBlobStore, reports: str) -> App:
        graph = in_process_graph(self._simulator, self.control.sleep)
        settings = read(self._settings | {"REPORTS": reports})
        return App(settings, store=store, graph=graph, clock=self.control.now, sleep=self.control.sleep)


class AmongParts(World):
    """Azurite behind a proxy, the azure SDKs, and the simulator over HTTP."""

    def __init__(self, stack: Stack) -> None:
        self._settings = stack.settings
        self._known: dict[tuple[str, str], KeptBlob] = {}
        url, ca = stack.settings["ARCHIVE_URL"], stack.settings["ARCHIVE_CA"]
        self._blobs = BlobServiceClient(url, ManagedIdentityCredential(), connection_verify=ca)
        self.control = Control(stack.control)
        self.secret = stack.settings["IDENTITY_HEADER"]
        self._proxy = FaultyStorage.in_front_of(stack.settings)

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._proxy.__exit__()
        self._blobs.close()

    @property
    def storage(self) -> Storage:
        return self._proxy

    def app(self, reports: str = "aggregates") -> App:
        settings = self._proxy.settings
        identity = ManagedIdentity(sleep=self.control.sleep)
        store = AzureBlobStore(settings["ARCHIVE_URL"], identity, settings["ARCHIVE_CA"], AT_ONCE)
        return self._app({"REPORTS": reports}, store)

    def reader(self) -> App:
        return self._app({})

    def clear(self) -> None:
        self._known.clear()
        empty(self._blobs)

    def blobs(self, anew: bool = False) -> Blobs:
        if anew:
            self._known.clear()
        there = {container.name for container in self._blobs.list_containers()}
        blobs = {}
        for container in there & set(CONTAINERS):
            client = self._blobs.get_container_client(container)
            for blob in client.list_blobs(include=["metadata"]):
                at, metadata = (container, blob.name), blob.metadata or {}
                known = self._known.get(at)
                if not known or (known.metadata, known.etag) != (metadata, blob.etag):
                    known = self._known[at] = KeptBlob(client.download_blob(blob.name).readall(), metadata, blob.etag)
                blobs[at] = known
        return blobs

    def _app(self, settings: Mapping[str, str], store: BlobStore | None = None) -> App:
        given = read({**self._settings, **settings})
        return App(given, store=store, clock=self.control.now, sleep=self.control.sleep, timeouts=AT_ONCE)
