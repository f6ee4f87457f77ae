"""What the app says in its log: one line per event, `name {json}`, for people and for alarms.

The names are constants, because alarms are built on them. What looks like a token or a key is hidden.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.redaction import redacted

RUN_FINISHED = "run.finished"
"""A run is over; counts by outcome."""
RUN_FAILED = "run.failed"
"""A run is over, and something in it needs a person."""
RUN_STOPPED = "run.stopped"
"""Storage let a run read nothing or did not take its record; the next run begins again. If it stays, see its detail."""
RUN_SKIPPED = "run.skipped"
"""A run did not begin, as another one was under way."""
PULL = "pull."
"""Followed by the outcome: `pull.published`, `pull.refused`, ... One per call of a run."""
SCHEMA_CHANGED = "schema.changed"
"""The columns of a report are not those of the snapshot before: added, removed, renamed, moved or blanked."""
NAMES_CHANGED = "names.changed"
"""People are concealed in a report, or named again: rows before and after cannot be joined."""
NAMES_UNSURE = "names.unsure"
"""Some names in a report may be none, and were not so in the snapshot before; they count as names."""
DATE_DIFFERS = "date.differs"
"""A single day has rows of another refresh date, and the one before it had not."""
SHRUNK = "rows.shrunk"
"""A report lost more than 30 % of its rows, and Graph said so twice."""
ACCOUNTS_UNCOUNTED = "accounts.uncounted"
"""Graph counted other accounts than its pages held, and did not the day before: somebody may be missing."""
SIGN_INS_MISSING = "sign_ins.missing"
"""`SIGN_IN_ACTIVITY` asks for sign-ins, Graph gives none, and it did or was not asked the day before."""
SERIES_BEHIND = "series.behind"
"""A series could not be brought up to date; the next pull or reader of the call tries again."""
EVIDENCE_DIFFERS = "evidence.differs"
"""The live service did something else than was assumed, for the first time; `doctor` tells of all of it."""
EVIDENCE_BEHIND = "evidence.behind"
"""What the live service did could not be written down; the next run tries again."""
VIEWS_BEHIND = "views.behind"
"""The numbers of licences and adoption could not be brought up to date; the next run tries again."""
TABLES_BEHIND = "tables.behind"
"""Tables of a month could not be made, or not all in the time of a run; the next run tries again."""
EXPIRED = "archive.expired"
"""Reports with people were deleted, as they are older than `PERSONAL_RETENTION_DAYS`."""
EXPIRY_BEHIND = "expiry.behind"
"""Not all that is older than `PERSONAL_RETENTION_DAYS` could be deleted; the next run tries again."""
MARK_FAILED = "mark.failed"
"""Lost dates or a change of names could not be marked for readers; lost dates are tried again by the next run."""
COVERAGE_BEHIND = "coverage.behind"
"""The coverage index could not be brought up to date; the next run or reader makes it again from the names."""
LOST = "archive.lost"
"""Dates of a call that Graph showed, or could have given, and no run got: nothing can bring them back."""
TENANT_UNKNOWN = "tenant.unknown"
"""A message asked for a run of a tenant that `TENANTS` does not list, or no longer; nothing was pulled."""
TENANTS_ASKED = "tenants.asked"
"""The timer asked for a run of each tenant; how many, and what is wrong with `tenants.csv`."""
TENANT_STOPPED = "tenant.stopped"
"""A tenant had no run while two were due; the timer says so each time."""
REQUEST_FAILED = "request.failed"
"""An HTTP request could not be answered, through no fault of the caller."""

_log = logging.getLogger("usage_archive")
_tenant: ContextVar[str] = ContextVar("tenant", default="")


@contextmanager
def of_tenant(id_: str) -> Iterator[None]:
    """Let every event that is written while the block lasts, in the same context, say that it is of this tenant."""
    token = _tenant.set(id_)
    try:
        yield
    finally:
        _tenant.reset(token)


def emit(name: str, level: int = logging.INFO, **facts: object) -> None:
    """Write one event; facts that are None or empty are left out."""
    if not _log.isEnabledFor(level):
        return
    told = {**facts, "tenant": facts.get("tenant") or _tenant.get()}
    text = json.dumps({k: v for k, v in told.items() if v not in (None, "")}, default=str)
    _log.log(level, "%s %s", name, redacted(text))


def log_unexpected(what: str) -> None:
    """Write down the exception that is being handled, and where it was raised: it is a mistake in the app itself."""
    _log.error("%s %s", what, redacted(traceback.format_exc()))
