"""Graph's limits on CSV reports, per function in a sliding window (https://learn.microsoft.com/graph/throttling-limits).

A refused request counts as well: those who do not wait stay refused.
"""

from collections import defaultdict, deque
from math import ceil
from threading import Lock

from simulator.protocol.api_errors import TooManyRequests

WINDOW = 600.0  # seconds
PER_APP = 14
PER_TENANT = 40


class Limits:
    """The requests of the last ten minutes by function."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: defaultdict[str, deque[tuple[float, str]]] = defaultdict(lambda: deque(maxlen=1000))
        self._neighbours: dict[str, int] = {}

    def set_neighbours(self, function: str, used: int) -> None:
        """How much of the tenant's share other apps use of a function, or of each (`*`), from now on."""
        with self._lock:
            if function == "*":
                self._neighbours.clear()
            self._neighbours[function] = used

    def reset(self) -> None:
        """Nobody has asked for anything, and no other app uses anything."""
        with self._lock:
            self._seen.clear()
            self._neighbours.clear()

    def take(self, function: str, app: str, now: float) -> None:
        """Counts a request; raises TooManyRequests if it is one too many."""
        with self._lock:
            seen = self._seen[function]
            kept = [(at, by) for at, by in seen if now - WINDOW < at <= now]
            seen.clear()
            seen.extend((*kept, (now, app)))
            used = self._neighbours.get(function, self._neighbours.get("*", 0))
            own = [at for at, by in seen if by == app]
            wait = max(_wait(own, PER_APP, now), _wait([at for at, _ in seen], PER_TENANT - used, now))
        if wait:
            raise TooManyRequests(wait)


def _wait(times: list[float], limit: int, now: float) -> int:
    """Seconds until one more request would be within the limit; 0 if the newest one is."""
    if len(times) <= limit:
        return 0
    frees = times[-limit] if limit > 0 else now
    return max(1, ceil(frees + WINDOW - now))
