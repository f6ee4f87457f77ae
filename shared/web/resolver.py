"""Which snapshot a reader means: by refresh date, revision, and what was known when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.domain.call import Call
from shared.domain.errors import BadArgument, NotArchived


class Choice(NamedTuple):
    """What a reader asks for; None is the last."""

    refresh_date: date | None = None
    revision: int | None = None
    as_of: datetime | None = None
    """UTC: what was archived later is not known."""


class Choices(NamedTuple):
    """Finds snapshots in the archive. `why_missing` tells `not_pulled` from `never_published` for a day in between.

    `newest` may be a little behind.
    """

    archive: SnapshotArchive
    newest: Callable[[Call], Snapshot | None]
    why_missing: Callable[[Call, date], str]

    def choose(self, call: Call, choice: Choice, today: date) -> Snapshot:
        """The snapshot. Raises NotArchived, which says why there is none and names the nearest; BadArgument."""
        day = choice.refresh_date
        if day and call.date and call.date != day:
            raise BadArgument(f"{call} is archived under its own date; leave refreshDate out.")
        if day is None:
            newest = self.newest(call) if choice == Choice() else self.archive.newest(call, today, choice.as_of)
            if newest is None:
                raise self._nothing_yet(call, choice, today)
            if choice.revision in (None, newest.revision):
                return newest
            day = newest.refresh_date
        revisions = self.archive.revisions(call, day, choice.as_of)
        if not revisions:
            raise self._missing(call, day, choice, today)
        return _revision(revisions, choice, day)

    def first(self, call: Call, today: date) -> Snapshot:
        """The snapshot that was pulled first. Raises NotArchived."""
        snapshots = self.archive.revisions(call, call.date) if call.date else self.archive.all(call)
        if not snapshots:
            raise self._nothing_yet(call, Choice(), today)
        return min(snapshots, key=lambda snapshot: snapshot.origin.pulled_at)

    def _nothing_yet(self, call: Call, choice: Choice, today: date) -> NotArchived:
        if call.date:
            return self._missing(call, call.date, choice, today)
        if choice.as_of and (snapshots := self.archive.all(call)):
            first = min(snapshot.origin.pulled_at for snapshot in snapshots)
            return NotArchived(
                "before_archive",
                f"The archive had no snapshot of {call} at {choice.as_of:%Y-%m-%dT%H:%M:%SZ}.",
                report=call.report,
                requested=choice.as_of.isoformat(),
                nearestAfter=first.date().isoformat(),
            )
        return NotArchived("not_pulled", f"The archive has no snapshot of {call} yet.", report=call.report)

    def _missing(self, call: Call, day: date, choice: Choice, today: date) -> NotArchived:
        dates = self.archive.refresh_dates(call)
        if day > today:
            code, why = "in_future", "that day is yet to come"
        elif day in dates and choice.as_of:
            code, why = "not_pulled", f"it was archived only after {choice.as_of:%Y-%m-%dT%H:%M:%SZ}"
        elif day in dates:  # it was archived between two listings
            code, why = "not_pulled", "it came just now"
        elif not dates:
            code, why = "not_pulled", "nothing of this call is archived yet"
        elif day < dates[0]:
            code, why = "before_archive", f"the archive of this call begins with {dates[0]}"
        elif day > dates[-1]:
            code, why = "not_pulled", f"the newest is that of {dates[-1]}"
        else:
            code = self.why_missing(call, day)
            why = "Microsoft did not publish it" if code == "never_published" else "it was not pulled in time"
        known = [each.refresh_date for each in self.archive.all(call, choice.as_of)] if choice.as_of else dates
        return NotArchived(
            code,
            f"There is no snapshot of {call} for {day}: {why}.",
            report=call.report,
            requested=day.isoformat(),
            nearestBefore=max((d.isoformat() for d in known if d < day), default=None),
            nearestAfter=min((d.isoformat() for d in known if d > day), default=None),
        )


def _revision(revisions: Sequence[Snapshot], choice: Choice, day: date) -> Snapshot:
    if choice.revision is None:
        return revisions[-1]
    for snapshot in revisions:
        if snapshot.revision == choice.revision:
            return snapshot
    raise NotArchived(
        "no_such_revision",
        f"{day} has no revision {choice.revision}: the last is {revisions[-1].revision}.",
        requested=str(choice.revision),
        revisions=[snapshot.revision for snapshot in revisions],
    )
