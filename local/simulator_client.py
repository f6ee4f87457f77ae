"""A client of the simulator's control API: its clock, its record of requests, its faults."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import requests

from shared.domain.catalogue import catalogue

AUDIT = "AuditLog.Read.All"
"""What sign-ins need."""


class Control:
    """The control API at a URL. `now` and `sleep` are the clock of an app that lives in simulated time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._now: datetime | None = None

    def now(self) -> datetime:
        """The time at which it stands, or has come to."""
        return self._now or datetime.fromisoformat(self.get("clock")["now"])

    def set_time(self, now: datetime) -> None:
        """Stop the clock at `now`."""
        self._now = now
        self.put("clock", {"now": now.isoformat(), "running": False})

    def sleep(self, seconds: float) -> None:
        """Move the clock on at once."""
        with self._lock:
            self.set_time(self.now() + timedelta(seconds=seconds))

    def run_freely(self, now: datetime) -> None:
        """Let it be `now`, and let time go on."""
        self._now = None
        self.put("clock", {"now": now.isoformat(), "running": True})

    def grant(self, *permissions: str) -> None:
        """Give the app's identity these permissions of Graph, or all that any of its reports needs."""
        roles = permissions or dict.fromkeys([*(each.permission for each in catalogue().reports.values()), AUDIT])
        self.put("roles", {"roles": [*roles]})

    def put(self, path: str, change: dict[str, Any]) -> None:
        """Change the clock, the faults or anything else that the path names."""
        requests.put(f"{self._url}/{path}", json=change, timeout=10).raise_for_status()

    def get(self, path: str, **query: str) -> Any:
        """Return what the simulator answers for the path."""
        response = requests.get(f"{self._url}/{path}", params=query, timeout=60)
        response.raise_for_status()
        return response.json()

    def forget(self) -> None:
        """Empty the record of requests."""
        self.delete("record")

    def reset(self) -> None:
        """Make everything as at the start, except the time."""
        self.delete("state")

    def delete(self, path: str) -> None:
        """Clear what the path names."""
        requests.delete(f"{self._url}/{path}", timeout=10).raise_for_status()
