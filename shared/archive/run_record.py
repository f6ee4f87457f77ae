"""The record of a run: how every pull ended, and what the next run has to remember. Pure.

Calls, dates and words are values here, and texts in the JSON that is stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from shared import __version__
from shared.archive.cadence import Cadence
from shared.archive.layout import Partition, RunRecordName, SnapshotName
from shared.domain.call import Call
from shared.domain.errors import PullError
from shared.domain.graph_window import days_of_interest
from shared.domain.outcome import Outcome, Reason
from shared.report.compression import MAGIC, CompressionError, compress, decompress

if TYPE_CHECKING:
    from shared.archive.snapshot import Snapshot

UNREADABLE = (CompressionError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What `RunRecord.from_bytes` raises for anything that is no record of a run."""
AS_IT_SHOULD_BE = (Reason.UNKNOWN_IN_THIS_CLOUD, Reason.DATE_OUT_OF_REACH, Reason.NOT_SWITCHED_ON)
"""The reasons of refusals that nobody can, or need, do anything about."""


class PullResult(NamedTuple):
    """How one pull ended."""

    call: Call
    outcome: Outcome
    at: datetime
    """UTC."""
    reason: Reason | None = None
    """None if a body was read and all is well."""
    detail: str = ""
    refresh_date: date | None = None
    revision: int | None = None
    rows: int | None = None
    blob: str | None = None
    read: bool = False
    """Whether a whole body was read."""
    requested: bool = True
    """Whether Graph was asked; if not, nothing was due, or the request budget was spent."""
    names: str = ""
    """`named`, `concealed`, `mixed` or `none`, of the snapshot."""
    redacted: int | None = None
    """Rows of people who were erased, which are not in the snapshot; None if there are none."""

    @property
    def snapshot(self) -> SnapshotName | None:
        """The name of the snapshot that the archive has after the pull; None if there is none."""
        if not self.refresh_date or not self.revision:
            return None
        return SnapshotName(Partition.of(self.call), self.refresh_date, self.revision)

    @classmethod
    def of_snapshot(cls, outcome: Outcome, snapshot: Snapshot, at: datetime, reason: Reason | None = None) -> Self:
        """Return the result of a pull after which the archive holds `snapshot`; with a reason if no body was read."""
        return cls(
            call=snapshot.call,
            outcome=outcome,
            at=at,
            reason=reason,
            refresh_date=snapshot.refresh_date,
            revision=snapshot.revision,
            rows=snapshot.metadata.rows,
            blob=snapshot.blob,
            read=reason is None,
            names=snapshot.metadata.names,
            redacted=snapshot.metadata.redacted or None,
        )

    @classmethod
    def of_error(cls, call: Call, error: PullError, at: datetime) -> Self:
        """Return the result of a pull that ended without a snapshot."""
        return cls(call=call, outcome=error.outcome, at=at, reason=error.reason, detail=str(error), blob=error.blob)

    def to_json(self) -> dict[str, object]:
        """Return the fields that say something, under the names of the record."""
        return _to_json(self)


class CallState(NamedTuple):
    """How the last pull of one call ended, and what Graph showed last."""

    outcome: Outcome
    reason: Reason | None
    at: datetime
    """UTC; of the pull before, if the last run had no time left for the call."""
    streak: int = 1
    """How many pulls in a row ended with this outcome."""
    read_at: datetime | None = None
    """When its body was last read in full: a 304 says that the refresh date stands still, not that the numbers do."""
    refresh_date: date | None = None
    """Of the snapshot that Graph showed last, as are the next four."""
    seen_at: datetime | None = None
    """When Graph showed it last, by a 304 too."""
    revision: int | None = None
    rows: int | None = None
    names: str = ""
    cadence: Cadence = Cadence()

    @property
    def is_without_data(self) -> bool:
        """Whether Graph had nothing to give when it was asked last: no rows, no reports yet, no such report."""
        return self.outcome is Outcome.NO_DATA or self.reason is Reason.UNKNOWN_IN_THIS_CLOUD

    def after(self, result: PullResult) -> Self:
        """Return the state after one more pull."""
        state = self._replace(
            outcome=result.outcome,
            reason=result.reason,
            at=self.at if result.reason is Reason.OUT_OF_TIME else result.at,
            streak=self.streak + 1 if self.outcome == result.outcome else 1,
            read_at=result.at if result.read else self.read_at,
        )
        if result.refresh_date is None:
            return state
        cadence = self.cadence
        if self.refresh_date and result.refresh_date > self.refresh_date:
            cadence = cadence.observe(self.refresh_date, result.at)
        return state._replace(
            refresh_date=result.refresh_date,
            seen_at=result.at,
            revision=result.revision,
            rows=result.rows,
            names=result.names,
            cadence=cadence,
        )


class RunRecord(NamedTuple):
    """One run, as it is stored."""

    id: str
    started: datetime
    finished: datetime
    pulls: Sequence[PullResult]
    waiting: int
    """Single days that are missing in the archive and still to be asked for."""
    lost: Mapping[Call, Sequence[date]] = MappingProxyType({})
    """By call the refresh dates that nothing can bring back; of single days those days, by the report without argument.

    They were noticed in this run, or in one before if they could not be marked since.
    """
    states: Mapping[Call, CallState] = MappingProxyType({})
    """What this run saw, and what earlier ones saw of the calls that it did not ask for."""
    pulled_at: datetime | None = None
    """When a pull last succeeded, in this run or an earlier one."""
    planned: Mapping[str, datetime] = MappingProxyType({})
    """By report when a run last planned its single days, this one or, for a report that is not selected, one before."""

    @property
    def name(self) -> RunRecordName:
        """The name of the blob that it is stored in."""
        return RunRecordName(f"{self.started:%Y-%m}", self.id)

    def needing_a_person(self) -> list[PullResult]:
        """Return the pulls that time will not heal."""
        return [
            pull
            for pull in self.pulls
            if pull.requested
            and pull.reason not in AS_IT_SHOULD_BE
            and (pull.outcome in (Outcome.QUARANTINED, Outcome.REFUSED) or pull.reason is Reason.INTERNAL_ERROR)
        ]

    def watched_days(self, report: str) -> datetime | None:
        """Return when single days of a report were last planned, asked for or not; None if no record tells.

        A record of before that was remembered is taken to have planned the days of each report of which it knows some.
        """
        is_known = any(call.report == report and call.is_single_day for call in self.states)
        return self.planned.get(report, self.started if is_known else None)

    def is_named(self, name: str) -> bool:
        """Whether that is what the blob of the record is called, by this version of the app or an earlier one."""
        return name in (str(self.name), str(self.name._replace(is_plain=True)))

    def to_bytes(self) -> bytes:
        """Return the record as it is stored: JSON as gzip."""
        return compress(self.to_json(), level=9)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Return the record that is stored so, or as earlier versions did. Raises one of UNREADABLE for others."""
        return cls.from_json(decompress(stored) if stored.startswith(MAGIC) else stored)

    def to_json(self) -> bytes:
        """Return the record as JSON."""
        record = {
            "run": self.id,
            "started": self.started,
            "finished": self.finished,
            "app_version": __version__,
            "waiting": self.waiting,
            "lost": {str(call): days for call, days in self.lost.items()},
            "pulls": [_without_blob(pull).to_json() for pull in self.pulls],
            "last": {str(call): _to_json(state) for call, state in self.states.items()},
            "pulled_at": self.pulled_at,
            "planned": dict(self.planned),
        }
        return json.dumps(record, default=lambda day: day.isoformat(), separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Return the record of which `text` is the JSON. Raises one of UNREADABLE for anything else."""
        record = json.loads(text)
        return cls(
            id=record["run"],
            started=datetime.fromisoformat(record["started"]),
            finished=datetime.fromisoformat(record["finished"]),
            waiting=record["waiting"],
            lost={Call.from_text(call): [*map(date.fromisoformat, days)] for call, days in record["lost"].items()},
            pulls=[_with_blob(PullResult(**_from_json(pull, PullResult._fields))) for pull in record["pulls"]],
            states={
                Call.from_text(call): CallState(**{"reason": None} | _from_json(state, CallState._fields))
                for call, state in record["last"].items()
            },
            pulled_at=datetime.fromisoformat(at) if (at := record.get("pulled_at")) else None,
            planned={report: datetime.fromisoformat(at) for report, at in record.get("planned", {}).items()},
        )


def states_after(
    states: Mapping[Call, CallState],
    pulls: Iterable[PullResult],
    now: datetime,
    planned: Mapping[str, datetime] = MappingProxyType({}),
) -> dict[Call, CallState]:
    """Return what is worth remembering of every call after these pulls.

    That is nothing of days that were out of reach when those of their report were last planned; `planned` tells when,
    or it was `now`. A pull of a call that was neither asked nor deferred changes nothing.
    """
    after = dict(states)
    for pull in pulls:
        if pull.requested or pull.outcome is Outcome.DEFERRED:
            new = CallState(pull.outcome, pull.reason, pull.at, streak=0)
            after[pull.call] = states.get(pull.call, new).after(pull)
    oldest = {call.report: days_of_interest(planned.get(call.report, now))[0] for call in after}
    return {call: state for call, state in after.items() if call.date is None or call.date >= oldest[call.report]}


def last_success(before: RunRecord | None, pulls: Iterable[PullResult]) -> datetime | None:
    """Return when a pull last succeeded, as far as is known after these pulls."""
    times = [pull.at for pull in pulls if pull.requested and pull.outcome.is_success]
    return max(times, default=before.pulled_at if before else None)


def _known_reason(text: str) -> Reason | None:
    """Return the reason of that name; None for one that only a newer version of the app knows."""
    return Reason(text) if text in {*Reason} else None


def _without_blob(pull: PullResult) -> PullResult:
    """Return the result without the name of a snapshot, which would be a third of the record."""
    return pull._replace(blob=None) if pull.snapshot and pull.blob == str(pull.snapshot) else pull


def _with_blob(pull: PullResult) -> PullResult:
    return pull._replace(blob=str(pull.snapshot)) if pull.snapshot and not pull.blob else pull


_JSON_NAMES = {"cadence": "rhythm", "requested": "asked"}
_FIELDS = {name: field for field, name in _JSON_NAMES.items()}
_FROM_TEXT: Mapping[str, Callable[[str], object]] = {
    "call": Call.from_text,
    "outcome": Outcome,
    "reason": _known_reason,
    "at": datetime.fromisoformat,
    "read_at": datetime.fromisoformat,
    "refresh_date": date.fromisoformat,
    "seen_at": datetime.fromisoformat,
    "cadence": Cadence.from_text,
}


def _to_json(value: PullResult | CallState) -> dict[str, object]:
    fields = {field: each for field, each in value._asdict().items() if each not in ("", None, Cadence())}
    return {
        _JSON_NAMES.get(field, field): str(each) if isinstance(each, (Call, Cadence)) else each
        for field, each in fields.items()
    }


def _from_json(stored: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """Return the known fields of what is stored: a newer version of the app may have kept more."""
    fields = {_FIELDS.get(name, name): each for name, each in stored.items()}
    return {
        field: _FROM_TEXT[field](fields[field]) if field in _FROM_TEXT else fields[field]
        for field in known
        if field in fields
    }
