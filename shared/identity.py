"""The app's managed identity, the only credential there is."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import ManagedIdentityCredential

CONNECT_SECONDS = 5
READ_SECONDS = 15
"""The token endpoint has hung for 100 seconds; azure-identity would wait 300."""
HTTP_TOKEN_BACKOFF = (1.0,)
"""Seconds between attempts while a reader waits."""
RUN_TOKEN_BACKOFF = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between attempts in a run: a new instance may be refused for a minute."""
_IN_A_HEADER = re.compile(r"[!-~]+", re.ASCII)


class ManagedIdentity:
    """A credential as the SDKs want it, which asks again when there is no token.

    The token endpoint of Functions fails now and then: https://github.com/Azure/azure-functions-host/issues/11058
    """

    def __init__(
        self,
        client_id: str | None = None,
        backoff: Sequence[float] = HTTP_TOKEN_BACKOFF,
        sleep: Callable[[float], object] = time.sleep,
        read_seconds: float = READ_SECONDS,
        credential: Callable[..., TokenCredential] = ManagedIdentityCredential,
    ) -> None:
        """The user-assigned identity with that client id, or the system-assigned one. Asks for no token yet.

        `credential` makes the SDK's credential, which tries once and keeps its token.
        """
        self._client_id = client_id
        self._backoff = backoff
        self._sleep = sleep
        self._read_seconds = read_seconds
        self._new_credential = credential
        self._credential = self._fresh()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token, which azure-identity keeps until five minutes before it expires. Raise AzureError."""
        for seconds in self._backoff:
            try:
                return self._try_once(*scopes, **options)
            except AzureError:
                self._sleep(seconds)
        return self._try_once(*scopes, **options)

    def _try_once(self, *scopes: str, **options: Any) -> AccessToken:
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
        return self._new_credential(
            client_id=self._client_id,
            retry_total=0,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=self._read_seconds,
        )
