"""Azure Blob Storage as the commands of an operator read it: whole blobs by obstore, all else as the app does.

obstore is Apache's object_store for Python: a blob takes it a third of the CPU.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError
from obstore.exceptions import BaseError, UnauthenticatedError
from obstore.store import AzureStore

from shared.archive.azure_blob_store import AzureBlobStore
from shared.archive.blob_store import StoredBlob

if TYPE_CHECKING:
    from obstore.store import ClientConfig

_CHANCES = 3
_LONGEST = timedelta(hours=1)
"""For one blob, as long as something comes; it would be 30 seconds."""


class ObstoreBlobStore(AzureBlobStore):
    """The containers behind one blob service, for who reads many blobs. No process may fork after it has read one.

    What obstore does not get is asked for as the app does it: that repeats what may pass, knows tokens of any tenant,
    and says what is wrong. After some failures obstore is asked no more. It tells names of metadata in lower case.
    """

    _chances = _CHANCES

    def get(self, container: str, name: str, start: int = 0, length: int | None = None) -> StoredBlob | None:
        """Return a blob, or up to `length` of its bytes from `start` on; None if there is none of that name."""
        is_whole = not start and length is None
        found = self._whole(container, name) if is_whole and self._chances else None
        return found or super().get(container, name, start, length)

    def _whole(self, container: str, name: str) -> StoredBlob | None:
        """Return a blob, or None if obstore does not get it. Why is not told: its errors quote request and answer."""
        try:
            got = self._container(container).get(name)
            content, about = bytes(got.bytes()), got.meta
        except FileNotFoundError:
            return None
        except UnauthenticatedError:
            self._containers.clear()  # to be opened again with another token
            return None
        except (AzureError, BaseError, OSError, ValueError):
            self._chances = max(0, self._chances - 1)
            return None
        if about["path"] != name:  # it takes "/a" for "a"
            return None
        metadata = {key: value for key, value in got.attributes.items() if "-" not in key}  # else Content-Type and such
        return StoredBlob(content, metadata, about["e_tag"] or "")

    @cached_property
    def _containers(self) -> dict[str, AzureStore]:
        return {}

    def _container(self, name: str) -> AzureStore:
        if not (found := self._containers.get(name)):
            found = self._containers[name] = self._opened(name)
        return found

    def _opened(self, container: str) -> AzureStore:
        options: ClientConfig = {
            "connect_timeout": timedelta(seconds=self._timeouts.connect),
            "read_timeout": timedelta(seconds=self._timeouts.read),
            "timeout": _LONGEST,
        }
        if self._ca:
            options["root_certificate"] = Path(self._ca).read_bytes()  # beside the system's
        return AzureStore(
            container,
            # All of it is said, as variables of the environment have their say in what is left out.
            endpoint=self._url.rstrip("/"),
            account_name="any",  # the URL has it
            token=self._requests.bearer(),
            credential_type="bearer_token",
            use_emulator=False,
            skip_signature=False,
            client_options=options,
            retry_config={"max_retries": 0},
        )
