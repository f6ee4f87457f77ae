"""Azure's roles, as far as they are about storage, which the emulator does not check.

https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage says what a role permits,
https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory what an operation takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests.reliability.storage_proxy import Operation
from tests.unit.infra.template import Deployed, role_of, scope_of

READER = "Storage Blob Data Reader"
CONTRIBUTOR = "Storage Blob Data Contributor"
OWNER = "Storage Blob Data Owner"
QUEUES = "Storage Queue Data Contributor"
NAMES = {
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": READER,
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": CONTRIBUTOR,
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": OWNER,
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": QUEUES,
}
_OF_BLOBS = ["containers/read", "blobs/read"]
_OF_WRITERS = [*_OF_BLOBS, "containers/write", "containers/delete", "blobs/write", "blobs/delete"]
PERMITS = {
    READER: _OF_BLOBS,
    CONTRIBUTOR: _OF_WRITERS,
    OWNER: [*_OF_WRITERS, "blobs/deleteBlobVersion"],
    QUEUES: ["queues/read", "queues/write", "messages/read", "messages/write", "messages/process", "messages/delete"],
}
TAKES = {
    "get": "blobs/read",
    "head": "blobs/read",
    "list": "blobs/read",
    "list_blocks": "blobs/read",
    "get_container": "containers/read",
    "list_containers": "containers/read",
    "create_container": "containers/write",
    "put_blob": "blobs/write",
    "put_block": "blobs/write",
    "commit": "blobs/write",
    "lease": "blobs/write",
    "delete": "blobs/delete",
    "delete_version": "blobs/deleteBlobVersion",
    "create_queue": "queues/write",
    "put_message": "messages/write",
    "get_messages": "messages/process",
    "update_message": "messages/write",
    "delete_message": "messages/delete",
}
"""What an operation takes; one that is not here is permitted to nobody."""


class Assignment(NamedTuple):
    """A role that somebody has."""

    role: str
    account: str
    """`starch`, the archive's, or `sthost`, the host's."""
    container: str = ""
    """Empty: all of the account."""

    def permits(self, operation: Operation, account: str = "starch") -> bool:
        """Whether the operation on that account is one that this role is enough for."""
        where = account == self.account and self.container in ("", operation.container)
        return where and TAKES.get(operation.name) in PERMITS[self.role]


def assignments(deployed: Deployed) -> list[Assignment]:
    """Return the roles in storage that a deployment gives to the app."""
    found = []
    for each in deployed.all("Microsoft.Authorization/roleAssignments"):
        scope = scope_of(each)
        if role_of(each) in NAMES and "/storageAccounts/" in scope:
            account, _, inside = scope.partition("/storageAccounts/")[2].partition("/")
            found.append(Assignment(NAMES[role_of(each)], account[:6], inside.rpartition("/")[2]))
    return found


class Principal:
    """Whoever asks storage through a proxy: what was refused is kept."""

    def __init__(self, roles: Sequence[Assignment]) -> None:
        self.roles = roles
        self.refused: list[Operation] = []

    def permits(self, operation: Operation) -> bool:
        """Whether one of the roles is enough."""
        if any(role.permits(operation) for role in self.roles):
            return True
        self.refused.append(operation)
        return False
