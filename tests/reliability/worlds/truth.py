"""What Graph said to one archive, and which of it the archive must hold, whoever disturbs it.

Bodies are told apart by what the simulator recorded of them: those that a fault made wrong must never be archived, of
the others the last that a pull read must be the newest revision of its day. All methods return what does not hold.
"""

from __future__ import annotations

from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from shared.archive.run_record import RunRecord
from shared.domain.call import Call
from shared.domain.outcome import Reason
from simulator.faults.table import CONTENT, WIRE
from tests.reliability.checks import Blobs, Record, Revision, is_readable, revision_of
from tests.reliability.oracle import CallDay

TRUE = {"rows_shuffled", "rows_reordered", "concealed", "shrunk", "lf", "blank_lines", "products_reordered"}
"""Faults of the content after which a body is a report as Graph may send it."""
ODD = {
    *("no_bom", "two_boms", "mixed_line_ends", "odd_cell", "date_blank", "date_form", "own_dates", "rows_repeated"),
    *("ragged", "no_final_newline"),  # by a cell more; the same values may have come with it
    *("column_added", "column_blank", "column_moved", "column_removed", "column_renamed", "unnamed", "zeros_blank"),
}
"""Faults of the content after which a body may be archived as what Graph said, and must not be."""
DOUBTED = {"ragged", "unended", "error_text"}
"""Flags of a body that looks as if it were cut, and is believed when its values come twice, in whatever order."""
PATIENCE = 3
"""Runs in which Graph says something until it must be archived."""
_WHOLE = {"hang", "silence", "drip"}
"""Faults of the wire after which a body is whole ..."""
_CUT = "wrong_length"
"""... and one after which a client may take a part of it for the whole."""


IsEmpty = Callable[[Call], bool]
"""Tells whether Graph has no rows for a call."""


class _Sent(NamedTuple):
    day: date
    sha256: str
    is_true: bool


class Truth:
    """All that Graph said to one archive."""

    def __init__(self) -> None:
        self.shown: defaultdict[str, set[date]] = defaultdict(set)
        """The refresh dates that Graph may have shown, by report ..."""
        self.given: defaultdict[str, set[date]] = defaultdict(set)
        """... and those that it gave to a run which nothing disturbed."""
        self._true: defaultdict[Call, set[str]] = defaultdict(set)
        self._wrong: defaultdict[Call, list[str]] = defaultdict(list)
        """What came in one run."""
        self._told: Counter[CallDay] = Counter()
        """In how many runs, with storage well, Graph said something of a day since that was archived."""
        self._sent: defaultdict[Call, list[_Sent]] = defaultdict(list)
        self._looks: defaultdict[str, list[tuple[int, date]]] = defaultdict(list)
        """By call in which slots a run knew what Graph shows, and what that was."""

    def hear(self, record: Record) -> None:
        """Note what the simulator recorded during a run."""
        self._sent.clear()
        self._wrong.clear()
        for entry in record:
            faults = {*entry["faults"]}
            if entry["listener"] == "identity" or entry["status"] != 200 or faults & WIRE.keys() - _WHOLE - {_CUT}:
                continue
            call = Call.from_text(entry["call"])
            untrue = faults & {*CONTENT, _CUT} - TRUE
            if untrue <= ODD:
                self._true[call].add(entry["sha256"])
            else:
                self._wrong[call].append(entry["sha256"])
            if day := call.date or _day(entry):
                self._sent[call].append(_Sent(day, entry["sha256"], not untrue))

    def look(self, run: RunRecord, slot: int) -> None:
        """Note what a run knew in a slot of the schedule."""
        for pull in run.pulls:
            if pull.outcome.is_success and pull.refresh_date and (pull.requested or pull.reason is Reason.NOT_DUE):
                self._looks[str(pull.call)].append((slot, pull.refresh_date))

    def wrong(self, new: Iterable[Revision], blobs: Blobs) -> list[str]:
        """Return which new snapshots are nothing that Graph had to say."""
        broken = []
        archived = {revision: blob for at, blob in blobs.items() if (revision := revision_of(at))}
        for each in new:
            metadata = archived[each].metadata
            sha256, flags = metadata.get("sha256", ""), {*metadata.get("flags", "").split(",")}
            wrong = self._wrong[each.call]
            if sha256 not in self._true[each.call] and not (flags & DOUBTED and sha256 in wrong and len(wrong) > 1):
                what = "was made wrong on its way" if sha256 in wrong else "is nothing that Graph said"
                broken.append(f"I1: {each} {what}")
        return broken

    def unheeded(self, run: RunRecord, blobs: Blobs) -> list[str]:
        """I3: return of which calls the newest revision is not what this run read last."""
        newest = newest_revisions(blobs)
        broken = []
        for result in run.pulls:
            sent = self._sent.get(result.call, [])
            if not (result.read and result.outcome.is_success and result.refresh_date and sent):
                continue
            there = newest.get(CallDay(result.call, result.refresh_date), "nothing")
            if there != sent[-1].sha256:
                broken.append(f"I3: {result.call} of {result.refresh_date}: Graph said {sent[-1].sha256}, not {there}")
        return broken

    def unarchived(self, blobs: Blobs, is_empty: IsEmpty) -> list[str]:
        """I13: return the days of which Graph said something in run after run, with storage well, in vain."""
        newest, broken = newest_revisions(blobs).keys(), []
        for day in {CallDay(call, each.day) for call, sent in self._sent.items() for each in sent if each.is_true}:
            self._told[day] = 0 if day in newest else self._told[day] + 1
            if self._told[day] >= PATIENCE and not is_empty(day.call):
                broken.append(f"I13: {day.call} of {day.day} came in {self._told[day]} runs, and is not archived")
        return broken

    def misjudged(self, status: Mapping[str, Any]) -> list[str]:
        """I6: return which gaps in a `/status` are called what they are not."""
        broken = []
        for call in status["calls"]:
            of_days = call["call"].endswith("(date)")
            for gap in call["gaps"]:
                first, last = date.fromisoformat(gap["first"]), date.fromisoformat(gap["last"])
                days = [date.fromordinal(each) for each in range(first.toordinal(), last.toordinal() + 1)]
                given = [day for day in days if day in self.given[call["report"]]]
                if gap["state"] == "never_published" and not of_days and given:
                    broken.append(f"I6: {call['call']} of {given[0]} is called never published, and Graph gave it")
                watched = [day for day in days if not self._was_missed(call["report"], call["call"], day)]
                if gap["state"] == "lost" and not of_days and watched:
                    broken.append(f"I6: {call['call']} of {watched[0]} is called lost, and Graph never had it")
        return broken

    def _was_missed(self, report: str, call: str, day: date) -> bool:
        """Whether Graph showed a refresh date, or may have done so in a slot between two looks."""
        between = pairwise(self._looks[call])
        return day in self.shown[report] or any(
            before < day < after and slot - looked > 1 for (looked, before), (slot, after) in between
        )


def newest_revisions(blobs: Blobs) -> dict[CallDay, str]:
    """Return the SHA-256 of the newest readable revision of each refresh date, by its metadata."""
    newest: dict[CallDay, tuple[int, str]] = {}
    for at, blob in blobs.items():
        if (revision := revision_of(at)) and is_readable(blob):
            day = CallDay(revision.call, revision.refresh_date)
            newest[day] = max(newest.get(day, (0, "")), (revision.number, blob.metadata["sha256"]))
    return {day: sha256 for day, (_, sha256) in newest.items()}


def _day(entry: Mapping[str, Any]) -> date | None:
    """Return the refresh date that an ETag encodes."""
    try:
        return datetime.strptime(b64decode(entry["etag"].strip('"')).decode().split()[0], "%m/%d/%Y").date()  # noqa: DTZ007
    except (ValueError, IndexError):
        return None
