"""All that the app needs around it on one machine: a place for the archive, a managed identity and a Graph."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from local.child import Child
from local.folder import files
from local.functions_host.queues import MemoryQueue, Queue
from local.setup import ROOT
from local.simulator_client import Control
from shared.settings import SETTINGS

_CLIENT_ID = "cccccccc-1111-2222-3333-444444444444"
"""Of an app registration: the simulated customers consented to any."""


class Stack:
    """Storage and the simulator, running while the `with` block lasts; `settings` are the app settings to go with them.

    The archive is kept by Azurite in `folder`, or in memory without one; without `azurite` it is the plain files in
    `folder`, which must be given, and neither Azurite nor Node.js is needed. `simulator` are further arguments for the
    simulator, `settings` app settings that win over the usual ones. `control` is the address at which the simulator is
    told to misbehave. With `queues` the queues are Azurite's too, and `new_queue` opens one; else one in memory.
    """

    settings: dict[str, str]
    control: str

    def __init__(
        self,
        folder: Path | None = None,
        *,
        azurite: bool = True,
        queues: bool = False,
        users: int = 200,
        seed: int = 1,
        tenants: int = 0,
        simulator: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._has_azurite = azurite
        self._has_queues = queues
        self.new_queue: Callable[[str], Queue] = lambda name: MemoryQueue()
        self._arguments = ["--users", str(users), "--seed", str(seed), *simulator]
        self._tenants = tenants
        self._given_settings = settings or {}
        self._cleanup = ExitStack()
        self._children: list[Callable[[], None]] = []

    def check(self) -> None:
        """Raise ChildError if storage or the simulator has ended."""
        for check in self._children:
            check()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            trusted, arguments = undo.enter_context(_customers(self._tenants))
            simulator = Child(
                "The simulator",
                [sys.executable, "-m", "simulator", "--json", "--watch-stdin", *self._arguments, *arguments],
                _announcement,
                cwd=ROOT,
            )
            undo.callback(simulator.stop)
            self._children = [simulator.check]
            storage = undo.enter_context(self._storage())
            graph = simulator.announcement()
            self.control = graph["control"]
            self.settings = {
                **{setting.name: setting.default for setting in SETTINGS if setting.default},
                "IDENTITY_ENDPOINT": graph["identity_endpoint"],
                "IDENTITY_HEADER": graph["identity_header"],
                "GRAPH_ENDPOINT": graph["graph_endpoint"],
                "DOWNLOAD_HOSTS": graph["download_origin"],
                **storage,
                **trusted,
                **(_settings_of_customers(graph) if self._tenants else {}),
                **self._given_settings,
            }
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    @contextmanager
    def _storage(self) -> Iterator[Mapping[str, str]]:
        """Give the app settings that name what the archive is kept in."""
        if self._has_azurite:
            from local.storage import Storage  # which not every set-up has

            with Storage(self._folder, ("blob", "queue") if self._has_queues else ("blob",)) as storage:
                self._children.append(storage.check)
                if self._has_queues:
                    self.new_queue = storage.new_queue
                yield storage.settings
        else:
            assert self._folder
            with files(self._folder) as settings:
                yield settings


@contextmanager
def _customers(number: int) -> Iterator[tuple[Mapping[str, str], Sequence[str]]]:
    """Give what the app trusts, and the arguments of the simulator, for tenants of so many customers."""
    if not number:
        yield {}, ()
        return
    from local.certificate import certificate  # as for storage

    with tempfile.TemporaryDirectory(prefix="usage-archive-") as folder:
        file, key = certificate(Path(folder))
        yield {"REQUESTS_CA_BUNDLE": str(file)}, ("--tenants", str(number), "--certificate", str(file), str(key))


def _settings_of_customers(graph: Mapping[str, str]) -> dict[str, str]:
    return {
        "AZURE_AUTHORITY_HOST": graph["login"],
        "TENANTS": ",".join(Control(graph["control"]).get("tenants")),
        "TENANTS_CLIENT_ID": _CLIENT_ID,
    }


def _announcement(line: str) -> dict[str, str] | None:
    return json.loads(line) if line.startswith("{") else None
