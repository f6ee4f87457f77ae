"""Graph's limits on CSV reports, per function in a sliding window (https://learn.microsoft.com/graph/throttling-limits).

A request that is answered with 429 counts as well: who does not wait gets 429 again.
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
        self._requests: defaultdict[str, deque[tuple[float, str]]] = defaultdict(lambda: deque(maxlen=1000))
        self._neighbours: dict[str, int] = {}

    def set_neighbours(self, function: str, used: int) -> None:
        """Let other apps use so much of the tenant's limit of a function, or of every function (`*`), from now on."""
        with self._lock:
            if function == "*":
                self._neighbours.clear()
            self._neighbours[function] = used

    def reset(self) -> None:
        """Forget all requests and all other apps."""
        with self._lock:
            self._requests.clear()
            self._neighbours.clear()

    def take(self, function: str, app: str, now: float) -> None:
        """Count a request. Raise TooManyRequests if it is beyond a limit."""
        with self._lock:
            requests = self._requests[function]
            recent = [(at, by) for at, by in requests if now - WINDOW < at <= now]
            requests.clear()
            requests.extend((*recent, (now, app)))
            used = self._neighbours.get(function, self._neighbours.get("*", 0))
            own = [at for at, by in requests if by == app]
            wait = max(_wait(own, PER_APP, now), _wait([at for at, _ in requests], PER_TENANT - used, now))
        if wait:
            raise TooManyRequests(wait)


def _wait(times: list[float], limit: int, now: float) -> int:
    """Return the seconds until one more request would be within the limit; 0 if the newest one is."""
    if len(times) <= limit:
        return 0
    oldest_that_counts = times[-limit] if limit > 0 else now
    return max(1, ceil(oldest_that_counts + WINDOW - now))
