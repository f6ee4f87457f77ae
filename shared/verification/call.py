"""What can be wrong with all that the archive holds of one call, with the record of a run, with a quarantined body."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from shared.archive.blob_store import StoredBlob
from shared.archive.layout import DERIVED, Partition, SeriesName
from shared.archive.run_record import UNREADABLE, RunRecord
from shared.archive.series_state import (
    FORMER_RULES,
    ListedSnapshot,
    SeriesState,
    by_month,
    count,
    fingerprint,
    fingerprints_of,
    is_outdated,
    listed_snapshots,
    merge,
    table_of_records,
)
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue, Report
from shared.report.names import columns_about_one
from shared.report.table import Table, columns_of
from shared.verification.finding import Finding, FindingCode, IntegrityError
from shared.verification.snapshot import Named, digest, prove, snapshot_of

RECENT = timedelta(hours=1)
"""Snapshots that young need not be in their series yet, nor revisions that close in the order of their pulls."""


class Blob(NamedTuple):
    """A blob as it was listed; `read` fetches it as it is now, or None when it is gone."""

    container: str
    name: str
    metadata: Mapping[str, str]
    md5: bytes | None
    read: Callable[[], StoredBlob | None]

    def content(self) -> bytes:
        """Its bytes. Raises IntegrityError when they are not there, or not those that were written."""
        stored = self.read()
        if not stored:
            raise IntegrityError(FindingCode.GONE, "It was listed, and could not be read.")
        if self.md5 and hashlib.md5(stored.content, usedforsecurity=False).digest() != self.md5:
            raise IntegrityError(
                FindingCode.DAMAGED, "Its bytes do not have the MD5 that storage found when they were written."
            )
        return stored.content

    def finding(self, code: FindingCode, detail: str) -> Finding:
        """Return what is wrong with this blob."""
        return Finding(self.container, self.name, code, detail)


class Holding(NamedTuple):
    """All that the archive has of one call."""

    catalogue: Catalogue
    call: Call
    """For single days, that of any day."""
    container: str
    """Where its snapshots lie."""
    snapshots: dict[str, tuple[Named, Blob]]
    """By name."""
    series: dict[str, Blob]
    """By name: one, or none."""

    @property
    def report(self) -> Report:
        """What the catalogue has of it."""
        return self.catalogue.reports[self.call.report]

    def findings(
        self, chosen: Callable[[Blob], bool], young: datetime, expired: date, *, rebuilds: bool
    ) -> list[Finding]:
        """What is wrong. Reads what is `chosen`; and all snapshots, if the series is and it `rebuilds` that.

        Snapshots that were pulled after `young` need not be in the series yet, and those of refresh dates before
        `expired` may have left it behind: the next run makes it anew.
        """
        listed = listed_snapshots(self.call, ((name, blob.metadata) for name, (_, blob) in self.snapshots.items()))
        findings = [
            *self._misnumbered(),
            *self._misdescribed(),
            *self._of_another_report(listed),
            *self._disordered(listed),
            *self._unsealed(listed, young, expired),
        ]
        series = self.series.get(_series(self.call))
        rebuild = rebuilds and series is not None and chosen(series)
        flawed: list[Finding] = []

        def parts() -> Iterator[tuple[Snapshot, Table]]:
            for snapshot, _ in listed:
                blob = self.snapshots[snapshot.blob][1]
                if rebuild or chosen(blob):
                    try:
                        yield snapshot, self._table(snapshot, blob)
                    except IntegrityError as error:
                        flawed.append(blob.finding(error.code, str(error)))

        state = merge(SeriesState(), parts(), {month: fingerprint(each) for month, each in by_month(listed).items()})
        findings += flawed
        if series and chosen(series):
            sound = rebuild and not findings and fingerprints_of(series.metadata) == state.fingerprints
            findings += _rebuilt(series, state if sound else None)
        return findings

    def by_date(self) -> dict[date, list[Snapshot]]:
        """Return the snapshots that can be read, by refresh date."""
        found: dict[date, list[Snapshot]] = {}
        for snapshot, _ in listed_snapshots(self.call, ((name, at[1].metadata) for name, at in self.snapshots.items())):
            found.setdefault(snapshot.refresh_date, []).append(snapshot)
        return found

    def stored(self, snapshot: Snapshot) -> bytes:
        """Return the bytes of a snapshot's blob, which are those that were written. Raises IntegrityError."""
        content, expected = self.snapshots[snapshot.blob][1].content(), snapshot.metadata.gzip_sha256
        if (hashlib.sha256(content).hexdigest() if expected else digest(content)) != (
            expected or snapshot.metadata.sha256
        ):
            raise IntegrityError(FindingCode.WRONG_CONTENT, "Its bytes are not those that were written.")
        return content

    def _table(self, snapshot: Snapshot, blob: Blob) -> Table:
        """What goes into the series. Raises IntegrityError if the blob is not that snapshot."""
        personal, version = self.report.personal_data, blob.metadata.get("app_version", "")
        records = prove(snapshot, blob.content(), self.report, version, keep=not personal)
        if personal:
            return Table(columns_of(snapshot.metadata.columns or records[0]))
        return table_of_records(snapshot, records)

    def _misnumbered(self) -> Iterator[Finding]:
        """Revisions are missing below others."""
        revisions: dict[tuple[Call, date], set[int]] = {}
        for call, day, revision in (it for it, _ in self.snapshots.values()):
            revisions.setdefault((call, day), set()).add(revision)
        for (call, day), there in revisions.items():
            for number in sorted({*range(1, max(there))} - there):
                detail = f"Revision {max(there)} of that day is there, and this is not."
                yield Finding(self.container, Named(call, day, number).blob, FindingCode.GONE, detail)

    def _misdescribed(self) -> Iterator[Finding]:
        """Metadata are missing or malformed."""
        for it, blob in self.snapshots.values():
            try:
                snapshot_of(it, blob.metadata)
            except IntegrityError as error:
                yield blob.finding(error.code, str(error))

    def _of_another_report(self, listed: Sequence[ListedSnapshot]) -> Iterator[Finding]:
        """The columns are of another report, and those before were not; or they name people, and should not."""
        before: tuple[str, ...] = ()
        for snapshot, _ in listed:
            blob, columns = self.snapshots[snapshot.blob][1], snapshot.metadata.columns
            theirs = self.catalogue.reports_with(columns)
            if not self.report.personal_data and columns_about_one(columns):
                yield blob.finding(FindingCode.ANOTHER_REPORT, "It names people, sites, groups or teams.")
            elif theirs and self.report.name not in theirs and columns != before:
                yield blob.finding(FindingCode.ANOTHER_REPORT, f"It has the columns of {sorted(theirs)[0]}.")
            before = columns

    def _disordered(self, listed: Sequence[ListedSnapshot]) -> Iterator[Finding]:
        """A revision has the bytes of the one before, or was pulled earlier than that."""
        for (before, _), (snapshot, _) in pairwise(listed):
            if before.refresh_date != snapshot.refresh_date:
                continue
            blob = self.snapshots[snapshot.blob][1]
            is_redacted = before.metadata.redacted or snapshot.metadata.redacted  # what differed may have been theirs
            if before.metadata.sha256 == snapshot.metadata.sha256 and not is_redacted:
                yield blob.finding(FindingCode.SAME_BODY, f"Revision {before.revision} of that day has the same bytes.")
            if before.metadata.pulled_at - snapshot.metadata.pulled_at > RECENT:
                yield blob.finding(FindingCode.OUT_OF_ORDER, f"It was pulled before revision {before.revision}.")

    def _unsealed(self, listed: Sequence[ListedSnapshot], young: datetime, expired: date) -> Iterator[Finding]:
        """The snapshots are not those that the series says are merged in it."""
        months = by_month(listed)
        old = by_month(each for each in listed if not young < each.snapshot.metadata.pulled_at < young + 2 * RECENT)
        if not self.series:
            if old:
                detail = f"There is no series of these {len(listed)} snapshots."
                yield Finding(DERIVED, _series(self.call), FindingCode.GONE, detail)
            return
        (series,) = self.series.values()
        try:
            fingerprints = fingerprints_of(series.metadata)
        except (KeyError, ValueError):
            yield series.finding(FindingCode.BAD_METADATA, "They do not say which snapshots are merged.")
            return
        none = fingerprint([])
        for month in sorted({*fingerprints, *months}):
            merged, here = fingerprints.get(month, none), months.get(month, [])
            had, has, least = count(merged), len(here), len(old.get(month, ()))
            if merged == fingerprint(here) or (least < has and least <= had <= has):
                continue
            if has < had and month <= f"{expired:%Y-%m}":
                continue
            code = FindingCode.SNAPSHOTS_CHANGED
            if had != has:
                code = FindingCode.SNAPSHOTS_GONE if had > has else FindingCode.BEHIND
            yield series.finding(code, f"It has merged {had} snapshots of {month}; {has} are there, and not the same.")


def record_of(blob: Blob) -> RunRecord:
    """The run that a blob is the record of. Raises IntegrityError if it is none, or of another run."""
    try:
        run = RunRecord.from_bytes(blob.content())
        named = run.is_named(blob.name) and run.started.tzinfo
    except UNREADABLE:
        raise IntegrityError(FindingCode.DAMAGED, "It is not the record of a run.") from None
    if not named:
        raise IntegrityError(FindingCode.WRONG_CONTENT, f"It is the record of the run {run.id}.")
    return run


def check_quarantined(blob: Blob) -> Iterator[Finding]:
    """A body that was not published has to be the body that came."""
    try:
        sha256 = digest(blob.content(), blob.metadata.get("gzip_sha256", ""))
    except IntegrityError as error:
        yield blob.finding(error.code, str(error))
        return
    named = "/large/" in blob.name or blob.name.endswith(f"/{sha256}.csv.gz")
    if not named or blob.metadata.get("sha256") != sha256:
        yield blob.finding(FindingCode.WRONG_CONTENT, f"It holds bytes of SHA-256 {sha256}.")


def _rebuilt(series: Blob, state: SeriesState | None) -> Iterator[Finding]:
    """The series is not what was written, or (if given) not what its snapshots give, to the byte."""
    stored = series.read()
    if not stored:
        yield series.finding(FindingCode.GONE, "It was listed, and could not be read.")
    elif hashlib.sha256(stored.content).hexdigest() != stored.metadata.get("sha256"):
        yield series.finding(FindingCode.WRONG_CONTENT, "Its bytes are not those of its SHA-256.")
    elif state and stored.metadata == series.metadata:  # else it was written anew since it was listed
        rules = {"rules": FORMER_RULES} if stored.metadata.get("rules") == FORMER_RULES else {}
        if stored.content != state.content:
            if not _is_made_anew(stored.content, stored.metadata):
                yield series.finding(FindingCode.SERIES_DIFFERS, "Its bytes are not those that the snapshots give.")
        elif stored.metadata != state.to_metadata() | rules:
            yield series.finding(FindingCode.BAD_METADATA, "They are not those that the snapshots give.")


def _is_made_anew(content: bytes, metadata: Mapping[str, str]) -> bool:
    """Whether the app makes the series anew when it is next asked for it, as its rules have changed."""
    try:
        return is_outdated(content, metadata)
    except ValueError:
        return False


def _series(call: Call) -> str:
    return str(SeriesName(Partition.of(call)))
