"""The attempts of one call, and the calls of one report in sequence, within time and request budget of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial

from shared.archive.run_record import PullResult
from shared.domain.errors import PullError, Unconfirmed
from shared.domain.outcome import Reason
from shared.pulling.budget import Budget
from shared.pulling.plan import BUDGET, PlannedPull
from shared.pulling.pull import Puller
from shared.pulling.pull_errors import as_pull_errors
from shared.pulling.retries import Retries

_LATE = (Reason.TOO_SLOW, Reason.UNREACHABLE)
"""An answer did not come, or not all of it; with more time it may have."""


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
        self._clock = clock
        self._retries = Retries(end=end, clock=clock, sleep=sleep, random=random)

    def pull_in_sequence(self, pulls: Sequence[PlannedPull]) -> Iterator[PullResult]:
        """Yield the result of each call of a report. An obstacle that one call meets ends those after it too."""
        obstacle = self._obstacle
        for planned in pulls:
            try:
                if obstacle:
                    raise obstacle
                yield self._retries.first_success(partial(self._attempt, planned))
            except PullError as error:
                if error.reason in (Reason.RATE_LIMITED, Reason.NO_TOKEN):
                    obstacle = error
                yield PullResult.of_error(planned.call, error, self._clock())

    def _attempt(self, planned: PlannedPull, doubted: Unconfirmed | None) -> PullResult:
        """Send one request, if time and budget allow it. Raises PullError, whatever goes wrong."""
        if self._retries.seconds_left() <= 0:
            raise PullError(Reason.OUT_OF_TIME, "The run had no time left.")
        try:
            with as_pull_errors(f"Pulling {planned.call}"):
                if planned.is_budgeted and not self._budget.take(planned.call.report):
                    raise PullError(Reason.BUDGET, f"{BUDGET} requests in ten minutes are the limit.")
                return self._puller.pull(planned, doubted, self._retries.seconds_left())
        except PullError as error:
            if error.reason in _LATE and self._retries.seconds_left() <= 0:
                raise PullError(Reason.OUT_OF_TIME, f"The run had no time left for an answer. {error}") from error
            raise
