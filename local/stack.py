"""All that the app needs around it on one machine: blob storage, a managed identity and a Graph."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from local.child import Child
from local.setup import ROOT
from local.storage import Storage
from shared.settings import SETTINGS


class Stack:
    """Storage and the simulator, running while the `with` block lasts; `settings` are the app settings to go with them.

    The archive is kept in `folder`, or in memory without one. `simulator` are further arguments for the simulator,
    `settings` app settings that win over the usual ones. `control` is the address at which the simulator is told to
    misbehave.
    """

    settings: dict[str, str]
    control: str

    def __init__(
        self,
        folder: Path | None = None,
        *,
        users: int = 200,
        seed: int = 1,
        simulator: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._storage = Storage(folder)
        self._arguments = ["--users", str(users), "--seed", str(seed), *simulator]
        self._given_settings = settings or {}
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            simulator = Child(
                "The simulator",
                [sys.executable, "-m", "simulator", "--json", "--watch-stdin", *self._arguments],
                _announcement,
                cwd=ROOT,
            )
            undo.callback(simulator.stop)
            storage = undo.enter_context(self._storage)
            graph = simulator.announcement()
            self.control = graph["control"]
            self.settings = {
                **{setting.name: setting.default for setting in SETTINGS if setting.default},
                "IDENTITY_ENDPOINT": graph["identity_endpoint"],
                "IDENTITY_HEADER": graph["identity_header"],
                "GRAPH_ENDPOINT": graph["graph_endpoint"],
                "DOWNLOAD_HOSTS": graph["download_origin"],
                "ARCHIVE_URL": storage.url,
                "ARCHIVE_CA": str(storage.ca_file),
                **self._given_settings,
            }
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()


def _announcement(line: str) -> dict[str, str] | None:
    return json.loads(line) if line.startswith("{") else None
