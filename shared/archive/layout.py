"""Where everything lies: the containers, and the name of every blob, both ways. Pure.

The names are the index of the archive, Hive-style. A name is the text of one of the types here, and `parse` turns the
text back. Nothing else builds a name or takes one apart.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.dates import days_between

if TYPE_CHECKING:
    from shared.domain.call import Call
    from shared.domain.catalogue import Report

USAGE = "usage"
"""The container of snapshots without personal data."""
PERSONAL = "usage-personal"
"""The container of snapshots with a row per person, site, group or team."""
DERIVED = "usage-derived"
"""The container of what can be made again: run records, series, tables, markers, the request budget."""
PERSONAL_DERIVED = "usage-personal-derived"
"""The container of what can be made again and has a row per person, site, group or team: the tables of such reports."""
QUARANTINE = "usage-quarantine"
"""The container of bodies that were not published."""
ERASED = "usage-erased"
"""The container of who must not come back, and of the keys of hashes: read by the app alone, and never made again."""
CONTAINERS = (USAGE, PERSONAL, DERIVED, PERSONAL_DERIVED, QUARANTINE, ERASED)
INPUT = "usage-input"
"""The container of what only the organisation knows, which the app reads and never writes."""

REQUESTS = "requests.json"
"""The blob of the request budget: by report, when its requests were noted."""
LEASE = "lease.json"
"""The blob of the lease on runs: which one is under way."""
COVERAGE = "coverage.json.gz"
"""The blob of the coverage index: what the names say, in one read."""
EVIDENCE = "evidence.json"
"""The blob of what the live service really did."""
TABLES = "tables.json.gz"
"""The blob of the table index: what is in tables."""
SUPPRESSED = "suppressed.json"
"""The blob of the suppression list, in the container of what must not come back, as is ..."""
PSEUDONYMS = "pseudonyms.json"
"""... that of the key of pseudonyms."""
ACCOUNTS = "accounts.json.gz"
"""The blob of whose each address was, as hashes, beside the tables of personal reports."""
REPORTS = "report="
"""What the names of all snapshots begin with."""
YEAR_END = "-"
"""What the year of a refresh date ends with."""
STEM_END = "."
"""What the stem of a snapshot's name ends with; in Azurite, a delimiter of a listing is one character."""
RUNS = "runs/"
"""What the names of all run records begin with."""
MANIFESTS = "newest/"
"""What the names of all manifests begin with: they lie apart, as readers take all in a folder of tables for one."""
VIEWS = "views/refresh_date="
"""What the names of all numbers of views begin with."""
TENANT = "tenant="
"""What the names of all blobs of a tenant begin with, where one app archives many."""
STANDINGS = "tenants/"
"""What the names of the blobs begin with that tell how the tenants stand."""
LOST = "lost/"
"""What the names of all markers of lost dates begin with."""
EXPIRED = "expired/"
"""What the names of all markers of what expired begin with."""
AWAITED = "awaited/"
"""What the names of all markers of an awaited run begin with."""
CONCEALMENT_CHANGES = "flips/"
"""What the names of all markers of changed names begin with."""


_SECOND = "%Y-%m-%dT%H%M%SZ"


class Partition(NamedTuple):
    """Where the snapshots of a call lie, those of all single days together."""

    report: str
    key: str
    """The argument as names spell it: `D7`, `D28-v2`, `day` (single days), `none`."""

    @classmethod
    def of(cls, call: Call) -> Partition:
        """Return the partition of a call."""
        return cls(call.report, call.key)

    def __str__(self) -> str:
        return f"report={self.report}/period={self.key}"


class SnapshotName(NamedTuple):
    """The name of a snapshot."""

    partition: Partition
    refresh_date: date
    revision: int

    @property
    def file_name(self) -> str:
        """The last part, without `.gz`. It says everything again, as a download loses its path."""
        report, key = self.partition
        return f"{report}_{key}_{self.refresh_date}_r{self.revision}.csv"

    def __str__(self) -> str:
        return f"{snapshot_prefix(self.partition)}{self.refresh_date}/revision={self.revision}/{self.file_name}.gz"


class QuarantineName(NamedTuple):
    """The name of a body that was not published."""

    partition: Partition
    day: date | None
    """Of a call for a single day."""
    reason: str
    sha256: str

    def __str__(self) -> str:
        return f"{_in_quarantine(self.partition, self.day)}/reason={self.reason}/{self.sha256}.csv.gz"


class LargeQuarantineName(NamedTuple):
    """The name of a body that was not published, and so large that it was sent before its end was known."""

    partition: Partition
    day: date | None
    pull: str
    """A token of the pull."""

    def __str__(self) -> str:
        return f"{large_quarantine_prefix(self.partition, self.day)}{self.pull}.csv.gz"


class SeriesName(NamedTuple):
    """The name of the merged history of a call."""

    partition: Partition

    @property
    def file_name(self) -> str:
        report, key = self.partition
        return f"{report}_{key}_series.csv"

    def __str__(self) -> str:
        return f"series/{self.partition}/{self.file_name}"


class TableName(NamedTuple):
    """The name of a table: of the snapshots of a month, or of one day of it, or of some days in a row."""

    partition: Partition
    month: str
    """As `YYYY-MM`."""
    day: date | None
    """The first one; None: it is of the month."""
    rules: int
    """By which it was made."""
    generation: int
    """Another one of the same days has a higher number; 0 is that of what stands there while one is replaced."""
    last: date | None = None
    """The last day, where it is of some."""

    @classmethod
    def of(cls, partition: Partition, days: DateRanges, rules: int, generation: int) -> TableName:
        """Return the name of the table of a month, of one day of it, or of some in a row."""
        ((first, last),) = days.ranges
        month = f"{first:%Y-%m}"
        day = None if days == DateRanges.of_month(month) else first
        return cls(partition, month, day, rules, generation, last if day and last != first else None)

    @property
    def sign(self) -> TableName:
        """The name of what is no table, and stands there while one of these days is replaced."""
        return self._replace(generation=0)

    @property
    def days(self) -> DateRanges:
        """The days of which it is."""
        return DateRanges(((self.day, self.last or self.day),)) if self.day else DateRanges.of_month(self.month)

    def __str__(self) -> str:
        report, key = self.partition
        days = f"{self.day or self.month}-to-{self.last:%d}" if self.last else f"{self.day or self.month}"
        end = f"{days}_g{self.rules}-{self.generation}.parquet"
        return f"{table_prefix(self.partition, self.month)}{report}_{key}_{end}"


class DeltaLogName(NamedTuple):
    """The name of a part of the log that makes a Delta table of the tables of a call."""

    partition: Partition
    version: int
    """Of the Delta table, from 0 on."""
    is_checkpoint: bool
    """Whether it tells all that commits told up to that version, or is one of these."""

    def __str__(self) -> str:
        return (
            f"{self.partition}/_delta_log/{self.version:020}.{'checkpoint.parquet' if self.is_checkpoint else 'json'}"
        )


class ManifestName(NamedTuple):
    """The name of the list of the newest revisions of a month, of all calls of a report."""

    report: str
    month: str
    """As `YYYY-MM`."""

    def __str__(self) -> str:
        return f"{MANIFESTS}{REPORTS}{self.report}/month={self.month}/{self.report}_{self.month}_newest.json"


class ViewsName(NamedTuple):
    """The name of the numbers of a day that say nothing of a person."""

    refresh_date: date

    def __str__(self) -> str:
        return f"{VIEWS}{self.refresh_date}/views.json.gz"


class RunRecordName(NamedTuple):
    """The name of the record of a run."""

    month: str
    """In which the run started (UTC), as `YYYY-MM`."""
    id: str
    is_plain: bool = False
    """Whether it is JSON without compression, as earlier versions wrote it."""

    def __str__(self) -> str:
        return f"{run_prefix(self.month)}{self.id}.json{'' if self.is_plain else '.gz'}"


class LostRange(NamedTuple):
    """The marker, an empty blob, of days in a row that nothing can bring back."""

    partition: Partition
    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return days_between(self.first, self.last + timedelta(days=1))

    def __str__(self) -> str:
        return f"{LOST}{self.partition}/first={self.first}/last={self.last}"


class ConcealmentChange(NamedTuple):
    """The marker, an empty blob, of a snapshot from which on names are concealed, or readable again."""

    partition: Partition
    refresh_date: date
    revision: int
    before: str
    """`named`, `concealed` or `mixed`."""
    now: str

    def __str__(self) -> str:
        at = f"{self.partition}/refresh_date={self.refresh_date}/revision={self.revision}"
        return f"{CONCEALMENT_CHANGES}{at}/{self.before}-to-{self.now}"


class StandingName(NamedTuple):
    """The name of the blob, an empty one with metadata, that tells how a tenant stood after its last run."""

    tenant: str

    def __str__(self) -> str:
        return f"{STANDINGS}{self.tenant}"


class AwaitedRun(NamedTuple):
    """The marker, an empty blob, of when somebody first asked for a run, and there was none."""

    since: datetime
    """UTC, to the second."""

    def __str__(self) -> str:
        return f"{AWAITED}since={self.since:{_SECOND}}"


class ExpiredBefore(NamedTuple):
    """The marker, an empty blob, of the day before whose refresh date nothing of people is kept any more."""

    first_kept: date

    def __str__(self) -> str:
        return f"{EXPIRED}before={self.first_kept}"


BlobName = (
    SnapshotName
    | QuarantineName
    | LargeQuarantineName
    | SeriesName
    | TableName
    | DeltaLogName
    | ManifestName
    | ViewsName
    | RunRecordName
    | LostRange
    | ConcealmentChange
    | AwaitedRun
    | ExpiredBefore
    | StandingName
)


def tenant_prefix(id_: str) -> str:
    """Return what the names of all blobs of a tenant begin with, in every container."""
    return f"{TENANT}{id_}/"


def snapshot_prefix(partition: Partition, start: str = "") -> str:
    """Return what the names of a call's snapshots begin with; `start` begins their refresh dates."""
    return f"{partition}/refresh_date={start}"


def large_quarantine_prefix(partition: Partition, day: date | None) -> str:
    """Return what the names of all large quarantined bodies of a call begin with."""
    return f"{_in_quarantine(partition, day)}/large/"


def container_of(report: Report) -> str:
    """Return where the tables of a report lie, with their manifests and logs."""
    return PERSONAL_DERIVED if report.personal_data else DERIVED


def table_prefix(partition: Partition, month: str) -> str:
    """Return what the names of all tables of a call's month (`YYYY-MM`) begin with."""
    return f"{partition}/month={month}/"


def apart(tables: Iterable[TableName]) -> list[TableName]:
    """Return tables, no two of which have a day in common: one before those that come later."""
    found, held = list[TableName](), NO_DAYS
    for each in tables:
        if not each.days & held:
            found.append(each)
            held |= each.days
    return found


def run_prefix(month: str) -> str:
    """Return what the names of the records of a month (`YYYY-MM`) begin with."""
    return f"{RUNS}{month}/"


def report_of(folder: str) -> str:
    """Return the report of a folder at the top of a container of snapshots."""
    return folder.removeprefix(REPORTS).rstrip("/")


def year_of(folder: str) -> str:
    """Return the year that a name of a snapshot up to YEAR_END says; empty if it says none."""
    year = folder.rpartition("=")[2].removesuffix(YEAR_END)
    return year if re.fullmatch(r"(?!0000)\d{4}", year, re.ASCII) else ""


def parse_stem(stem: str) -> SnapshotName | None:
    """Return the snapshot whose name begins with that stem; None if there can be none."""
    parsed = parse(f"{stem}csv.gz")
    return parsed if isinstance(parsed, SnapshotName) else None


def parse(name: str) -> BlobName | None:
    """Return what a name says; None if the app writes no blob of that name."""
    for pattern, build in _KINDS:
        if match := _compiled(pattern).fullmatch(name):
            try:
                parsed = build(match)
            except ValueError:
                return None
            return parsed if str(parsed) == name else None
    return None


def _in_quarantine(partition: Partition, day: date | None) -> str:
    return f"{partition}/date={day}" if day else str(partition)


def _partition(match: re.Match[str]) -> Partition:
    return Partition(match["report"], match["key"])


def _day(match: re.Match[str]) -> date | None:
    return date.fromisoformat(match["day"]) if match["day"] else None


def _snapshot(match: re.Match[str]) -> SnapshotName:
    return SnapshotName(_partition(match), date.fromisoformat(match["date"]), int(match["revision"]))


def _table(match: re.Match[str]) -> TableName:
    first, last = (date.fromisoformat(f"{match['month']}-{match[end] or '01'}") for end in ("first", "last"))
    if match["last"] and first >= last:
        raise ValueError("these are not some days")
    return TableName(
        _partition(match),
        match["month"],
        first if match["first"] else None,
        int(match["rules"]),
        int(match["generation"]),
        last if match["last"] else None,
    )


def _lost(match: re.Match[str]) -> LostRange:
    first, last = date.fromisoformat(match["first"]), date.fromisoformat(match["last"])
    if first > last:
        raise ValueError("the range is empty")
    return LostRange(_partition(match), first, last)


def _change(match: re.Match[str]) -> ConcealmentChange:
    if match["before"] == match["now"]:
        raise ValueError("nothing changed")
    date_ = date.fromisoformat(match["date"])
    return ConcealmentChange(_partition(match), date_, int(match["revision"]), match["before"], match["now"])


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern in which PARTITION, DATE, MONTH, REVISION, DAY and NAMES stand for what they say.

    No name has a date that others cannot be counted from, as the first and the last of the calendar: reports are of the
    years from 2000 on. This is left to the first use, as a cold start need not pay for it.
    """
    parts = {
        "PARTITION": r"report=(?P<report>\w+)/period=(?P<key>[\w-]+)",
        "DATE": r"2\d{3}-\d\d-\d\d",
        "MONTH": r"2\d{3}-(?:0[1-9]|1[0-2])",
        "REVISION": r"revision=(?P<revision>[1-9]\d*)",
        "DAY": r"(?:/date=(?P<day>2\d{3}-\d\d-\d\d))?",
        "NAMES": "named|concealed|mixed",
    }
    return re.compile(re.sub("|".join(parts), lambda word: parts[word[0]], pattern), re.ASCII)


_KINDS: tuple[tuple[str, Callable[[re.Match[str]], BlobName]], ...] = (
    (r"PARTITION/refresh_date=(?P<date>DATE)/REVISION/[\w-]+\.csv\.gz", _snapshot),
    (r"lost/PARTITION/first=(?P<first>DATE)/last=(?P<last>DATE)", _lost),
    (
        r"flips/PARTITION/refresh_date=(?P<date>DATE)/REVISION/(?P<before>NAMES)-to-(?P<now>NAMES)",
        _change,
    ),
    (
        r"awaited/since=(?P<since>DATET\d{6}Z)",
        lambda match: AwaitedRun(datetime.strptime(match["since"], _SECOND).replace(tzinfo=UTC)),
    ),
    (r"expired/before=(?P<day>DATE)", lambda match: ExpiredBefore(date.fromisoformat(match["day"]))),
    (r"tenants/(?P<tenant>[\da-f-]{36})", lambda match: StandingName(match["tenant"])),
    (r"series/PARTITION/[\w-]+\.csv", lambda match: SeriesName(_partition(match))),
    (
        r"PARTITION/month=(?P<month>MONTH)/[\w-]+_(?P=month)(?:-(?P<first>\d\d)(?:-to-(?P<last>\d\d))?)?"
        r"_g(?P<rules>\d+)-(?P<generation>0|[1-9]\d*)\.parquet",
        _table,
    ),
    (
        r"PARTITION/_delta_log/(?P<version>\d{20})\.(?:json|(?P<checkpoint>checkpoint)\.parquet)",
        lambda match: DeltaLogName(_partition(match), int(match["version"]), is_checkpoint=bool(match["checkpoint"])),
    ),
    (
        r"newest/report=(?P<report>\w+)/month=(?P<month>MONTH)/[\w-]+\.json",
        lambda match: ManifestName(match["report"], match["month"]),
    ),
    (r"views/refresh_date=(?P<date>DATE)/views\.json\.gz", lambda match: ViewsName(date.fromisoformat(match["date"]))),
    (
        r"runs/(?P<month>MONTH)/(?P<id>[\w-]+)\.json(?P<gz>\.gz)?",
        lambda match: RunRecordName(match["month"], match["id"], is_plain=not match["gz"]),
    ),
    (
        r"PARTITIONDAY/reason=(?P<reason>\w+)/(?P<sha256>\w+)\.csv\.gz",
        lambda match: QuarantineName(_partition(match), _day(match), match["reason"], match["sha256"]),
    ),
    (
        r"PARTITIONDAY/large/(?P<pull>\w+)\.csv\.gz",
        lambda match: LargeQuarantineName(_partition(match), _day(match), match["pull"]),
    ),
)
