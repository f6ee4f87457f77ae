"""The simulated time: the real time, moved or stopped at will."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock, Timer


class Clock:
    """Runs from any instant, or stands still. Times are UTC."""

    def __init__(self, now: datetime | None = None) -> None:
        self._lock = Lock()
        self._running = True
        self._offset = 0.0
        self._alarms: list[tuple[float, Callable[[], None]]] = []
        if now is not None:
            self.set(now, running=True)

    @property
    def running(self) -> bool:
        """Whether the clock runs."""
        return self._running

    def timestamp(self) -> float:
        """Return the instant as seconds since 1970."""
        with self._lock:
            return self._offset + (time.time() if self._running else 0.0)

    def now(self) -> datetime:
        """Return the instant."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def set(self, now: datetime, *, running: bool) -> None:
        """Move the clock to the instant, forward or back, and let it run or stand."""
        with self._lock:
            self._running = running
            self._offset = now.timestamp() - (time.time() if running else 0.0)
        self._ring()

    def alarm(self, seconds: float, ring: Callable[[], None]) -> Callable[[], None]:
        """Call `ring` once, when that many seconds have passed or been skipped. Return what cancels the alarm."""
        alarm = (self.timestamp() + seconds, ring)
        with self._lock:
            self._alarms.append(alarm)
        self._ring()

        def cancel() -> None:
            with self._lock:
                self._alarms = [other for other in self._alarms if other is not alarm]

        return cancel

    def _ring(self) -> None:
        now = self.timestamp()
        with self._lock:
            due = [alarm for alarm in self._alarms if alarm[0] <= now]
            self._alarms = [alarm for alarm in self._alarms if alarm[0] > now]
            if self._alarms and self._running:
                timer = Timer(min(at for at, _ in self._alarms) - now + 0.001, self._ring)
                timer.daemon = True
                timer.start()
        for _, ring in due:
            ring()
