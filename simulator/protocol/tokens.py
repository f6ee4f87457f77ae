"""Access tokens: JWTs signed with a key of this process (RFC 7519), and how Graph checks them.

They are issued and expire in real time, as others that read them, such as Azurite, know no simulated time.
"""

import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from simulator.protocol.api_errors import InvalidToken, MissingPermission
from simulator.tenant.names import guid

LIFE = 24 * 3600  # seconds; managed identity tokens last about a day
_TOLERANCE = 300  # seconds that clocks may differ
PERMISSION = "Reports.Read.All"
GRAPH_ROOTS = (
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
)
"""https://learn.microsoft.com/graph/deployments."""


def _encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Tokens:
    """Issues and checks the tokens of one tenant."""

    def __init__(self, seed: int, graph_endpoint: str, life: int = LIFE) -> None:
        self._life = life
        self._key = secrets.token_bytes(32)
        self.tenant = guid(seed, "tenant")
        """The id of the tenant that the identity is of."""
        self.client_id = guid(seed, "identity")
        """The identity that gets a token when the request names none."""
        self._audiences = frozenset((graph_endpoint, *GRAPH_ROOTS))
        self._signed_claims = lru_cache(maxsize=64)(self._read)
        self.roles: tuple[str, ...] = (PERMISSION,)
        """Application permissions that new Graph tokens carry."""
        self.scopes: tuple[str, ...] = ()
        """Delegated permissions that new Graph tokens carry."""

    def reset(self) -> None:
        """Give new Graph tokens the permission again, and no other."""
        self.roles, self.scopes = (PERMISSION,), ()

    def issue(self, resource: str, client_id: str | None = None, tenant: str | None = None) -> tuple[str, int]:
        """Return a token for the resource, of this tenant or another, and its expiry in seconds since 1970."""
        tenant = tenant or self.tenant
        audience = resource.removesuffix("/.default").rstrip("/")
        app, now = client_id or self.client_id, int(time.time())
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{tenant}/",
            "iat": now,
            "nbf": now,
            "exp": now + self._life,
            "tid": tenant,
            "oid": guid(app, "principal"),
            "appid": app,
        }
        if audience in self._audiences:
            claims |= {"roles": list(self.roles)} if self.roles else {}
            claims |= {"scp": " ".join(self.scopes)} if self.scopes else {}
        return self._signed(claims), now + self._life

    def altered(self, token: str, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        """Return a token with the edited claims of another, and the claims."""
        claims = edit(json.loads(_decoded(token.split(".")[1])))
        return self._signed(claims), claims

    def check(self, authorization: str | None) -> Mapping[str, Any]:
        """Return the claims of a bearer. Raise InvalidToken if Graph would not accept it."""
        claims = self.claims(authorization)
        if claims["aud"] not in self._audiences:
            raise InvalidToken("Access token validation failure. Invalid audience.")
        return claims

    def claims(self, authorization: str | None) -> Mapping[str, Any]:
        """Return the claims of a bearer for whatever resource. Raise InvalidToken if it is not valid."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken("Access token is empty.")
        claims = self._signed_claims(token)
        if claims["exp"] <= time.time():
            raise InvalidToken("Lifetime validation failed, the token is expired.")
        if claims["nbf"] > time.time() + _TOLERANCE:
            raise InvalidToken("Lifetime validation failed, the token is not valid yet.")
        return claims

    def _read(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token that was signed here, whenever that was. Raise InvalidToken."""
        content, _, signature = token.rpartition(".")
        try:
            if not hmac.compare_digest(self._signature(content), _decoded(signature)):
                raise InvalidToken("Access token validation failure. Invalid signature.")
            claims: dict[str, Any] = json.loads(_decoded(content.partition(".")[2]))
        except ValueError:
            raise InvalidToken("CompactToken parsing failed with error code: 80049217") from None
        return claims

    def _signed(self, claims: dict[str, Any]) -> str:
        content = ".".join(_encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "HS256"}, claims))
        return f"{content}.{_encoded(self._signature(content))}"

    def _signature(self, content: str) -> bytes:
        return hmac.digest(self._key, content.encode(), "sha256")


def check_permission(claims: Mapping[str, Any], *, delegated_only: bool) -> None:
    """Raise MissingPermission for a token that may not read the report; a delegated one is for tokens of users only."""
    granted = set(claims.get("scp", "").split()) | (set() if delegated_only else set(claims.get("roles", ())))
    if PERMISSION not in granted:
        raise MissingPermission
