"""What holds of the archive at every instant, I1 to I10 of the list of faults, as pure functions.

Each is told what was seen, and answers what is violated: nothing, if all is well.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from shared.archive.blob_store import StoredBlob
from shared.archive.layout import PERSONAL, QUARANTINE, USAGE
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue
from shared.domain.errors import PullError
from shared.report.validator import Body
from shared.verification.archive import Verification
from shared.verification.call import Blob
from shared.verification.snapshot import Named, named

SECRETS = ("eyJ", "Bearer ", "token=", "sig=", "SharedKey")
"""How bearers, preauthenticated URLs, SAS and keys begin."""


class Kept(NamedTuple):
    """A blob as it is stored."""

    content: bytes
    metadata: Mapping[str, str]
    md5: bytes | None = None


Blobs = Mapping[tuple[str, str], Kept]
"""All blobs of an archive at one instant, by container and name."""

Day = tuple[str, str]
"""A call and a refresh date, as `YYYY-MM-DD`."""

Serve = Callable[[Call, Named | None], bytes | str]
"""What a reader gets for a snapshot, or for the newest one of a call; text for anything but 200."""


def snapshots(blobs: Blobs, catalogue: Catalogue) -> dict[Named, Kept]:
    """The published revisions, from oldest to newest."""
    found = {named(name, catalogue): kept for (place, name), kept in blobs.items() if place in (USAGE, PERSONAL)}
    return {it: found[it] for it in sorted(filter(None, found), key=lambda it: (str(it.call), *it[1:]))}


def bodies(blobs: Blobs, catalogue: Catalogue) -> dict[Day, list[str]]:
    """The SHA-256 of the revisions of each day, first revision first."""
    found: defaultdict[Day, list[str]] = defaultdict(list)
    for it, kept in snapshots(blobs, catalogue).items():
        found[str(it.call), it.refresh_date.isoformat()].append(_sha256(kept))
    return found


def readable(blobs: Blobs, catalogue: Catalogue) -> list[str]:
    """I1: every published revision is readable, and its bytes hash to what its metadata say."""
    return [
        f"I1: {_told(it)} is not what its metadata say"
        for it, kept in snapshots(blobs, catalogue).items()
        if _sha256(kept) != kept.metadata.get("sha256")
    ]


def unchanged(before: Blobs, now: Blobs) -> list[str]:
    """I2: what was published or quarantined is never changed or removed."""
    written_once = (USAGE, PERSONAL, QUARANTINE)
    return [
        f"I2: {place}/{name} was changed or removed"
        for (place, name), kept in before.items()
        if place in written_once and ((place, name) not in now or now[place, name][:2] != kept[:2])
    ]


def newest_is_highest(before: Blobs, now: Blobs, catalogue: Catalogue, serve: Serve) -> list[str]:
    """I3: the newest is the highest (refresh date, revision) that is published, and never goes back."""
    violated = []
    was, highest = _highest(before, catalogue), _highest(now, catalogue)
    for call, it in highest.items():
        if serve(call, None) != _body(snapshots(now, catalogue)[it]):
            violated.append(f"I3: the newest of {call} is not {_told(it)}")
    for call, it in was.items():
        if call not in highest or highest[call][1:] < it[1:]:
            violated.append(f"I3: the newest of {call} went back from {_told(it)}")
    return violated


def each_body_once(blobs: Blobs, catalogue: Catalogue, came: Mapping[Day, Collection[str]] | None = None) -> list[str]:
    """I4: a body seen twice makes one revision, two bodies make two; `came` are the bodies that came, if known."""
    kept = bodies(blobs, catalogue)
    violated = [
        f"I4: {call} of {day} has two revisions of one body"
        for (call, day), there in kept.items()
        if len(set(there)) < len(there)
    ]
    for (call, day), seen in (came or {}).items():
        if set(seen) != set(kept.get((call, day), ())):
            violated.append(f"I4: {call} of {day} has other bodies than came")
    return violated


def sane(blobs: Blobs, catalogue: Catalogue) -> list[str]:
    """I5: nothing is published that fails the checks, and what failed them is kept byte by byte."""
    violated = []
    for it, kept in snapshots(blobs, catalogue).items():
        report = catalogue.reports[it.call.report]
        headers = [report.columns_of(version, it.call.version) for version in report.columns]
        try:
            day = Body(headers).read([_body(kept)])
        except PullError as error:
            violated.append(f"I5: {_told(it)} is not sane: {error}")
        else:
            if it.call.date is None and day != it.refresh_date:
                violated.append(f"I5: {_told(it)} is of another day, {day}")
    for (place, name), kept in blobs.items():
        if place == QUARANTINE and f"/{_sha256(kept)}." not in name:
            violated.append(f"I5: {place}/{name} is not the body that failed")
    return violated


def nothing_missed(
    blobs: Blobs, catalogue: Catalogue, visible: Mapping[str, Collection[str]], excused: Mapping[str, Collection[str]]
) -> list[str]:
    """I6: every refresh date that was visible to two scheduled runs is archived, or `excused` by the records of runs.

    Both by call, as `YYYY-MM-DD`.
    """
    archived = {(str(it.call), it.refresh_date.isoformat()) for it in snapshots(blobs, catalogue)}
    return [
        f"I6: {call} of {day} is not archived, and nothing says why"
        for call, days in visible.items()
        for day in sorted(days)
        if (call, day) not in archived and day not in excused.get(call, ())
    ]


def no_secret(texts: Mapping[str, str], blobs: Blobs, secrets: Iterable[str] = ()) -> list[str]:
    """I7: neither a text, such as a log or an answer, nor a blob holds a secret; `secrets` are further ones."""
    every = (*SECRETS, *secrets)
    stored = {
        f"{place}/{name}": _body(kept).decode("utf-8", "replace") + repr(dict(kept.metadata))
        for (place, name), kept in blobs.items()
    }
    return [
        f"I7: {name} holds {secret[:8]!r}"
        for name, text in {**texts, **stored}.items()
        for secret in every
        if secret in text
    ]


def within_budget(asked: Mapping[str, Sequence[float]], budget: int, window: timedelta) -> list[str]:
    """I8: never more than `budget` requests to one report in any `window`; `asked` in seconds, by report."""
    violated = []
    for report, times in asked.items():
        ordered = sorted(times)
        for first, last in zip(ordered, ordered[budget:], strict=False):
            if last - first < window.total_seconds():
                violated.append(f"I8: more than {budget} requests to {report} in {window}")
                break
    return violated


def served(before: Blobs, catalogue: Catalogue, serve: Serve) -> list[str]:
    """I9: readers get every snapshot that was already published, byte by byte."""
    violated = []
    for it, kept in snapshots(before, catalogue).items():
        answer = serve(it.call, it)
        if answer != _body(kept):
            got = answer if isinstance(answer, str) else "other bytes"
            violated.append(f"I9: {_told(it)} was published, and a reader gets {got}")
    return violated


def verified(blobs: Blobs, catalogue: Catalogue, now: datetime) -> list[str]:
    """I10: verify has no findings."""
    listed = [
        Blob(place, name, kept.metadata, kept.md5, partial(_stored, kept)) for (place, name), kept in blobs.items()
    ]
    return [f"I10: {finding}" for finding in Verification(listed, catalogue, now).findings()]


def _stored(kept: Kept) -> StoredBlob:
    return StoredBlob(kept.content, kept.metadata, "")


def _highest(blobs: Blobs, catalogue: Catalogue) -> dict[Call, Named]:
    """The newest snapshot of each call; a single day is a call of its own."""
    return {it.call: it for it in snapshots(blobs, catalogue)}


def _body(kept: Kept) -> bytes:
    """What Graph sent; the bytes as they are where that is not to be had."""
    try:
        return zlib.decompress(kept.content, wbits=31)
    except zlib.error:
        return kept.content


def _sha256(kept: Kept) -> str:
    return hashlib.sha256(_body(kept)).hexdigest()


def _told(it: Named) -> str:
    return f"{it.call} of {it.refresh_date}, revision {it.revision}"
