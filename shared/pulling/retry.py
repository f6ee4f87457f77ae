"""The attempts of one call, and the calls of one report in sequence, within time and request budget of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from shared.archive.run_record import PullResult
from shared.domain.errors import PullError, Retryable, Unconfirmed
from shared.domain.outcome import Reason
from shared.pulling.budget import Budget
from shared.pulling.plan import BUDGET, PlannedPull
from shared.pulling.pull import Puller
from shared.pulling.pull_errors import as_pull_errors

ATTEMPTS = 4
"""Requests for one call in one run."""
_ATTEMPTS_FOR = {Reason.UNAUTHORIZED: 2, Reason.DOWNLOAD_FAILED: 3}
"""Fewer where a new token or a new address did not help."""
_LATE = (Reason.TOO_SLOW, Reason.UNREACHABLE)
"""An answer did not come, or not all of it; with more time it may have."""
LONGEST_WAIT = 600.0
"""Seconds. A call that has to wait longer is left to the next run."""
_FIRST_WAIT = 1.0
_FIRST_WAIT_FOR = {Reason.RATE_LIMITED: 30.0}
"""Seconds. Each further wait is twice as long."""


class Attempts:
    """What the pulls of one run share."""

    def __init__(
        self,
        *,
        puller: Puller,
        budget: Budget,
        obstacle: PullError | None,
        end: datetime,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object],
        random: Callable[[float, float], float],
    ) -> None:
        """An `obstacle` ends all calls. No attempt begins after `end`, and Graph has no longer than that for any.

        `clock` answers UTC, `sleep` takes seconds, `random` answers a number between two.
        """
        self._puller = puller
        self._budget = budget
        self._obstacle = obstacle
        self._end = end
        self._clock = clock
        self._sleep = sleep
        self._random = random

    def pull_in_sequence(self, pulls: Sequence[PlannedPull]) -> Iterator[PullResult]:
        """Yield the result of each call of a report. An obstacle that one call meets ends those after it too."""
        obstacle = self._obstacle
        for planned in pulls:
            try:
                if obstacle:
                    raise obstacle
                yield self._pull(planned)
            except PullError as error:
                if error.reason in (Reason.RATE_LIMITED, Reason.NO_TOKEN):
                    obstacle = error
                yield PullResult.of_error(planned.call, error, self._clock())

    def _pull(self, planned: PlannedPull) -> PullResult:
        """Return the result of the first attempt that succeeds. Raises PullError if none does."""
        doubted: Unconfirmed | None = None
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._attempt(planned, doubted)
            except Retryable as error:
                if isinstance(error, Unconfirmed):
                    doubted = error
                wait = self._wait(error, attempt)
                is_last = attempt >= _ATTEMPTS_FOR.get(error.reason, ATTEMPTS)
                if is_last or wait > LONGEST_WAIT or wait >= self._seconds_left():
                    raise
            self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, planned: PlannedPull, doubted: Unconfirmed | None) -> PullResult:
        """Send one request, if time and budget allow it. Raises PullError, whatever goes wrong."""
        if self._seconds_left() <= 0:
            raise PullError(Reason.OUT_OF_TIME, "The run had no time left.")
        try:
            with as_pull_errors(f"Pulling {planned.call}"):
                if not self._budget.take(planned.call.report):
                    raise PullError(Reason.BUDGET, f"{BUDGET} requests in ten minutes are the limit.")
                return self._puller.pull(planned, doubted, self._seconds_left())
        except PullError as error:
            if error.reason in _LATE and self._seconds_left() <= 0:
                raise PullError(Reason.OUT_OF_TIME, f"The run had no time left for an answer. {error}") from error
            raise

    def _seconds_left(self) -> float:
        return (self._end - self._clock()).total_seconds()

    def _wait(self, error: Retryable, attempt: int) -> float:
        """Return the seconds until the next attempt: what Graph asked for, or longer each time, with jitter."""
        if error.after is not None:
            return error.after
        first = _FIRST_WAIT_FOR.get(error.reason, _FIRST_WAIT)
        return first * 2.0 ** (attempt - 1) * self._random(0.75, 1.25)
