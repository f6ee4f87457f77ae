"""What must hold of an archive at every instant: each rule once, as pure functions that return what does not hold.

I1   a snapshot is readable, and its bytes have the SHA-256 of its metadata
I2   what was stored is never changed or removed, and lies where it belongs
I3   the newest that readers get is the highest refresh date and revision
I4   a body received twice in a row is archived once, a body that is not that of the last revision is the next
I5   only whole reports are published, and what is quarantined is kept as received
I6   what was missed is named as lost, and nothing else (oracle.py, as it takes knowing what Graph showed)
I7   no secret stands in a log, an answer or a blob, and none is sent to the download host
I8   the request budget holds
I9   readers get what is archived, byte by byte
I10  `verify` finds nothing but what somebody else wrote
I11  an answer is no 5xx but 503 with Retry-After, and 502 `damaged` for bytes that are not those that were written
I12  no column about one person, site, group or team is under a call without personal data, and no address of a person
     in a log, a run record or anything else that can be made again
I13  a run that can write leaves its record, in time; what Graph said in three runs is archived (worlds/truth.py)

The rules on blobs know the names of snapshots and the form of a report by themselves: code shared with the app could be
wrong in both.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from datetime import date, datetime
from functools import cache, partial
from typing import Any, NamedTuple

import pyarrow.parquet as parquet
from pyarrow import ArrowException

from local.in_memory import KeptBlob
from shared.archive.blob_store import StoredBlob
from shared.archive.layout import (
    COVERAGE,
    DERIVED,
    LEASE,
    PERSONAL,
    PERSONAL_DERIVED,
    QUARANTINE,
    REQUESTS,
    TABLES,
    USAGE,
)
from shared.domain.call import Call, every_call
from shared.domain.catalogue import catalogue
from shared.pulling.plan import BUDGET, WINDOW
from shared.verification.archive import verify
from shared.verification.call import Blob
from shared.verification.finding import Finding
from shared.web.http import Response

ABOUT_ONE = re.compile(
    r"(?:user|owner|group|display|principal|team|site)[\w ]* ?(?:principal|display) name|(?:display|team) name|site url"
    r"|(?:user|group|site|team) id",
    re.IGNORECASE,
)
"""Columns that tell whom a row is about."""
PERSON = "@contoso.com"
"""What the address of every person in the simulated tenant ends with."""
DAMAGED = "502 damaged"
NOTHING = "404"
SECRETS = ("eyJ", "Bearer ", "token=", "sig=", "SharedKey")
"""How bearers, preauthenticated URLs, SAS and keys begin."""

At = tuple[str, str]
"""The container and the name of a blob."""
Blobs = Mapping[At, KeptBlob]
"""All blobs of an archive at one instant."""
Record = Iterable[Mapping[str, Any]]
"""What the simulator recorded of requests."""

_SNAPSHOT = re.compile(
    r"report=(\w+)/period=([\w-]+)/refresh_date=([\d-]{10})/revision=([1-9]\d*)/\1_\2_\3_r\4\.csv\.gz"
)
_REFRESH_DATE = "Report Refresh Date"
_REPORT_DATE = "Report Date"
_REPLACEABLE = ("series/", "newest/", REQUESTS, LEASE, COVERAGE, TABLES)
"""What may change, in the container of what can be made again; and tables may."""
_TABLE = re.compile(
    r"report=(\w+)/period=([\w-]+)/month=([\d-]{7})/\1_\2_\3(?:-\d\d)?_g[\d-]+\.parquet"
    r"|newest/report=(\w+)/month=([\d-]{7})/\4_\5_newest\.json"
)
"""Or a manifest."""


class Revision(NamedTuple):
    """A snapshot by its name."""

    call: Call
    refresh_date: date
    number: int

    def __str__(self) -> str:
        return f"{self.call} of {self.refresh_date}, revision {self.number}"


Serve = Callable[[Call, Revision | None], bytes | str]
"""Returns what a reader gets for a snapshot, or for the newest of a call; text if that is no snapshot."""


@cache
def revision_of(at: At) -> Revision | None:
    """Return which snapshot a blob is by its container and name; None if it is none."""
    match = _SNAPSHOT.fullmatch(at[1])
    day = _day(match[3]) if match else None
    if not match or not day or at[0] != (PERSONAL if match[1] in catalogue().personal else USAGE):
        return None
    report = catalogue().reports.get(match[1])
    calls = [call for call in every_call(report, day) if call.key == match[2]] if report else []
    return Revision(calls[0], day, int(match[4])) if calls else None


def snapshots(blobs: Blobs) -> dict[Revision, KeptBlob]:
    """Return the published snapshots, those of a call from the oldest to the newest."""
    published = {revision: blob for at, blob in blobs.items() if (revision := revision_of(at))}
    ordered = sorted(published, key=lambda each: (str(each.call), each.refresh_date, each.number))
    return {revision: published[revision] for revision in ordered}


def bodies(blobs: Blobs, call: Call, day: date) -> set[str]:
    """Return the SHA-256 of what is published of a call for a refresh date."""
    return {
        sha256(body(blob))
        for revision, blob in snapshots(blobs).items()
        if (revision.call, revision.refresh_date) == (call, day)
    }


def body(blob: KeptBlob) -> bytes:
    """Return what Graph sent; the bytes as they are if that cannot be had."""
    try:
        return zlib.decompress(blob.content, wbits=31)
    except zlib.error:
        return blob.content


def text_of(blob: KeptBlob) -> str:
    """Return what a blob says: the rows and metadata of a table, else its bytes unpacked.

    The bytes of a table are packed: what they hold cannot be seen, and three of them are soon any three letters.
    """
    if blob.content.startswith(b"PAR1"):
        with suppress(ArrowException, OSError):
            table = parquet.read_table(io.BytesIO(blob.content))
            return f"{table.to_pylist()} {table.schema.metadata}"
    return body(blob).decode(errors="replace")


def sha256(content: bytes) -> str:
    """Return the hash as metadata have it."""
    return hashlib.sha256(content).hexdigest()


# -- blobs -------------------------------------------------------------------------------------------------------------


def stored(before: Blobs, now: Blobs, secrets: Iterable[str] = ()) -> list[str]:
    """Return what does not hold of an archive that was `before` and is `now`. Only what is new is read."""
    broken = [f"I2: {container}/{name} is changed or removed" for container, name in _touched(before, now)]
    for at in sorted(at for at, blob in now.items() if before.get(at) is not blob):
        blob, content = now[at], body(now[at])
        text = f"{at[1]} {text_of(blob)} {dict(blob.metadata)}"
        broken += no_secret("/".join(at), text, secrets)
        if at[0] == QUARANTINE:
            broken += quarantined(at, blob, content)
        elif at[0] == DERIVED:
            broken += nobody("/".join(at), text)
        elif at[0] == PERSONAL_DERIVED:
            match = _TABLE.fullmatch(at[1])
            is_personal = match is not None and (match[1] or match[4]) in catalogue().personal
            broken += [] if is_personal else [f"I12: {'/'.join(at)} is neither table nor manifest about people"]
        else:
            broken += published(at, blob, content, now)
    return broken


def published(at: At, blob: KeptBlob, content: bytes, now: Blobs) -> list[str]:
    """Return what is wrong with a blob among the snapshots."""
    revision = revision_of(at)
    if not revision:
        return [f"I2: {'/'.join(at)} is no snapshot"]
    call, day, number = revision
    earlier = [now.get((at[0], _renumbered(at[1], each))) for each in range(1, number)]
    flaw = flaw_of(content, None if call.date else day, is_ragged="ragged" in blob.metadata.get("flags", "").split(","))
    return _broken(
        {
            f"I1: {revision} is not what its metadata say": sha256(content) != blob.metadata.get("sha256"),
            f"I2: {revision} is in {at[0]}": (call.report in catalogue().personal) != (at[0] == PERSONAL),
            f"I4: {revision} follows {number - 1 - earlier.count(None)} revisions": None in earlier,
            f"I4: {revision} is the body of the revision before": sha256(content)
            in [each.metadata.get("sha256") for each in earlier[-1:] if each],
            f"I5: {revision} {flaw}": flaw != "",
            f"I12: {revision} names people": call.report not in catalogue().personal and tells_of_one(content),
        }
    )


def quarantined(at: At, blob: KeptBlob, content: bytes) -> list[str]:
    """Return what is wrong with a body that was not published. Only the name of a small one has its SHA-256."""
    digest = sha256(content)
    is_named = f"/{digest}." in at[1] or "/large/" in at[1]
    return _broken({f"I5: {'/'.join(at)} is another body": not is_named or digest != blob.metadata.get("sha256")})


def flaw_of(content: bytes, day: date | None, *, is_ragged: bool = False) -> str:
    """Return what keeps a body from being a whole report of that refresh date (None: of any), or nothing.

    Its last row may be short if it `is_ragged`, as readers are told then: such a body came twice.
    """
    try:
        text = content.decode("utf-8").lstrip("\ufeff")
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        return f"is no CSV: {error}"
    if len(rows) < 2 or _REFRESH_DATE not in rows[0]:
        return "is no report"
    if len(rows[-1]) < len(rows[0]) and not is_ragged:
        return "ends inside a row"
    whole = [dict(zip(rows[0], row, strict=False)) for row in rows[1:] if len(row) >= len(rows[0])]
    days = {row[_REFRESH_DATE].removesuffix("T00:00:00Z") for row in whole if row[_REFRESH_DATE]}
    if days and all(row[_REFRESH_DATE] == row.get(_REPORT_DATE) for row in whole):
        days = {max(days)}
    return "" if days == {str(day)} or (day is None and len(days) == 1) else f"has the refresh dates {sorted(days)}"


def no_secret(where: str, text: str, secrets: Iterable[str] = ()) -> list[str]:
    """I7: return which secrets stand in a text, by their beginnings; `secrets` are some beside the usual.

    `Bearer [hidden]` is none.
    """
    return [
        f"I7: {where} holds {secret[:8]!r}"
        for secret in (*SECRETS, *secrets)
        if secret in text and re.search(re.escape(secret) + r"(?!\[hidden\])", text)
    ]


def nobody(where: str, text: str) -> list[str]:
    """I12: return whether the address of a person stands in a text."""
    return _broken({f"I12: {where} tells of a person": PERSON in text})


def tells_of_one(content: bytes) -> bool:
    """Whether the first line of a CSV names a column about one person, site, group or team."""
    header = next(csv.reader([content.partition(b"\n")[0].decode(errors="replace").lstrip("\ufeff").strip()]), [])
    return any(ABOUT_ONE.fullmatch(name) for name in header)


def all_kept(blobs: Blobs, call: Call, day: date, received: Set[str]) -> list[str]:
    """I4: return whether a day has other bodies than were received, by their SHA-256."""
    return _broken({f"I4: {call} of {day} has other bodies than were received": bodies(blobs, call, day) != received})


def verified(blobs: Blobs, now: datetime, by_hand: Container[At] = ()) -> list[str]:
    """I10: return what `verify` finds at that time, but for what somebody else wrote."""
    return [f"I10: {each}" for each in findings(blobs, now) if (each.container, each.name) not in by_hand]


def findings(blobs: Blobs, now: datetime) -> list[Finding]:
    """Return what `verify` finds at that time."""
    listed = [
        Blob(*at, blob.metadata, blob.md5, partial(StoredBlob, blob.content, blob.metadata, blob.etag))
        for at, blob in blobs.items()
    ]
    return [*verify(listed, catalogue(), now)]


def _touched(before: Blobs, now: Blobs) -> list[At]:
    """Return what is not as it was, of what is written once."""
    return [
        at
        for at, blob in before.items()
        if now.get(at) is not blob
        and (at not in now or (now[at].content, now[at].metadata) != (blob.content, blob.metadata))
        and not (at[0] == DERIVED and at[1].startswith(_REPLACEABLE))
        and not (at[0] in (DERIVED, PERSONAL_DERIVED) and _TABLE.fullmatch(at[1]))
    ]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _renumbered(name: str, number: int) -> str:
    return re.sub(r"(?<=/revision=)\d+|(?<=_r)\d+(?=\.csv\.gz$)", str(number), name)


def _broken(rules: Mapping[str, bool]) -> list[str]:
    return [rule for rule, is_broken in rules.items() if is_broken]


# -- readers and requests ----------------------------------------------------------------------------------------------


def served(blobs: Blobs, serve: Serve) -> list[str]:
    """I3, I9: return what readers do not get as it is archived."""
    broken, newest = list[str](), dict[Call, KeptBlob | None]()
    for revision, blob in snapshots(blobs).items():
        if is_readable(blob):
            newest[revision.call] = blob
            broken += snapshot_served(revision, answers(blob), serve)
    for call, last in newest.items():
        broken += newest_served(call, answers(last), serve)
    return broken


def is_readable(blob: KeptBlob) -> bool:
    """Whether the metadata of a snapshot tell what readers need to know of it."""
    try:
        int(blob.metadata["size"]), int(blob.metadata["rows"])
        return datetime.fromisoformat(blob.metadata["pulled_at"]).tzinfo is not None and "sha256" in blob.metadata
    except (KeyError, ValueError):
        return False


def answers(blob: KeptBlob | None, *, is_new: bool = False) -> Sequence[str]:
    """Return the right answers for a snapshot: its bytes, by their SHA-256; NOTHING if there is none.

    If they are no longer those that were written: DAMAGED, or they, which an app may have read before unless it
    `is_new`.
    """
    if not blob:
        return [NOTHING]
    written, gzip = blob.metadata["sha256"], blob.metadata.get("gzip_sha256")
    is_whole = gzip in (None, sha256(blob.content)) and is_one_stream(blob.content) and sha256(body(blob)) == written
    return [written] if is_whole else [DAMAGED] if is_new else [written, DAMAGED]


def is_one_stream(content: bytes) -> bool:
    """Whether bytes are one gzip member with nothing behind it."""
    unpacker = zlib.decompressobj(wbits=31)
    with suppress(zlib.error):
        unpacker.decompress(content)
    return unpacker.eof and not unpacker.unused_data


def snapshot_served(revision: Revision, right: Sequence[str], serve: Serve) -> list[str]:
    """I9: return whether readers get something else for a snapshot than one of those answers."""
    answer = _told(serve(revision.call, revision))
    return _broken({f"I9: {revision} is archived, and a reader gets {answer}": answer not in right})


def newest_served(call: Call, right: Sequence[str], serve: Serve) -> list[str]:
    """I3: return whether readers get something else for the newest than one of those answers."""
    answer = _told(serve(call, None))
    told = " or ".join(right)
    return _broken({f"I3: the newest of {call} is {told}, and a reader gets {answer}": answer not in right})


def _told(answer: bytes | str) -> str:
    if not isinstance(answer, str):
        return sha256(answer)
    if answer.startswith("404"):
        return NOTHING
    return DAMAGED if answer.startswith("502") and '"damaged"' in answer else answer


def answered(what: str, response: Response) -> list[str]:
    """I11: return whether an answer is an error that the app must not make."""
    is_damaged = response.status == 502 and b'"damaged"' in response.body
    is_passing = response.status == 503 and response.headers.get("Retry-After", "").isdecimal()
    told = f"{response.status} {response.body[:300].decode(errors='replace')}"
    return _broken({f"I11: {what} is answered with {told}": response.status >= 500 and not (is_damaged or is_passing)})


def requested(record: Record) -> list[str]:
    """I7, I8: return whether the download host was sent a secret, or Graph too many requests."""
    broken, times = list[str](), defaultdict[str, list[datetime]](list)
    for entry in record:
        if entry["listener"] == "download" and any(entry["carried"].values()):
            broken.append("I7: the download host was sent a secret")
        elif entry["listener"] == "graph":
            times[entry["call"].partition("(")[0]].append(datetime.fromisoformat(entry["at"]))
    for report, each in times.items():
        each.sort()
        if any(last - first < WINDOW for first, last in zip(each, each[BUDGET:], strict=False)):
            broken.append(f"I8: more than {BUDGET} requests for {report} within {WINDOW}")
    return broken
