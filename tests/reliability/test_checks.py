"""Every rule of what must hold: a healthy archive keeps it, and whatever breaks it is reported."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pyarrow
import pyarrow.parquet as parquet
import pytest

from local.in_memory import KeptBlob
from shared.archive.layout import (
    DERIVED,
    PERSONAL,
    QUARANTINE,
    USAGE,
    LargeQuarantineName,
    Partition,
    QuarantineName,
    TableName,
)
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from tests.reliability import checks
from tests.reliability.checks import PERSON, SECRETS, Blobs, Revision, body, sha256
from tests.shelf import Shelf, lines, snapshot

CALL = Call("getOneDriveActivityUserCounts", period="D7")
DAYS = [date(2026, 10, 30), date(2026, 10, 31)]
NOW = datetime(2026, 12, 1, tzinfo=UTC)
HTML = b"<html></html>"


def csv(day: date, number: int) -> bytes:
    header = catalogue().reports[CALL.report].columns["v1.0"]
    cells = {"Report Refresh Date": str(day), "Report Date": str(day), "Report Period": "7"}
    return lines(",".join(header), ",".join(cells.get(name, str(number)) for name in header))


def packed(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(content) + packer.flush()


def archive() -> Blobs:
    """Return two days, the second one corrected, and two bodies that were not published."""
    shelf = Shelf()
    for day, revision in ((DAYS[0], 1), (DAYS[1], 1), (DAYS[1], 2)):
        content = csv(day, revision)
        shelf.put(each := snapshot(CALL, day, content, revision), content)
        shelf.series.keep_up(each)
    small = QuarantineName(Partition.of(CALL), None, "not_this_report", sha256(HTML))
    large = LargeQuarantineName(Partition.of(CALL), None, "a" * 32)
    for name in (small, large):
        metadata = {"sha256": sha256(HTML), "reason": "not_this_report"}
        shelf.memory.put(QUARANTINE, str(name), packed(HTML), metadata)
    return dict(shelf.memory.blobs)


HEALTHY = archive()
OLD, NEW, NEWEST = sorted(at for at in HEALTHY if at[0] == USAGE)
LARGE, SMALL = sorted(at for at in HEALTHY if at[0] == QUARANTINE)


def serve(call: Call, revision: Revision | None) -> bytes | str:
    """Read as a reader of that archive does."""
    places = {(DAYS[0], 1): OLD, (DAYS[1], 1): NEW, (DAYS[1], 2): NEWEST}
    return body(HEALTHY[places[revision.refresh_date, revision.number] if revision else NEWEST])


def without(*gone: tuple[str, str]) -> Blobs:
    return {at: blob for at, blob in HEALTHY.items() if at not in gone}


def changed(at: tuple[str, str], content: bytes, metadata: Mapping[str, str] | None = None) -> Blobs:
    return {**HEALTHY, at: KeptBlob(content, HEALTHY[at].metadata if metadata is None else metadata, "")}


def consistent(at: tuple[str, str], content: bytes) -> Blobs:
    """Return the archive with another body that has its own SHA-256."""
    return changed(at, packed(content), {**HEALTHY[at].metadata, "sha256": sha256(content)})


def moved(at: tuple[str, str], to: tuple[str, str]) -> Blobs:
    return {**without(at), to: HEALTHY[at]}


def received(*numbers: int) -> set[str]:
    return {sha256(csv(DAYS[1], number)) for number in numbers}


Check = Callable[[Blobs], list[str]]
STORED: Check = partial(checks.stored, {}, secrets=["canary"])
KEPT: Check = partial(checks.stored, HEALTHY)
ALL: Check = partial(checks.all_kept, call=CALL, day=DAYS[1], received=received(1, 2))
SERVED: Check = partial(checks.served, serve=serve)
MISSERVED: Check = partial(checks.served, serve=lambda call, revision: b"else")
VERIFIED: Check = partial(checks.verified, now=NOW)


@pytest.mark.parametrize("check", [STORED, KEPT, ALL, SERVED, VERIFIED])
def test_a_healthy_archive_violates_nothing(check: Check) -> None:
    assert check(HEALTHY) == []


@pytest.mark.parametrize(
    ("rule", "check", "blobs"),
    [
        pytest.param("I1", STORED, changed(NEWEST, packed(csv(DAYS[1], 9))), id="I1 other bytes"),
        pytest.param("I1", STORED, changed(NEW, b"no gzip"), id="I1 damaged"),
        pytest.param("I2", KEPT, without(OLD), id="I2 removed"),
        pytest.param("I2", KEPT, changed(OLD, HEALTHY[OLD].content, {}), id="I2 other metadata"),
        pytest.param("I2", KEPT, without(SMALL), id="I2 removed from the quarantine"),
        pytest.param("I2", STORED, moved(OLD, (PERSONAL, OLD[1])), id="I2 in another container"),
        pytest.param("I2", STORED, {(USAGE, "x.gz"): HEALTHY[OLD]}, id="I2 no snapshot"),
        pytest.param("I3", SERVED, without(NEWEST), id="I3 another is newest"),
        pytest.param("I4", STORED, {**HEALTHY, NEWEST: HEALTHY[NEW]}, id="I4 a body twice"),
        pytest.param("I4", STORED, without(NEW), id="I4 a revision is skipped"),
        pytest.param("I4", ALL, without(NEWEST), id="I4 a received body is not kept"),
        pytest.param("I5", STORED, consistent(NEWEST, csv(DAYS[1], 9)[:-4]), id="I5 cut in a row"),
        pytest.param("I5", STORED, consistent(NEWEST, csv(DAYS[0], 9)), id="I5 another day"),
        pytest.param("I5", STORED, consistent(NEWEST, csv(DAYS[1], 9) + b"\xff"), id="I5 not UTF-8"),
        pytest.param("I5", STORED, consistent(NEWEST, b'a,"b\n'), id="I5 no CSV"),
        pytest.param("I5", STORED, consistent(NEWEST, b""), id="I5 empty"),
        pytest.param("I5", STORED, changed(SMALL, packed(b"else")), id="I5 not the body that failed"),
        pytest.param("I5", STORED, consistent(SMALL, b"else"), id="I5 a small body under another name"),
        pytest.param("I5", STORED, changed(LARGE, packed(b"else")), id="I5 not the large body that failed"),
        pytest.param("I7", STORED, consistent(LARGE, b"token=secret"), id="I7 in a body"),
        pytest.param(
            "I7",
            STORED,
            changed(OLD, HEALTHY[OLD].content, {**HEALTHY[OLD].metadata, "etag": "a canary"}),
            id="I7 in metadata",
        ),
        pytest.param("I9", MISSERVED, HEALTHY, id="I9 a reader gets other bytes"),
        pytest.param("I10", VERIFIED, without(NEW), id="I10 a finding"),
    ],
)
def test_a_violation_is_reported(rule: str, check: Check, blobs: Blobs) -> None:
    assert any(each.startswith(f"{rule}: ") for each in check(blobs))


def in_a_table(values: Sequence[object]) -> Blobs:
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"Teams": values}), file, compression="zstd", write_statistics=False)
    name = TableName(Partition.of(CALL), "2026-10", DAYS[0], 1, 1)
    return {(DERIVED, str(name)): KeptBlob(file.getvalue(), {}, "")}


def test_a_person_in_a_table_is_reported_though_its_bytes_are_packed() -> None:
    blobs = in_a_table([f"{number}{PERSON}" for number in range(100)])
    assert not any(PERSON.encode() in blob.content for blob in blobs.values())
    assert [each[:3] for each in STORED(blobs)] == ["I12"]


def test_bytes_of_a_table_that_spell_a_secret_by_chance_are_none() -> None:
    blobs = in_a_table([int.from_bytes(b"eyJ", "little")])
    assert any(b"eyJ" in blob.content for blob in blobs.values())
    assert STORED(blobs) == []


def test_only_what_is_new_is_read() -> None:
    assert checks.stored(broken := changed(NEW, b"no gzip"), broken) == []


def test_what_can_be_made_again_may_change() -> None:
    (series,) = (at for at in HEALTHY if at[1].startswith("series/"))
    assert KEPT(changed(series, b"")) == KEPT(without(series)) == []


def test_nothing_is_served_of_what_is_not_archived() -> None:
    assert checks.newest_served(CALL, [checks.NOTHING], lambda call, revision: "404 not_pulled") == []
    assert len(checks.newest_served(CALL, [checks.NOTHING], serve)) == 1


def test_a_reader_that_gets_an_error_is_reported_with_the_error() -> None:
    violated = checks.served(HEALTHY, lambda call, revision: "503 busy")
    assert [each.rpartition(" gets ")[2] for each in violated] == ["503 busy"] * 4


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_a_log_is_reported_without_the_secret(secret: str) -> None:
    assert checks.no_secret("the log", f"Authorization: {secret}[hidden]") == []
    assert checks.no_secret("the log", f"Authorization: {secret}abcdefgh") == [f"I7: the log holds {secret[:8]!r}"]


def test_a_secret_that_the_download_host_was_sent() -> None:
    entry = {"listener": "download", "carried": {"authorization": True}}
    assert checks.requested([entry]) == ["I7: the download host was sent a secret"]


@pytest.mark.parametrize(("last", "broken"), [(9.9, 1), (10, 0)])
def test_requests_within_the_budget_of_any_ten_minutes(last: float, broken: int) -> None:
    minutes = [last, *(0.9 * number for number in range(10))]
    record = [
        {"listener": "graph", "call": str(CALL), "at": (NOW + timedelta(minutes=each)).isoformat()} for each in minutes
    ]
    assert len(checks.requested(record)) == broken
