"""A year of one archive: pulls as scheduled, faults, outages, corrections, names concealed and shown again.

`python -m tests.reliability soak --year` lives through it; what must hold is looked at after each pull, and counted in
the end.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from tests.reliability.environment import World
from tests.reliability.oracle import Place
from tests.reliability.random_walk.walk import Life, Rules, Violation

DAYS = 365
PULLS_A_DAY = 4
OUTAGE_DAYS = 3
RESTATEMENTS = 20
FLIPS = 4
SHARE = 0.1
"""Of the requests is the least that something goes wrong with."""

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
_STORAGE = (("no_permission", "list"), ("busy", "put_block"), ("lost_answer", "commit"), ("busy", "put_blob"))
DOWN: Sequence[tuple[Rules, Rules] | None] = (
    None,  # the host sleeps
    ([{"fault": "server_error", "times": None}], ()),
    ([{"fault": "url_expired", "times": None}], ()),
    ([{"fault": "token_error", "match": _IDENTITY, "times": None}], ()),
    ((), [{"fault": "disabled", "times": None}]),
)
"""What an outage is."""


class Year(NamedTuple):
    """What a year came to."""

    pulls: int
    """That were scheduled."""
    requests: int
    """To the token endpoint, to Graph and to the download host ..."""
    faulty: int
    """... those with which something went wrong."""
    snapshots: int
    missed: int
    """Refresh dates, of all calls, that two scheduled pulls could have seen, and that are not archived ..."""
    named: int
    """... and those that the records of runs name."""
    corrected: int
    """Bodies that were corrected ..."""
    read: int
    """... those that were read before the next refresh date came ..."""
    revised: int
    """... and those that are archived."""
    flips: int
    """Times that names were found concealed, or shown again."""

    def __str__(self) -> str:
        return (
            f"{self.pulls} pulls, {self.requests} requests, {self.faulty / self.requests:.1%} of them faulty, "
            f"{self.snapshots} snapshots; "
            f"{self.missed} refresh dates missed in outages, {self.named} named; "
            f"{self.corrected} bodies corrected, {self.read} of them read, {self.revised} archived: "
            f"{self.read - self.revised} lost revisions; {self.flips} flips of names"
        )


class _Correction(NamedTuple):
    at: datetime
    place: Place
    sha256: str


def live(world: World, reports: str, seed: int, days: int = DAYS) -> Year:
    """A year, told by its seed. Raises Violation."""
    chance = random.Random(seed)
    random.seed(seed)
    number = days * PULLS_A_DAY
    down = _outages(chance, number)
    concealed = sorted(chance.sample(range(PULLS_A_DAY, number), FLIPS))
    plain = [slot for slot in range(PULLS_A_DAY, number) if slot not in down and not _is_concealed(slot, concealed)]
    restated = set(chance.sample(plain, RESTATEMENTS))
    usual, corrections = _rules(), list[_Correction]()
    with Life(world, reports, datetime(2025, 11, 21, tzinfo=UTC)) as life:
        life.trouble(*usual, seed)
        for slot in range(number):
            if slot in concealed:
                life.conceal(float(_is_concealed(slot, concealed)))
            if down.get(slot) != down.get(slot - 1):
                life.trouble(*((DOWN[down[slot]] or usual) if slot in down else usual), seed + slot)
            if slot in down and DOWN[down[slot]] is None:
                life.miss(1)
            else:
                life.pull()
            if slot in restated:
                corrections += _correct(world, life, chance)
        life.trouble((), (), seed)
        life.recover()
        year = _counted(world, life, corrections, number)
    if wrong := _wrong(year, life):
        raise Violation(f"{wrong}\n{year}")
    return year


def _outages(chance: random.Random, number: int) -> dict[int, int]:
    """The slots of outages, each with what is down; one in each part of the year."""
    length, part = PULLS_A_DAY * OUTAGE_DAYS, number // len(DOWN)
    begins = [part * each + chance.randrange(1, part - 2 * length) for each in range(len(DOWN))]
    return {begin + slot: kind for kind, begin in enumerate(begins) for slot in range(length)}


def _is_concealed(slot: int, flips: Sequence[int]) -> bool:
    return sum(flip <= slot for flip in flips) % 2 == 1


def _rules() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """For Graph and for storage."""
    graph = [
        {"fault": fault, "match": match, "times": None, "p": SHARE / 3, "args": args} for fault, match, args in _GRAPH
    ]
    storage = [
        {"fault": fault, "match": {"operation": operation}, "times": None, "p": SHARE / 3}
        for fault, operation in _STORAGE
    ]
    return graph, storage


def _correct(world: World, life: Life, chance: random.Random) -> list[_Correction]:
    """Other numbers for the newest day, so that its bodies are others than before; each that is."""
    for revision in chance.sample(range(1, 8), 7):
        life.restate(0, revision)
        said = {str(call): world.control.get("expected", call=str(call)) for call in life.model.calls}
        places = {call: Place(call, date.fromisoformat(body["refresh_date"])) for call, body in said.items()}
        now = world.control.now()
        found = [
            _Correction(now, place, said[call]["sha256"])
            for call, place in places.items()
            if said[call]["sha256"] not in life.model.archived.get(place, ())
        ]
        if found:
            return found
    return []


def _counted(world: World, life: Life, corrections: Sequence[_Correction], number: int) -> Year:
    model = life.model
    read = [each for each in corrections if any(at > each.at for at in model.read[each.place])]
    revised = [each for each in read if each.sha256 in model.archived.get(each.place, ())]
    snapshots = [blob.metadata for (place, _), blob in world.blobs().items() if place in ("usage", "usage-personal")]
    names = [each["names"] for each in sorted(snapshots, key=lambda each: each["pulled_at"]) if each["names"] != "none"]
    return Year(
        pulls=number,
        requests=life.requests,
        faulty=life.faulty,
        snapshots=sum(map(len, model.archived.values())),
        missed=sum(map(len, model.gone().values())),
        named=sum(map(len, model.lost.values())),
        corrected=len(corrections),
        read=len(read),
        revised=len(revised),
        flips=sum(a != b for a, b in pairwise(names)),
    )


def _wrong(year: Year, life: Life) -> str:
    """What a year must not come to."""
    gone, lost = life.model.gone(), life.model.lost
    if unequal := [call for call in gone if gone[call] != lost[call]]:
        return f"I6: what was missed and what is named differ: {', '.join(unequal)}"
    return "I4: a revision is lost" if year.revised < year.read else ""
