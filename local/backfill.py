"""A past for an archive: pulls of earlier days, lived through in one process, then put into storage as they are.

What lies there in the end is what the same pulls would have left over HTTP, but for the ids of requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Self

from local.direct_graph import DirectGraph
from local.in_memory import InMemoryBlobStore, KeptBlob
from local.in_process import InProcessControl
from shared.app import App
from shared.archive.layout import CONTAINERS, INPUT
from shared.pulling.side_by_side import side_by_side
from shared.settings import FOLDER_URL, SETTINGS, read
from simulator.simulator import Simulator

_WRITERS = 2
"""Blobs that are sent side by side; into a folder they are written one by one, as threads would wait for each other."""


def settings_of(simulator: Simulator) -> dict[str, str]:
    """Return the app settings that name a simulator in this process, beside defaults and storage in memory."""
    return {setting.name: setting.default for setting in SETTINGS if setting.default} | {
        "GRAPH_ENDPOINT": simulator.graph_endpoint,
        "DOWNLOAD_HOSTS": simulator.download_origin,
        "ARCHIVE_URL": "https://memory.invalid",
    }


class Past:
    """Begins with what the storage of these app settings holds, and puts into it what came to be at each `keep`."""

    def __init__(self, settings: Mapping[str, str], users: int) -> None:
        self._simulator = Simulator(users=users)
        self.control = InProcessControl(self._simulator)
        self.control.grant()
        self._store = InMemoryBlobStore(clock=self.control.now)
        self._place = App(read(settings)).archive.store
        self._writers = 1 if settings["ARCHIVE_URL"].startswith(FOLDER_URL) else _WRITERS
        for container in (*CONTAINERS, INPUT):
            for blob in self._place.list(container):
                if stored := self._place.get(container, blob.name):
                    self._store.put(container, blob.name, stored.content, stored.metadata)
        self._stored: dict[tuple[str, str], KeptBlob] = dict(self._store.blobs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._simulator.stop()

    def app(self, reports: str = "aggregates", *, keep_derived: bool = True) -> App:
        """Return the app, as in a new process: it lives in the simulator's time."""
        settings = read(settings_of(self._simulator) | {"REPORTS": reports})
        return App(
            settings,
            store=self._store,
            graph=DirectGraph(self._simulator),
            clock=self.control.now,
            sleep=self.control.sleep,
            keep_derived=keep_derived,
            workers=1,  # as nobody waits for a network, more are in each other's way
        )

    def keep(self, is_wanted: Callable[[str], bool] = lambda name: True) -> None:
        """Put what is new since the last time into storage, if its name is wanted, and forget what was asked.

        What was deleted since is deleted there too.
        """
        gone = [at for at in self._stored if at not in self._store.blobs]
        new = {at: kept for at, kept in self._store.blobs.items() if self._stored.get(at) is not kept}
        list(side_by_side(lambda at: self._put(at, new[at]), [at for at in new if is_wanted(at[1])], self._writers))
        for at in gone:
            del self._stored[at]
            self._place.delete(*at, with_versions=False)
        self._stored |= new
        self.control.forget()

    def _put(self, at: tuple[str, str], kept: KeptBlob) -> None:
        if not self._place.create(*at, kept.content, kept.metadata):
            stored = self._place.get(*at)
            self._place.replace_if(*at, kept.content, kept.metadata, stored.etag if stored else None)
