"""What every use of the blob SDK here needs: containers made when they are missing, and its errors as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from shared.domain.errors import ArchiveUnavailable

USAGE = "usage"
"""The container of snapshots without personal data."""
PERSONAL = "usage-personal"
"""Of those with a row per person, site, group or team."""
DERIVED = "usage-derived"
"""Of run records and series."""
QUARANTINE = "usage-quarantine"
"""Of bodies that were not published."""


def in_container(container: ContainerClient, write: Callable[[], object]) -> None:
    """Run `write`, after creating the container if it turns out to be missing."""
    try:
        write()
    except ResourceNotFoundError as error:
        if error_code(error) != "ContainerNotFound":
            raise
        with suppress(ResourceExistsError):
            container.create_container()
        write()


@contextmanager
def answering(*, missing_container_is_empty: bool = False) -> Iterator[None]:
    """Turn the SDK's errors into ArchiveUnavailable. Nothing else of them is shown: they quote request and answer."""
    try:
        yield
    except AzureError as error:
        if missing_container_is_empty and error_code(error) == "ContainerNotFound":
            return
        raise ArchiveUnavailable(f"Blob storage does not answer as it should: {error_code(error)}.") from None


def error_code(error: AzureError) -> str:
    """The service's own error code, or the kind of error if it did not answer at all."""
    code = getattr(error, "error_code", None)  # text, or a StorageErrorCode, which is not written as its text
    return str(getattr(code, "value", code) or type(error).__name__)


def already_there(error: ResourceExistsError) -> bool:
    """Whether there is a blob of that name: the SDK says the same of a container that is being deleted."""
    return error_code(error) != "ContainerBeingDeleted"
