"""The simulator's time: the real one, moved or stopped at will."""

import time
from datetime import UTC, datetime
from threading import Lock


class Clock:
    """Runs from any instant, or stands still. Times are UTC."""

    def __init__(self, now: datetime | None = None) -> None:
        self._lock = Lock()
        self._running = True
        self._offset = 0.0
        if now is not None:
            self.set(now, running=True)

    @property
    def running(self) -> bool:
        """Whether it moves."""
        return self._running

    def timestamp(self) -> float:
        """The instant as seconds since 1970."""
        with self._lock:
            return self._offset + (time.time() if self._running else 0.0)

    def now(self) -> datetime:
        """The instant."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def set(self, now: datetime, *, running: bool) -> None:
        """Moves it to the instant, forward or back, and lets it run or stand."""
        with self._lock:
            self._running = running
            self._offset = now.timestamp() - (time.time() if running else 0.0)
