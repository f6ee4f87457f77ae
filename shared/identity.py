"""The app's managed identity, the only credential there is; in the tenants of others it vouches for the app."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import ClientAssertionCredential, ManagedIdentityCredential

CONNECT_SECONDS = 5
READ_SECONDS = 15
"""The token endpoint has hung for 100 seconds; azure-identity would wait 300."""
HTTP_TOKEN_BACKOFF = (1.0,)
"""Seconds between attempts while a reader waits."""
RUN_TOKEN_BACKOFF = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between attempts in a run: a new instance may be refused for a minute."""
NO_CONSENT = frozenset({65001, 700016, 7000229})
"""Codes of Microsoft Entra for a tenant that has not consented to the app:
https://learn.microsoft.com/entra/identity-platform/reference-error-codes."""
_CODE = re.compile(r"AADSTS(\d+)", re.ASCII)
_IN_A_HEADER = re.compile(r"[!-~]+", re.ASCII)


class NoConsent(ClientAuthenticationError):
    """A tenant has not consented to the app, or no longer. The text is the code of the answer alone."""


class Federation(NamedTuple):
    """How the managed identity is exchanged for a token of another tenant."""

    tenant: str
    """Its id."""
    client_id: str
    """Of the app registration that trusts the managed identity."""
    authority: str
    """Such as https://login.microsoftonline.com."""
    audience: str
    """Of the token that is exchanged, such as api://AzureADTokenExchange."""

    def of(self, identity: TokenCredential) -> Callable[..., TokenCredential]:
        """Return what makes the SDK's credential of the tenant, for `ManagedIdentity`."""

        def assertion() -> str:
            return identity.get_token(f"{self.audience}/.default").token

        def credential(*, client_id: str | None, **options: Any) -> TokenCredential:
            return ClientAssertionCredential(
                self.tenant, self.client_id, assertion, authority=self.authority, **options
            )

        return credential


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
            except NoConsent:
                raise  # no other answer comes within a run
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
            code = _CODE.search(str(error)) if isinstance(error, ClientAuthenticationError) else None
            if code and int(code[1]) in NO_CONSENT:
                raise NoConsent(code[0]) from None
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
