"""Every check of what must hold at every instant: a healthy archive passes, and what it is there for is told."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.archive.layout import QUARANTINE, USAGE, Partition, QuarantineName
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.verification.snapshot import Named
from tests.reliability import checks as invariants
from tests.reliability.checks import Blobs, Kept
from tests.shelf import Shelf, lines, snapshot

REPORTS = catalogue()
CALL = Call("getOneDriveActivityUserCounts", period="D7")
DAYS = [date(2026, 10, 30), date(2026, 10, 31)]
NOW = datetime(2026, 12, 1, tzinfo=UTC)
HTML = b"<html></html>"


def body(day: date, number: int) -> bytes:
    header = REPORTS.reports[CALL.report].columns["v1.0"]
    cells = {"Report Refresh Date": str(day), "Report Date": str(day), "Report Period": "7"}
    return lines(",".join(header), ",".join(cells.get(name, str(number)) for name in header))


def packed(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(content) + packer.flush()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def archive() -> Blobs:
    """Two days, the second one corrected, and a body that was not published."""
    shelf = Shelf()
    for day, revision in ((DAYS[0], 1), (DAYS[1], 1), (DAYS[1], 2)):
        content = body(day, revision)
        shelf.put(each := snapshot(CALL, day, content, revision), content)
        shelf.series.keep_up(each)
    aside = str(QuarantineName(Partition.of(CALL), None, "not_this_report", sha256(HTML)))
    shelf.memory.put(QUARANTINE, aside, packed(HTML), {"sha256": sha256(HTML), "reason": "not_this_report"})
    return {at: Kept(*kept) for at, kept in shelf.blobs.items()}


HEALTHY = archive()
OLD, NEW, NEWEST = sorted(at for at in HEALTHY if at[0] == USAGE)
(ASIDE,) = (at for at in HEALTHY if at[0] == QUARANTINE)


def plain(at: tuple[str, str]) -> bytes:
    return zlib.decompress(HEALTHY[at].content, wbits=31)


def serve(call: Call, it: Named | None) -> bytes | str:
    """A reader of that archive."""
    if it is None:
        return plain(NEWEST)
    return plain({(DAYS[0], 1): OLD, (DAYS[1], 1): NEW, (DAYS[1], 2): NEWEST}[it.refresh_date, it.revision])


def without(*gone: tuple[str, str]) -> Blobs:
    return {at: kept for at, kept in HEALTHY.items() if at not in gone}


def changed(at: tuple[str, str], content: bytes, metadata: Mapping[str, str] | None = None) -> Blobs:
    return {**HEALTHY, at: Kept(content, HEALTHY[at].metadata if metadata is None else metadata)}


def came(*numbers: int) -> dict[tuple[str, str], list[str]]:
    return {(str(CALL), str(DAYS[1])): [sha256(body(DAYS[1], number)) for number in numbers]}


CHECKS: dict[str, Callable[[Blobs], list[str]]] = {
    "I1": lambda blobs: invariants.readable(blobs, REPORTS),
    "I2": lambda blobs: invariants.unchanged(HEALTHY, blobs),
    "I3": lambda blobs: invariants.newest_is_highest(HEALTHY, blobs, REPORTS, serve),
    "I4": lambda blobs: invariants.each_body_once(blobs, REPORTS, came(1, 2)),
    "I5": lambda blobs: invariants.sane(blobs, REPORTS),
    "I6": lambda blobs: invariants.nothing_missed(blobs, REPORTS, {str(CALL): [str(day) for day in DAYS]}, {}),
    "I7": lambda blobs: invariants.no_secret({"the log": "a line"}, blobs, ["canary"]),
    "I9": lambda blobs: invariants.served(blobs, REPORTS, serve),
    "I10": lambda blobs: invariants.verified(blobs, REPORTS, NOW),
}


@pytest.mark.parametrize("check", CHECKS)
def test_a_healthy_archive_violates_nothing(check: str) -> None:
    assert CHECKS[check](HEALTHY) == []


@pytest.mark.parametrize(
    ("check", "blobs"),
    [
        pytest.param("I1", changed(NEW, packed(b"else")), id="I1 other bytes"),
        pytest.param("I1", changed(NEW, b"no gzip"), id="I1 damaged"),
        pytest.param("I2", without(OLD), id="I2 removed"),
        pytest.param("I2", changed(OLD, HEALTHY[OLD].content, {}), id="I2 other metadata"),
        pytest.param("I2", without(ASIDE), id="I2 removed from the quarantine"),
        pytest.param("I3", without(NEWEST), id="I3 went back"),
        pytest.param("I3", without(NEW, NEWEST), id="I3 went back a day"),
        pytest.param("I4", {**HEALTHY, NEWEST: HEALTHY[NEW]}, id="I4 a body twice"),
        pytest.param("I4", without(NEWEST), id="I4 a body that came is not kept"),
        pytest.param("I5", changed(NEW, packed(plain(NEW)[:-4])), id="I5 cut in a row"),
        pytest.param("I5", changed(NEW, packed(plain(OLD))), id="I5 another day"),
        pytest.param("I5", changed(ASIDE, packed(b"else")), id="I5 not the body that failed"),
        pytest.param("I6", without(OLD), id="I6 not archived"),
        pytest.param("I7", changed(ASIDE, packed(b"token=secret")), id="I7 in a body"),
        pytest.param("I7", changed(OLD, b"", {"etag": "a canary"}), id="I7 in metadata"),
        pytest.param("I9", changed(OLD, packed(b"else")), id="I9 a reader gets other bytes"),
        pytest.param("I10", without(NEW), id="I10 a finding"),
    ],
)
def test_a_violation_is_told(check: str, blobs: Blobs) -> None:
    violated = CHECKS[check](blobs)
    assert violated
    assert all(each.startswith(f"{check}: ") for each in violated)


def test_the_newest_has_to_be_what_readers_get_as_newest() -> None:
    stale = invariants.newest_is_highest(HEALTHY, HEALTHY, REPORTS, lambda call, it: plain(NEW))
    assert stale == [f"I3: the newest of {CALL} is not {CALL} of {DAYS[1]}, revision 2"]


def test_a_date_is_not_missed_if_a_run_says_why_it_is_not_archived() -> None:
    call, day = str(CALL), str(DAYS[0])
    assert invariants.nothing_missed(without(OLD), REPORTS, {call: [day]}, {call: [day]}) == []


def test_a_secret_in_a_log_is_told_without_the_secret() -> None:
    (violated,) = invariants.no_secret({"the log": "Authorization: Bearer abcdefgh"}, {})
    assert violated == "I7: the log holds 'Bearer '"


def test_a_reader_that_gets_an_error_is_told_with_the_error() -> None:
    violated = invariants.served(HEALTHY, REPORTS, lambda call, it: "503")
    assert len(violated) == 3
    assert violated[0].endswith("and a reader gets 503")


@pytest.mark.parametrize(("minutes", "held"), [([0, 1, 2], True), ([0, 1, 2, 9], False), ([0, 1, 2, 10], True)])
def test_requests_within_the_budget_of_any_window(minutes: list[int], held: bool) -> None:
    asked = {CALL.report: [60.0 * minute for minute in reversed(minutes)]}
    assert (invariants.within_budget(asked, 3, timedelta(minutes=10)) == []) is held
