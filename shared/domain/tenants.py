"""The tenants of a provider: which they are, and what is pulled of each. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple, Self

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


class PullRequest(NamedTuple):
    """A message in the queue of runs: a tenant is to be pulled."""

    tenant: str
    """Its id."""
    asked: datetime
    """UTC. A run that began since has done what is asked for."""

    def to_text(self) -> str:
        """Return the message."""
        return json.dumps({"tenant": self.tenant, "asked": self.asked.isoformat()})

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a message, of a newer version too. Raise ValueError for anything else; its text quotes nothing."""
        try:
            message = json.loads(text)
            id_, asked = tenant_id(message["tenant"]), datetime.fromisoformat(message["asked"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            id_, asked = None, None
        if not id_ or not asked or not asked.tzinfo:
            raise ValueError("A message in the queue of runs is JSON with the id of a tenant and the time, in UTC.")
        return cls(id_, asked)


class TenantStanding(NamedTuple):
    """How the archive of a tenant stood when its last run was over."""

    finished: datetime
    """When that was, in UTC."""
    newest: date | None
    """The newest refresh date of all calls."""
    pulled_at: datetime | None
    """When a pull last ended well."""
    lost: int
    """Refresh dates that the run found lost for ever."""
    waiting: int
    """Single days that are still to be asked for."""
    failing: int
    """Calls that need a person."""
    reason: str
    """Why the first of those does, as a `Reason`; empty if none does."""

    def to_metadata(self) -> dict[str, str]:
        """Return it as the metadata of a blob."""
        return {name: str(value) for name, value in self._asdict().items() if value is not None}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """Read what `to_metadata` wrote. Raise KeyError or ValueError for anything else."""
        newest, pulled_at = metadata.get("newest"), metadata.get("pulled_at")
        return cls(
            finished=_instant(metadata["finished"]),
            newest=date.fromisoformat(newest) if newest else None,
            pulled_at=_instant(pulled_at) if pulled_at else None,
            lost=int(metadata["lost"]),
            waiting=int(metadata["waiting"]),
            failing=int(metadata["failing"]),
            reason=metadata.get("reason", ""),
        )


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if not instant.tzinfo:
        raise ValueError("a time without a zone")
    return instant
