"""How often something is tried again, and after which pauses, within the time of a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from shared.domain.errors import Retryable, Unconfirmed
from shared.domain.outcome import Reason

ATTEMPTS = 4
"""Requests for one thing in one run."""
_ATTEMPTS_FOR = {Reason.UNAUTHORIZED: 2, Reason.DOWNLOAD_FAILED: 3}
"""Fewer where a new token or a new address did not help."""
LONGEST_WAIT = 600.0
"""Seconds. What has to wait longer is left to the next run."""
_FIRST_WAIT = 1.0
_FIRST_WAIT_FOR = {Reason.RATE_LIMITED: 30.0}
"""Seconds. Each further wait is twice as long."""

T = TypeVar("T")


class Retries:
    """What tries again until an end."""

    def __init__(
        self,
        *,
        end: datetime,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object],
        random: Callable[[float, float], float],
    ) -> None:
        """`clock` answers UTC, `sleep` takes seconds, `random` answers a number between two."""
        self._end = end
        self._clock = clock
        self._sleep = sleep
        self._random = random

    def seconds_left(self) -> float:
        """Return how long it is until the end."""
        return (self._end - self._clock()).total_seconds()

    def first_success(self, attempt: Callable[[Unconfirmed | None], T]) -> T:
        """Return what the first attempt returns that succeeds. Raises its PullError if none does.

        An attempt is told of the last body that was not believed.
        """
        doubted: Unconfirmed | None = None
        for number in range(1, ATTEMPTS + 1):
            try:
                return attempt(doubted)
            except Retryable as error:
                if isinstance(error, Unconfirmed):
                    doubted = error
                wait = self._wait(error, number)
                is_last = number >= _ATTEMPTS_FOR.get(error.reason, ATTEMPTS)
                if is_last or wait > LONGEST_WAIT or wait >= self.seconds_left():
                    raise
            self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, error: Retryable, number: int) -> float:
        """Return the seconds until the next attempt: what Graph asked for, or longer each time, with jitter."""
        if error.after is not None:
            return error.after
        first = _FIRST_WAIT_FOR.get(error.reason, _FIRST_WAIT)
        return first * 2.0 ** (number - 1) * self._random(0.75, 1.25)
