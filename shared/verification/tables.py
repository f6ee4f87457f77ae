"""Whether tables say what the snapshots say, and whether those are there that the table index tells of."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from gzip import GzipFile
from io import BytesIO

from shared.archive.layout import Partition, TableName
from shared.archive.snapshot import Snapshot
from shared.archive.table_index import UNREADABLE, TableIndex, days_of
from shared.archive.tables import table_of
from shared.domain.catalogue import Report
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.report.compression import CompressionError
from shared.report.typed_columns import have_same_rows
from shared.report.typed_table import RULES
from shared.verification.call import Blob
from shared.verification.finding import Finding, FindingCode, IntegrityError


def check_tables(
    report: Report,
    tables: Iterable[tuple[TableName, Blob]],
    snapshots: Mapping[date, Sequence[Snapshot]],
    read: Callable[[Snapshot], bytes],
    young: datetime,
    *,
    rebuilds: bool,
) -> Iterator[Finding]:
    """Yield what is wrong with tables of one call. `read` returns a snapshot as stored, or raises IntegrityError.

    What was pulled after `young` need not be in a table yet. Tables are held against their snapshots if it `rebuilds`.
    """
    seen: dict[str, list[DateRanges]] = defaultdict(list)
    for name, blob in tables:
        days = _days(name)
        if any(days & others for others in seen[name.month]):
            yield blob.finding(FindingCode.TABLE_DIFFERS, "Another one has the same days.")
        seen[name.month].append(days)
        theirs = [each for day in sorted(snapshots) if day in days for each in snapshots[day]]
        if all(each.metadata.pulled_at < young for each in theirs):
            yield from _check(report, blob, theirs, read if rebuilds else None)


def _check(
    report: Report, blob: Blob, snapshots: Sequence[Snapshot], read: Callable[[Snapshot], bytes] | None
) -> Iterator[Finding]:
    try:
        content = blob.content()
        if hashlib.sha256(content).hexdigest() != blob.metadata.get("sha256"):
            raise IntegrityError(FindingCode.TABLE_DIFFERS, "Its bytes are not those of its SHA-256.")
        if not snapshots:
            raise IntegrityError(FindingCode.TABLE_DIFFERS, "There is no snapshot of its days.")
        if not read:
            return
        made = table_of(report, snapshots, lambda each: GzipFile(fileobj=BytesIO(read(each))))
        if made.content != content and not have_same_rows(made.content, content):
            raise IntegrityError(FindingCode.TABLE_DIFFERS, "Its rows are not those that the snapshots give.")
    except IntegrityError as error:
        if error.code in (
            FindingCode.TABLE_DIFFERS,
            FindingCode.GONE,
        ):  # else a snapshot is, and that is told elsewhere
            yield blob.finding(FindingCode.TABLE_DIFFERS, str(error))
    except (ValueError, OSError, EOFError, CompressionError):
        pass  # a snapshot is no CSV or no gzip file, which is told elsewhere


def check_table_index(
    blob: Blob,
    tables: Mapping[Partition, Iterable[TableName]],
    held: Mapping[Partition, DateRanges],
    containers: Mapping[Partition, str],
) -> Iterator[Finding]:
    """Yield the tables that the index tells of and that are not there; of days that are `held`, and can be read."""
    try:
        index = TableIndex.from_bytes(blob.content(), RULES)
    except IntegrityError:
        return  # it was written anew since it was listed
    except UNREADABLE:
        yield blob.finding(
            FindingCode.TABLE_GONE, "The table index cannot be read; the next run makes all tables again."
        )
        return
    for partition, told in index.partitions.items():
        there = DateRanges.of(day for name in tables.get(partition, ()) for day in _days(name).days)
        for day in ((told.dates & held.get(partition, NO_DAYS)) - there).days:
            month = f"{day:%Y-%m}"
            name = TableName(partition, month, day if month in told.in_days else None, RULES, told.revision(day))
            yield Finding(containers[partition], str(name), FindingCode.TABLE_GONE, "The table index tells of it.")


def _days(name: TableName) -> DateRanges:
    return DateRanges.of([name.day]) if name.day else days_of(name.month)
