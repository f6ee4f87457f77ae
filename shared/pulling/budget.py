"""The request budget of all runs on one archive together, whenever they began and however they ended.

A request is noted in `usage-derived` before it is sent, as runs can begin at the same moment, or die in the middle. The
time is that of storage, as the clocks of two instances may differ.
Most runs note at once all that they plan. If the notes are lost or damaged, no data is lost: Graph answers 429.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.archive.blob_store import BlobStore
from shared.archive.layout import DERIVED, REQUESTS
from shared.domain.errors import ArchiveUnavailable
from shared.pulling.plan import BUDGET, WINDOW

FRESH = timedelta(minutes=1)
"""A request may be sent that long after it was noted, and so counts that much longer than WINDOW."""
_ATTEMPTS = 50
"""How many lost races before giving up."""


class Notes(NamedTuple):
    """What was noted, as it was stored at one moment."""

    requests: Mapping[str, Counter[datetime]]
    """By report, the times of those that still count."""
    etag: str | None

    @property
    def spent(self) -> dict[str, int]:
        """How many of its BUDGET requests each report has spent."""
        return {report: times.total() for report, times in self.requests.items()}


class Budget:
    """What one run takes of the budget. Only one thread may take for a report at a time."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._ours: dict[str, Counter[datetime]] = {}
        """Noted by this run: the notes themselves may be lost."""
        self._unsent: dict[str, list[datetime]] = {}

    def notes(self) -> Iterator[Notes]:
        """Yield what this and other runs have noted, again and again, until the caller writes before anybody else does.

        Raise ArchiveUnavailable, also when that takes too long.
        """
        for _ in range(_ATTEMPTS):
            yield self._load()
        raise ArchiveUnavailable(f"Others keep writing {REQUESTS}.")

    def reserve(self, wanted: Mapping[str, int], notes: Notes) -> bool:
        """Note so many requests to each report, and return whether that worked: not if others noted something since."""
        now = self._store.now()
        times = {report: Counter({now: count}) for report, count in wanted.items()}
        is_kept = self._keep(
            {report: notes.requests.get(report, Counter()) + each for report, each in times.items()}, notes
        )
        if is_kept:
            self._ours.update(times)
            self._unsent = {report: list(each.elements()) for report, each in times.items()}
        return is_kept

    def take(self, report: str) -> bool:
        """Whether a request to the report may be sent now. Raise ArchiveUnavailable.

        It is noted anew if it was noted too long ago, or not at all.
        """
        now = self._store.now()
        unsent = self._unsent.setdefault(report, [])
        if unsent and now - unsent[-1] <= FRESH:
            unsent.pop()
            return True
        for notes in self.notes():
            ours = self._ours.get(report, Counter())
            others = self._recent(notes.requests.get(report, Counter()) | ours) - Counter(unsent)
            count = min(len(unsent) or 1, BUDGET - others.total())
            if count < 1:
                return False
            times = Counter({now: count})
            if self._keep({report: others + times}, notes):
                self._ours[report] = ours - Counter(unsent) + times
                self._unsent[report] = [now] * (count - 1)
                return True
        raise AssertionError("notes() has no end")

    def _load(self) -> Notes:
        stored = self._store.get(DERIVED, REQUESTS)
        requests: dict[str, Counter[datetime]] = {}
        with suppress(ValueError, TypeError, AttributeError, RecursionError):  # damaged notes must not stop the pulling
            for report, texts in json.loads(stored.content if stored else b"{}").items():
                requests[report] = self._recent(Counter(map(datetime.fromisoformat, texts)))
        return Notes(requests, stored.etag if stored else None)

    def _recent(self, times: Counter[datetime]) -> Counter[datetime]:
        now = self._store.now()
        return Counter({time: count for time, count in times.items() if abs(now - time) < WINDOW + FRESH})

    def _keep(self, changed: Mapping[str, Counter[datetime]], notes: Notes) -> bool:
        every = {report: [*times.elements()] for report, times in {**notes.requests, **changed}.items() if times}
        content = json.dumps(every, default=datetime.isoformat, indent=1).encode()
        try:
            return self._store.replace_if(DERIVED, REQUESTS, content, {}, notes.etag)
        except ArchiveUnavailable:
            return True  # better a 429 than a day that nobody asked for
