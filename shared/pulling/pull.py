"""One pull: a call from Graph, through the checks, into the archive."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from shared.archive.archive import Archive
from shared.archive.run_record import PullResult
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.archive.upload import SnapshotUpload
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue
from shared.domain.errors import PullError, RejectedBody, Unconfirmed
from shared.domain.evidence import Facts
from shared.domain.outcome import Outcome, Reason
from shared.graph.client import Graph, GraphResponse
from shared.pulling.content_facts import content_facts
from shared.pulling.directory import Directory
from shared.pulling.flags import confirm, flags_of, reject_another_report
from shared.pulling.plan import PlannedPull
from shared.pulling.suppressing import Suppressing
from shared.pulling.witness import Witness
from shared.redaction import redacted_body
from shared.report.body_form import BodyForm
from shared.report.erasing import Remainder, Who
from shared.report.validator import Body
from shared.views.people import USERS

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
        graph: Graph,
        directory: Directory,
        suppressing: Suppressing,
        catalogue: Catalogue,
        graph_version: str,
        clock: Callable[[], datetime],
        witness: Witness,
        keep_derived: Callable[[Outcome, Snapshot, bytes | None], object],
    ) -> None:
        """`graph_version` is the preferred one; `clock` answers UTC; the witness is told what answers were like.

        `keep_derived` is told of each snapshot that a pull ended with, and its body, if that is at hand.
        """
        self.graph = graph
        self._directory = directory
        self._archive = archive
        self._suppressing = suppressing
        self._catalogue = catalogue
        self._graph_version = graph_version
        self._clock = clock
        self._witness = witness
        self._keep_derived = keep_derived

    def obstacle(self) -> PullError | None:
        """Return what keeps every call from being pulled, which takes long to find out: no token; or None."""
        try:
            self.graph.authenticate()
        except PullError as error:
            return error
        return None

    def keeps_people_out(self) -> bool:
        """Whether somebody must not come back, as far as that is known."""
        try:
            return bool(self._suppressing.people(USERS))
        except PullError:
            return False

    def pull(self, planned: PlannedPull, doubted: Unconfirmed | None = None, seconds: float = math.inf) -> PullResult:
        """Send one request, and return its result. Raise PullError when it ends without a snapshot; ArchiveUnavailable.

        `doubted` tells of a body that came before and was not believed. Graph has `seconds` for all of its answer.
        """
        call, newest = planned.call, planned.newest
        erased = self._suppressing.people(call)
        if (report := self._catalogue.reports[call.report]).is_directory:
            with self._directory.read(report, seconds) as pages:
                return self._receive(planned, pages, doubted, erased)
        etag = newest.metadata.etag if newest and planned.conditional else None
        began = self._clock()
        try:
            with self.graph.get(self._path(call), etag, seconds) as answer:
                if answer:
                    result = self._receive(planned, answer, doubted, erased)
                    if answer.facts:
                        self._witness.see(call.report, _of_exchange(etag, answer, self._clock() - began))
                    return result
        except PullError as error:
            self._witness.see(call.report, error.facts)
            raise
        self._witness.see(call.report, {"statuses": "304", **({"not_modified": "304"} if etag else {})})
        if newest and planned.conditional:
            return PullResult.of_snapshot(Outcome.UNCHANGED, newest, self._clock(), Reason.NOT_MODIFIED)
        detail = "Graph answered 304 to a question without a condition."
        return PullResult(call, Outcome.DEFERRED, self._clock(), Reason.NOT_MODIFIED, detail)

    def _receive(
        self, planned: PlannedPull, answer: GraphResponse, doubted: Unconfirmed | None, erased: Who | None
    ) -> PullResult:
        """Archive the body while it streams through the checks, or put it in quarantine; the rows of `erased` are not.

        A correction of theirs alone is none, as what is left is compared with what was left before.
        """
        call = planned.call
        body = self._body(call)
        form = BodyForm()
        left = Remainder(answer.chunks, erased, is_of_owner=self._catalogue.reports[call.report].is_of_owners)
        last = planned.newest.refresh_date if planned.newest else date.min
        with self._archive.snapshots.upload(call, after=last) as upload:
            chunks = _written(left, upload, call, body, form)
            try:
                refresh_date = body.read(chunks)
                self._suppressing.learn(left.addresses)
                baseline = self._baseline(planned)
                reject_another_report(self._catalogue, call, baseline, body)
                if not baseline or baseline.metadata.sha256 != body.sha256:
                    confirm(call, baseline, body, doubted)
                flags = flags_of(self._catalogue, call, baseline, body, refresh_date, answer.flags())
            except RejectedBody as error:
                upload.reject()
                body.skip(chunks)
                if body.size:
                    hide = redacted_body if error.reason in _FOREIGN and body.size <= _SHORT else None
                    error.blob = upload.quarantine(body.sha256, error.reason, self._clock(), hide)
                raise
            metadata = _origin(answer, body, flags, self._clock())._replace(redacted=left.rows)
            outcome, snapshot = upload.commit(call.date or refresh_date, metadata, body.former_content)
            # The metadata of a personal snapshot tell all that its series has: its body need not be in memory.
            is_personal = self._archive.snapshots.is_personal(call)
            self._keep_derived(outcome, snapshot, None if is_personal else upload.content())
        if answer.facts:
            content = content_facts(call, self._columns(call), body, refresh_date, self._clock().date())
            self._witness.see(call.report, {**answer.facts, **form.facts, **content})
        return PullResult.of_snapshot(outcome, snapshot, self._clock())

    def _columns(self, call: Call) -> Sequence[str]:
        report = self._catalogue.reports[call.report]
        return report.columns_of(report.graph_version(self._graph_version), call.version, call.report_type)

    def _body(self, call: Call) -> Body:
        report = self._catalogue.reports[call.report]
        return Body([self._columns(call)], self._clock().date(), call.period, is_personal=report.personal_data)

    def _baseline(self, planned: PlannedPull) -> Snapshot | None:
        """Return what a body is compared with: the newest of the call, or else for a single day that of a week before.

        A single day has those who did something on it, of whom there are as many on the same day of the week.
        """
        day = planned.call.date
        if planned.newest or not day:
            return planned.newest
        days = (day, day - timedelta(weeks=1))
        snapshots = (self._archive.snapshots.newest(planned.call._replace(date=each), each) for each in days)
        return next(filter(None, snapshots), None)

    def _path(self, call: Call) -> str:
        report = self._catalogue.reports[call.report]
        version = report.graph_version(self._graph_version)
        return f"/{version}/{report.root[version]}/{call}"


def _written(
    pieces: Iterable[bytes], upload: SnapshotUpload, call: Call, body: Body, form: BodyForm
) -> Iterator[bytes]:
    """Yield the pieces of a body, each written to the upload before."""
    for chunk in pieces:
        form.see(chunk)
        upload.write(chunk, call.date or body.refresh_date)
        yield chunk


def _of_exchange(etag: str | None, answer: GraphResponse, time: timedelta) -> Facts:
    """Return what the answer to a request with this ETag was like, as a whole."""
    facts: dict[str, str | float] = {"seconds": time.total_seconds()}
    return facts | {"not_modified": "a body with the same ETag"} if etag and etag == answer.etag else facts


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
