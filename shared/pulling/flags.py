"""What a reader should know of a sane body, and whether it is believed when it comes once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date

from shared import events
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue
from shared.domain.errors import RejectedBody, Unconfirmed
from shared.domain.outcome import Flag, Reason
from shared.pulling import drift
from shared.report.validator import Body


def reject_another_report(catalogue: Catalogue, call: Call, baseline: Snapshot | None, body: Body) -> None:
    """Raise RejectedBody if the header is the documented one of other reports alone, and the snapshot before differed.

    A report that came like that before is archived: its true header need not be the documented one.
    """
    is_usual = baseline is not None and tuple(body.header) == baseline.metadata.columns
    if not is_usual and (theirs := _others_with(catalogue, call, body)):
        raise RejectedBody(Reason.NOT_THIS_REPORT, f"The body has the columns of {min(theirs)}.")


def confirm(call: Call, baseline: Snapshot | None, body: Body, doubted: Unconfirmed | None) -> None:
    """Raise Unconfirmed if rows may be missing and no such body came before: `doubted` tells of one that did.

    A body that looks cut is believed if the same values come twice, one with few rows if few come twice: rows in
    another order are the same values, and a report that changes while it is read has to be archived too.
    """
    has_few_rows = baseline is not None and _has_few_rows(call, baseline, body)
    if not has_few_rows and not body.looks_cut:
        return
    if doubted and doubted.content == body.content:
        return
    if doubted and doubted.has_few_rows and has_few_rows and not body.looks_cut:
        return
    before = f", the one before had {baseline.metadata.rows}" if baseline and has_few_rows else ""
    end = ", and it ends as if it were cut" if body.looks_cut else ""
    raise Unconfirmed(f"The body has {body.rows} rows{before}{end}.", body.content, has_few_rows=has_few_rows)


def flags_of(
    catalogue: Catalogue,
    call: Call,
    baseline: Snapshot | None,
    body: Body,
    refresh_date: date,
    told: tuple[Flag, ...] = (),
) -> tuple[Flag, ...]:
    """Return the flags of a body, and emit an event for each change since the snapshot before.

    `told` are those that only who received it can tell.
    """
    flags = [*told, *_own(call, body, refresh_date)]
    flags += [Flag.ANOTHER_REPORT] if _others_with(catalogue, call, body) else []
    if baseline and baseline.metadata.sha256 != body.sha256:
        flags += _drifted(call, baseline, body)
    before = baseline.metadata.flags if baseline else ()
    for flag, event in _EVENTS.items():
        if flag in flags and flag not in before:
            events.emit(event, logging.WARNING, call=str(call))
    return tuple(flags)


_EVENTS = {
    Flag.UNSURE: events.NAMES_UNSURE,
    Flag.OTHER_DATE: events.DATE_DIFFERS,
    Flag.UNCOUNTED: events.ACCOUNTS_UNCOUNTED,
    Flag.WITHOUT_SIGN_INS: events.SIGN_INS_MISSING,
}
"""The event of a flag that the snapshot before did not have."""


def _own(call: Call, body: Body, refresh_date: date) -> Iterator[Flag]:
    """Yield what a body tells without the snapshot before."""
    found = {
        Flag.RAGGED: body.ragged,
        Flag.UNENDED: not body.is_ended,
        Flag.ERROR_TEXT: body.has_error,
        Flag.REPEATED: body.repeated,
        Flag.UNDATED: body.undated,
        Flag.OTHER_DATE: call.date not in (None, refresh_date),
        Flag.OWN_DATES: body.has_own_dates,
        Flag.UNSURE: body.naming.is_unsure,
    }
    yield from (flag for flag, is_there in found.items() if is_there)


def _drifted(call: Call, baseline: Snapshot, body: Body) -> Iterator[Flag]:
    """Yield a flag, and emit an event, for each way in which a body differs from the snapshot before."""
    before = baseline.metadata
    if _has_few_rows(call, baseline, body):
        yield Flag.SHRUNK
        events.emit(events.SHRUNK, logging.WARNING, call=str(call), rows=body.rows, before=before.rows)
    if any(changes := drift.columns(before, body, of_another_day=baseline.call != call)):
        yield Flag.SCHEMA
        named = {name: change for name, change in changes._asdict().items() if change}
        events.emit(events.SCHEMA_CHANGED, logging.WARNING, call=str(call), **named)
    if drift.names_changed(before.names, body.names):
        yield Flag.NAMES
        events.emit(events.NAMES_CHANGED, logging.WARNING, call=str(call), before=before.names, now=body.names)


def _has_few_rows(call: Call, baseline: Snapshot, body: Body) -> bool:
    return drift.shrunk(baseline.metadata, body, of_another_day=baseline.call != call)


def _others_with(catalogue: Catalogue, call: Call, body: Body) -> set[str]:
    """Return the reports that are documented with the header of a body, if that of the call is not."""
    theirs = catalogue.reports_with(body.header)
    return set() if call.report in theirs else theirs
