"""What pulls saw of Graph and of the platform, kept beside the archive as evidence."""

from __future__ import annotations

import logging
from datetime import date, datetime
from threading import Lock

from shared import events
from shared.archive.blob_store import BlobStore
from shared.archive.layout import DERIVED, EVIDENCE
from shared.domain.errors import ArchiveUnavailable
from shared.domain.evidence import Evidence, Facts, NewerFormat, Range, compared


class Witness:
    """Collects what was seen, and keeps it; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: set[tuple[str, str, str]] = set()
        self._numbers: dict[tuple[str, str], list[float]] = {}

    def see(self, report: str, facts: Facts) -> None:
        """Note what was seen of a report once; of the platform, if that is empty."""
        with self._lock:
            for fact, value in facts.items():
                if isinstance(value, str):
                    self._values.add((report, fact, value))
                else:
                    least, _, most = self._numbers.get((report, fact), [value] * 3)
                    self._numbers[report, fact] = [min(least, value), value, max(most, value)]

    def keep(self, store: BlobStore, now: datetime) -> None:
        """Add what was seen to what is known, once a day, or when something was seen for the first time.

        What the file of a newer version says is left alone. What cannot be kept is said, and seen again.
        """
        try:
            new = self._taken(now.date())
            if new.seen or new.numbers:
                _keep(store, new)
        except NewerFormat:
            pass
        except ArchiveUnavailable as error:
            events.emit(events.EVIDENCE_BEHIND, logging.WARNING, detail=str(error))

    def _taken(self, day: date) -> Evidence:
        """Return what was seen since this was last asked."""
        with self._lock:
            values, self._values = self._values, set()
            numbers, self._numbers = self._numbers, {}
        seen = Evidence.of([(report, {fact: value}) for report, fact, value in sorted(values)], day)
        ranges: dict[str, dict[str, Range]] = {}
        for (report, fact), told in sorted(numbers.items()):
            ranges.setdefault(fact, {})[report] = Range(*(round(each, 1) for each in told))
        return seen._replace(numbers=ranges)


def _keep(store: BlobStore, new: Evidence) -> None:
    known, etag = known_evidence(store)
    together = known.then(new)
    if together.values <= known.values and known.written == new.written:
        return
    if store.replace_if(DERIVED, EVIDENCE, together.to_bytes(), {}, etag):
        _tell(known, together)


def known_evidence(store: BlobStore) -> tuple[Evidence, str | None]:
    """Return what is kept, nothing if that is damaged, and its ETag. Raise NewerFormat, ArchiveUnavailable."""
    stored = store.get(DERIVED, EVIDENCE)
    if not stored:
        return Evidence(), None
    try:
        return Evidence.from_bytes(stored.content), stored.etag
    except NewerFormat:
        raise
    except ValueError:
        return Evidence(), stored.etag


def _tell(known: Evidence, together: Evidence) -> None:
    """Write one event for each difference that was not known."""
    before = {each.assumption.fact: each.differs for each in compared(known)}
    for each in compared(together):
        fact = each.assumption.fact
        is_number = fact in together.numbers
        new = [value for value in each.differs if value not in before[fact]]
        if new and not (is_number and before[fact]):
            reports = sorted({report for value in new for report in each.differs[value] if report})
            told = {"fact": fact, "seen": new, "assumed": each.assumption.says, "reports": reports[:5]}
            events.emit(events.EVIDENCE_DIFFERS, logging.WARNING, **told)
