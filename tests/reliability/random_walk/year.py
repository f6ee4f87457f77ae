"""A year of one archive: pulls as scheduled, faults, outages, corrections, names concealed and shown again.

`python -m tests.reliability soak --year` walks through it. What must hold is checked after each pull, and counted in
the end.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import combinations, pairwise
from typing import Any, NamedTuple

from shared.domain.call import Call
from tests.reliability.checks import snapshots
from tests.reliability.environment import Environment, Rules
from tests.reliability.faults.cases import WRITE
from tests.reliability.faults.drawn import LIST, NOTE
from tests.reliability.oracle import CallDay
from tests.reliability.random_walk.walk import RandomWalk
from tests.reliability.schedule import RUNS_A_DAY, Violation

DAYS = 365
OUTAGE_DAYS = 3
RESTATEMENTS = 20
CONCEALMENT_CHANGES = 4
SHARE = 0.1
"""At least this share of requests is faulty."""

_DOWNLOAD = {"listener": "download"}
_IDENTITY = {"listener": "identity", "path": "*graph*"}
_GRAPH: Sequence[tuple[str, Mapping[str, str], Mapping[str, Any]]] = (
    ("throttled", {}, {"retry_after": "30"}),
    ("server_error", {}, {"status": 503, "form": "html"}),
    ("no_permission", {}, {}),
    ("reset", {"listener": "graph"}, {}),
    ("reset", _DOWNLOAD, {"after": 3}),
    ("url_expired", {}, {}),
    ("empty", _DOWNLOAD, {}),
    ("page", _DOWNLOAD, {}),
    ("token_error", _IDENTITY, {}),
    ("token_error", _IDENTITY, {"status": 404, "form": "empty"}),
    ("token_garbage", _IDENTITY, {}),
    ("token_without_roles", _IDENTITY, {}),
)
"""Four for each listener."""
_STORAGE = (("no_permission", LIST), ("busy", WRITE), ("lost_answer", WRITE), ("busy", NOTE))
DOWN: Sequence[tuple[Rules, Rules] | None] = (
    None,  # the host sleeps
    ([{"fault": "server_error", "times": None}], ()),
    ([{"fault": "url_expired", "times": None}], ()),
    ([{"fault": "token_error", "match": _IDENTITY, "times": None}], ()),
    ((), [{"fault": "disabled", "times": None}]),
)
"""The faults of Graph and of storage in each outage."""


class Year(NamedTuple):
    """What a year came to."""

    pulls: int
    """As scheduled."""
    requests: int
    """To the token endpoint, to Graph and to the download host."""
    faulty: int
    """Requests with which something went wrong."""
    snapshots: int
    missed: int
    """Refresh dates, of all calls, that two scheduled pulls could have seen, and that are not archived."""
    named: int
    """Refresh dates that the records of runs name as lost."""
    corrected: int
    """Bodies that Microsoft corrected."""
    read: int
    """Corrections that were read before the next one, and before the next refresh date was out."""
    revised: int
    """Corrections that were read, and are archived."""
    concealment_changes: int
    """Times that names were concealed, or shown again, from one snapshot to the next."""


class _Correction(NamedTuple):
    at: datetime
    day: CallDay
    sha256: str


def live(environment: Environment, reports: str, seed: int, days: int = DAYS) -> Year:
    """Walk through a year, which the seed determines but for what goes on side by side. Raise Violation."""
    random_ = random.Random(seed)
    number = days * RUNS_A_DAY
    down = _outages(random_, number)
    changes = sorted(random_.sample(range(RUNS_A_DAY, number), CONCEALMENT_CHANGES))
    plain = [slot for slot in range(RUNS_A_DAY, number) if slot not in down and _is_named(slot, changes)]
    restated = set(random_.sample(plain, RESTATEMENTS))
    usual, corrections = _rules(), list[_Correction]()
    walk = RandomWalk(environment, reports, datetime(2025, 11, 21, tzinfo=UTC))
    walk.trouble(*usual, seed)
    for slot in range(number):
        if slot in changes:
            walk.conceal(float(_is_concealed(slot, changes)))
        if down.get(slot) != down.get(slot - 1):
            walk.trouble(*((DOWN[down[slot]] or usual) if slot in down else usual), seed + slot)
        if slot in down and DOWN[down[slot]] is None:
            walk.miss(1)
        else:
            walk.pull()
        if slot in restated:
            corrections += _correct(environment, walk, random_)
    walk.trouble((), (), seed)
    walk.recover()
    year = _count(environment, walk, corrections, number)
    if wrong := _wrong(year, walk):
        raise Violation(f"{wrong}\n{year}")
    return year


def _outages(random_: random.Random, number: int) -> dict[int, int]:
    """Return the slots of outages, each with what is down; one in each part of the year."""
    length, part = RUNS_A_DAY * OUTAGE_DAYS, number // len(DOWN)
    begins = [part * each + random_.randrange(1, part - 2 * length) for each in range(len(DOWN))]
    return {begin + slot: kind for kind, begin in enumerate(begins) for slot in range(length)}


def _is_concealed(slot: int, changes: Sequence[int]) -> bool:
    """Whether names are concealed at that slot."""
    return sum(change <= slot for change in changes) % 2 == 1


def _is_named(slot: int, changes: Sequence[int]) -> bool:
    """Whether names are shown at that slot, and in the day after it, in which what is corrected then is read."""
    return not any(_is_concealed(slot + later, changes) for later in range(RUNS_A_DAY + 1))


def _rules() -> tuple[Rules, Rules]:
    """Return the faults of Graph and of storage on a usual day."""
    usual = {"times": None, "p": SHARE / 3}
    graph = [usual | {"fault": fault, "match": match, "args": args} for fault, match, args in _GRAPH]
    return graph, [usual | {"fault": fault, "match": match} for fault, match in _STORAGE]


def _correct(environment: Environment, walk: RandomWalk, random_: random.Random) -> list[_Correction]:
    """Give the newest day other numbers, so that its bodies are new. Return those that are."""
    for revision in random_.sample(range(1, 8), 7):
        walk.restate(0, revision)
        corrections = [_expected(environment, call) for call in walk.oracle.calls]
        new = [each for each in corrections if each.sha256 not in walk.oracle.archived.get(each.day, ())]
        if new:
            return new
    return []


def _expected(environment: Environment, call: Call) -> _Correction:
    body = environment.control.get("expected", call=str(call))
    day = CallDay(call, date.fromisoformat(body["refresh_date"]))
    return _Correction(environment.control.now(), day, body["sha256"])


def _count(environment: Environment, walk: RandomWalk, corrections: Sequence[_Correction], number: int) -> Year:
    oracle = walk.oracle
    until = {each: later.at for later, each in combinations(reversed(corrections), 2) if each.day == later.day}
    read = [each for each in corrections if any(each.at < at <= until.get(each, at) for at in oracle.read[each.day])]
    metadata = [blob.metadata for blob in snapshots(environment.seen).values() if blob.metadata]  # a stray has none
    names = [each["names"] for each in sorted(metadata, key=lambda each: each["pulled_at"]) if each["names"] != "none"]
    return Year(
        pulls=number,
        requests=walk.requests,
        faulty=walk.faulty,
        snapshots=len(metadata),
        missed=sum(map(len, oracle.gone().values())),
        named=sum(map(len, oracle.lost.values())),
        corrected=len(corrections),
        read=len(read),
        revised=sum(each.sha256 in oracle.archived.get(each.day, ()) for each in read),
        concealment_changes=sum(before != now for before, now in pairwise(names)),
    )


def _wrong(year: Year, walk: RandomWalk) -> str:
    """Return what a year must not come to."""
    gone, lost = walk.oracle.gone(), walk.oracle.lost
    if unequal := [str(call) for call in gone if gone[call] != lost[call]]:
        return f"I6: what was missed and what is named differ: {', '.join(unequal)}"
    return "I4: a revision is lost" if year.revised < year.read else ""
