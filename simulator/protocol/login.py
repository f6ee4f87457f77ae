"""The token endpoint of the tenants of a provider's customers, for an app with a federated credential.

The app shows the token of its managed identity instead of a secret; each customer has consented to the app, or not yet:
https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
"""

import json
import re
from collections.abc import Container
from urllib.parse import parse_qs

from simulator.protocol.api_errors import InvalidToken
from simulator.protocol.messages import Answer, Request
from simulator.protocol.tokens import Tokens

AUDIENCE = "api://AzureADTokenExchange"
_PATH = re.compile(r"/(?P<tenant>[^/]+)/oauth2/v2\.0/token")
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

ERRORS = {
    "AADSTS65001": ("invalid_grant", "The user or administrator has not consented to use the application."),
    "AADSTS700016": ("unauthorized_client", "Application was not found in the directory."),
    "AADSTS7000229": ("unauthorized_client", "The client application is missing service principal in the tenant."),
    "AADSTS90002": ("invalid_request", "Tenant not found."),
    "AADSTS700213": ("invalid_request", "No matching federated identity record found for presented assertion subject."),
    "AADSTS50027": ("invalid_request", "JWT token is invalid or malformed."),
    "AADSTS900144": ("invalid_request", "The request body must contain a client assertion and the scope."),
}
"""What Microsoft Entra answers, by code: https://learn.microsoft.com/entra/identity-platform/reference-error-codes."""


class Login:
    """Gives tokens of the customers' tenants."""

    def __init__(self, tokens: Tokens, tenants: Container[str]) -> None:
        self._tokens = tokens
        self._tenants = tenants
        self.withheld: dict[str, str] = {}
        """By tenant, the code of the error that its token endpoint answers with."""

    def answer(self, request: Request) -> Answer:
        """Return a token, or an error in the form of Microsoft Entra."""
        path = _PATH.fullmatch(request.path)
        if not path or request.method != "POST":
            return Answer(404)
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        tenant = path["tenant"]
        code = self._error(form) or ("" if tenant in self._tenants else "AADSTS90002") or self.withheld.get(tenant)
        if code:
            return _error(code)
        token, _ = self._tokens.issue(form["scope"], form["client_id"], tenant)
        return _json(200, {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token})

    def _error(self, form: dict[str, str]) -> str:
        """Return the code of what is wrong with a request; empty if nothing is."""
        if form.get("client_assertion_type") != _ASSERTION or not {"client_assertion", "scope", "client_id"} <= set(
            form
        ):
            return "AADSTS900144"
        try:
            claims = self._tokens.claims(f"Bearer {form['client_assertion']}")
        except InvalidToken:
            return "AADSTS50027"
        return "" if claims["aud"] == AUDIENCE and claims["tid"] == self._tokens.tenant else "AADSTS700213"


def _error(code: str) -> Answer:
    error, text = ERRORS[code]
    number = int(code.removeprefix("AADSTS"))
    return _json(400, {"error": error, "error_description": f"{code}: {text}", "error_codes": [number]})


def _json(status: int, content: dict[str, object]) -> Answer:
    return Answer(status, (("Content-Type", "application/json; charset=utf-8"),), json.dumps(content).encode())
