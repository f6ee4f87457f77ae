"""What is missing between the days that are archived, and why. Pure."""

from __future__ import annotations

from collections.abc import Container, Set
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.domain.dates import days_between, stretches
from shared.domain.graph_window import DATE_DAYS, days_of_interest
from shared.domain.word import Word


class GapState(Word):
    """Why a day is missing."""

    RECOVERABLE = "recoverable", "Graph can still be asked for it."
    EMPTY = "empty", "Graph had no rows of it so far, and can still be asked for it."
    LOST = "lost", "Graph showed it, or could have given it, and no run got it: nothing can bring it back."
    NEVER_PUBLISHED = "never_published", "The archive was watching, and Graph never had it."


class Gap(NamedTuple):
    """Missing days in a row, all in the same state."""

    first: date
    last: date
    state: GapState

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def until(self) -> date | None:
        """The last day (UTC) on which all of a recoverable gap can be asked for."""
        return self.first + timedelta(days=DATE_DAYS) if self.state is GapState.RECOVERABLE else None


def classify(
    day: date, lost: Container[date], reachable: Container[date] = (), empty: Container[date] = ()
) -> GapState:
    """Return why a day that lies between archived days, is lost or is reachable is missing.

    `reachable` are the days that a `date=` call can still ask for, `empty` those of which Graph had no rows. Microsoft
    fills such days up later (docs-contrib#6692), so they were never published only once they are out of reach.
    """
    if day in reachable:
        return GapState.EMPTY if day in empty else GapState.RECOVERABLE
    return GapState.LOST if day in lost else GapState.NEVER_PUBLISHED


def gaps(
    archived: Set[date], lost: Set[date], reachable: Set[date] = frozenset(), empty: Set[date] = frozenset()
) -> list[Gap]:
    """Return what is missing of one call, oldest first; the sets as for `classify`.

    Empty days are told between archived days alone: elsewhere nothing is missing.
    """
    between = days_between(min(archived), max(archived)) if archived else []
    days: dict[GapState, list[date]] = {}
    for day in {*between, *lost, *(reachable - empty)} - archived:
        days.setdefault(classify(day, lost, reachable, empty), []).append(day)
    return sorted(Gap(first, last, state) for state in days for first, last in stretches(days[state]))


def lost_days(archived: Set[date], since: datetime | None, now: datetime) -> list[date]:
    """Return the days that a `date=` call could still ask for at `since` (the run before), but no longer at `now`.

    If `since` is None, as no record tells of a run before: the days after the newest that is archived.
    """
    if since:
        first = days_of_interest(since)[0]
    elif archived:
        first = max(archived) + timedelta(days=1)
    else:
        return []
    return [day for day in days_between(first, days_of_interest(now)[0]) if day not in archived]
