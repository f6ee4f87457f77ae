"""Which snapshot a reader means: by refresh date, revision, and what the archive knew when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from shared.archive.coverage import GapState
from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.domain.call import Call
from shared.domain.error_code import ErrorCode
from shared.domain.errors import BadArgument, NotArchived
from shared.web.query import SnapshotSelector

_REASONS = {
    GapState.RECOVERABLE: (ErrorCode.NOT_PULLED, "it was not pulled yet, and Graph can still be asked for it"),
    GapState.EMPTY: (ErrorCode.NOT_PULLED, "Graph had no rows of it so far, and is asked again"),
    GapState.LOST: (ErrorCode.NOT_PULLED, "it was not pulled in time"),
    GapState.NEVER_PUBLISHED: (ErrorCode.NEVER_PUBLISHED, "Microsoft did not publish it"),
}
"""Why a day between archived days is missing: the code, and in words."""


class SnapshotResolver:
    """Finds the snapshot that a reader means. Every method raises ArchiveUnavailable."""

    def __init__(
        self,
        snapshots: SnapshotArchive,
        newest: Callable[[Call], Snapshot | None],
        why_missing: Callable[[Call, date], GapState],
    ) -> None:
        """`newest` may be a little behind. `why_missing` tells the state of a day between those that are archived."""
        self._snapshots = snapshots
        self._newest = newest
        self._why_missing = why_missing

    def resolve(self, call: Call, selector: SnapshotSelector, today: date) -> Snapshot:
        """Return the selected snapshot. Raises BadArgument, and NotArchived with the reason and the nearest dates."""
        day = selector.refresh_date
        if day and call.date and call.date != day:
            raise BadArgument(f"{call} is archived under its own date; leave refreshDate out.")
        if day is None:
            is_latest = selector == SnapshotSelector()
            newest = self._newest(call) if is_latest else self._snapshots.newest(call, today, selector.as_of)
            if newest is None:
                raise self._nothing_yet(call, selector, today)
            if selector.revision in (None, newest.revision):
                return newest
            day = newest.refresh_date
        revisions = self._snapshots.revisions(call, day, selector.as_of)
        if not revisions:
            raise self._missing(call, day, selector, today)
        return _revision(revisions, selector, day)

    def first(self, call: Call, today: date) -> Snapshot:
        """Return the snapshot that was pulled first. Raises NotArchived."""
        snapshots = self._snapshots.revisions(call, call.date) if call.date else self._snapshots.all(call)
        if not snapshots:
            raise self._nothing_yet(call, SnapshotSelector(), today)
        return min(snapshots, key=lambda snapshot: snapshot.metadata.pulled_at)

    def _nothing_yet(self, call: Call, selector: SnapshotSelector, today: date) -> NotArchived:
        if call.date:
            return self._missing(call, call.date, selector, today)
        if selector.as_of and (snapshots := self._snapshots.all(call)):
            first = min(snapshot.metadata.pulled_at for snapshot in snapshots)
            return NotArchived(
                ErrorCode.BEFORE_ARCHIVE,
                f"The archive had no snapshot of {call} at {selector.as_of:%Y-%m-%dT%H:%M:%SZ}.",
                report=call.report,
                requested=selector.as_of.isoformat(),
                nearestAfter=first.date().isoformat(),
            )
        return NotArchived(ErrorCode.NOT_PULLED, f"The archive has no snapshot of {call} yet.", report=call.report)

    def _missing(self, call: Call, day: date, selector: SnapshotSelector, today: date) -> NotArchived:
        dates = self._snapshots.refresh_dates(call)
        code, reason = self._reason(call, day, selector, today, dates)
        if selector.as_of:
            dates = [each.refresh_date for each in self._snapshots.all(call, selector.as_of)]
        return NotArchived(
            code,
            f"There is no snapshot of {call} for {day}: {reason}.",
            report=call.report,
            requested=day.isoformat(),
            nearestBefore=max((each.isoformat() for each in dates if each < day), default=None),
            nearestAfter=min((each.isoformat() for each in dates if each > day), default=None),
        )

    def _reason(
        self, call: Call, day: date, selector: SnapshotSelector, today: date, dates: Sequence[date]
    ) -> tuple[ErrorCode, str]:
        """Return why a day is missing, as a code and in words; `dates` are those that are archived."""
        if day > today:
            return ErrorCode.IN_FUTURE, "that day is yet to come"
        if day in dates and selector.as_of:
            return ErrorCode.NOT_PULLED, f"it was archived only after {selector.as_of:%Y-%m-%dT%H:%M:%SZ}"
        if day in dates:  # it was archived between two listings
            return ErrorCode.NOT_PULLED, "it came just now"
        if not dates:
            return ErrorCode.NOT_PULLED, "nothing of this call is archived yet"
        if day < dates[0]:
            return ErrorCode.BEFORE_ARCHIVE, f"the archive of this call begins with {dates[0]}"
        if day > dates[-1]:
            return ErrorCode.NOT_PULLED, f"the newest is that of {dates[-1]}"
        return _REASONS[self._why_missing(call, day)]


def _revision(revisions: Sequence[Snapshot], selector: SnapshotSelector, day: date) -> Snapshot:
    if selector.revision is None:
        return revisions[-1]
    for snapshot in revisions:
        if snapshot.revision == selector.revision:
            return snapshot
    raise NotArchived(
        ErrorCode.NO_SUCH_REVISION,
        f"{day} has no revision {selector.revision}: the last is {revisions[-1].revision}.",
        requested=str(selector.revision),
        revisions=[snapshot.revision for snapshot in revisions],
    )
