"""The tenants of a provider: which they are, and what is pulled of each. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.domain.errors import SettingError

FROM_FILE = "@"
"""The setting TENANTS that leaves the list to a blob."""
WANTS = "tenant ids separated by commas, such as 11111111-2222-3333-4444-555555555555, or @ for usage-input/tenants.csv"
_ID = re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", re.ASCII)


class Tenant(NamedTuple):
    """A customer's tenant."""

    id: str
    """A GUID in lower case."""
    name: str = ""
    """How the provider calls it, such as its domain; empty where that is not told."""
    reports: str = ""
    """What is pulled of it, as the setting REPORTS says it; empty: what is pulled of all."""


def tenant_id(text: str) -> str | None:
    """Return the id of a tenant in its one form; None if the text is none: a domain is a name and no id."""
    id_ = text.strip().lower()
    return id_ if _ID.fullmatch(id_) else None


def tenants_in(text: str) -> tuple[Tenant, ...]:
    """Return the tenants that the setting TENANTS lists, each once. Raise SettingError for what is no tenant id."""
    found: dict[str, Tenant] = {}
    for item in filter(None, re.split(r"[\s,]+", text)):
        id_ = tenant_id(item)
        if not id_:
            raise SettingError("TENANTS", item[:80], WANTS)
        found[id_] = Tenant(id_)
    return tuple(found.values())
