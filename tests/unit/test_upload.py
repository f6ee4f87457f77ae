"""What a body is called that has the values of a snapshot before it."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest

from shared.archive.layout import QUARANTINE, USAGE
from shared.archive.upload import SnapshotUpload
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.outcome import Flag, Outcome
from shared.report.csv_records import records
from shared.report.validator import Body
from shared.verification.archive import verify
from shared.verification.snapshot import prove
from tests.shelf import Shelf, as_blobs, lines, snapshot

PEOPLE = Call("getOffice365ActiveUserDetail", period="D7")
DAY = date(2026, 11, 18)
HEADER = "Report Refresh Date,User Principal Name,Assigned Products"


def body(products: str) -> bytes:
    return lines(HEADER, f"{DAY},ann@contoso.example,{products}")


@pytest.mark.parametrize(("products", "flags"), [("C+A + B", (Flag.REORDERED,)), ("A+B+C", ())])
@pytest.mark.parametrize("former", [False, True], ids=["of today", "of version 0.1"])
def test_only_an_order_that_means_nothing_is_called_another_order(
    products: str, flags: tuple[Flag, ...], *, former: bool
) -> None:
    shelf, before, now = Shelf(), body("A + B+C"), Body()
    now.read([body(products)])
    kept = snapshot(PEOPLE, DAY, before)
    if former:
        told = Body()
        told.read([before])
        kept = kept._replace(metadata=kept.metadata._replace(content=told.former_content))
    shelf.put(kept, before)
    with shelf.snapshots.upload(PEOPLE) as upload:
        upload.write(body(products), DAY)
        metadata = snapshot(PEOPLE, DAY, body(products)).metadata
        outcome, revised = upload.commit(DAY, metadata, now.former_content)
    assert (outcome, revised.metadata.flags) == (Outcome.REVISED, flags)
    stored = shelf.memory.blobs[shelf.snapshots.container(PEOPLE), kept.blob].content
    assert prove(kept, stored, catalogue().reports[PEOPLE.report], "0.1.0", keep=True) == [*records(before)]


def test_a_large_body_lies_under_its_newest_refresh_date_though_an_older_one_came_first() -> None:
    call, shelf, read = Call("getYammerGroupsActivityGroupCounts", period="D7"), Shelf(), Body()
    days = [date(2026, 11, day) for day in range(12, 19)]
    rows = lines("Report Refresh Date,Total,Report Date,Report Period", *(f"{day},7,{day},7" for day in days))

    with SnapshotUpload(shelf.memory, USAGE, call, shelf.snapshots.numbered, block=1) as upload:

        def written() -> Iterator[bytes]:
            for chunk in rows.splitlines(keepends=True):
                upload.write(chunk, read.refresh_date)
                yield chunk

        day = read.read(written())
        outcome, kept = upload.commit(day, snapshot(call, day, rows).metadata)
    assert (outcome, kept.refresh_date) == (Outcome.PUBLISHED, date(2026, 11, 18))
    assert shelf.snapshots.content(kept) == rows


@pytest.mark.parametrize("body", [b"x", b"x" * 100_000], ids=["small", "large"])
@pytest.mark.parametrize("hide", [None, bytes.upper], ids=["as it came", "without what was hidden"])
def test_a_quarantined_body_is_found_to_be_whole_and_is_not_once_a_bit_has_changed(
    body: bytes, hide: Callable[[bytes], bytes] | None
) -> None:
    """Of the same byte zlib and zlib-ng make nearly the same, so that `verify` must not look at what either makes."""
    shelf, now = Shelf(), datetime(2026, 11, 20, tzinfo=UTC)
    with shelf.snapshots.upload(PEOPLE) as upload:
        upload.write(body, None)
        upload.reject()
        name = upload.quarantine(hashlib.sha256(body).hexdigest(), "not_csv", now, hide)
    assert [*verify(as_blobs(shelf.blobs), catalogue(), now)] == []
    content, metadata = shelf.blobs[QUARANTINE, name]
    shelf.memory.put(QUARANTINE, name, content[:-9] + bytes([content[-9] ^ 0x80]) + content[-8:], metadata)
    assert [finding.code for finding in verify(as_blobs(shelf.blobs), catalogue(), now)] == ["damaged"]
