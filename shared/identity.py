"""The app's managed identity, the only credential there is."""

from __future__ import annotations

from collections.abc import Callable

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.identity import ManagedIdentityCredential

from .errors import Deferred


def managed_identity(client_id: str | None) -> TokenCredential:
    """The user-assigned identity with that client id, or the system-assigned one. Asks for no token yet."""
    return ManagedIdentityCredential(client_id=client_id)


class Bearer:
    """The bearer token for one resource, fetched when first needed and kept until it is renewed."""

    def __init__(self, identity: Callable[[], TokenCredential], resource: str) -> None:
        """`identity` makes a credential with an empty cache: the platform's cannot be told to forget a token."""
        self._identity = identity
        self._scope = f"{resource}/.default"
        self._credential = identity()

    def token(self) -> str:
        """The token; azure-identity keeps it until shortly before it expires.

        Raises Deferred: the token endpoint of Functions fails now and then (azure-functions-host#11058).
        """
        try:
            return self._credential.get_token(self._scope).token
        except AzureError as error:
            self.renew()  # msal would answer with the same failure for a minute
            raise Deferred("no_token", f"The managed identity got no token for {self._scope}.") from error

    def renew(self) -> None:
        """Forget the token: Graph refused it, or it lacks a role that may have been granted since."""
        self._credential = self._identity()
