"""How the archives of all tenants stand: an empty blob for each, whose metadata a listing shows."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from shared.archive.blob_store import BlobStore
from shared.archive.layout import DERIVED, STANDINGS, StandingName, parse
from shared.archive.run_log import AHEAD
from shared.archive.run_record import RunRecord
from shared.domain.errors import ArchiveUnavailable
from shared.domain.tenants import TenantStanding

_ATTEMPTS = 5
"""How many lost races before giving up: a later run tells more."""


class TenantStandings:
    """The standings of all tenants, beside their archives. Each method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore) -> None:
        """`store` is that of the provider, not the part of a tenant."""
        self._store = store

    def all(self) -> dict[str, TenantStanding]:
        """Return the standings by tenant: one request for 5,000 tenants, however old their archives are."""
        found = {}
        for blob in self._store.list(DERIVED, STANDINGS):
            name = parse(blob.name)
            if isinstance(name, StandingName):
                with suppress(KeyError, ValueError):  # a damaged one; the next run writes it anew
                    found[name.tenant] = TenantStanding.from_metadata(blob.metadata)
        return found

    def keep(self, tenant: str, record: RunRecord) -> None:
        """Keep how a tenant stands after a run, unless a later run did; one from the future is of a wrong clock."""
        standing, name = _standing(record), str(StandingName(tenant))
        for _ in range(_ATTEMPTS):
            stored = self._store.get(DERIVED, name)
            with suppress(KeyError, ValueError):
                if stored:
                    ahead = TenantStanding.from_metadata(stored.metadata).finished - standing.finished
                    if timedelta(0) <= ahead <= AHEAD:
                        return
            if self._store.replace_if(DERIVED, name, b"", standing.to_metadata(), stored.etag if stored else None):
                return
        raise ArchiveUnavailable(f"Others keep writing {name}.")


def _standing(record: RunRecord) -> TenantStanding:
    failing = record.needing_a_person()
    return TenantStanding(
        finished=record.finished,
        newest=max((state.refresh_date for state in record.states.values() if state.refresh_date), default=None),
        pulled_at=record.pulled_at,
        lost=sum(map(len, record.lost.values())),
        waiting=record.waiting,
        failing=len(failing),
        reason=str(failing[0].reason or "") if failing else "",
    )
