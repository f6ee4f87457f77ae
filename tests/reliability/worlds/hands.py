"""What somebody else does to the blobs of an archive: foreign blobs, damage, losses, the blobs of another version.

Every hand takes the environment and what is by chance, does one thing, and does nothing where there is nothing to do it
to. Whoever tries an archive, in walks, crashes, interleavings or whole worlds, takes the hands from here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from local.in_memory import KeptBlob
from shared.archive.layout import COVERAGE, DERIVED, PERSONAL, PERSONAL_DERIVED, QUARANTINE, REQUESTS, TABLES, USAGE
from shared.domain.call import Call
from tests.reliability.checks import At, Revision, body, revision_of
from tests.reliability.environment import Environment

Hand = Callable[[Environment, Random], None]

_DETAIL = "report=getOffice365ActiveUserDetail/period=day"
_KINDS = ("usage", "usage-personal")
FOREIGN = ("/notes.", "_copy", "last=2000-01-01", "named-to-named", "/zzz", ".bak")
"""One of these is in the name of each stray among what can be made again."""


def strays(calls: Sequence[Call], day: str) -> dict[At, bytes]:
    """Return foreign and half-fitting blobs for every container, none of which is a snapshot that readers could get."""
    blobs: dict[At, bytes] = {}
    for call in calls:
        container, tables = (PERSONAL, PERSONAL_DERIVED) if "Detail" in call.report else (USAGE, DERIVED)
        place, name = f"report={call.report}/period={call.key}", f"{call.report}_{call.key}"
        fitting = f"{place}/refresh_date={day}/revision"
        blobs |= {
            (container, f"{place}/refresh_date={day}_copy/revision=1/x.csv.gz"): b"x",
            (container, f"{place}/refresh_date={day}/notes.txt"): b"notes",
            (container, f"{place}/refresh_date={day}/revision=01/{name}_{day}_r01.csv.gz"): b"x",
            (container, f"{fitting}=0/{name}_{day}_r0.csv.gz"): b"x",
            (container, f"{fitting}=1/copy.csv.gz"): b"x",
            (container, f"{fitting}=x/{name}_{day}_rx.csv.gz"): b"x",
            (container, f"{place}/refresh_date=2026-02-30/revision=1/{name}_2026-02-30_r1.csv.gz"): b"x",
            (container, f"{place}/refresh_date=20261118/a.csv"): b"x",
            (container, f"{place}/refresh_date={day[:7]}"): b"x",
            (container, f"{place}/refresh_date={day}"): b"",  # what a file system leaves for a folder
            (container, f"{place}/"): b"",
            (DERIVED, f"series/{place}/notes.csv"): b"x",
            (DERIVED, f"lost/{place}/first={day}/last={day}_copy"): b"",
            (DERIVED, f"lost/{place}/first={day}/last=2000-01-01"): b"",
            (DERIVED, f"flips/{place}/refresh_date={day}/revision=1/named-to-named"): b"",
            (QUARANTINE, f"{place}/x"): b"x",
            **{
                (container, f"{place}/refresh_date={end}/revision=1/{name}_{end}_r1.csv.gz"): b"x"
                for end in ("0001-01-01", "2999-11-18", "9999-12-31")
            },
            (tables, f"{place}/month={day[:7]}/notes.parquet"): b"x",
            (tables, f"{place}/month={day[:7]}/{name}_{day[:7]}_copy_g1-1.parquet"): b"x",
            (tables, f"{place}/month=2026-13/{name}_2026-13_g1-1.parquet.bak"): b"x",
            (tables, f"{place}/_delta_log/notes.json"): b"x",
        }
    return blobs | {
        (USAGE, "README.md"): b"# Ours",
        (USAGE, "report=/period=/refresh_date=/x"): b"x",
        (USAGE, f"report=getNoSuchReport/period=D7/refresh_date={day}/revision=1/x.csv.gz"): b"x",
        (USAGE, f"{_DETAIL}/refresh_date={day}/revision=1/getOffice365ActiveUserDetail_day_{day}_r1.csv.gz"): b"x",
        (PERSONAL, f"{_DETAIL}/refresh_date={day} copy/a.csv"): b"x",
        (PERSONAL, "report=README.txt"): b"x",
        (DERIVED, f"runs/{day[:7]}/zzz.json"): b"{}",
        (DERIVED, f"runs/{day[:7]}/zzz/notes.txt"): b"notes",
        (DERIVED, f"{REQUESTS}.bak"): b"{}",
        (QUARANTINE, "notes.txt"): b"notes",
        (PERSONAL_DERIVED, "notes/notes.txt"): b"notes",
        (DERIVED, "newest/report=getNoSuchReport/month=2026-13/notes.json"): b"x",
        (DERIVED, f"views/refresh_date={day}_copy/views.json.gz"): b"x",
        (DERIVED, "expired/before=2000-01-01_copy"): b"",
        (DERIVED, "tenants/notes.txt"): b"x",
    }


def put_strays(environment: Environment, calls: Sequence[Call], day: str, random_: Random, share: float = 1.0) -> None:
    """Put a share of the strays where they do not fit."""
    for at, content in strays(calls, day).items():
        if random_.random() < share and at not in environment.seen:
            environment.put(at, content, {} if random_.random() < 0.7 else {"sha256": "0" * 64, "rows": "many"})


# -- snapshots ---------------------------------------------------------------------------------------------------------


def without_metadata(environment: Environment, random_: Random) -> None:
    """Let a snapshot have been restored or copied without what is written about it."""
    for at, blob in _one(_snapshots(environment), random_):
        environment.put(at, blob.content, {})


def without_metadata_at_all(environment: Environment, random_: Random) -> None:
    """Let all snapshots of a call have been copied so."""
    for (_, chosen), _ in _one(_snapshots(environment), random_):
        for at, blob in _snapshots(environment).items():
            if at[1].startswith(chosen.partition("/refresh_date=")[0]):
                environment.put(at, blob.content, {})


def next_without_metadata(environment: Environment, random_: Random) -> None:
    """Let somebody copy a snapshot to the name of its next revision, without metadata."""
    for at, blob in _one(_snapshots(environment), random_):
        revision = revision_of(at)
        if revision and (following := _following(at, revision)) not in environment.seen:
            environment.put(following, blob.content, {})


def of_an_older_version(environment: Environment, random_: Random) -> None:
    """Let a version have written the metadata that knew less."""
    newer = ("gzip_sha256", "gzip_size", "blank", "columns", "content")
    for at, blob in _one(_snapshots(environment), random_):
        kept = {name: value for name, value in blob.metadata.items() if name not in newer}
        environment.put(at, blob.content, kept | {"app_version": "0.0.9"})


def of_a_newer_version(environment: Environment, random_: Random) -> None:
    """Let a version have written the metadata that knows more."""
    for at, blob in _one(_snapshots(environment), random_):
        more = {"app_version": "9.9.0", "sha512": "0" * 128, "flags": "no_such_flag", "names": "guessed"}
        environment.put(at, blob.content, {**blob.metadata, **more})


def swapped(environment: Environment, random_: Random) -> None:
    """Let two snapshots have each other's bytes."""
    snapshots = _snapshots(environment)
    for one, blob in _one(snapshots, random_):
        for other, theirs in _one(
            {at: each for at, each in snapshots.items() if at != one and at[0] == one[0]}, random_
        ):
            environment.put(one, theirs.content, blob.metadata)
            environment.put(other, blob.content, theirs.metadata)


def flipped(environment: Environment, random_: Random) -> None:
    """Let a bit of a snapshot be another."""
    _spoil(environment, random_, lambda content: _with_flip(content, random_.randrange(10, len(content))))


def cut(environment: Environment, random_: Random) -> None:
    """Let the end of a snapshot be gone."""
    _spoil(environment, random_, lambda content: content[: -min(40, len(content) // 2)])


def with_a_second_member(environment: Environment, random_: Random) -> None:
    """Let something follow the gzip stream of a snapshot."""
    import zlib

    def more(content: bytes) -> bytes:
        packer = zlib.compressobj(wbits=31)
        return content + packer.compress(b"2026-11-18,1,2,3\r\n") + packer.flush()

    _spoil(environment, random_, more)


def emptied(environment: Environment, random_: Random) -> None:
    """Let a snapshot have no bytes."""
    _spoil(environment, random_, lambda content: b"")


UNREADABLE: Sequence[Hand] = (without_metadata, without_metadata_at_all, next_without_metadata)
VERSIONS: Sequence[Hand] = (of_an_older_version, of_a_newer_version)
DAMAGE: Sequence[Hand] = (swapped, flipped, cut, with_a_second_member, emptied)


# -- what can be made again --------------------------------------------------------------------------------------------


def newest_record_gone(environment: Environment, random_: Random) -> None:
    """Let the record of the last run be gone."""
    for at in [*_derived(environment, "runs/")][-1:]:
        environment.remove(at)


def records_gone(environment: Environment, random_: Random) -> None:
    """Let the records of all runs be gone."""
    for at in [*_derived(environment, "runs/")]:
        environment.remove(at)


def newest_record_damaged(environment: Environment, random_: Random) -> None:
    """Let the record of the last run be cut, empty, or something else."""
    for at in [*_derived(environment, "runs/")][-1:]:
        content = environment.seen[at].content
        damaged = (content[: len(content) // 2], b"", b"[]", b"null", b"\xff", b'{"run": 1}')
        environment.put(at, random_.choice(damaged), {})


def newest_record_newer(environment: Environment, random_: Random) -> None:
    """Let a later version have written the record of the last run, which says more."""

    def more(record: dict[str, Any]) -> None:
        record |= {"app_version": "9.9.0", "weather": {"sky": "blue"}}
        for each in [*record["pulls"], *record["last"].values()]:
            each["mood"] = "fine"

    _rewrite(environment, more)


def newest_record_with_new_words(environment: Environment, random_: Random) -> None:
    """Let a later version have written it, with a reason that this one does not know."""

    def other(record: dict[str, Any]) -> None:
        for each in [*record["pulls"], *record["last"].values()][::2]:
            each["reason"] = "no_such_reason"

    _rewrite(environment, other)


def newest_record_older(environment: Environment, random_: Random) -> None:
    """Let an earlier version have written it, which said less."""

    def less(record: dict[str, Any]) -> None:
        record.pop("pulled_at", None)
        record["app_version"] = "0.0.9"
        for each in record["last"].values():
            for name in ("rhythm", "seen_at", "revision", "rows", "names"):
                each.pop(name, None)

    _rewrite(environment, less)


def all_derived_gone(environment: Environment, random_: Random) -> None:
    """Let an archive have been moved without what can be made again."""
    for at in [*_derived(environment, "")]:
        environment.remove(at)


def one_derived_gone(environment: Environment, random_: Random) -> None:
    """Let one thing be gone that can be made again."""
    for at, _ in _one(dict.fromkeys(_derived(environment, ("series/", "lost/", "flips/", REQUESTS))), random_):
        environment.remove(at)


def one_derived_damaged(environment: Environment, random_: Random) -> None:
    """Let a series or the request budget be cut, flipped, of another version, or without metadata."""
    for at, _ in _one(dict.fromkeys(_derived(environment, ("series/", REQUESTS))), random_):
        blob = environment.seen[at]
        content, metadata = blob.content, blob.metadata
        choices: Sequence[tuple[bytes, Mapping[str, str]]] = (
            (content[: len(content) // 2], metadata),
            (_with_flip(content or b"0", 0), metadata),
            (content, {}),
            (content, {**metadata, "rules": "99"}),
            (b"", metadata),
        )
        environment.put(at, *random_.choice(choices))


def one_table_gone(environment: Environment, random_: Random) -> None:
    """Let a table be gone, or a manifest, or an index."""
    for at, _ in _one(_tables(environment), random_):
        environment.remove(at)


def one_table_spoiled(environment: Environment, random_: Random) -> None:
    """Let a table, a manifest or an index be cut, empty, something else, or another of them, with odd metadata."""
    tables = _tables(environment)
    for at, blob in _one(tables, random_):
        content = blob.content
        others = (content[: len(content) // 2], b"", b"[]", b"PAR1PAR1", random_.choice([*tables.values()]).content)
        odd: Sequence[Mapping[str, str]] = ({}, blob.metadata, {"sha256": "0" * 64, "size": "many", "rows": "many"})
        environment.put(at, random_.choice(others), random_.choice(odd))


RECORDS: Sequence[Hand] = (
    newest_record_gone,
    records_gone,
    newest_record_damaged,
    newest_record_newer,
    newest_record_with_new_words,
    newest_record_older,
)
REBUILDABLE: Sequence[Hand] = (all_derived_gone, one_derived_gone, one_derived_damaged)
OF_TABLES: Sequence[Hand] = (one_table_gone, one_table_spoiled)


def _tables(environment: Environment) -> dict[At, KeptBlob]:
    return {
        at: environment.seen[at]
        for at in sorted(environment.seen)
        if at[0] in (DERIVED, PERSONAL_DERIVED) and ("/month=" in at[1] or at[1] in (TABLES, COVERAGE))
    }


def _snapshots(environment: Environment) -> dict[At, KeptBlob]:
    return {at: environment.seen[at] for at in sorted(environment.seen) if at[0] in _KINDS and revision_of(at)}


def _derived(environment: Environment, start: str | tuple[str, ...]) -> Iterator[At]:
    """Yield what the app wrote there, oldest first."""
    hand = environment.by_hand
    return (at for at in sorted(environment.seen) if at[0] == DERIVED and at[1].startswith(start) and at not in hand)


def _one(blobs: Mapping[At, Any], random_: Random) -> list[tuple[At, Any]]:
    return [random_.choice([*blobs.items()])] if blobs else []


def _spoil(environment: Environment, random_: Random, change: Callable[[bytes], bytes]) -> None:
    for at, blob in _one({at: blob for at, blob in _snapshots(environment).items() if body(blob)}, random_):
        if len(blob.content) > 20:
            environment.put(at, change(blob.content), blob.metadata)


def _with_flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :]


def _following(at: At, revision: Revision) -> At:
    number = revision.number
    name = at[1].replace(f"/revision={number}/", f"/revision={number + 1}/")
    return at[0], name.replace(f"_r{number}.csv.gz", f"_r{number + 1}.csv.gz")


def _rewrite(environment: Environment, change: Callable[[dict[str, Any]], None]) -> None:
    for at in [*_derived(environment, "runs/")][-1:]:
        record = json.loads(body(environment.seen[at]))
        change(record)
        environment.put(at, json.dumps(record).encode(), {})
