"""What a run says in the log."""

from __future__ import annotations

import logging
from collections import Counter

from shared import events
from shared.archive.run_record import PullResult, RunRecord
from shared.domain.outcome import Outcome
from shared.pulling.lost_dates import LostDates

_NOT_LOGGED = ("outcome", "at", "read", "names")


def emit_pull(result: PullResult) -> None:
    """Write how a pull ended, as a warning if a person should know."""
    is_fine = result.outcome.is_success or result.outcome is Outcome.NO_DATA or not result.requested
    facts = {name: value for name, value in result.to_json().items() if name not in _NOT_LOGGED}
    events.emit(events.PULL + result.outcome, logging.INFO if is_fine else logging.WARNING, **facts)


def emit_run(record: RunRecord, lost: LostDates) -> None:
    """Write that a run is over, and what was lost since the one before."""
    for call, days in lost.items():
        events.emit(events.LOST, logging.WARNING, call=str(call), dates=[*map(str, days)])
    outcomes = Counter(str(pull.outcome) for pull in record.pulls)
    events.emit(events.RUN_FINISHED, run=record.id, waiting=record.waiting, outcomes=outcomes)
