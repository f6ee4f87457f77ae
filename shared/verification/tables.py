"""Whether tables say what the snapshots say, and whether those are there that the table index tells of."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime

from shared.archive import manifest
from shared.archive.layout import DeltaLogName, ManifestName, Partition, TableName
from shared.archive.snapshot import Snapshot
from shared.archive.table_index import UNREADABLE, TableIndex
from shared.archive.tables import table_of
from shared.domain.catalogue import Report
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.report import delta
from shared.report.compression import CompressionError, decompress_pieces
from shared.report.typed_columns import have_same_rows
from shared.report.typed_table import RULES
from shared.verification.call import Blob, Holding
from shared.verification.finding import Finding, FindingCode, IntegrityError


def check_tables(
    holding: Holding, tables: Iterable[tuple[TableName, Blob]], young: datetime, *, rebuilds: bool
) -> Iterator[Finding]:
    """Yield what is wrong with tables of one call, of which that is all.

    What was pulled after `young` need not be in them yet. Tables are held against their snapshots if it `rebuilds`.
    """
    snapshots = holding.by_date()
    seen: dict[str, list[DateRanges]] = defaultdict(list)
    for name, blob in tables:
        days = name.days
        theirs = [each for day in sorted(snapshots) if day in days for each in snapshots[day]]
        is_young = any(each.metadata.pulled_at >= young for each in theirs)
        if not is_young and any(days & others for others in seen[name.month]):
            yield blob.finding(FindingCode.TABLE_DIFFERS, "Another one has the same days.")
        seen[name.month].append(days)
        if not is_young:
            yield from _check(holding.report, blob, theirs, holding.stored if rebuilds else None)


def _check(
    report: Report, blob: Blob, snapshots: Sequence[Snapshot], read: Callable[[Snapshot], bytes] | None
) -> Iterator[Finding]:
    try:
        content = blob.content()
    except IntegrityError as error:
        yield blob.finding(FindingCode.TABLE_DIFFERS, str(error))
        return
    try:
        if hashlib.sha256(content).hexdigest() != blob.metadata.get("sha256"):
            raise IntegrityError(FindingCode.TABLE_DIFFERS, "Its bytes are not those of its SHA-256.")
        if not snapshots:
            raise IntegrityError(FindingCode.TABLE_DIFFERS, "There is no snapshot of its days.")
        if not read:
            return
        made = table_of(report, snapshots, lambda each: decompress_pieces([read(each)]))
        if made.content != content and not _are_same(made.content, content):
            raise IntegrityError(FindingCode.TABLE_DIFFERS, "Its rows are not those that the snapshots give.")
    except IntegrityError as error:
        if error.code is FindingCode.TABLE_DIFFERS:  # else a snapshot is what is wrong, and that is told elsewhere
            yield blob.finding(FindingCode.TABLE_DIFFERS, str(error))
    except (ValueError, OSError, EOFError, CompressionError):
        pass  # a snapshot is no CSV or no gzip file, which is told elsewhere


def _are_same(one: bytes, other: bytes) -> bool:
    with suppress(ValueError):  # one is no Parquet file
        return have_same_rows(one, other)
    return False


def check_manifest(holdings: Iterable[Holding], name: ManifestName, blob: Blob, young: datetime) -> Iterator[Finding]:
    """Yield what is wrong with a manifest of a report of which that is all.

    What was pulled after `young` need not be in it yet.
    """
    expected: dict[tuple[str, date], manifest.Entry] = {}
    of_month = DateRanges.of_month(name.month)
    for holding in holdings:
        snapshots = [each for day, all_ in holding.by_date().items() if day in of_month for each in all_]
        if any(each.metadata.pulled_at >= young for each in snapshots):
            return
        expected |= manifest.entries(holding.container, snapshots)
    with suppress(IntegrityError, *manifest.UNREADABLE):
        if manifest.read(blob.content()) == expected:
            return
    yield blob.finding(FindingCode.MANIFEST_DIFFERS, "It does not tell what there is of its month.")


def check_log(
    holding: Holding, log: Mapping[DeltaLogName, Blob], tables: Iterable[Blob], young: datetime
) -> Iterator[Finding]:
    """Yield what is wrong with the log of a Delta table, of which these are all parts and all files.

    While something of the call was pulled after `young`, a run may be just at it. A file that does not say its size is
    none that a run made, which is told elsewhere.
    """
    if any(each.metadata.pulled_at >= young for snapshots in holding.by_date().values() for each in snapshots):
        return
    name = max(log)
    there = {each.name.removeprefix(f"{name.partition}/"): each.metadata.get("size", "") for each in tables}
    needed = _needed(log)
    with suppress(IntegrityError, KeyError, *delta.UNREADABLE):
        content = [log[each].content() for each in needed][-1]
        told = delta.read(name.partition.report, name.partition.key, content).files
        unsaid = {path: "" for path, size in there.items() if not size.isdecimal()}
        if {path: str(file.size) for path, file in told.items()} | unsaid == there | unsaid:
            return
    yield log[name].finding(
        FindingCode.DELTA_DIFFERS, "It does not tell the files that are there, or a part of it is not whole."
    )


def _needed(log: Collection[DeltaLogName]) -> list[DeltaLogName]:
    """Return the parts that a reader needs: the last checkpoint, if there is one, and the commits since."""
    newest = max(log)
    checkpoint = max((each for each in log if each.is_checkpoint), default=None)
    first = min(checkpoint.version + 1, newest.version) if checkpoint else 0
    commits = [newest._replace(version=each, is_checkpoint=False) for each in range(first, newest.version + 1)]
    return [checkpoint, *commits] if checkpoint else commits


def check_table_index(
    blob: Blob,
    names: Mapping[Partition, Iterable[TableName]],
    manifests: Collection[ManifestName],
    held: Mapping[Partition, DateRanges],
    containers: Mapping[Partition, str],
) -> Iterator[Finding]:
    """Yield the tables and manifests of what the index tells of that are not there.

    `names` and `manifests` are those that are there; `held` are the days of which there is something that can be read.
    """
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
        days = told.dates & held.get(partition, NO_DAYS)
        for month in sorted({f"{day:%Y-%m}" for day in days.days}):
            if (name := ManifestName(partition.report, month)) not in manifests:
                yield Finding(containers[partition], str(name), FindingCode.MANIFEST_DIFFERS, "It is not there.")
        for day in (days - DateRanges.of(day for name in names.get(partition, ()) for day in name.days.days)).days:
            table = TableName.of(partition, told.together(day), RULES, told.revision(day))
            yield Finding(containers[partition], str(table), FindingCode.TABLE_GONE, "The table index tells of it.")
