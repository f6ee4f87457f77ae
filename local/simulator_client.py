"""The simulator's control, from outside: its clock, what it saw, what it would answer."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import requests


class Control:
    """Steers the simulator at that address. `now` and `sleep` are the clock for an app that lives in its time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._now: datetime | None = None

    def now(self) -> datetime:
        """The time at which it stands, or has come to."""
        return self._now or datetime.fromisoformat(self.get("clock")["now"])

    def set_time(self, now: datetime) -> None:
        """Let it be `now` and stay so."""
        self._now = now
        self.put("clock", {"now": now.isoformat(), "running": False})

    def sleep(self, seconds: float) -> None:
        """Let that much time pass at once."""
        with self._lock:
            self.set_time(self.now() + timedelta(seconds=seconds))

    def run_freely(self, now: datetime) -> None:
        """Let it be `now`, and let time go on."""
        self._now = None
        self.put("clock", {"now": now.isoformat(), "running": True})

    def put(self, path: str, wish: dict[str, Any]) -> None:
        """Turn one of the simulator's knobs."""
        requests.put(f"{self._url}/{path}", json=wish, timeout=10).raise_for_status()

    def get(self, path: str, **query: str) -> Any:
        """Ask the simulator for one of its lists or answers."""
        answer = requests.get(f"{self._url}/{path}", params=query, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def forget(self) -> None:
        """Empty the record of requests."""
        self.delete("record")

    def reset(self) -> None:
        """Let it be as if nobody had asked or set anything yet; the time stays."""
        self.delete("state")

    def delete(self, path: str) -> None:
        """Forget one of the simulator's lists."""
        requests.delete(f"{self._url}/{path}", timeout=10).raise_for_status()
