"""Pulling: one call from Graph, through the checks, into the archive."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from shared import events
from shared.archive.archive import Archive
from shared.archive.run_log import Pulled
from shared.archive.snapshot import Origin, Snapshot
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue, Report
from shared.domain.errors import RejectedBody, Unconfirmed
from shared.domain.outcome import Flag, Outcome, Reason
from shared.graph.client import GraphClient, GraphResponse
from shared.pulling import drift
from shared.pulling.plan import Ask
from shared.report.validator import Body


class Puller(NamedTuple):
    """What one pull needs. The clock answers UTC."""

    archive: Archive
    graph: GraphClient
    catalogue: Catalogue
    graph_version: str
    clock: Callable[[], datetime]

    def pull(self, ask: Ask, unconfirmed: str = "") -> Pulled:
        """One call, once. Raises a PullError when it ends without a snapshot, and ArchiveUnavailable.

        `unconfirmed` is the SHA-256 of a body that came before and had too few rows: it is believed if it comes again.
        """
        with self.graph.get(
            self._path(ask.call), ask.newest.origin.etag if ask.newest and ask.conditional else None
        ) as answer:
            if answer:
                outcome, snapshot, content = self._archive(ask, answer, unconfirmed)
                # If it is old too: who archived it may have died before this.
                self.archive.series.keep_up(snapshot, content)
                return Pulled.done(outcome, snapshot, self.clock())
        if ask.newest and ask.conditional:
            return Pulled.done(Outcome.UNCHANGED, ask.newest, self.clock(), Reason.NOT_MODIFIED)
        detail = "Graph answered 304 to a question without a condition."
        return Pulled(str(ask.call), Outcome.DEFERRED, self.clock(), Reason.NOT_MODIFIED, detail)

    def _archive(self, ask: Ask, answer: GraphResponse, unconfirmed: str) -> tuple[Outcome, Snapshot, bytes | None]:
        call = ask.call
        report, version = self._report(call)
        body = Body([report.columns_of(version, call.version)], self.clock().date(), call.period)
        with self.archive.snapshots.upload(call) as upload:

            def received() -> Iterator[bytes]:
                for chunk in answer.chunks:
                    upload.write(chunk, call.date or body.refresh_date)
                    yield chunk

            coming = received()
            try:
                refresh_date = body.read(coming)
                flags = self._flags(ask, body, unconfirmed)
            except RejectedBody as error:
                upload.reject()
                body.skip(coming)
                if body.size:
                    error.blob = upload.quarantine(body.sha256, error.reason, self.clock())
                raise
            origin = Origin(
                body.sha256,
                body.size,
                body.rows,
                self.clock(),
                answer.etag,
                answer.request_id,
                body.content,
                body.names,
                flags,
                tuple(body.header),
                tuple(body.blank),
            )
            outcome, snapshot = upload.commit(call.date or refresh_date, origin)
            return outcome, snapshot, upload.content()

    def _flags(self, ask: Ask, body: Body, unconfirmed: str) -> tuple[str, ...]:
        """What a reader should know of a sane body; an event for each change.

        Raises Unconfirmed for a body with too few rows, RejectedBody if it came twice and was not the same.
        """
        flags: list[str] = [Flag.RAGGED] if body.ragged else []
        flags += [Flag.REPEATED] if body.repeated else []
        snapshot = self._baseline(ask)
        if snapshot is None or snapshot.origin.sha256 == body.sha256:
            return tuple(flags)
        call, before, of_another_day = str(ask.call), snapshot.origin, snapshot.call != ask.call
        if drift.shrunk(before, body, of_another_day=of_another_day):
            if not unconfirmed:
                raise Unconfirmed(body.sha256, f"The body has {body.rows} rows, the one before had {before.rows}.")
            if unconfirmed != body.sha256:
                raise RejectedBody(
                    Reason.UNSTEADY, f"Two bodies with few rows came, and not the same: {body.rows} rows now."
                )
            flags.append(Flag.SHRUNK)
            events.emit(events.SHRUNK, logging.WARNING, call=call, rows=body.rows, before=before.rows)
        if any(changes := drift.columns(before, body, of_another_day=of_another_day)):
            flags.append(Flag.SCHEMA)
            told = {name: change for name, change in changes._asdict().items() if change}
            events.emit(events.SCHEMA_CHANGED, logging.WARNING, call=call, **told)
        if drift.names_changed(before.names, body.names):
            flags.append(Flag.NAMES)
            events.emit(events.NAMES_CHANGED, logging.WARNING, call=call, before=before.names, now=body.names)
        return tuple(flags)

    def _baseline(self, ask: Ask) -> Snapshot | None:
        """What a body is compared with: the newest of the call; for a single day, else, the one a week before.

        A single day has those who did something on it, of whom there are as many on the same day of the week.
        """
        day = ask.call.date
        if ask.newest or not day:
            return ask.newest
        calls = (Call(ask.call.report, date=each) for each in (day, day - timedelta(weeks=1)))
        found = (self.archive.snapshots.newest(call, call.date or day) for call in calls)
        return next((snapshot for snapshot in found if snapshot), None)

    def _report(self, call: Call) -> tuple[Report, str]:
        """The report of a call, and the version of Graph that is asked for it."""
        report = self.catalogue.reports[call.report]
        return report, report.graph_version(self.graph_version)

    def _path(self, call: Call) -> str:
        report, version = self._report(call)
        return f"/{version}/{report.root[version]}/{call}"
