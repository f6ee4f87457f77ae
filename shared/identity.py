"""The app's managed identity, the only credential there is."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import ManagedIdentityCredential

from shared.domain.errors import Deferred

CONNECT_SECONDS = 5
READ_SECONDS = 15
"""The token endpoint has hung for 100 seconds; azure-identity would wait 300."""
BRIEFLY = (1.0,)
"""Seconds between attempts while a reader waits ..."""
A_MINUTE = (2.0, 4.0, 8.0, 16.0, 30.0)
"""... and in a run, as a new instance may be refused at first."""


_IN_A_HEADER = re.compile(r"[!-~]+", re.ASCII)


class ManagedIdentity:
    """A credential as the SDKs want it, which asks again when there is no token.

    The token endpoint of Functions fails now and then: https://github.com/Azure/azure-functions-host/issues/11058
    """

    def __init__(
        self,
        client_id: str | None = None,
        waits: Sequence[float] = BRIEFLY,
        sleep: Callable[[float], object] = time.sleep,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """The user-assigned identity with that client id, or the system-assigned one. Asks for no token yet."""
        self._client_id = client_id
        self._waits = waits
        self._sleep = sleep
        self._read_seconds = read_seconds
        self._credential = self._fresh()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token, which azure-identity keeps until five minutes before it expires. Raises AzureError."""
        for wait in self._waits:
            try:
                return self._asked(*scopes, **options)
            except AzureError:
                self._sleep(wait)
        return self._asked(*scopes, **options)

    def _asked(self, *scopes: str, **options: Any) -> AccessToken:
        try:
            token = self._credential.get_token(*scopes, **options)
            if not _IN_A_HEADER.fullmatch(token.token):
                raise ValueError("no header can hold it")
            return token
        except Exception as error:
            self._credential = self._fresh()  # msal would answer with the same failure for a minute
            if isinstance(error, AzureError):
                raise
            # msal takes for granted that the answer is an object with numbers where they should be.
            raise ClientAuthenticationError("The token endpoint answered something that is no token.") from error

    def _fresh(self) -> TokenCredential:
        return ManagedIdentityCredential(
            client_id=self._client_id,
            retry_total=0,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=self._read_seconds,
        )


class Bearer:
    """The bearer token for one resource, fetched when first needed and kept until it is renewed."""

    def __init__(self, identity: Callable[[], TokenCredential], resource: str) -> None:
        """`identity` makes a credential with an empty cache: the platform's cannot be told to forget a token."""
        self._identity = identity
        self._scope = f"{resource}/.default"
        self._credential = identity()

    def token(self) -> str:
        """The token. Raises Deferred if there is none."""
        try:
            return self._credential.get_token(self._scope).token
        except AzureError:  # it quotes the answer, which may quote the request
            raise Deferred("no_token", f"The managed identity got no token for {self._scope}.") from None

    def renew(self) -> None:
        """Forget the token: Graph refused it, or it lacks a role that may have been granted since."""
        self._credential = self._identity()
