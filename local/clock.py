"""The clock of an app on one machine: the true one, or one that starts at another time and goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.app import utc_now


def clock_from(start: datetime | None) -> Callable[[], datetime]:
    """Return a clock that shows `start` now, or the true time without it."""
    shift = start - utc_now() if start else timedelta()
    return lambda: utc_now() + shift
