"""The identity endpoint of App Service (https://learn.microsoft.com/azure/app-service/overview-managed-identity)."""

import hmac
import json

from simulator.protocol.messages import Answer, Request
from simulator.protocol.tokens import Tokens

PATH = "/msi/token"
API_VERSION = "2019-08-01"


class Identity:
    """Gives tokens to whoever knows the secret."""

    def __init__(self, tokens: Tokens, secret: str) -> None:
        self._tokens = tokens
        self._secret = secret

    def answer(self, request: Request) -> Answer:
        """Return a token for the resource, or an error."""
        if request.path != PATH or request.method != "GET":
            return _json(404, {"statusCode": 404, "message": "Not found."})
        if not hmac.compare_digest(request.headers.get("x-identity-header", "").encode(), self._secret.encode()):
            return _json(401, {"statusCode": 401, "message": "The X-IDENTITY-HEADER is missing or wrong."})
        resource = request.query.get("resource")
        if not resource or request.query.get("api-version") != API_VERSION:
            return _json(400, {"statusCode": 400, "message": f"Give resource and api-version={API_VERSION}."})
        client_id = request.query.get("client_id") or self._tokens.client_id
        token, expires = self._tokens.issue(resource, client_id)
        return _json(
            200,
            {
                "access_token": token,
                "client_id": client_id,
                "expires_on": str(expires),
                "resource": resource,
                "token_type": "Bearer",
            },
        )


def _json(status: int, content: dict[str, str | int]) -> Answer:
    return Answer(status, (("Content-Type", "application/json; charset=utf-8"),), json.dumps(content).encode())
