"""Who is signed in, where Microsoft Entra guards the app: what the platform says of them in a header.

https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import NamedTuple

from shared.domain.tenants import tenant_id
from shared.web.http import Request

ALL_TENANTS = "Tenants.Read.All"
"""The app role of who may read the archives of all tenants."""
_HEADER = "x-ms-client-principal"
_SCHEMAS = "http://schemas.microsoft.com/identity/claims/"
_TENANT = ("tid", f"{_SCHEMAS}tenantid")
_ISSUER = ("idp", f"{_SCHEMAS}identityprovider")
_ROLE = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")


class Reader(NamedTuple):
    """Whose archives somebody may read."""

    is_of_all: bool = False
    tenant: str = ""
    """The id of the tenant that they are a member of; empty for a guest, whose token has the tenant of the host."""

    def may_read(self, tenant: str) -> bool:
        """Whether the archive of a tenant is theirs to read."""
        return self.is_of_all or (bool(tenant) and self.tenant == tenant)


WITH_KEY = Reader(is_of_all=True)
"""Who has a key of the function, which is the provider's."""


def reader(request: Request, *, is_guarded: bool) -> Reader:
    """Return whose archives the caller may read whom the platform let through without a key.

    The header counts only if Microsoft Entra guards the app: anybody else could write it.
    """
    if not is_guarded:
        return Reader()
    try:
        claims = [(each["typ"], each["val"]) for each in json.loads(b64decode(request.headers[_HEADER]))["claims"]]
    except (KeyError, ValueError, TypeError, RecursionError):
        return Reader()
    roles, issuers = _values(claims, _ROLE), _values(claims, _ISSUER)
    tenants = {tenant_id(value) for value in _values(claims, _TENANT)}
    tenant = next(iter(tenants)) if len(tenants) == 1 and not issuers else None
    return Reader(ALL_TENANTS in roles, tenant or "")


def _values(claims: list[tuple[str, str]], names: tuple[str, ...]) -> set[str]:
    return {str(value) for name, value in claims if name in names}
