"""Where an archive can live while it is tried: among the real parts, or in one process and its memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, cast

from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from local.simulator_client import Control
from local.stack import Stack
from local.storage import empty
from shared.app import App
from shared.archive.snapshots import Archive, Patience
from shared.domain.catalogue import catalogue
from shared.settings import SETTINGS, read
from simulator.faults.rules import Rules
from simulator.simulator import Simulator
from tests.reliability.in_memory import Kept, Memory
from tests.reliability.in_process import InProcessControl, in_process_graph
from tests.reliability.oracle import Blobs
from tests.reliability.storage_proxy import FaultyStorage, Operation
from tests.reliability.storage_proxy.proxy import Hook

CONTAINERS = ("usage", "usage-personal", "usage-derived", "usage-quarantine")


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
        self._settings = {setting.name: setting.default for setting in SETTINGS if setting.default} | {
            "GRAPH_ENDPOINT": self._simulator.graph_endpoint,
            "DOWNLOAD_HOSTS": self._simulator.download_origin,
            "ARCHIVE_URL": "https://memory.invalid",
        }
        self.control = InProcessControl(self._simulator)
        self.secret = self._simulator.identity_header
        self._memory = Memory()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._simulator.stop()

    @property
    def storage(self) -> Storage:
        return self._memory

    def app(self, reports: str = "aggregates") -> App:
        app = self._app(self._memory, reports)
        puller = app.runner.puller._replace(
            archive=app.archive, graph=in_process_graph(self._simulator, self.control.sleep)
        )
        app.runner = app.runner._replace(puller=puller)
        return app

    def reader(self) -> App:
        return self._app(self._memory.sound(), "aggregates")

    def clear(self) -> None:
        self._memory.clear()

    def blobs(self, anew: bool = False) -> Blobs:
        return self._memory.blobs

    def _app(self, memory: Memory, reports: str) -> App:
        app = App(read(self._settings | {"REPORTS": reports}), self.control.now, self.control.sleep)
        app.archive = _InMemory(memory)
        return app


class _InMemory(Archive):
    def __init__(self, storage: Memory) -> None:
        super().__init__("https://memory.invalid", ManagedIdentityCredential(), catalogue().personal)
        self._service = cast(BlobServiceClient, storage)


class AmongParts(World):
    """Azurite behind a proxy, the azure SDKs, and the simulator over HTTP."""

    def __init__(self, stack: Stack) -> None:
        self._settings = stack.settings
        self._known: dict[tuple[str, str], Kept] = {}
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
        app = self._app(self._proxy.settings | {"REPORTS": reports})
        app.runner = app.runner._replace(puller=app.runner.puller._replace(archive=app.archive))
        return app

    def reader(self) -> App:
        return self._app({})

    def clear(self) -> None:
        self._known.clear()
        empty(self._blobs)

    def blobs(self, anew: bool = False) -> Blobs:
        if anew:
            self._known.clear()
        there = {container.name for container in self._blobs.list_containers()}
        found = {}
        for container in there & set(CONTAINERS):
            client = self._blobs.get_container_client(container)
            for blob in client.list_blobs(include=["metadata"]):
                at, metadata = (container, blob.name), blob.metadata or {}
                known = self._known.get(at)
                if not known or (known.metadata, known.etag) != (metadata, blob.etag):
                    known = self._known[at] = Kept(client.download_blob(blob.name).readall(), metadata, blob.etag)
                found[at] = known
        return found

    def _app(self, settings: Mapping[str, str]) -> App:
        given = read({**self._settings, **settings})
        return App(given, self.control.now, self.control.sleep, Patience(pause=0))
