"""The URLs that answers name (RFC 8288, RFC 7089). Pure.

They begin with the path, never with a host: whatever the caller wrote as `Host` does not come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from werkzeug.http import http_date

from shared.archive.snapshot import Snapshot
from shared.domain.call import Call

PREFIX = "/api"
"""`routePrefix` in host.json."""
_SAFE = "(),='"


class Links(NamedTuple):
    """The URLs of one call."""

    root: str
    """Such as `/api/v1.0/reports` or `/api/personal/v1.0/reports`."""
    call: Call

    @property
    def newest(self) -> str:
        """The URL whose answer changes over time: the original resource of Memento, and its own TimeGate."""
        return f"{self.root}/{quote(str(self.call), safe=_SAFE)}"

    @property
    def timemap(self) -> str:
        """The URL of the list of all mementos."""
        return f"{self.newest}/snapshots?format=link"

    def of(self, snapshot: Snapshot) -> str:
        """Return the URL of one revision, which never changes."""
        dated = "" if snapshot.call.date else f"refreshDate={snapshot.refresh_date}&"
        return f"{self._replace(call=snapshot.call).newest}?{dated}revision={snapshot.revision}"

    def header(self, snapshot: Snapshot) -> str:
        """Return the header `Link` of the answer that is this snapshot."""
        return ", ".join(
            (
                *self._relations("original", "timegate", "latest-version"),
                f'<{self.timemap}>; rel="timemap"; type="application/link-format"',
                self._memento(snapshot),
            )
        )

    def to_link_format(self, snapshots: Sequence[Snapshot]) -> bytes:
        """Return the TimeMap: all snapshots, with the times at which they were pulled."""
        lines = [
            *self._relations("original", "timegate"),
            f'<{self.timemap}>; rel="self"; type="application/link-format"',
            *map(self._memento, snapshots),
        ]
        return (",\n".join(lines) + "\n").encode()

    def _relations(self, *names: str) -> list[str]:
        """Return a link to the newest for each relation: requests, httpx and aiohttp find none that shares its link."""
        return [f'<{self.newest}>; rel="{name}"' for name in names]

    def _memento(self, snapshot: Snapshot) -> str:
        return f'<{self.of(snapshot)}>; rel="memento"; datetime="{http_date(snapshot.metadata.pulled_at)}"'
