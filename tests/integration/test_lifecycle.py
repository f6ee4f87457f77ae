"""An archive that is updated, goes back, is restored, moves or is removed: as docs/lifecycle.md says, in memory."""

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from local.in_memory import KeptBlob
from shared.app import App
from shared.archive.layout import COVERAGE, DERIVED, EVIDENCE, LOST, PERSONAL, USAGE, TableName, parse
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.report.compression import decompress
from shared.verification.archive import everything, manifest, verify
from shared.web.http import Response
from tests.asking import ask
from tests.reliability.checks import At, Blobs
from tests.reliability.environment import InProcess
from tests.shelf import archive_of_0_1

BEGINNING = datetime(2026, 11, 20, 7, 15, tzinfo=UTC)
COUNTS = Call("getOffice365ServicesUserCounts", period="D7")
PEOPLE = Call("getOffice365ActiveUserDetail", period="D7")
THEN = {"asOf": "2026-11-20T08:00:00Z"}
QUESTIONS: list[tuple[str, Mapping[str, str]]] = [
    (f"v1.0/reports/{COUNTS}", {}),
    (f"v1.0/reports/{COUNTS}", THEN),
    (f"v1.0/reports/{COUNTS}/snapshots", {}),
    (f"v1.0/reports/{COUNTS}/series", {}),
    (f"v1.0/reports/{PEOPLE}", THEN),
]


@pytest.fixture
def world() -> Iterator[InProcess]:
    """An archive of two days."""
    with InProcess() as world:
        world.restore({})
        for day in range(2):
            world.control.set_time(BEGINNING + timedelta(days=day))
            run(world)
        yield world


def app(world: InProcess) -> App:
    """What remembers nothing, as after a start."""
    return world.app(f"{COUNTS}, {PEOPLE}")


def run(world: InProcess) -> set[str]:
    return {each.outcome for each in app(world).pull_run.execute().pulls}


def answers(world: InProcess) -> list[Response]:
    fresh = app(world)
    return [ask(fresh, path, query, personal=True) for path, query in QUESTIONS]


def said(world: InProcess) -> list[tuple[int, bytes]]:
    return [(answer.status, answer.body) for answer in answers(world)]


def findings(world: InProcess) -> set[str]:
    found = verify(everything(app(world).archive.store), catalogue(), world.control.now())
    return {f"{each.code} {each.container}/{each.name}" for each in found}


def snapshots(blobs: Blobs) -> set[At]:
    return {at for at in blobs if at[0] in (USAGE, PERSONAL)}


def bare(world: InProcess, at: At) -> None:
    """Copy a blob as a tool does that keeps no metadata."""
    world.put(at, world.blobs()[at].content, {})


def test_an_update_goes_on_with_what_an_older_version_wrote_and_leaves_it_as_it_is(world: InProcess) -> None:
    """The archive is one of 0.1, with foreign blobs in it; what comes after it is of another tenant."""
    world.restore({at: KeptBlob(*blob, "") for at, blob in archive_of_0_1().items()})
    blobs, foreign = world.blobs(), findings(world)
    newest = {"asOf": "2026-11-12"}
    before = ask(app(world), f"v1.0/reports/{COUNTS}", newest)
    assert (before.status, run(world)) == (200, {"published"})
    assert unchanged(blobs, world.blobs())
    assert ask(app(world), f"v1.0/reports/{COUNTS}", newest).body == before.body
    days = [line.partition(b",")[0] for line in ask(app(world), f"v1.0/reports/{COUNTS}/series").body.splitlines()[1:]]
    assert (b"2026-11-09" in days, max(days) > b"2026-11-12") == (True, True)
    assert findings(world) <= foreign


def unchanged(before: Blobs, now: Blobs) -> bool:
    """Whether every snapshot is as it was."""
    return all(now[at].content == before[at].content for at in snapshots(before)) and all(
        now[at].metadata == before[at].metadata for at in snapshots(before)
    )


def newer(content: bytes) -> bytes:
    """What a newer version might have written into a record of a run."""
    record = json.loads(decompress(content))
    for each in record["pulls"]:
        each["outcome"], each["reason"], each["by"] = "postponed", "no_consent", {"another": "kind"}
    return json.dumps(record | {"app_version": "9.0.0"}).encode()


def test_an_older_version_goes_on_with_what_a_newer_one_left(world: InProcess) -> None:
    before, blobs = said(world), world.blobs()
    for at in [at for at in blobs if at[0] == DERIVED]:
        if at[1].startswith("runs/"):
            world.put(at, newer(blobs[at].content), blobs[at].metadata)
        elif at[1].startswith("series/"):
            world.put(at, blobs[at].content, dict(blobs[at].metadata) | {"rules": "99"})
    world.put((DERIVED, EVIDENCE), b'{"format": 99}', {})
    world.put((DERIVED, "what/the/newer/one/keeps.bin"), b"x", {})
    assert said(world) == before
    world.control.set_time(BEGINNING + timedelta(days=2))
    assert run(world) == {"published"}
    assert snapshots(blobs) < snapshots(world.blobs())


def test_a_copy_with_metadata_is_the_archive_anywhere(world: InProcess) -> None:
    before, blobs = said(world), world.blobs()
    world.restore(dict(blobs))
    assert said(world) == before
    assert findings(world) == set()
    assert run(world) == {"unchanged"}
    assert snapshots(world.blobs()) == snapshots(blobs)


def test_a_copy_without_metadata_is_told_and_made_good_by_copying_again(world: InProcess) -> None:
    before, blobs = said(world), world.blobs()
    for at in snapshots(blobs):
        bare(world, at)
    assert {answer.status for answer in answers(world)} != {200}
    assert len(findings(world)) >= len(snapshots(blobs))
    for at in snapshots(blobs):
        world.put(at, blobs[at].content, blobs[at].metadata)
    assert said(world) == before
    assert findings(world) == set()


def test_what_was_deleted_and_is_undeleted_is_as_it_was(world: InProcess) -> None:
    before, blobs = said(world), world.blobs()
    for at in snapshots(blobs):
        world.remove(at)
    assert answers(world)[0].status == 404
    for at in snapshots(blobs):
        world.put(at, blobs[at].content, blobs[at].metadata)
    assert said(world) == before
    assert findings(world) == set()


def test_an_app_that_pulled_before_the_copy_came_goes_on_with_all(world: InProcess) -> None:
    blobs = world.blobs()
    world.restore({})
    world.control.set_time(BEGINNING + timedelta(days=2))
    run(world)
    own = world.blobs()
    for at in blobs.keys() - own.keys():
        world.put(at, blobs[at].content, blobs[at].metadata)
    for at in [at for at in world.blobs() if at[0] == DERIVED and (at[1].startswith("series/") or at[1] == COVERAGE)]:
        world.remove(at)
    assert {answer.status for answer in answers(world)} == {200}
    world.control.set_time(BEGINNING + timedelta(days=3))
    run(world)
    assert findings(world) == set()
    assert snapshots(world.blobs()) > snapshots(blobs) | snapshots(own)


@pytest.mark.parametrize("seed", range(4))
def test_what_did_not_get_to_the_other_region_is_pulled_again(world: InProcess, seed: int) -> None:
    """A region copies a little later, blob by blob: of the last minutes any part may be lost.

    A table that the index of tables has, and that is not there, is made again by `verify --make-tables`.
    """
    before = world.blobs()
    world.control.set_time(BEGINNING + timedelta(days=2))
    run(world)
    after, chance = world.blobs(), random.Random(seed)
    there = {at: blob if chance.random() < 0.5 else before.get(at) for at, blob in after.items()}
    world.restore({at: blob for at, blob in there.items() if blob})
    world.control.sleep(900)
    assert run(world) <= {"published", "unchanged"}
    now = world.blobs()
    assert snapshots(now) == snapshots(after)
    assert all(now[at].content == after[at].content for at in snapshots(now))
    archive = app(world).archive
    tables = {parse(each.partition("/")[2]) for each in findings(world)}
    made = archive.tables.make_again([each for each in tables if isinstance(each, TableName)], BEGINNING.date())
    assert made == len(tables)
    assert findings(world) == set()


def test_a_move_that_takes_days_costs_what_graph_no_longer_shows_and_says_so(world: InProcess) -> None:
    blobs = world.blobs()
    world.restore({at: blob for at, blob in blobs.items()})
    world.control.set_time(BEGINNING + timedelta(days=6))
    assert run(world) == {"published"}
    assert unchanged(blobs, world.blobs())
    lost = {at[1].rpartition("first=")[2] for at in world.blobs() if at[1].startswith(LOST)}
    assert lost == {"2026-11-19/last=2026-11-22", "2026-11-20/last=2026-11-23"}  # one report is a day behind the other
    assert findings(world) == set()


def test_what_is_kept_of_an_archive_that_is_removed_is_what_graph_sent(world: InProcess) -> None:
    """As plain files, which need no app: unpacked, they are what the manifest says and what readers got."""
    listed = manifest(everything(app(world).archive.store), catalogue())
    digests = {name: digest for digest, _, name in (line.strip().partition("  ") for line in listed)}
    blobs = world.blobs()
    kept = {at[1].removesuffix(".gz"): decompress(blobs[at].content) for at in snapshots(blobs)}
    assert {name: sha256(content).hexdigest() for name, content in kept.items()} == digests
    assert ask(app(world), f"v1.0/reports/{COUNTS}").body in kept.values()
