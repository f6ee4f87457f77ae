"""What happens to the simulated tenant in the past of `run --days`, so that there is something to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from local.simulator_client import Control

LEAST = 40
"""Days of a past in which anything happens."""
_HIDDEN, _FAILED, _DRIFTED = 0.2, 0.4, 0.65
"""When each begins, as a share of the past."""
_LATE = 45
"""Days before the end, or a fifth of the past: the list of restatements is of the last 60 days."""
_CHANGED = "getEmailActivityCounts"
"""The report that has another column for a while."""
_CORRECTED = ("getOffice365ActiveUserCounts", "getOffice365ActiveUserDetail", "getOffice365ServicesUserCounts")


class Incident(NamedTuple):
    """Something that begins, or ends."""

    at: datetime
    """UTC."""
    path: str
    """Of the simulator's control API."""
    change: Mapping[str, Any]


class Incidents:
    """Those of one past: names are concealed for two days, Graph fails for three, a week is late, a column is tried.

    In the late week the numbers of its last days are corrected, and are as in any other tenant from then on.
    """

    def __init__(self, begin: datetime, days: int) -> None:
        """The past has so many days from `begin` (UTC) on."""
        self._begin = datetime.combine(begin.date(), time(), UTC)
        self._days = days
        self._to_come = sorted(self._all(), key=attrgetter("at")) if days >= LEAST else []

    def happen(self, control: Control, now: datetime) -> None:
        """Let happen what is due by now."""
        while self._to_come and self._to_come[0].at <= now:
            incident = self._to_come.pop(0)
            control.put(incident.path, dict(incident.change))

    def told(self) -> Iterator[str]:
        """Yield what to look at, in a line each."""
        if self._days < LEAST:
            return
        hidden, failed, drifted = (f"{self._at(share):%Y-%m-%d}" for share in (_HIDDEN, _FAILED, _DRIFTED))
        late = f"{self._late:%Y-%m-%d}"
        yield f"{hidden}, two days: names were concealed, which /status has for each personal report."
        yield f"{failed}, three days: Graph failed. Refresh dates are lost, single days came later: gaps in /status."
        yield f"{drifted}, five days: {_CHANGED} had another column, and snapshots the flag schema_changed."
        yield f"{late}, seven days: nothing new came, and numbers were corrected meanwhile:"
        yield "  /v1.0/restatements, or What did Microsoft restate? on the dashboard's first page."

    def _at(self, share: float) -> datetime:
        return self._begin + timedelta(days=int(share * self._days))

    def _all(self) -> Iterator[Incident]:
        yield from self._fault(
            self._at(_HIDDEN), 2, {"fault": "concealed", "times": None, "match": {"listener": "download"}}
        )
        yield from self._fault(self._at(_FAILED), 3, {"fault": "server_error", "times": None, "args": {"status": 503}})
        column = {"name": "Trial Count", "at": None, "text": "1"}
        match = {"call": f"{_CHANGED}*"}
        yield from self._fault(
            self._at(_DRIFTED), 5, {"fault": "column_added", "times": None, "match": match, "args": column}
        )
        late = self._late
        yield from self._fault(late, 7, {"fault": "stuck", "args": {"days": 7.0}})
        for report in _CORRECTED:
            for days in (1, 2, 3):
                first = {"report": report, "refresh_date": str((late - timedelta(days=days)).date()), "revision": 1}
                yield Incident(self._begin, "restate", first)
                yield Incident(late + timedelta(days=4), "restate", {**first, "revision": 0})

    @property
    def _late(self) -> datetime:
        return self._begin + timedelta(days=self._days - min(_LATE, self._days // 5))

    def _fault(self, begin: datetime, days: int, rule: Mapping[str, Any]) -> Iterator[Incident]:
        yield Incident(begin, "faults", {"rules": [rule]})
        yield Incident(begin + timedelta(days=days), "faults", {"rules": []})
