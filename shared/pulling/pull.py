"""One pull: a call from Graph, through the checks, into the archive."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from shared import events
from shared.archive.archive import Archive
from shared.archive.run_record import PullResult
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.archive.upload import SnapshotUpload
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue
from shared.domain.errors import PullError, RejectedBody, Unconfirmed
from shared.domain.outcome import Flag, Outcome, Reason
from shared.graph.client import GraphClient, GraphResponse
from shared.pulling import drift
from shared.pulling.plan import PlannedPull
from shared.redaction import redacted_body
from shared.report.validator import Body

_FOREIGN = (Reason.NOT_THIS_REPORT, Reason.NOT_CSV)
"""Why a body is no report at all: it may be a URL or an error, with secrets in it."""
_SHORT = 1 << 20
"""Bytes of a body that may be one; a longer one is kept as it came, as memory has no room for it."""


class Puller:
    """What pulls single calls."""

    def __init__(
        self,
        *,
        archive: Archive,
        graph: GraphClient,
        catalogue: Catalogue,
        graph_version: str,
        clock: Callable[[], datetime],
    ) -> None:
        """`graph_version` is the preferred one; `clock` answers UTC."""
        self.graph = graph
        self._archive = archive
        self._catalogue = catalogue
        self._graph_version = graph_version
        self._clock = clock

    def obstacle(self) -> PullError | None:
        """Return what keeps every call from being pulled, which takes long to find out: no token; or None."""
        try:
            self.graph.authenticate()
        except PullError as error:
            return error
        return None

    def pull(self, planned: PlannedPull, unconfirmed: str = "") -> PullResult:
        """Send one request, and return its result. Raise PullError when it ends without a snapshot; ArchiveUnavailable.

        `unconfirmed` is the SHA-256 of a body that came before and had too few rows: it is believed if it comes again.
        """
        call, newest = planned.call, planned.newest
        etag = newest.metadata.etag if newest and planned.conditional else None
        with self.graph.get(self._path(call), etag) as answer:
            if answer:
                return self._receive(planned, answer, unconfirmed)
        if newest and planned.conditional:
            return PullResult.of_snapshot(Outcome.UNCHANGED, newest, self._clock(), Reason.NOT_MODIFIED)
        detail = "Graph answered 304 to a question without a condition."
        return PullResult(call, Outcome.DEFERRED, self._clock(), Reason.NOT_MODIFIED, detail)

    def _receive(self, planned: PlannedPull, answer: GraphResponse, unconfirmed: str) -> PullResult:
        """Archive the body while it streams through the checks, or put it in quarantine."""
        call = planned.call
        body = self._body(call)
        with self._archive.snapshots.upload(call) as upload:
            chunks = _written(answer, upload, call, body)
            try:
                refresh_date = body.read(chunks)
                flags = self._flags(planned, body, unconfirmed)
            except RejectedBody as error:
                upload.reject()
                body.skip(chunks)
                if body.size:
                    hide = redacted_body if error.reason in _FOREIGN and body.size <= _SHORT else None
                    error.blob = upload.quarantine(body.sha256, error.reason, self._clock(), hide)
                raise
            metadata = _origin(answer, body, flags, self._clock())
            outcome, snapshot = upload.commit(call.date or refresh_date, metadata, body.former_content)
            # Of an old snapshot too: the run that archived it may have died before this.
            self._archive.series.keep_up(snapshot, upload.content())
        return PullResult.of_snapshot(outcome, snapshot, self._clock())

    def _body(self, call: Call) -> Body:
        report = self._catalogue.reports[call.report]
        header = report.columns_of(report.graph_version(self._graph_version), call.version)
        return Body([header], self._clock().date(), call.period)

    def _flags(self, planned: PlannedPull, body: Body, unconfirmed: str) -> tuple[str, ...]:
        """Return what a reader should know of a sane body. Raise what `_drifted` raises."""
        flags: list[str] = [Flag.RAGGED] if body.ragged else []
        flags += [Flag.REPEATED] if body.repeated else []
        flags += [Flag.UNDATED] if body.undated else []
        flags += [Flag.OWN_DATES] if body.has_own_dates else []
        flags += [Flag.UNSURE] if body.naming.is_unsure else []
        baseline = self._baseline(planned)
        if baseline and baseline.metadata.sha256 != body.sha256:
            flags += _drifted(planned.call, baseline, body, unconfirmed)
        if Flag.UNSURE in flags and not (baseline and Flag.UNSURE in baseline.metadata.flags):
            events.emit(events.NAMES_UNSURE, logging.WARNING, call=str(planned.call))
        return tuple(flags)

    def _baseline(self, planned: PlannedPull) -> Snapshot | None:
        """Return what a body is compared with: the newest of the call, or else for a single day that of a week before.

        A single day has those who did something on it, of whom there are as many on the same day of the week.
        """
        day = planned.call.date
        if planned.newest or not day:
            return planned.newest
        days = (day, day - timedelta(weeks=1))
        snapshots = (self._archive.snapshots.newest(Call(planned.call.report, date=each), each) for each in days)
        return next(filter(None, snapshots), None)

    def _path(self, call: Call) -> str:
        report = self._catalogue.reports[call.report]
        version = report.graph_version(self._graph_version)
        return f"/{version}/{report.root[version]}/{call}"


def _written(answer: GraphResponse, upload: SnapshotUpload, call: Call, body: Body) -> Iterator[bytes]:
    """Yield the chunks of an answer, each written to the upload before."""
    for chunk in answer.chunks:
        upload.write(chunk, call.date or body.refresh_date)
        yield chunk


def _origin(answer: GraphResponse, body: Body, flags: tuple[str, ...], now: datetime) -> SnapshotMetadata:
    return SnapshotMetadata(
        sha256=body.sha256,
        size=body.size,
        rows=body.rows,
        pulled_at=now,
        etag=answer.etag,
        request_id=answer.request_id,
        content=body.content,
        names=body.names,
        flags=flags,
        columns=tuple(body.header),
        blank=tuple(body.blank),
    )


def _drifted(call: Call, baseline: Snapshot, body: Body, unconfirmed: str) -> Iterator[Flag]:
    """Yield a flag, and emit an event, for each way in which a body differs from the snapshot before.

    Raise Unconfirmed if it has too few rows, RejectedBody if such a body came before and was not the same.
    """
    before, of_another_day = baseline.metadata, baseline.call != call
    if drift.shrunk(before, body, of_another_day=of_another_day):
        if not unconfirmed:
            raise Unconfirmed(body.sha256, f"The body has {body.rows} rows, the one before had {before.rows}.")
        if unconfirmed != body.sha256:
            detail = f"Two bodies with few rows came, and not the same: {body.rows} rows now."
            raise RejectedBody(Reason.UNSTEADY, detail)
        yield Flag.SHRUNK
        events.emit(events.SHRUNK, logging.WARNING, call=str(call), rows=body.rows, before=before.rows)
    if any(changes := drift.columns(before, body, of_another_day=of_another_day)):
        yield Flag.SCHEMA
        named = {name: change for name, change in changes._asdict().items() if change}
        events.emit(events.SCHEMA_CHANGED, logging.WARNING, call=str(call), **named)
    if drift.names_changed(before.names, body.names):
        yield Flag.NAMES
        events.emit(events.NAMES_CHANGED, logging.WARNING, call=str(call), before=before.names, now=body.names)
