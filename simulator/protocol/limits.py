"""Graph's limits on CSV reports, per function in a sliding window (https://learn.microsoft.com/graph/throttling-limits).

A request that is answered with 429 counts as well: who does not wait gets 429 again.
"""

from collections import defaultdict, deque
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
            own = sum(by == app for _, by in requests)
            too_many = own > PER_APP or len(requests) > PER_TENANT - used
        if too_many:
            raise TooManyRequests
