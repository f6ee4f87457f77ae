"""The record of a run: how every pull ended, and what the next run has to remember."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from shared import __version__
from shared.archive.blob_store import BlobStore
from shared.archive.cadence import Rhythm
from shared.archive.layout import DERIVED, RunRecordName, run_prefix
from shared.domain.dates import month_before
from shared.domain.errors import PullError
from shared.domain.outcome import Outcome, Reason

if TYPE_CHECKING:
    from shared.archive.snapshot import Snapshot
    from shared.domain.call import Call

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What `Run.from_json` raises for anything that is no record of a run."""
_BEYOND_HELP = (Reason.UNKNOWN_IN_THIS_CLOUD, Reason.DATE_OUT_OF_REACH)
"""The reasons of refusals that nobody can do anything about."""


class Last(NamedTuple):
    """How the last pull of one call ended."""

    outcome: Outcome
    reason: Reason | None
    at: datetime
    """UTC; if a run had no time left for it, of the pull before."""
    streak: int = 1
    """How many pulls in a row ended with this outcome."""
    read_at: datetime | None = None
    """When its body was last read in full: a 304 says that the refresh date stands still, not that the numbers do."""
    refresh_date: date | None = None
    """Of the snapshot that Graph was last found to show; the next four are of that too."""
    seen_at: datetime | None = None
    """When it was last found to show it, by a 304 too."""
    revision: int | None = None
    rows: int | None = None
    names: str = ""
    rhythm: Rhythm = Rhythm()


class Pulled(NamedTuple):
    """How one pull ended."""

    call: str
    outcome: Outcome
    at: datetime
    reason: Reason | None = None
    """None if a body was read and all is well."""
    detail: str = ""
    refresh_date: str | None = None
    revision: int | None = None
    rows: int | None = None
    blob: str | None = None
    read: bool = False
    """Whether a whole body was read."""
    asked: bool = True
    """Whether Graph was asked; else nothing was due, or the request budget was spent."""
    names: str = ""
    """`named`, `concealed`, `mixed` or `none`, of the snapshot."""

    @classmethod
    def done(cls, outcome: Outcome, snapshot: Snapshot, at: datetime, reason: Reason | None = None) -> Pulled:
        """A pull after which the archive holds `snapshot`; a reason is given if no body was read."""
        return cls(
            str(snapshot.call),
            outcome,
            at,
            reason,
            refresh_date=snapshot.refresh_date.isoformat(),
            revision=snapshot.revision,
            rows=snapshot.origin.rows,
            blob=snapshot.blob,
            read=not reason,
            names=snapshot.origin.names,
        )

    @classmethod
    def ended(cls, call: Call, error: PullError, at: datetime) -> Pulled:
        """A pull that ended without a snapshot."""
        return cls(str(call), error.outcome, at, error.reason, str(error), blob=error.blob)


class Run(NamedTuple):
    """One run, as it is stored."""

    id: str
    started: datetime
    finished: datetime
    pulls: list[Pulled]
    waiting: int
    """Single days that are missing in the archive and still to be asked for."""
    lost: Mapping[str, list[str]] = {}
    """Dates that nothing can bring back: by call its refresh dates, by report its single days.

    They were noticed in this run, or in one before if they could not be marked since.
    """
    last: Mapping[str, Last] = {}
    """By call: what this run saw, and what earlier ones saw of the calls that it did not ask for."""
    pulled_at: datetime | None = None
    """When a pull last ended well, in this run or an earlier one: published, unchanged or revised."""

    def needing_a_person(self) -> list[Pulled]:
        """The pulls that time will not heal."""
        return [
            pulled
            for pulled in self.pulls
            if pulled.asked
            and pulled.reason not in _BEYOND_HELP
            and (pulled.outcome in (Outcome.QUARANTINED, Outcome.REFUSED) or pulled.reason is Reason.INTERNAL_ERROR)
        ]

    def watched_days(self, report: str) -> datetime | None:
        """When this run began, if it knows of single days of a report: if not, nobody asked for them lately."""
        return self.started if any(call.startswith(f"{report}(date=") for call in self.last) else None

    def to_json(self) -> bytes:
        """As stored."""
        return json.dumps(
            {
                "run": self.id,
                "started": self.started,
                "finished": self.finished,
                "app_version": __version__,
                "waiting": self.waiting,
                "lost": self.lost,
                "pulls": [_present(pulled) for pulled in self.pulls],
                "last": {call: _present(last) for call, last in self.last.items()},
                "pulled_at": self.pulled_at,
            },
            default=lambda time: time.isoformat(),
            indent=1,
        ).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Run:
        """The reverse of `to_json`. Raises one of UNREADABLE for anything else."""
        record = json.loads(text)
        return cls(
            id=record["run"],
            started=datetime.fromisoformat(record["started"]),
            finished=datetime.fromisoformat(record["finished"]),
            waiting=record["waiting"],
            lost={call: [str(date.fromisoformat(day)) for day in days] for call, days in record["lost"].items()},
            pulls=[Pulled(**_typed(pulled)) for pulled in record["pulls"]],
            last={call: _last(last) for call, last in record["last"].items()},
            pulled_at=datetime.fromisoformat(at) if (at := record.get("pulled_at")) else None,
        )


def remember(before: Mapping[str, Last], pulls: list[Pulled]) -> dict[str, Last]:
    """What was known before, brought up to date with the pulls of this run."""
    last = dict(before)
    for pulled in pulls:
        if not pulled.asked and pulled.outcome is not Outcome.DEFERRED:
            continue
        was = before.get(pulled.call)
        ended = (was or Last(pulled.outcome, pulled.reason, pulled.at))._replace(
            outcome=pulled.outcome,
            reason=pulled.reason,
            at=was.at if was and pulled.reason is Reason.OUT_OF_TIME else pulled.at,
            streak=was.streak + 1 if was and was.outcome == pulled.outcome else 1,
        )
        if pulled.read:
            ended = ended._replace(read_at=pulled.at)
        last[pulled.call] = _seen(ended, pulled) if pulled.refresh_date else ended
    return last


def pulled_at(before: Run | None, pulls: list[Pulled]) -> datetime | None:
    """When a pull last ended well, as far as is known after these pulls."""
    times = [pulled.at for pulled in pulls if pulled.asked and pulled.outcome.is_success]
    return max(times, default=before.pulled_at if before else None)


def _seen(last: Last, pulled: Pulled) -> Last:
    """`last` after Graph was found to show a refresh date."""
    before, came = last.refresh_date, date.fromisoformat(pulled.refresh_date or "")
    return last._replace(
        refresh_date=came,
        seen_at=pulled.at,
        revision=pulled.revision,
        rows=pulled.rows,
        names=pulled.names,
        rhythm=last.rhythm.heard(before, pulled.at) if before and came > before else last.rhythm,
    )


def _present(value: Pulled | Last) -> dict[str, Any]:
    given = {name: held for name, held in value._asdict().items() if held not in ("", None, Rhythm())}
    return given | {name: str(held) for name, held in given.items() if isinstance(held, Rhythm)}


def _typed(stored: Mapping[str, Any]) -> dict[str, Any]:
    reason = Reason(stored["reason"]) if stored.get("reason") else None
    at = datetime.fromisoformat(stored["at"])
    return dict(stored) | {"outcome": Outcome(stored["outcome"]), "reason": reason, "at": at}


_OF_TEXT: Mapping[str, Callable[[str], object]] = {
    "read_at": datetime.fromisoformat,
    "refresh_date": date.fromisoformat,
    "seen_at": datetime.fromisoformat,
    "rhythm": Rhythm.read,
}


def _last(stored: Mapping[str, Any]) -> Last:
    return Last(**_typed(stored) | {name: read(stored[name]) for name, read in _OF_TEXT.items() if name in stored})


class RunLog:
    """The records of runs. Every method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def newest(self, today: date) -> Run | None:
        """Return the newest readable record of a run of this month or the one before, or None."""
        for month in (today, month_before(today)):
            for blob in reversed([*self._store.list(DERIVED, run_prefix(f"{month:%Y-%m}"))]):
                stored = self._store.get(DERIVED, blob.name)
                with suppress(*UNREADABLE):  # a damaged one must not stop the pulling
                    return Run.from_json(stored.content if stored else b"")
        return None

    def keep(self, run: Run) -> None:
        """Store the record of a run."""
        name = RunRecordName(f"{run.started:%Y-%m}", run.id)
        self._store.create(DERIVED, str(name), run.to_json(), {})
