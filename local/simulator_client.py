"""A client of the simulator's control API: its clock, its record of requests, its faults."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from urllib3 import HTTPConnectionPool
from urllib3.connectionpool import connection_from_url

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
        """Change the clock, the faults or anything else that the path names. Raise ValueError if it is refused."""
        self._answer("PUT", path, json.dumps(change).encode())

    def get(self, path: str, **query: str) -> Any:
        """Return what the simulator answers for the path. Raise ValueError if it is refused."""
        return self._answer("GET", f"{path}?{urlencode(query)}")

    def forget(self) -> None:
        """Empty the record of requests."""
        self.delete("record")

    def reset(self) -> None:
        """Make everything as at the start, except the time."""
        self.delete("state")

    def delete(self, path: str) -> None:
        """Clear what the path names. Raise ValueError if it is refused."""
        self._answer("DELETE", path)

    def _answer(self, method: str, target: str, body: bytes = b"") -> Any:
        """Return the answer, which is JSON. Raise ValueError if it is a refusal."""
        answer = self._connections.urlopen(method, f"/{target}", body, timeout=60)
        if answer.status != 200:
            raise ValueError(answer.data.decode())
        return json.loads(answer.data)

    @cached_property
    def _connections(self) -> HTTPConnectionPool:
        """Connections to the simulator, which stay: tests ask thousands of times."""
        return connection_from_url(self._url, maxsize=64)
