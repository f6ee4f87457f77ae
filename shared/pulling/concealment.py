"""Where the names in a report became concealed, or readable again: what markers tell readers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from shared.archive.layout import ConcealmentChange, Partition
from shared.archive.run_record import CallState, PullResult
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.pulling import drift


def change_of_call(
    newest: Snapshot | None, result: PullResult, previous: Callable[[Snapshot], Snapshot | None]
) -> Iterator[ConcealmentChange]:
    """Yield the marker of the snapshot that was archived, or read again, if its names are others than before it.

    `newest` was the newest of the call before the pull. If that was read again, its marker is yielded again: the run
    that archived it may have died before it could write the marker. Its predecessor is what `previous` returns.
    """
    if newest and newest.blob == result.blob and result.read and result.names != "none":
        newest = previous(newest)
    return _change(newest.metadata.names if newest else "none", result)


def changes_of_days(
    daily: Iterable[str], pulls: Sequence[PullResult], states: Mapping[Call, CallState]
) -> Iterator[ConcealmentChange]:
    """Yield by report the marker of the oldest single day of this run with other names than the day read before it."""
    for report in daily:
        read = [
            (state.read_at, state.names)
            for call, state in states.items()
            if call.report == report and call.is_single_day and state.read_at and state.names not in ("", "none")
        ]
        before = max(read)[1] if read else "none"
        days = [pull for pull in pulls if pull.read and pull.call.report == report and pull.call.is_single_day]
        yield from next(filter(None, ([*_change(before, pull)] for pull in days)), [])


def _change(before: str, result: PullResult) -> Iterator[ConcealmentChange]:
    if result.refresh_date and result.revision and drift.names_changed(before, result.names):
        partition = Partition.of(result.call)
        yield ConcealmentChange(partition, result.refresh_date, result.revision, before, result.names)
