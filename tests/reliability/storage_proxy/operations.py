"""What a request to the blob service is about (https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from simulator.protocol.messages import Request

_NAMES = {
    "PUT blob": "put_blob",
    "PUT blob block": "put_block",
    "PUT blob blocklist": "commit",
    "PUT blob metadata": "set_metadata",
    "PUT blob properties": "set_properties",
    "PUT blob lease": "lease",
    "GET blob": "get",
    "GET blob blocklist": "list_blocks",
    "HEAD blob": "head",
    "DELETE blob": "delete",
    "DELETE version": "delete_version",
    "PUT container": "create_container",
    "GET container": "get_container",
    "HEAD container": "get_container",
    "GET container list": "list",
    "DELETE container": "delete_container",
    "GET account list": "list_containers",
}
"""By method, target and the parameter `comp`; an operation that is not here is called by these."""


@dataclass(frozen=True)
class Operation:
    """One operation on the service."""

    number: int
    """Its place among all that were seen, from 1."""
    name: str
    """Such as `put_block`, `commit`, `put_blob`, `get`, `head`, `list` or `create_container`."""
    method: str
    container: str
    blob: str

    def __str__(self) -> str:
        return f"{self.number} {self.name} {self.container}/{self.blob}".rstrip("/ ")

    @property
    def facts(self) -> dict[str, str]:
        """What a rule can match."""
        return {"operation": self.name, "method": self.method, "container": self.container, "blob": self.blob}


Hook = Callable[[Operation], None]
"""Gets an operation; may wait, and may raise ConnectionResetError to reset the client's connection."""


def ignore(operation: Operation) -> None:
    """Do nothing."""


def die(number: int, operation: Operation) -> None:
    """Let every operation fail from that number on, as those of a process do that ended."""
    if operation.number >= number:
        raise ConnectionResetError


def read(request: Request, number: int, root: str) -> Operation:
    """Return the operation that a request is for; `root` is the path of the service."""
    container, _, blob = unquote(request.path.removeprefix(root).lstrip("/")).partition("/")
    of_version = request.method == "DELETE" and "versionid" in request.query
    target = "version" if of_version else "blob" if blob else "container" if container else "account"
    key = f"{request.method} {target} {request.query.get('comp', '')}".rstrip()
    return Operation(number, _NAMES.get(key, key), request.method, container, blob)
