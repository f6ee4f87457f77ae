"""Whether the archive is what it says: every byte, every name, every revision, every series.

A snapshot is held against its own name and metadata, its neighbours, the seals in the series of its call, the records
of all runs, and the marks of where names changed. What none of these remembers cannot be missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from itertools import chain

from shared.archive.blob_store import BlobStore
from shared.archive.layout import (
    ACCOUNTS,
    COVERAGE,
    DERIVED,
    EVIDENCE,
    LEASE,
    PERSONAL,
    PERSONAL_DERIVED,
    QUARANTINE,
    REQUESTS,
    TABLES,
    USAGE,
    AwaitedRun,
    ConcealmentChange,
    DeltaLogName,
    ExpiredBefore,
    LargeQuarantineName,
    LostRange,
    ManifestName,
    Partition,
    QuarantineName,
    RunRecordName,
    SeriesName,
    SnapshotName,
    TableName,
    ViewsName,
    container_of,
    parse,
)
from shared.archive.markers import lost_ranges
from shared.archive.run_record import PullResult, RunRecord
from shared.domain.call import Call, every_call
from shared.domain.catalogue import Catalogue
from shared.domain.date_ranges import DateRanges
from shared.verification.call import RECENT, Blob, Holding, check_quarantined, record_of
from shared.verification.coverage import NamedDates
from shared.verification.finding import Finding, FindingCode, IntegrityError
from shared.verification.portion import Portion
from shared.verification.snapshot import named
from shared.verification.tables import check_log, check_manifest, check_table_index, check_tables

_EVERYTHING = Portion()
_WORKERS = 8


def everything(store: BlobStore) -> Iterator[Blob]:
    """All blobs of the archive. What tells of snapshots is listed before them, as a pull may be going on."""
    for container in (DERIVED, PERSONAL_DERIVED, QUARANTINE, USAGE, PERSONAL):
        for name, metadata, md5 in store.list(container):
            yield Blob(container, name, metadata, md5, partial(store.get, container, name))


def manifest(blobs: Iterable[Blob], catalogue: Catalogue) -> Iterator[str]:
    """A line for each snapshot that `sha256sum -c` reads, where its container was copied to and unpacked."""
    for blob in blobs:
        if blob.container in (USAGE, PERSONAL) and named(blob.name, catalogue):
            yield f"{blob.metadata.get('sha256', '')}  {blob.name.removesuffix('.gz')}\n"


def verify(
    blobs: Iterable[Blob], catalogue: Catalogue, now: datetime, portion: Portion = _EVERYTHING
) -> Iterator[Finding]:
    """What is wrong with these blobs, which are all of an archive.

    What a listing shows is checked always, what has to be read only for the portion; of one that begins at some time,
    no series is made anew. Raises ArchiveUnavailable.
    """
    verification = Verification(blobs, catalogue, now, portion)
    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from verification.findings(pool.map(lambda check: check(), verification.checks))


class Verification:
    """All blobs, each where it belongs, and what is wrong with them."""

    def __init__(
        self, blobs: Iterable[Blob], catalogue: Catalogue, now: datetime, portion: Portion = _EVERYTHING
    ) -> None:
        self._catalogue = catalogue
        self._young = now - RECENT
        self._portion = portion
        self._holdings = {
            str(SeriesName(Partition.of(call))): Holding(
                catalogue, call, PERSONAL if report.personal_data else USAGE, {}, {}
            )
            for report in catalogue.reports.values()
            for call in every_call(report)
        }
        self._by_place = {Partition.of(holding.call): holding for holding in self._holdings.values()}
        self._dates = NamedDates({at: each.container for at, each in self._by_place.items()}, self._young)
        self._coverage: list[Blob] = []
        self._tables: dict[Partition, list[tuple[TableName, Blob]]] = defaultdict(list)
        self._manifests: dict[ManifestName, Blob] = {}
        self._logs: defaultdict[Partition, dict[DeltaLogName, Blob]] = defaultdict(dict)
        """The newest commits."""
        self._table_index: list[Blob] = []
        self._flips: list[ConcealmentChange] = []
        self._expired: date = date.min
        """Nothing of people need be there that has a refresh date before."""
        self._lost: dict[Partition, set[date]] = {place: set() for place in self._by_place}
        self._runs: list[Blob] = []
        self._quarantined: list[Blob] = []
        self._names: set[str] = set()
        self._misplaced: list[Finding] = []
        for blob in blobs:
            self._sort_in(blob)

    def findings(self, results: Iterable[Iterable[Finding]] | None = None) -> Iterator[Finding]:
        """What is wrong, each thing once. `results` are those of `checks`, if somebody else has made them."""
        made = (check() for check in self.checks) if results is None else results
        seen = set()
        for finding in chain(self._misplaced, chain.from_iterable(made)):
            if (without_detail := finding._replace(detail="")) not in seen:
                seen.add(without_detail)
                yield finding

    @property
    def checks(self) -> list[Callable[[], list[Finding]]]:
        """All that is to be found out, in any order, at once or one after the other."""
        holdings = [each for each in self._holdings.values() if each.snapshots or each.series]
        return [
            *(partial(self._check_holding, holding) for holding in holdings),
            *(partial(self._check_run, run) for run in self._of_portion(self._runs)),
            *(partial(self._check_flip, flip) for flip in self._flips),
            *(partial(self._check_coverage, coverage) for coverage in self._coverage),
            *(partial(self._check_tables, partition) for partition in self._tables),
            *(partial(self._check_log, log) for log in self._logs.values()),
            *(partial(self._check_manifest, *manifest) for manifest in self._manifests.items()),
            *(partial(self._check_table_index, index) for index in self._table_index),
            *(partial(_check_body, blob) for blob in self._of_portion(self._quarantined)),
        ]

    def _sort_in(self, blob: Blob) -> None:
        self._dates.note(blob)
        it, parsed = named(blob.name, self._catalogue), parse(blob.name)
        holding = self._holdings[str(SeriesName(Partition.of(it.call)))] if it else None
        if blob.container == QUARANTINE and isinstance(parsed, QuarantineName | LargeQuarantineName):
            self._quarantined.append(blob)
        elif blob.container == DERIVED and blob.name in self._holdings:
            self._holdings[blob.name].series[blob.name] = blob
        elif blob.container == DERIVED and blob.name == COVERAGE:
            self._coverage.append(blob)
        elif blob.container == DERIVED and blob.name == TABLES:
            self._table_index.append(blob)
        elif isinstance(parsed, TableName) and blob.container == self._container_of_tables(parsed.partition.report):
            self._tables[parsed.partition].append((parsed, blob))
        elif isinstance(parsed, DeltaLogName) and blob.container == self._container_of_tables(parsed.partition.report):
            self._logs[parsed.partition][parsed] = blob
        elif isinstance(parsed, ManifestName) and blob.container == self._container_of_tables(parsed.report):
            self._manifests[parsed] = blob
        elif blob.container == DERIVED and isinstance(parsed, RunRecordName):
            self._runs.append(blob)
        elif blob.container == DERIVED and isinstance(parsed, ConcealmentChange) and parsed.partition in self._by_place:
            self._flips.append(parsed)
        elif blob.container == DERIVED and isinstance(parsed, LostRange) and parsed.partition in self._by_place:
            self._lost[parsed.partition].update(parsed.days)
        elif blob.container == DERIVED and isinstance(parsed, ExpiredBefore):
            self._expired = max(self._expired, parsed.first_kept)
        elif blob.container == DERIVED and (
            blob.name in (EVIDENCE, LEASE, REQUESTS) or isinstance(parsed, AwaitedRun | ViewsName)
        ):
            pass  # what cannot be read in it is made again by the next run
        elif blob.container == PERSONAL_DERIVED and blob.name == ACCOUNTS:
            pass  # likewise, by the next reader
        elif blob.container in (DERIVED, PERSONAL_DERIVED, QUARANTINE) or not it or not holding:
            self._misplaced.append(blob.finding(FindingCode.UNKNOWN_BLOB, "The app writes no blob of that name."))
            return
        elif blob.container != holding.container:
            self._misplaced.append(blob.finding(FindingCode.WRONG_CONTAINER, f"Its place is {holding.container}."))
            return
        else:
            holding.snapshots[blob.name] = it, blob
        self._names.add(blob.name)

    def _of_portion(self, blobs: Iterable[Blob]) -> list[Blob]:
        return [blob for blob in blobs if self._portion.has(blob)]

    def _check_holding(self, holding: Holding) -> list[Finding]:
        expired = self._expired if holding.report.personal_data else date.min
        return holding.findings(self._portion.has, self._young, expired, rebuilds=self._portion.since is None)

    def _check_run(self, blob: Blob) -> list[Finding]:
        try:
            run = record_of(blob)
        except IntegrityError as error:
            return [blob.finding(error.code, str(error))]
        gone = [
            Finding(
                self._container(pulled), pulled.blob, FindingCode.GONE, f"The run {run.id} has it as {pulled.outcome}."
            )
            for pulled in run.pulls
            if pulled.outcome.is_success
            and pulled.blob
            and pulled.blob not in self._names  # the quarantine expires
            and not self._has_expired(pulled.blob)
        ]
        marks = self._unmarked(run) if run.started < self._young else ()  # else it may have begun after the listing
        return gone + [
            Finding(DERIVED, str(mark), FindingCode.GONE, f"The run {run.id} found that lost.") for mark in marks
        ]

    def _unmarked(self, run: RunRecord) -> Iterator[LostRange]:
        """The marks of what a run found lost, as far as they are not there."""
        places = {
            Call(each.report.name) if each.call.is_single_day else each.call: at for at, each in self._by_place.items()
        }
        for call, days in run.lost.items():
            if place := places.get(call):
                yield from lost_ranges(place, {*days} - self._lost[place])

    def _check_flip(self, flip: ConcealmentChange) -> list[Finding]:
        name = str(SnapshotName(flip.partition, flip.refresh_date, flip.revision))
        if name in self._names or self._has_expired(name):
            return []
        detail = f"It is marked as the first with {flip.now} names."
        return [Finding(self._by_place[flip.partition].container, name, FindingCode.GONE, detail)]

    def _check_coverage(self, coverage: Blob) -> list[Finding]:
        return [*self._dates.findings(coverage, self._expired)]

    def _has_expired(self, blob: str) -> bool:
        """Whether a snapshot is of people, and so old that it need not be there."""
        name = parse(blob)
        holding = self._by_place.get(name.partition) if isinstance(name, SnapshotName) else None
        is_personal = bool(holding and holding.report.personal_data)
        return isinstance(name, SnapshotName) and is_personal and name.refresh_date < self._expired

    def _check_tables(self, partition: Partition) -> list[Finding]:
        holding, tables = self._by_place[partition], self._tables[partition]
        chosen = [(name, blob) for name, blob in tables if self._portion.has(blob)]
        if not chosen:
            return []
        rebuilds = self._portion.since is None
        return [*check_tables(holding, chosen, self._young, rebuilds=rebuilds)]

    def _check_table_index(self, index: Blob) -> list[Finding]:
        names = {at: [name for name, _ in tables] for at, tables in self._tables.items()}
        held = {at: DateRanges.of(each.by_date()) for at, each in self._by_place.items()}
        containers = {at: container_of(each.report) for at, each in self._by_place.items()}
        return [*check_table_index(index, names, self._manifests, held, containers)]

    def _check_log(self, log: Mapping[DeltaLogName, Blob]) -> list[Finding]:
        partition = next(iter(log)).partition
        holding = self._by_place.get(partition)
        if not holding or not any(map(self._portion.has, log.values())):
            return []
        return [*check_log(holding, log, [table for _, table in self._tables[partition]], self._young)]

    def _check_manifest(self, name: ManifestName, blob: Blob) -> list[Finding]:
        if not self._portion.has(blob):
            return []
        holdings = [each for each in self._by_place.values() if each.report.name == name.report]
        return [*check_manifest(holdings, name, blob, self._young)]

    def _container_of_tables(self, report: str) -> str:
        found = self._catalogue.reports.get(report)
        return container_of(found) if found else ""

    def _container(self, pulled: PullResult) -> str:
        report = self._catalogue.reports.get(pulled.call.report)
        return PERSONAL if report and report.personal_data else USAGE


def _check_body(blob: Blob) -> list[Finding]:
    return [*check_quarantined(blob)]
