"""All that the app needs around it on one machine: a place for the archive, a managed identity and a Graph."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from local.child import Child
from local.folder import files
from local.setup import ROOT
from shared.settings import SETTINGS


class Stack:
    """Storage and the simulator, running while the `with` block lasts; `settings` are the app settings to go with them.

    The archive is kept by Azurite in `folder`, or in memory without one; without `azurite` it is the plain files in
    `folder`, which must be given, and neither Azurite nor Node.js is needed. `simulator` are further arguments for the
    simulator, `settings` app settings that win over the usual ones. `control` is the address at which the simulator is
    told to misbehave.
    """

    settings: dict[str, str]
    control: str

    def __init__(
        self,
        folder: Path | None = None,
        *,
        azurite: bool = True,
        users: int = 200,
        seed: int = 1,
        simulator: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._has_azurite = azurite
        self._arguments = ["--users", str(users), "--seed", str(seed), *simulator]
        self._given_settings = settings or {}
        self._cleanup = ExitStack()
        self._children: list[Callable[[], None]] = []

    def check(self) -> None:
        """Raise ChildError if storage or the simulator has ended."""
        for check in self._children:
            check()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            simulator = Child(
                "The simulator",
                [sys.executable, "-m", "simulator", "--json", "--watch-stdin", *self._arguments],
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

            with Storage(self._folder) as storage:
                self._children.append(storage.check)
                yield storage.settings
        else:
            assert self._folder
            with files(self._folder) as settings:
                yield settings


def _announcement(line: str) -> dict[str, str] | None:
    return json.loads(line) if line.startswith("{") else None
