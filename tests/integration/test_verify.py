"""Verify: a healthy archive has no findings, and no damage goes unseen."""

import argparse
import gzip
import hashlib
import itertools
import json
import random
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from azure.storage.blob import BlobServiceClient

from local.environment import environment, identity
from local.parsers import share
from local.stack import Stack
from local.verify import verify as command
from shared.app import App
from shared.archive.archive import Archive
from shared.archive.blob_store import StoredBlob
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import (
    DERIVED,
    PERSONAL,
    QUARANTINE,
    USAGE,
    ConcealmentChange,
    LostRange,
    Partition,
    QuarantineName,
)
from shared.archive.markers import Marker
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.domain.outcome import Flag, Outcome
from shared.report.csv_records import records
from shared.settings import read
from shared.verification.archive import Verification, everything, verify
from shared.verification.call import Blob
from shared.verification.finding import Finding, IntegrityError
from shared.verification.portion import Portion, in_share
from shared.verification.processes import verify as by_processes
from shared.verification.snapshot import named, prove, snapshot_of, unpacked
from tests import no_archive
from tests.shelf import Shelf, as_blobs, lines, run_of, series_name, snapshot

ROOT = Path(__file__).parents[2]
ENTRIES = json.loads((ROOT / "shared" / "domain" / "catalogue.json").read_text("utf-8"))
NAMES = (
    *("getOneDriveActivityUserCounts", "getOneDriveActivityFileCounts", "getOneDriveActivityUserDetail"),
    "getMailboxUsageStorage",
)
FEW = Catalogue(
    {
        "reports": [entry for entry in ENTRIES["reports"] if entry["name"] in NAMES],
        "directory": [],
        "not_archived": [],
        "legacy": [],
        "aliases": {},
    }
)
"""Small, as it is gone through thousands of times."""

USERS, FILES = (Call(name, period="D7") for name in NAMES[:2])
PEOPLE = NAMES[2]
DAY = date(2026, 10, 31)
NOW = datetime(2026, 12, 1, tzinfo=UTC)

Blobs = dict[tuple[str, str], tuple[bytes, dict[str, str]]]


def body(call: Call, day: date, number: int) -> bytes:
    report = FEW.reports[call.report]
    header = report.columns["v1.0"]
    cells = {"Report Refresh Date": str(day), "Report Date": str(day), "Report Period": (call.period or "D1")[1:]}
    return lines(",".join(header), ",".join(cells.get(name, str(number)) for name in header))


def small_archive() -> Shelf:
    """Three reports, two months, a correction, a person's day, the record of a run, a quarantined body."""
    shelf = Shelf()
    archived = []
    wanted = [(USERS, DAY, 1), (FILES, DAY, 1), (USERS, DAY, 2), (USERS, DAY + timedelta(days=1), 1)]
    wanted.append((Call(PEOPLE, date=DAY), DAY, 1))
    for number, (call, day, revision) in enumerate(wanted):
        content = body(call, day, number)
        shelf.put(each := snapshot(call, day, content, revision), content)
        shelf.series.keep_up(each)
        archived.append(each)
    shelf.runs.keep(run_of(*archived))
    sha256 = hashlib.sha256(b"<html>").hexdigest()
    packer = zlib.compressobj(wbits=31)
    name = str(QuarantineName(Partition.of(USERS), None, "not_this_report", sha256))
    metadata = {"sha256": sha256, "reason": "not_this_report"}
    shelf.memory.put(QUARANTINE, name, packer.compress(b"<html>") + packer.flush(), metadata)
    return shelf


HEALTHY = small_archive().blobs
SNAPSHOTS = sorted(at for at in HEALTHY if at[0] in (USAGE, PERSONAL))
USERS_R1, USERS_R2, USERS_LATER = sorted(at for at in SNAPSHOTS if NAMES[0] in at[1])
AS_LISTED = as_blobs(HEALTHY)


def found(
    blobs: Blobs, share: tuple[int, int] = (1, 1), now: datetime = NOW, since: datetime | None = None
) -> list[Finding]:
    return list(Verification(as_blobs(blobs, AS_LISTED), FEW, now, Portion(share, since)).findings())


def beside(at: tuple[str, str]) -> Blobs:
    """What the archive has of the same report: all that it takes to judge that blob, and soon gone through."""
    report = at[1].partition("report=")[2].partition("/")[0] or at[1]
    return {other: kept for other, kept in HEALTHY.items() if report in other[1]}


def test_a_healthy_archive_has_no_findings() -> None:
    assert found(HEALTHY) == []
    assert found({}) == []


T = TypeVar("T")


@pytest.fixture(scope="module")
def sampled(pytestconfig: pytest.Config) -> Callable[[Iterable[T]], Iterator[T]]:
    """Choose what to try: all if tests may take long, else every fifth, as each takes a verification."""
    step = 1 if pytestconfig.getoption("--long") else 5
    return lambda all_of_them: itertools.islice(all_of_them, 0, None, step)


@pytest.mark.parametrize("at", HEALTHY, ids=lambda at: at[1].rpartition("/")[2])
def test_every_byte_that_is_changed_is_found_in_its_blob(
    at: tuple[str, str], sampled: Callable[[Iterable[int]], Iterator[int]]
) -> None:
    content, metadata = HEALTHY[at]
    for position in sampled(range(len(content))):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        findings = found(beside(at) | {at: (bytes(changed), metadata)})
        assert at in [finding[:2] for finding in findings], f"byte {position}"


@pytest.mark.parametrize(("names", "findings"), [("named", 0), ("concealed", 0), ("mixed", 1)])
def test_names_may_be_judged_as_version_0_1_did(names: str, findings: int) -> None:
    header = FEW.reports[PEOPLE].columns["v1.0"]
    cells = {"Report Refresh Date": str(DAY), "User Principal Name": "(Unknown)", "Report Period": "1"}
    content = lines(",".join(header), *[",".join(cells.get(name, str(row)) for name in header) for row in range(3)])
    made = snapshot(Call(PEOPLE, date=DAY), DAY, content)
    shelf = Shelf()
    shelf.put(made._replace(metadata=made.metadata._replace(names=names)), content)
    shelf.series.keep_up(made)
    assert [finding.code for finding in found(shelf.blobs)] == ["wrong_metadata"] * findings


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(FEW.reports[NAMES[3]].columns["v1.0"], id="another report's columns"),
        pytest.param(("Report Refresh Date", "User Principal Name", "Report Date"), id="people in a report of nobody"),
    ],
)
def test_a_body_of_another_report_is_told_where_it_came_first(header: Sequence[str]) -> None:
    shelf = Shelf()
    for number in range(2):
        day = DAY + timedelta(days=number)
        cells = {"Report Refresh Date": str(day), "Report Date": str(day), "Report Period": "7"}
        content = lines(",".join(header), ",".join(cells.get(name, "1") for name in header))
        shelf.put(made := snapshot(USERS, day, content), content)
        shelf.series.keep_up(made)
    names_people = "User Principal Name" in header
    codes = [finding.code for finding in found(shelf.blobs)]
    assert codes == ["another_report"] * (2 if names_people else 1)


@pytest.mark.parametrize("flags", [(), (Flag.OTHER_DATE,)], ids=["unsaid", "flagged"])
def test_a_single_day_with_the_rows_of_another_is_told_unless_it_is_flagged(flags: tuple[Flag, ...]) -> None:
    content = body(call := Call(PEOPLE, date=DAY), DAY - timedelta(days=16), 1)
    made = snapshot(call, DAY, content)
    shelf = Shelf()
    shelf.put(made._replace(metadata=made.metadata._replace(flags=flags)), content)
    shelf.series.keep_up(made)
    assert [finding.code for finding in found(shelf.blobs)] == ([] if flags else ["wrong_date"])


@pytest.mark.parametrize("knows_gzip", [False, True], ids=["", "with the hash of its packed bytes"])
@pytest.mark.parametrize("at", [*SNAPSHOTS[:2], SNAPSHOTS[-1]], ids=lambda at: at[1].rpartition("/")[2])
def test_every_bit_of_a_snapshot_matters(at: tuple[str, str], knows_gzip: bool) -> None:
    content, metadata = HEALTHY[at]
    if knows_gzip:
        metadata = metadata | {"gzip_sha256": hashlib.sha256(content).hexdigest(), "gzip_size": str(len(content))}
    it = named(at[1], FEW)
    assert it is not None
    described, report = snapshot_of(it, metadata), FEW.reports[it.call.report]
    assert prove(described, content, report, metadata["app_version"], keep=True) == [*records(gzip.decompress(content))]
    for position, bit in itertools.product(range(len(content)), range(8)):
        changed = bytearray(content)
        changed[position] ^= 1 << bit
        with pytest.raises(IntegrityError):
            prove(described, bytes(changed), report, metadata["app_version"], keep=False)


@pytest.mark.parametrize("at", HEALTHY, ids=lambda at: at[1].rpartition("/")[2])
def test_what_is_cut_or_added_is_found(at: tuple[str, str], sampled: Callable[[Iterable[int]], Iterator[int]]) -> None:
    content, metadata = HEALTHY[at]
    cut = [content[:length] for length in sampled(range(len(content)))]
    for other in [*cut, content[:-1], content + b"\0", content + content]:
        assert at in [finding[:2] for finding in found(beside(at) | {at: (other, metadata)})], len(other)


def damaged_metadata(metadata: dict[str, str]) -> Iterator[dict[str, str]]:
    for name, value in metadata.items():
        yield {other: kept for other, kept in metadata.items() if other != name}
        yield metadata | {name: value + "0"}
        yield metadata | {name: ""}
        for position in range(len(value)):
            yield metadata | {name: f"{value[:position]}{chr(ord(value[position]) ^ 1)}{value[position + 1 :]}"}
    yield metadata | {"more": "of it"}
    yield {}


@pytest.mark.parametrize(
    "at", [at for at in HEALTHY if HEALTHY[at][1] and at[0] != QUARANTINE], ids=lambda at: at[1].rpartition("/")[2]
)
def test_all_that_is_changed_in_metadata_is_found(
    at: tuple[str, str], sampled: Callable[[Iterable[dict[str, str]]], Iterator[dict[str, str]]]
) -> None:
    content, metadata = HEALTHY[at]
    assert found(beside(at)) == []
    for changed in sampled(damaged_metadata(metadata)):
        assert found(beside(at) | {at: (content, changed)}), changed


@pytest.mark.parametrize("at", [at for at in HEALTHY if "runs/" not in at[1]], ids=lambda at: at[1].rpartition("/")[2])
def test_every_deletion_is_found_and_named_but_that_of_a_quarantined_body(at: tuple[str, str]) -> None:
    findings = found({other: kept for other, kept in HEALTHY.items() if other != at})
    assert [finding.code for finding in findings if finding[:2] == at] == ["gone"] * (at[0] != QUARANTINE)


def test_a_quarantined_body_may_go_though_a_run_told_of_it() -> None:
    told = run_of(snapshot(USERS, DAY, body(USERS, DAY, 0)))
    gone = [
        each._replace(outcome=Outcome.QUARANTINED, blob="report=x/period=D7/large/0a.csv.gz") for each in told.pulls
    ]
    blobs: Blobs = {(DERIVED, f"runs/{told.started:%Y-%m}/{told.id}.json"): (told._replace(pulls=gone).to_json(), {})}
    assert found(blobs) == []


def marked(*found: Marker) -> Blobs:
    return HEALTHY | {(DERIVED, str(mark)): (b"", {}) for mark in found}


def test_marks_belong_to_the_archive() -> None:
    lost = LostRange(Partition.of(USERS), DAY - timedelta(days=9), DAY - timedelta(days=2))
    assert found(marked(lost, ConcealmentChange(Partition.of(USERS), DAY, 2, "named", "concealed"))) == []


def test_days_that_a_run_found_lost_are_missed_when_their_mark_is_gone() -> None:
    days = [DAY - timedelta(days=number) for number in (9, 3, 2)]
    run = run_of(snapshot(USERS, DAY, body(USERS, DAY, 0)))
    told = run._replace(lost={USERS: days, Call(PEOPLE): [DAY]})
    blobs = HEALTHY | {(DERIVED, f"runs/{run.started:%Y-%m}/{run.id}.json"): (told.to_json(), {})}
    every = [
        LostRange(Partition.of(USERS), days[0], days[0]),
        LostRange(Partition.of(USERS), *days[1:]),
        LostRange(Partition(PEOPLE, "day"), DAY, DAY),
    ]
    assert found(blobs | marked(*every)) == []
    for mark in every:
        findings = found(blobs | marked(*(each for each in every if each != mark)))
        assert [finding[:3] for finding in findings] == [(DERIVED, str(mark), "gone")]
    assert found(blobs, now=run.started) == []


def test_a_snapshot_at_which_names_changed_is_missed_when_it_is_gone() -> None:
    gone = snapshot(FILES, DAY + timedelta(days=1), body(FILES, DAY, 0))
    findings = found(marked(ConcealmentChange(Partition.of(FILES), gone.refresh_date, 1, "named", "concealed")))
    assert [finding[:3] for finding in findings] == [(USAGE, gone.blob, "gone")]


@pytest.mark.parametrize(("left_out", "named_by"), [("runs/", "snapshots_gone"), ("series/", "gone")])
def test_either_witness_finds_a_deletion_alone(left_out: str, named_by: str) -> None:
    witnessed = {at: kept for at, kept in HEALTHY.items() if left_out not in at[1]}
    for gone in SNAPSHOTS:
        findings = found({at: kept for at, kept in witnessed.items() if at != gone})
        assert named_by in [finding.code for finding in findings if left_out == "runs/" or finding[:2] == gone]


@pytest.mark.parametrize("whole", [True, False], ids=["with metadata", "bytes alone"])
def test_every_swap_is_found(whole: bool) -> None:
    for one, other in itertools.combinations(HEALTHY, 2):
        (content, metadata), (its_content, its_metadata) = HEALTHY[one], HEALTHY[other]
        swapped = (
            {one: (its_content, its_metadata), other: (content, metadata)}
            if whole
            else {one: (its_content, metadata), other: (content, its_metadata)}
        )
        assert found(HEALTHY | swapped), (one, other)


def moved(at: tuple[str, str], container: str, old: str = "", new: str = "") -> Blobs:
    return {(container, at[1].replace(old, new)) if each == at else each: kept for each, kept in HEALTHY.items()}


def added(at: tuple[str, str], content: bytes = b"", metadata: dict[str, str] | None = None) -> Blobs:
    return HEALTHY | {at: (content, metadata or {})}


def rewritten(at: tuple[str, str], text: bytes, **metadata: str) -> Blobs:
    """As somebody would do it who knows how."""
    told = HEALTHY[at][1] | {"sha256": hashlib.sha256(text).hexdigest(), "size": str(len(text))} | metadata
    return added(at, zlib.compress(text, wbits=31), told)


BODY = gzip.decompress(HEALTHY[USERS_R1][0])
PLANTED: dict[str, tuple[Blobs, str]] = {
    "a personal snapshot in the wrong place": (moved(SNAPSHOTS[-1], USAGE), "wrong_container"),
    "another snapshot in the wrong place": (moved(USERS_R1, PERSONAL), "wrong_container"),
    "an unknown report": (moved(USERS_R1, USAGE, "getOneDriveActivityUserCounts", "getNothing"), "unknown_blob"),
    "a period that the report does not take": (moved(USERS_R1, USAGE, "D7", "D8"), "unknown_blob"),
    "a date for a report that takes none": (moved(USERS_R1, USAGE, "D7", "day"), "unknown_blob"),
    "no day of the calendar": (moved(USERS_R1, USAGE, "2026-10-31", "2026-10-32"), "unknown_blob"),
    "a path that is not the file's": (moved(USERS_R1, USAGE, "_r1", "_r3"), "unknown_blob"),
    "a stranger": (added((USAGE, "_SUCCESS")), "unknown_blob"),
    "a stranger among what is derived": (added((DERIVED, "series/x.csv")), "unknown_blob"),
    "a mark of no day": (added((DERIVED, "lost/report=getNothing/period=D7")), "unknown_blob"),
    "a mark of an unknown report": (marked(LostRange(Partition("getNothing", "D7"), DAY, DAY)), "unknown_blob"),
    "a mark of an unknown period": (marked(LostRange(Partition(NAMES[0], "D8"), DAY, DAY)), "unknown_blob"),
    "a revision that is not the file's": (moved(USERS_R2, USAGE, "revision=2", "revision=3"), "unknown_blob"),
    "a file name in the gzip": (added(USERS_R1, gzip.compress(BODY, mtime=1), HEALTHY[USERS_R1][1]), "not_gzip"),
    "two gzip members": (
        added(USERS_R1, HEALTHY[USERS_R1][0] + zlib.compress(b"", wbits=31), HEALTHY[USERS_R1][1]),
        "bytes_after_end",
    ),
    "another day's rows": (rewritten(USERS_R1, BODY.replace(b"2026-10-31", b"2026-10-30")), "wrong_date"),
    "another period's rows": (rewritten(USERS_R1, BODY.replace(b",7\r\n", b",30\r\n")), "wrong_period"),
    "another row": (rewritten(USERS_R1, BODY + BODY.split(b"\n")[1] + b"\n"), "wrong_metadata"),
    "another report's rows": (
        rewritten(USERS_R1, lines("Report Refresh Date,A,B", "2026-10-31,1,2")),
        "another_report",
    ),
    "an empty body": (rewritten(USERS_R1, b""), "not_sane"),
    "a body twice": (added(USERS_R2, *HEALTHY[USERS_R1]), "same_body"),
    "revisions that changed places": (
        HEALTHY | {USERS_R1: HEALTHY[USERS_R2], USERS_R2: HEALTHY[USERS_R1]},
        "out_of_order",
    ),
    "a time without a zone": (
        added(USERS_R1, HEALTHY[USERS_R1][0], HEALTHY[USERS_R1][1] | {"pulled_at": "2026-11-02T07:00:00"}),
        "bad_metadata",
    ),
    "a series without snapshots": (
        {at: kept for at, kept in HEALTHY.items() if at[0] != USAGE},
        "snapshots_gone",
    ),
    "the record of another run": (
        {
            (at[0], at[1].replace("Z-000005", "Z-000006")) if "runs/" in at[1] else at: kept
            for at, kept in HEALTHY.items()
        },
        "wrong_content",
    ),
    "a snapshot that is in no series": (
        added((USAGE, USERS_LATER[1].replace("11-01", "11-02")), *HEALTHY[USERS_LATER]),
        "behind",
    ),
}


@pytest.mark.parametrize(("blobs", "what"), PLANTED.values(), ids=PLANTED.keys())
def test_what_is_planted_is_called_by_its_name(blobs: Blobs, what: str) -> None:
    findings = found(blobs)
    assert what in [finding.code for finding in findings]
    assert all(str(finding).startswith(f"{finding.code}: {finding.container}/{finding.name}: ") for finding in findings)


def test_a_revision_below_another_is_missed_without_any_witness() -> None:
    alone = {at: kept for at, kept in HEALTHY.items() if at[0] == USAGE and at != USERS_R1}
    assert ("gone", USERS_R1[1]) in [(finding.code, finding.name) for finding in found(alone)]


def test_a_snapshot_that_was_just_pulled_need_not_be_in_its_series() -> None:
    shelf = Shelf()
    for at, kept in HEALTHY.items():
        shelf.memory.put(*at, *kept)
    new = snapshot(USERS, DAY + timedelta(days=2), body(USERS, DAY + timedelta(days=2), 9))
    shelf.put(new, body(USERS, DAY + timedelta(days=2), 9))
    assert found(shelf.blobs, now=new.metadata.pulled_at + timedelta(minutes=5)) == []
    assert [finding.code for finding in found(shelf.blobs)] == ["behind"]
    without_series = {at: kept for at, kept in shelf.blobs.items() if at[0] != DERIVED}
    assert {finding.code for finding in found(without_series)} == {"gone"}


def test_a_blob_that_goes_while_it_is_read_is_named() -> None:
    for at in HEALTHY:
        blobs = [each._replace(read=lambda: None) if each[:2] == at else each for each in AS_LISTED]
        assert [finding[:3] for finding in verify(blobs, FEW, NOW)] == [(*at, "gone")]


def test_a_snapshot_of_an_older_version_of_the_app_is_held_to_what_that_wrote() -> None:
    kept = {"sha256", "size", "rows", "pulled_at", "etag", "request_id"}
    old = {name: value for name, value in HEALTHY[USERS_R1][1].items() if name in kept} | {"app_version": "0.0.1"}
    it = named(USERS_R1[1], FEW)
    assert it is not None
    described = snapshot_of(it, old)
    assert prove(described, HEALTHY[USERS_R1][0], FEW.reports[it.call.report], "0.0.1", keep=True) == [*records(BODY)]


def test_files_of_another_zlib_are_no_damage() -> None:
    packer = zlib.compressobj(1, wbits=31)
    other = packer.compress(BODY) + packer.flush()
    other = HEALTHY[USERS_R1][0][:10] + other[10:]
    assert b"".join(unpacked(other)) == BODY


def test_what_was_packed_anew_is_damage_where_the_hash_of_the_packed_bytes_is_known() -> None:
    """Readers refuse it, as they are told that hash."""
    content, metadata = HEALTHY[USERS_R1]
    known = metadata | {"gzip_sha256": hashlib.sha256(content).hexdigest(), "gzip_size": str(len(content))}
    anew = content[:10] + zlib.compress(BODY, 0, wbits=31)[10:]
    it = named(USERS_R1[1], FEW)
    assert it is not None
    report, version = FEW.reports[it.call.report], metadata["app_version"]
    assert prove(snapshot_of(it, known), content, report, version, keep=True) == [*records(BODY)]
    with pytest.raises(IntegrityError, match="not the one that was written") as told:
        prove(snapshot_of(it, known), anew, report, version, keep=False)
    assert told.value.code == "damaged"


def test_the_shares_cover_everything_once() -> None:
    names = [name for _, name in HEALTHY]
    for of in (1, 2, 7):
        assert all([in_share(name, number, of) for number in range(1, of + 1)].count(True) == 1 for name in names)


def test_every_flip_is_found_by_one_of_the_shares() -> None:
    chance = random.Random(1)
    for at, (content, metadata) in HEALTHY.items():
        changed = bytearray(content)
        changed[chance.randrange(len(content))] ^= 0xFF
        blobs = HEALTHY | {at: (bytes(changed), metadata)}
        shares = [at in [finding[:2] for finding in found(blobs, (number, 3))] for number in (1, 2, 3)]
        assert any(shares)
        assert shares[[in_share(at[1], number, 3) for number in (1, 2, 3)].index(True)]


def reads(portion: Portion, blobs: Blobs = HEALTHY) -> set[tuple[str, str]]:
    """Return what is read of an archive, each once."""
    read: list[tuple[str, str]] = []

    def noted(blob: Blob) -> Blob:
        def get() -> StoredBlob | None:
            read.append(blob[:2])
            return blob.read()

        return blob._replace(read=get)

    assert list(Verification(map(noted, as_blobs(blobs, AS_LISTED)), FEW, NOW, portion).findings()) == []
    assert len(read) == len({*read})
    return {*read}


def test_nothing_is_read_twice() -> None:
    assert reads(Portion()) == HEALTHY.keys()


def test_since_a_time_only_what_was_pulled_then_is_read_and_what_does_not_tell_when() -> None:
    last = datetime.fromisoformat(HEALTHY[USERS_LATER][1]["pulled_at"])
    dated = {at for at, (_, metadata) in HEALTHY.items() if "pulled_at" in metadata or "runs/" in at[1]}
    new = {at for at in dated if HEALTHY[at][1].get("pulled_at", last.isoformat()) >= last.isoformat()}
    assert (USERS_LATER in new, USERS_R1 in new) == (True, False)
    assert reads(Portion(since=last)) == new | HEALTHY.keys() - dated
    assert reads(Portion(since=last + timedelta(days=1))) == HEALTHY.keys() - dated


@pytest.mark.parametrize("at", [USERS_LATER, USERS_R1], ids=["new", "old"])
def test_since_a_time_every_gone_snapshot_is_found_and_damage_only_in_new_ones(at: tuple[str, str]) -> None:
    last = datetime.fromisoformat(HEALTHY[USERS_LATER][1]["pulled_at"])
    content, metadata = HEALTHY[at]
    damaged = HEALTHY | {at: (content[:-1], metadata)}
    assert [finding[:2] for finding in found(damaged, since=last)] == [at] * (at == USERS_LATER)
    gone = {other: kept for other, kept in HEALTHY.items() if other != at}
    assert at in [finding[:2] for finding in found(gone, since=last)]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/2/3", "\u0663/7"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        share(text)
    assert share("3/7") == (3, 7)


def fill(archive: Archive) -> list[Snapshot]:
    made = []
    for number, (call, revision) in enumerate([(USERS, 1), (FILES, 1), (USERS, 2), (Call(PEOPLE, date=DAY), 1)]):
        content = body(call, DAY, number)
        each = snapshot(call, DAY, content, revision)
        with archive.snapshots.upload(call) as upload:
            upload.write(content, DAY)
            made.append(upload.commit(DAY, each.metadata)[1])
        archive.series.keep_up(made[-1])
    archive.runs.keep(run_of(*made))
    return made


FORKED = """
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from shared.archive.folder_blob_store import FolderBlobStore
from shared.domain.catalogue import catalogue
from shared.verification.archive import everything
from shared.verification.portion import Portion
from shared.verification.processes import verify
opened, now = partial(FolderBlobStore, Path(sys.argv[1])), datetime.fromisoformat(sys.argv[2])
print(*sorted(verify(opened, list(everything(opened())), catalogue(), now, Portion(), many=1)), sep="\\n")
"""
"""A program of one thread, as commands are and the tests may not be."""


def test_several_processes_find_what_one_finds(tmp_path: Path) -> None:
    """Of every kind of blob, one that is damaged."""
    opened = partial(FolderBlobStore, tmp_path)
    for (container, name), (content, metadata) in HEALTHY.items():
        opened().create(container, name, content[:-1], metadata)
    blobs = list(everything(opened()))
    here = sorted(verify(blobs, FEW, NOW))
    assert {finding.container for finding in here} == {container for container, _ in HEALTHY}
    assert sorted(by_processes(opened, blobs, FEW, NOW, Portion(), many=1)) == here
    command = [sys.executable, "-c", FORKED, str(tmp_path), NOW.isoformat()]
    forked = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert forked.stdout.splitlines() == [*map(str, here)]


def test_what_another_process_cannot_read_is_an_error_here() -> None:
    with pytest.raises(ArchiveUnavailable, match="Nobody answers"):
        list(by_processes(no_archive.opened, AS_LISTED, FEW, NOW, Portion(), many=1))


NOT_FORKED = """
from contextlib import suppress
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.verification.portion import Portion
from shared.verification.processes import verify
from tests.integration.test_verify import AS_LISTED, NOW
from tests.no_archive import of_nobody
with suppress(ArchiveUnavailable):
    of_nobody().get("usage", "a")
try:
    list(verify(of_nobody, AS_LISTED, catalogue(), NOW, Portion(), many=1))
except ArchiveUnavailable as error:
    print(error)
"""
"""A program that has threads which Python knows nothing of."""


@pytest.mark.long
def test_a_process_that_has_read_by_obstore_begins_others_that_can() -> None:
    command = [sys.executable, "-c", NOT_FORKED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    assert done.stdout == "Blob storage does not answer as it should: ServiceRequestError.\n"


def listed(archive: Archive) -> list[Blob]:
    return list(everything(archive.store))


def test_damage_in_real_storage(make_app: Callable[..., App], blobs: BlobServiceClient) -> None:
    archive = make_app().archive
    assert listed(archive) == []
    made = fill(archive)
    assert list(verify(listed(archive), FEW, NOW)) == []
    blob = blobs.get_blob_client(USAGE, made[0].blob)
    content, metadata = blob.download_blob().readall(), blob.get_blob_properties().metadata
    blob.upload_blob(content[:-1] + b"\1", overwrite=True, metadata=metadata)
    assert [finding[:3] for finding in verify(listed(archive), FEW, NOW)] == [(USAGE, made[0].blob, "damaged")]
    blob.upload_blob(content, overwrite=True, metadata=metadata | {"request_id": "another"})
    assert [finding.code for finding in verify(listed(archive), FEW, NOW)] == ["snapshots_changed"]
    blob.delete_blob()
    findings = [finding[:3] for finding in verify(listed(archive), FEW, NOW)]
    assert (USAGE, made[0].blob, "gone") in findings
    assert (DERIVED, series_name(USERS), "snapshots_gone") in findings


def options(
    folder: Path = Path(),
    sample: str = "1/1",
    file: Path | None = None,
    url: str | None = None,
    azurite: bool = False,
) -> argparse.Namespace:
    return argparse.Namespace(
        tenant=None,
        archive=folder,
        sample=share(sample),
        since=None,
        manifest=file,
        url=url,
        azurite=azurite,
        make_tables=False,
    )


@pytest.mark.parametrize(
    ("azurite", "while_in_use"),
    [pytest.param(False, 0, id="a folder"), pytest.param(True, 2, id="Azurite", marks=pytest.mark.long)],
)
def test_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stack: Stack, azurite: bool, while_in_use: int
) -> None:
    folder = tmp_path / "archive"
    with Stack(folder, azurite=azurite, users=1) as own, environment(identity(own.settings)):
        archive = App(read(own.settings), lambda: NOW).archive
        made = fill(archive)
        assert command(options(folder, azurite=azurite)) == while_in_use
        unpacked_to = tmp_path / "copy"
        for each in made:
            file = unpacked_to / each.blob.removesuffix(".gz")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(archive.snapshots.content(each))
    assert command(options(folder, file=tmp_path / "manifest", azurite=azurite)) == 0
    assert "no findings" in capsys.readouterr().out
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--strict", "-c", tmp_path / "manifest"], cwd=unpacked_to, check=True)
    assert len((tmp_path / "manifest").read_text().splitlines()) == len(made)
    with Stack(folder, azurite=azurite, users=1) as own, environment(identity(own.settings)):
        archive = App(read(own.settings), lambda: NOW).archive
        archive.store.delete(USAGE, made[0].blob)
    assert command(options(folder, "1/2", azurite=azurite), many=1) == 1
    assert made[0].blob in capsys.readouterr().out
    assert command(options(tmp_path / "nowhere", azurite=azurite)) == 2
    assert "there is no archive" in capsys.readouterr().err
    if azurite:
        assert command(options(folder)) == 2
        assert "but that of --azurite" in capsys.readouterr().err


def test_the_command_reads_an_archive_in_azure(
    make_app: Callable[..., App], stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = make_app().archive
    made = fill(archive)
    packed, digest = zlib.compress(b"<html>", wbits=31), hashlib.sha256(b"<html>").hexdigest()
    name = str(QuarantineName(Partition.of(USERS), None, "not_csv", digest))
    archive.store.create(QUARANTINE, name, packed, {"sha256": digest, "pulled_at": "2026-11-20T07:15:00+00:00"})
    with environment({"ARCHIVE_CA": stack.settings["ARCHIVE_CA"]}):
        assert command(options(url=stack.settings["ARCHIVE_URL"])) == 0
        archive.store.delete(USAGE, made[0].blob)
        assert command(options(url=stack.settings["ARCHIVE_URL"]), many=1) == 1
    printed = capsys.readouterr().out
    assert f"gone: {USAGE}/{made[0].blob}" in printed
    assert f"quarantined: {Partition.of(USERS)}: not_csv, since 2026-11-20T07:15:00Z" in printed


def test_the_command_says_that_nobody_is_signed_in_to_azure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command(options(url="https://account.blob.core.windows.net")) == 2
    assert "run az login" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["", "account", "https://account.blob.core.windows.net/?sig=x"])
def test_the_command_says_what_a_url_must_be(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(options(url=url)) == 2
    assert "without container, key or SAS" in capsys.readouterr().err
