"""The bearer token for Microsoft Graph."""

from __future__ import annotations

from collections.abc import Callable

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError

from shared.domain.errors import PullError
from shared.domain.outcome import Reason
from shared.identity import NoConsent


class Bearer:
    """The token for one resource, fetched when it is first needed and kept until it is renewed."""

    def __init__(self, identity: Callable[[], TokenCredential], resource: str) -> None:
        """`identity` makes a credential with an empty cache: the platform's cannot be told to forget a token."""
        self._identity = identity
        self._scope = f"{resource}/.default"
        self._credential = identity()

    def token(self) -> str:
        """Return the token. Raise PullError if there is none."""
        try:
            return self._credential.get_token(self._scope).token
        except NoConsent as error:
            raise PullError(Reason.NO_CONSENT, f"The tenant has not consented to the app: {error}.") from None
        except AzureError:  # it quotes the answer, which may quote the request
            raise PullError(Reason.NO_TOKEN, f"The managed identity got no token for {self._scope}.") from None

    def renew(self) -> None:
        """Forget the token: Graph refused it, or it lacks a role that may have been granted since."""
        self._credential = self._identity()
