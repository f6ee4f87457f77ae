"""What is missing between the days that are archived, and why. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.dates import days_between
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
    missing: DateRanges, lost: DateRanges, reachable: DateRanges = NO_DAYS, empty: DateRanges = NO_DAYS
) -> list[Gap]:
    """Return why days are missing that lie between archived days, are lost or are reachable, oldest first.

    `reachable` are the days that a `date=` call can still ask for, `empty` those of which Graph had no rows. Microsoft
    fills such days up later (docs-contrib#6692), so they were never published only once they are out of reach.
    """
    askable, out_of_reach = missing & reachable, missing - reachable
    states = {
        GapState.RECOVERABLE: askable - empty,
        GapState.EMPTY: askable & empty,
        GapState.LOST: out_of_reach & lost,
        GapState.NEVER_PUBLISHED: out_of_reach - lost,
    }
    return sorted(Gap(first, last, state) for state, days in states.items() for first, last in days.ranges)


def gaps(
    archived: DateRanges,
    lost: DateRanges = NO_DAYS,
    reachable: DateRanges = NO_DAYS,
    empty: DateRanges = NO_DAYS,
) -> list[Gap]:
    """Return what is missing of one call, oldest first; the sets as for `classify`.

    Empty days are told between archived days alone: elsewhere nothing is missing.
    """
    missing = (archived.span | lost | (reachable - empty)) - archived
    return classify(missing, lost, reachable, empty)


def lost_days(archived: DateRanges, since: datetime | None, now: datetime) -> list[date]:
    """Return the days that a `date=` call could still ask for at `since` (the run before), but no longer at `now`.

    If `since` is None, as no record tells of a run before: the days after the newest that is archived.
    """
    if since:
        first = days_of_interest(since)[0]
    elif archived.last:
        first = archived.last + timedelta(days=1)
    else:
        return []
    return [day for day in days_between(first, days_of_interest(now)[0]) if day not in archived]
