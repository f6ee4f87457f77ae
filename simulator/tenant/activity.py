"""What each kind of member does on each day.

Every member of the tenant is of one of KINDS kinds, and members of a kind behave alike. A day is one short vector per
service and action (index: kind), which SHAKE-128 draws from the seed. So counts over any number of members are exact
and cheap. Days are proleptic ordinals (`date.toordinal`), UTC.
"""

import sys
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from functools import lru_cache, reduce
from hashlib import shake_128
from operator import gt, mul, or_

from simulator.tenant.services import ACTIONS, FOUNDED, PLATFORMS, SERVICES, SUITE, SUITE_PARTS, USUAL

KINDS = 401  # a prime above the default number of users, so that these all differ
SPAN = 180  # days: the longest window of a report
NEVER = date.max.toordinal()
_ROUND, _AWAY = 800, 330
"""Days, after which somebody stays away again, and for how long."""

Vector = Sequence[int]

HOLIDAYS = frozenset({(1, 1), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31)})  # (month, day)


def noise(seed: int, *key: object) -> bytes:
    """Return one uniform random byte per kind; the same for the same key on every machine."""
    return shake_128(repr((seed, *key)).encode()).digest(KINDS)


trait = lru_cache(maxsize=2048)(noise)
"""The same for what belongs to the kinds themselves and not to a day: few keys, so they are kept."""


def is_working_day(day: int) -> bool:
    """Whether the tenant works on that day: Monday to Friday, except holidays."""
    today = date.fromordinal(day)
    return today.weekday() < 5 and (today.month, today.day) not in HOLIDAYS


@lru_cache(maxsize=4096)
def level_on(day: int) -> float:
    """Return the activity of a day as a share of the usual, 0 to 1."""
    today = date.fromordinal(day)
    if not is_working_day(day):
        return 0.06 if today.weekday() == 6 else 0.1
    quiet_weeks = today.month == 8 or (today.month == 12 and today.day > 20)
    return (0.9 if today.weekday() == 4 else 1.0) * (0.8 if quiet_weeks else 1.0)


@lru_cache(maxsize=64)
def licensed_on(seed: int, service: str) -> Vector:
    """Return the day from which each kind has a licence, or NEVER."""
    if service == SUITE:
        return [FOUNDED] * KINDS
    product = SERVICES[service]
    chosen, when = trait(seed, service, "licensed"), trait(seed, service, "since")
    return [
        product.launched + product.rollout * late // 256 if chance < product.licensed * 256 else NEVER
        for chance, late in zip(chosen, when, strict=True)
    ]


def licensed(seed: int, service: str, day: int) -> bytes:
    """Return 1 for the kinds with a licence on that day."""
    return _licensed(seed, service, bisect_right(_days_of_licences(seed, service), day))


@lru_cache(maxsize=64)
def _days_of_licences(seed: int, service: str) -> Vector:
    return sorted(set(licensed_on(seed, service)))


@lru_cache(maxsize=4096)
def _licensed(seed: int, service: str, number: int) -> bytes:
    """Return the same after so many of the days on which somebody got a licence."""
    days = frozenset(_days_of_licences(seed, service)[:number])
    return bytes(day in days for day in licensed_on(seed, service))


def _where(values: bytes, *conditions: bytes) -> bytes:
    """Return the values where all conditions are 1, else 0: all kinds at once as one large integer, which is fast."""
    result = int.from_bytes(values, "big")
    for condition in conditions:
        result &= 255 * int.from_bytes(condition, "big")
    return result.to_bytes(KINDS, "big")


@lru_cache(maxsize=512)
def _thresholds(seed: int, service: str, level: float) -> Vector:
    """Return the value below which noise means a day of activity; about 1 kind in 16 is idle."""
    share = SERVICES[service].active_share
    keenness = trait(seed, service, "habit")
    return [0 if keen < 16 else min(255, int(256 * level * share * (0.4 + keen / 240))) for keen in keenness]


@lru_cache(maxsize=32768)
def active(seed: int, service: str, day: int) -> bytes:
    """Return 1 for the kinds that use the service on that day."""
    if service == SUITE:
        parts = (int.from_bytes(active(seed, part, day), "big") for part in SUITE_PARTS)
        return reduce(or_, parts).to_bytes(KINDS, "big")
    keen = bytes(map(gt, _thresholds(seed, service, level_on(day)), noise(seed, service, day)))
    return _where(keen, licensed(seed, service, day), _present(day % _ROUND))


@lru_cache(maxsize=_ROUND)
def _present(day: int) -> bytes:
    """Return 1 for the kinds that are there at all on that day of a round.

    Every third kind stays away for most of a year, again and again, each at a time of its own: so on any day a tenth of
    all have done nothing for 90 days.
    """
    present = bytearray([1] * KINDS)
    present[::3] = bytes((day + 2 * kind) % _ROUND >= _AWAY for kind in range(0, KINDS, 3))
    return bytes(present)


@lru_cache(maxsize=512)
def _scale(seed: int, service: str, action: str) -> tuple[bytes, bytes]:
    """Return which kinds ever do the action, and how often a day for each value of the noise: mostly little."""
    share, top = ACTIONS.get(action, USUAL)
    doers = bytes(chance < share * 256 for chance in trait(seed, service, action))
    often = bytes(0 if value < 64 else min(top, 1 + top * (value - 64) ** 2 // 192**2) for value in range(256))
    return doers, often


@lru_cache(maxsize=65536)
def amounts(seed: int, service: str, action: str, day: int) -> bytes:
    """Return how often each kind does the action on that day. The empty action means being active at all (0 or 1).

    `Word (Mac)` is the lesser of `Word` and `Mac`.
    """
    if not action:
        return active(seed, service, day)
    app, _, platform = action.removesuffix(")").partition(" (")
    if platform in PLATFORMS:
        return bytes(map(min, *(amounts(seed, service, part.removesuffix("s"), day) for part in (app, platform))))
    doers, often = _scale(seed, service, action)
    return _where(noise(seed, service, action, day).translate(often), doers, active(seed, service, day))


@lru_cache(maxsize=8192)
def done(seed: int, service: str, action: str, start: int, stop: int) -> Vector:
    """Return how often each kind did the action from the day `start` to before `stop`.

    The sum is made of blocks of 32 days, so that tomorrow's follows from today's.
    """
    total = 0
    while stop > start:
        total += _in_block(seed, service, action, stop)
        stop = (stop - 1) // 32 * 32
    if stop < start:
        total -= _in_block(seed, service, action, start)
    return array("I", total.to_bytes(4 * KINDS, sys.byteorder))


@lru_cache(maxsize=16384)
def _in_block(seed: int, service: str, action: str, stop: int) -> int:
    """Return how often each kind did the action from the start of the block to before `stop`, a day inside it.

    All kinds are one large integer, with four bytes for each, as such are added fast.
    """
    today = array("I", list(amounts(seed, service, action, stop - 1)))
    before = _in_block(seed, service, action, stop - 1) if (stop - 1) % 32 else 0
    return before + int.from_bytes(today.tobytes(), sys.byteorder)


_ANY = bytes([0, *[255] * 255])
"""Turns whatever is not 0 into 255."""


@lru_cache(maxsize=8192)
def _last_in_block(seed: int, service: str, action: str, start: int, stop: int) -> Vector:
    """Return the last day from `start` to before `stop`, at most 255 later, on which each kind did the action, or 0."""
    latest, each = 0, int.from_bytes(bytes([1] * KINDS), "big")  # one byte for each kind: a day is counted from 1
    for number in range(1, stop - start + 1):
        doers = int.from_bytes(amounts(seed, service, action, start + number - 1).translate(_ANY), "big")
        latest ^= (latest ^ each * number) & doers
    return [number and start + number - 1 for number in latest.to_bytes(KINDS, "big")]


@lru_cache(maxsize=16384)
def last_done(seed: int, service: str, action: str, day: int) -> Vector:
    """Return the last day up to that one on which each kind did the action, or 0.

    Tomorrow's follows from today's, but for the first day of a block of 32.
    """
    find = last_done if day % 32 else _last_before
    before = find(seed, service, action, day - 1)
    return [day if often else last for often, last in zip(amounts(seed, service, action, day), before, strict=True)]


def _last_before(seed: int, service: str, action: str, day: int) -> Vector:
    """Return the same, found by going back over blocks until every kind that may have done it is accounted for.

    No kind is looked for before it had a licence.
    """
    latest = [0] * KINDS
    since = [
        first if able else NEVER
        for able, first in zip(_able(seed, service, action, day), licensed_on(seed, service), strict=True)
    ]
    stop = day + 1
    while any(last < first < stop for last, first in zip(latest, since, strict=True)):
        start = (stop - 1) // 32 * 32
        block = _last_in_block(seed, service, action, start, stop)
        latest = list(map(max, latest, block))
        stop = start
    return latest


def _able(seed: int, service: str, action: str, day: int) -> Vector:
    """Return a truthy number for the kinds that may have done the action by that day."""
    able: Vector = licensed(seed, service, day)
    if service != SUITE:
        able = list(map(mul, able, map(bool, _thresholds(seed, service, 1.0))))
    return list(map(mul, able, _scale(seed, service, action)[0])) if action else able


@lru_cache(maxsize=1024)
def stock(seed: int, service: str, name: str, day: int) -> Vector:
    """Return what a member of each kind stores on that day: bytes if the name says so, else a number of things."""
    return [
        int(base + growth * (day - since)) if since <= day else 0
        for base, growth, since in _growth(seed, service, name)
    ]


@lru_cache(maxsize=64)
def _growth(seed: int, service: str, name: str) -> Sequence[tuple[int, float, int]]:
    """Return of each kind what a member stores at first, what is added each day, and from which day on."""
    start, rate = (20_000_000, 45_000) if "(Byte)" in name else (9, 0.006)
    bases, growths = trait(seed, service, name, "base"), trait(seed, service, name, "growth")
    return [
        (start * (1 + base), rate * growth * growth / 256, since)
        for base, growth, since in zip(bases, growths, licensed_on(seed, service), strict=True)
    ]
