"""What an archive must hold, by what Graph said and what was to be seen when: a model in memory, and the checks by it.

It knows the names of blobs and the form of a report, and shares no code with the app that could be wrong in both. Each
check answers what does not hold, beginning with the id of the invariant:

I1 a snapshot is readable, and its bytes have the SHA-256 of its metadata      I5 only whole reports are published
I2 what was stored is never changed or removed                                 I6 what was missed is named, and no more
I3 the newest is the highest refresh date and revision                         I7 no secret stands anywhere
I4 a body that came twice is there once                                        I8 the request budget holds
I9 what is archived is served                                                  I10 `verify` finds nothing
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from shared.archive.layout import REQUESTS
from shared.archive.run_record import RunRecord
from shared.domain.call import Call
from shared.domain.graph_window import DATE_DAYS
from shared.domain.selection import Selection
from shared.pulling.plan import BUDGET, WINDOW
from simulator.faults.table import WIRE


class Kept(Protocol):
    """A blob."""

    @property
    def content(self) -> bytes:
        """As stored."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """As stored."""


Blobs = Mapping[tuple[str, str], Kept]
"""By container and name."""

WELL = ("published", "unchanged", "revised")
"""The outcomes of a pull after which the archive holds what Graph shows."""
_WHOLE = ("hang", "silence", "drip")
"""Faults on the wire that leave a body whole."""
_SNAPSHOT = re.compile(r"report=(\w+)/period=([\w-]+)/refresh_date=([\d-]{10})/revision=(\d+)/\1_\2_\3_r\4\.csv\.gz")
_DATE = "Report Refresh Date"
_DERIVED = ("series/", REQUESTS)
"""What may change."""


class Place(NamedTuple):
    """Where the revisions of one refresh date belong."""

    call: str
    """As Graph writes it."""
    day: date


class Slot(NamedTuple):
    """An instant at which the schedule has a pull, whether one took place or not."""

    at: datetime
    shown: Mapping[str, date]
    """The newest refresh date at Graph, by report."""


class Model:
    """All that happened to one archive."""

    def __init__(self, selection: Selection, personal: Iterable[str], secrets: Sequence[str]) -> None:
        """`personal` are the reports with personal data; `secrets` are texts that must not stand anywhere."""
        self.calls = sorted(selection.calls, key=str)
        self.archived: dict[Place, list[str]] = {}
        """The SHA-256 of each revision."""
        self.lost: defaultdict[str, set[date]] = defaultdict(set)
        """What the records of runs name as lost."""
        self.last_run: RunRecord | None = None
        self._secrets = secrets
        self.read: defaultdict[Place, list[datetime]] = defaultdict(list)
        """When a run read the body in full, by its record."""
        self._daily = selection.daily
        self._personal = frozenset(personal)
        self._keys = {(call.report, call.key): str(call) for call in selection.calls}
        self._said: defaultdict[str, set[str]] = defaultdict(set)
        self._heard: defaultdict[str, set[str]] = defaultdict(set)
        """What went out whole in the last run, by call."""
        self._garbled: set[str] = set()
        """The calls whose bodies did not all go out whole, as far as is known."""
        self._unknown: set[str] = set()
        self._kept: dict[tuple[str, str], Kept] = {}
        self._slots: list[Slot] = []
        self._looks: defaultdict[str, list[datetime]] = defaultdict(list)
        self._seen: dict[str, tuple[date, date]] = {}
        """The first and the last refresh date that the record of a run tells of, by call."""
        self._began: date | None = None
        self._nothing: set[str] = set()
        """Calls to which Graph has answered that there is nothing."""
        self._requests: defaultdict[str, list[datetime]] = defaultdict(list)

    # -- what happens --------------------------------------------------------------------------------------------------

    def scheduled(self, slot: Slot) -> None:
        """It is time for a pull."""
        self._slots.append(slot)

    def standing(self, call: str, sha256: str) -> None:
        """That is what Graph would say, were nothing wrong."""
        self._said[call].add(sha256)

    def answered(self, record: Sequence[Mapping[str, Any]]) -> list[str]:
        """What the simulator recorded of the requests of a run."""
        violated = []
        self._heard.clear()
        self._garbled.clear()
        for entry in record:
            faults = set(entry["faults"])
            if entry["status"] == 200 and entry["listener"] != "identity":
                if not faults & (WIRE.keys() - set(_WHOLE)):
                    self._said[entry["call"]].add(entry["sha256"])
                    self._heard[entry["call"]].add(entry["sha256"])
                else:
                    self._garbled.add(entry["call"])
                    self._unknown |= {entry["call"]} if "gzip" in faults else set()
            if entry["listener"] == "graph":
                self._requests[entry["call"].partition("(")[0]].append(datetime.fromisoformat(entry["at"]))
            if entry["listener"] == "download" and any(entry["carried"].values()):
                violated.append("I7: the download host saw a secret")
        return violated

    def forget_requests(self) -> None:
        """The app may have been unable to note them."""
        self._requests.clear()

    # -- what must hold ------------------------------------------------------------------------------------------------

    def look(self, blobs: Blobs) -> list[str]:
        """Compare with what is stored."""
        violated = [
            f"I2: {at} was changed or removed"
            for at, kept in self._kept.items()
            if (now := blobs.get(at)) is not kept and not (now and _same(now, kept))
        ]
        new = {at: blobs[at] for at in sorted(blobs.keys() - self._kept.keys()) if not at[1].startswith(_DERIVED)}
        self._kept |= new
        for (container, name), blob in new.items():
            plain = zlib.decompress(blob.content, wbits=31) if name.endswith(".gz") else blob.content
            violated += self.heard(f"{plain.decode(errors='replace')}{blob.metadata}")
            if container in ("usage", "usage-personal"):
                violated += self._admit(container, name, plain, blob.metadata)
            elif container == "usage-quarantine":
                violated += self._quarantined(name, plain, blob.metadata)
        for (_, name), blob in new.items():
            violated += self._ran(RunRecord.from_json(blob.content)) if name.startswith("runs/") else []
        return violated

    def heard(self, text: str) -> list[str]:
        """Look for secrets in a log or an answer."""
        return [f"I7: {secret!r} in {text[:2000]}" for secret in self._secrets if secret in text]

    def newest(self, call: Call) -> tuple[date, int, str] | None:
        """Refresh date, revision and SHA-256."""
        return max(
            ((at.day, len(shas), shas[-1]) for at, shas in self.archived.items() if at.call == str(call)), default=None
        )

    def missed(self) -> list[str]:
        """The refresh dates that two scheduled pulls could have seen, and that are neither archived nor named.

        They have to be named as soon as a run has seen a later one. What was to be seen before the first run left its
        record, nobody can know.
        """
        return [
            f"I6: {call} of {day} was to be seen, is not archived and not named"
            for call, days in self.gone().items()
            for day in sorted(days - self.lost[call])
        ]

    def gone(self) -> dict[str, set[date]]:
        """The refresh dates that two scheduled pulls could have seen, and that are not archived, by call."""
        found = {}
        for call in map(str, self.calls):
            first, last = self._seen.get(call, (date.max, date.min))
            times = Counter(slot.shown[call.partition("(")[0]] for slot in self._slots)
            days = {day for day, number in times.items() if first < day < last and number > 1}
            found[call] = {day for day in days if Place(call, day) not in self.archived}
        return found

    def days_missed(self, today: date, is_empty: Callable[[Call], bool]) -> list[str]:
        """The single days that are not archived, and that no run names if they can no longer be asked for.

        They are asked for by the run after the one that saw their refresh date. `is_empty` tells whether Graph has
        nothing for a day.
        """
        violated = []
        for report in self._daily:
            day = (self._began or today) - timedelta(days=DATE_DAYS)
            while day <= self._slots[-2].shown[report]:
                call = Call(report, date=day)
                reachable = day >= today - timedelta(days=DATE_DAYS)
                missing = Place(str(call), day) not in self.archived and (reachable or day not in self.lost[report])
                if missing and str(call) not in self._nothing and not is_empty(call):
                    violated.append(f"I6: {call} is {'not archived' if reachable else 'out of reach and not named'}")
                day += timedelta(days=1)
        return violated

    # -- details -------------------------------------------------------------------------------------------------------

    def _admit(self, container: str, name: str, content: bytes, metadata: Mapping[str, str]) -> list[str]:
        """A new snapshot."""
        match = _SNAPSHOT.fullmatch(name)
        if not match:
            return [f"I2: {container} holds {name}"]
        report, key, day, revision = match[1], match[2], date.fromisoformat(match[3]), int(match[4])
        call = str(Call(report, date=day)) if key == "day" else self._keys.get((report, key), "?")
        before = self.archived.setdefault(Place(call, day), [])
        sha256 = hashlib.sha256(content).hexdigest()
        violated = []
        if sha256 != metadata.get("sha256"):
            violated.append(f"I1: {name} is not what its metadata say")
        if sha256 not in self._said[call] and call not in self._unknown:
            violated.append(f"I1: {name} is nothing that Graph said")
        if sha256 in before:
            violated.append(f"I4: {name} is the body of another revision")
        if revision != len(before) + 1:
            violated.append(f"I4: {name} follows {len(before)} revisions")
        if flaw := _flaw(content, None if key == "day" else day):
            violated.append(f"I5: {name} {flaw}")
        if (report in self._personal) != (container == "usage-personal"):
            violated.append(f"I2: {name} is in {container}")
        before.append(sha256)
        return violated

    def _quarantined(self, name: str, content: bytes, metadata: Mapping[str, str]) -> list[str]:
        sha256 = hashlib.sha256(content).hexdigest()
        return [] if sha256 == metadata.get("sha256") and f"/{sha256}." in name else [f"I5: {name} is another body"]

    def _ran(self, run: RunRecord) -> list[str]:
        """A run is over and has left its record."""
        self.last_run, self._began = run, self._began or run.started.date()
        violated = [f"I6: {call} was not pulled, and nothing says why" for call in sorted(self._missing(run))]
        for pulled in run.pulls:
            call, came = str(pulled.call), pulled.refresh_date or date.min
            if pulled.outcome in WELL and (pulled.requested or pulled.reason == "not_due"):
                self._looks[call].append(run.started)
                self._seen[call] = self._seen.get(call, (came, came))[0], came
            if pulled.outcome == "no_data":
                self._nothing.add(call)
            there = any((container, pulled.blob) in self._kept for container in ("usage", "usage-personal"))
            if pulled.outcome in WELL and pulled.blob and not there:
                violated.append(f"I2: the run has {call} as {pulled.outcome}, and {pulled.blob} is not there")
            if pulled.outcome in WELL and pulled.read:
                place = Place(call, came)
                self.read[place].append(run.started)
                if not self._heard[call] & {*self.archived.get(place, ())} and call not in self._garbled:
                    violated.append(f"I4: {call} was read, and what was read is not archived")
        for of, days in run.lost.items():
            violated += self._named_in_vain(str(of), days, run.started)
        for report, times in self._requests.items():
            times[:] = [at for at in times if run.started - at < WINDOW]
            busiest = max((sum(at - WINDOW < other <= at for other in times) for at in times), default=0)
            if busiest > BUDGET:
                violated.append(f"I8: {busiest} requests for {report} within ten minutes")
        return violated

    def _missing(self, run: RunRecord) -> set[str]:
        return {str(call) for call in self.calls} - {str(pulled.call) for pulled in run.pulls}

    def _named_in_vain(self, call: str, days: Iterable[date], now: datetime) -> list[str]:
        """Of days that a run names as lost, those that are archived, or that nobody missed."""
        violated = []
        for day in days:
            self.lost[call].add(day)
            place = Place(str(Call(call, date=day)) if call in self._daily else call, day)
            if place in self.archived:
                violated.append(f"I6: {call} of {day} is named as lost, and archived")
            elif call not in self._daily:
                looked = max((at for at in self._looks[call] if at < now), default=now)
                shown = any(slot.shown[call.partition("(")[0]] == day for slot in self._slots)
                if not shown and not any(looked < slot.at < now for slot in self._slots):
                    violated.append(f"I6: {call} of {day} is named as lost, was never there, and no pull was missed")
            elif day >= now.date() - timedelta(days=DATE_DAYS):
                violated.append(f"I6: {call} of {day} is named as lost, and can be asked for")
        return violated


def _same(one: Kept, other: Kept) -> bool:
    return (one.content, one.metadata) == (other.content, other.metadata)


def _flaw(content: bytes, day: date | None) -> str:
    """What keeps a body from being a whole report of that refresh date (None: any); empty if nothing does."""
    try:
        text = content.decode("utf-8").lstrip("\ufeff")
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        return f"is no CSV: {error}"
    if len(rows) < 2 or _DATE not in rows[0]:
        return "is no report"
    column = rows[0].index(_DATE)
    if len(rows[-1]) < len(rows[0]):
        return "ends inside a row"
    found = {row[column].removesuffix("T00:00:00Z") for row in rows[1:] if len(row) >= len(rows[0]) and row[column]}
    return "" if found == {str(day)} or (day is None and len(found) == 1) else f"has the refresh dates {sorted(found)}"
