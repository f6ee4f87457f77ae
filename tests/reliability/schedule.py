"""The times at which an archive pulls, and what Graph has at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from shared.domain.call import Call
from tests.reliability.environment import Environment

RUNS_A_DAY = 4
PAUSE = 7 * RUNS_A_DAY + 1
"""Slots after which every call is due again that Graph once refused."""
_FIRST_RUN = timedelta(hours=1, minutes=15)


class Violation(AssertionError):
    """Something that must hold does not."""


def demand(violated: Sequence[str], where: str = "") -> None:
    """Raise Violation with what does not hold, if anything."""
    if violated:
        raise Violation("\n".join(filter(None, [*violated, where])))


class Schedule:
    """Those of one archive, which begins empty, in an environment in which nothing is wrong yet."""

    def __init__(self, environment: Environment, began: datetime) -> None:
        self._control = environment.control
        environment.heal()
        self._control.reset()
        self._control.set_time(began)
        environment.restore({})

    def go_on(self) -> datetime:
        """Let the next time come at which a run is due, and return it."""
        now = self._control.now()
        at = now.replace(hour=0, minute=0, second=0, microsecond=0) + _FIRST_RUN
        while at <= now:
            at += timedelta(days=1) / RUNS_A_DAY
        self._control.set_time(at)
        return at

    def restate(self, report: str, days_ago: int, revision: int) -> None:
        """Let Microsoft correct the day that is so many days before the newest, or (0) take that back."""
        day = self.visible(report) - timedelta(days=days_ago)
        self._control.put("restate", {"report": report, "refresh_date": str(day), "revision": revision})

    def visible(self, report: str) -> date:
        """Return the newest refresh date at Graph."""
        return date.fromisoformat(self._control.get("visible", report=report)["refresh_date"])

    def expected(self, call: Call) -> Mapping[str, Any]:
        """Return what is known of the body that Graph gives: its refresh date, SHA-256 and rows."""
        expected: Mapping[str, Any] = self._control.get("expected", call=str(call))
        return expected

    def is_empty(self, call: Call) -> bool:
        """Whether Graph has no rows for a call."""
        return bool(self.expected(call)["rows"] == 0)
