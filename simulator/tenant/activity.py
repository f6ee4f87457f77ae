"""What each kind of member does on each day.

Everybody and everything in the tenant is of one of KINDS kinds, and members of a kind behave alike. A day is known
from one short vector per service and action (index: kind), which SHAKE-128 draws from the seed, so that counts over any
number of members are exact and cheap. Days are proleptic ordinals (`date.toordinal`), UTC.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import shake_128
from itertools import repeat
from operator import add, gt, le, mul, sub

KINDS = 401  # a prime above the default number of users, so that those few users all differ
SPAN = 180  # days: the longest window of a report
FOUNDED = date(2016, 1, 4).toordinal()
NEVER = date.max.toordinal()

Vector = Sequence[int]


@dataclass(frozen=True)
class Service:
    """A product with a licence and a habit."""

    launched: int
    """First day on which somebody has a licence."""
    rollout: int
    """Days from the launch until everybody who gets a licence has it."""
    licensed: float
    """Share of the kinds that get a licence."""
    habit: float
    """Share of the working days on which a typical member is active."""


def _service(launched: date, rollout: int, licensed: float, habit: float) -> Service:
    return Service(max(launched.toordinal(), FOUNDED), rollout, licensed, habit)


SERVICES = {
    "Exchange": _service(date(2016, 1, 4), 1, 0.96, 0.9),
    "OneDrive": _service(date(2016, 1, 4), 1500, 0.93, 0.5),
    "SharePoint": _service(date(2016, 1, 4), 1000, 0.93, 0.4),
    "Skype For Business": _service(date(2016, 1, 4), 1, 0.9, 0.0),  # retired on 2021-07-31
    "Yammer": _service(date(2016, 1, 4), 2000, 0.9, 0.08),
    "Teams": _service(date(2017, 3, 14), 1400, 0.93, 0.8),
    "Forms": _service(date(2018, 5, 14), 1500, 0.9, 0.06),
    "M365 Apps": _service(date(2016, 1, 4), 700, 0.92, 0.85),
    "Edge": _service(date(2016, 1, 4), 2500, 0.9, 0.7),
    "Copilot": _service(date(2023, 11, 1), 1500, 0.45, 0.45),
    "Site": _service(date(2016, 1, 4), 1, 1.0, 0.4),
    "Group": _service(date(2016, 1, 4), 1, 1.0, 0.35),
    "Team": _service(date(2017, 3, 14), 200, 1.0, 0.5),
    "Community": _service(date(2016, 1, 4), 1, 1.0, 0.2),
}
SUITE = "Office 365"
"""The union of the services in SUITE_PARTS; everybody has it."""
SUITE_PARTS = ("Exchange", "OneDrive", "SharePoint", "Skype For Business", "Yammer", "Teams")

ACTIONS = {
    "Send": (0.97, 25),
    "Receive": (1.0, 90),
    "Read": (1.0, 60),
    "Visited Page": (0.9, 30),
    "Viewed Or Edited": (0.95, 20),
    "Team Chat Message": (0.6, 12),
    "Private Chat Message": (0.98, 60),
    "Audio Duration": (0.9, 250),
    "Video Duration": (0.7, 250),
    "Screen Share Duration": (0.6, 250),
    "Outlook For Windows": (0.8, 1),
    "Outlook For Mac": (0.2, 1),
    "Mail For Mac": (0.15, 1),
    "Outlook 2013": (0.1, 1),
    "Outlook 2010": (0.05, 1),
    "Outlook 2007": (0.02, 1),
    "Undetermined": (0.05, 1),
    "Indeterminate": (0.0, 0),
    "IMAP4 App": (0.04, 1),
    "POP3 App": (0.02, 1),
    "SMTP App": (0.03, 1),
    "Window": (0.9, 1),
    "Windows Phone": (0.0, 0),  # deprecated column, always 0
    "Linux": (0.03, 1),
    "Chrome OS": (0.03, 1),
    "Edge Legacy": (0.05, 1),
    "Internet Explorer": (0.03, 1),
}
"""Action -> (share of the kinds that ever do it, most times a day); others have USUAL."""
USUAL = (0.6, 8)
PLATFORMS = ("Windows", "Mac", "Mobile", "Web")

HOLIDAYS = frozenset({(1, 1), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31)})  # (month, day)


def noise(seed: int, *key: object) -> bytes:
    """One even random byte per kind; equal for equal keys, on every machine."""
    return shake_128(repr((seed, *key)).encode()).digest(KINDS)


lot = lru_cache(maxsize=2048)(noise)
"""The same, for draws that belong to the kinds themselves and not to a day."""


def works(day: int) -> bool:
    """Whether the tenant works on that day: Monday to Friday, no holiday."""
    today = date.fromordinal(day)
    return today.weekday() < 5 and (today.month, today.day) not in HOLIDAYS


@lru_cache(maxsize=4096)
def rhythm(day: int) -> float:
    """How much of the usual activity that day sees, 0 to 1."""
    today = date.fromordinal(day)
    if not works(day):
        return 0.06 if today.weekday() == 6 else 0.1
    quiet_weeks = today.month == 8 or (today.month == 12 and today.day > 20)
    return (0.9 if today.weekday() == 4 else 1.0) * (0.8 if quiet_weeks else 1.0)


@lru_cache(maxsize=64)
def licensed_on(seed: int, service: str) -> Vector:
    """The day from which each kind has a licence, or NEVER."""
    if service == SUITE:
        return [FOUNDED] * KINDS
    about = SERVICES[service]
    chosen, when = lot(seed, service, "licensed"), lot(seed, service, "since")
    return [
        about.launched + about.rollout * late // 256 if chance < about.licensed * 256 else NEVER
        for chance, late in zip(chosen, when, strict=True)
    ]


@lru_cache(maxsize=4096)
def licensed(seed: int, service: str, day: int) -> bytes:
    """1 for the kinds with a licence on that day."""
    return bytes(map(le, licensed_on(seed, service), repeat(day)))


def _where(values: bytes, *conditions: bytes) -> bytes:
    """The values where all conditions are 1, else 0; all kinds at once as one large integer, which is fast."""
    kept = int.from_bytes(values, "big")
    for condition in conditions:
        kept &= 255 * int.from_bytes(condition, "big")
    return kept.to_bytes(KINDS, "big")


@lru_cache(maxsize=512)
def _thresholds(seed: int, service: str, level: float) -> Vector:
    """Noise below this value is a day of activity; about 1 kind in 16 is idle."""
    habit = SERVICES[service].habit
    keenness = lot(seed, service, "habit")
    return [0 if keen < 16 else min(255, int(256 * level * habit * (0.4 + keen / 240))) for keen in keenness]


@lru_cache(maxsize=32768)
def active(seed: int, service: str, day: int) -> bytes:
    """1 for the kinds that use the service on that day."""
    if service == SUITE:
        return bytes(map(max, *(active(seed, part, day) for part in SUITE_PARTS)))
    keen = bytes(map(gt, _thresholds(seed, service, rhythm(day)), noise(seed, service, day)))
    return _where(keen, licensed(seed, service, day))


@lru_cache(maxsize=512)
def _scale(seed: int, service: str, action: str) -> tuple[bytes, bytes]:
    """Which kinds ever do the action, and how often a day for each value of the noise: mostly little, seldom much."""
    share, top = ACTIONS.get(action, USUAL)
    doers = bytes(chance < share * 256 for chance in lot(seed, service, action))
    often = bytes(0 if value < 64 else min(top, 1 + top * (value - 64) ** 2 // 192**2) for value in range(256))
    return doers, often


@lru_cache(maxsize=65536)
def amounts(seed: int, service: str, action: str, day: int) -> bytes:
    """How often each kind does the action on that day. The empty action is being active at all (0 or 1).

    `Word (Mac)` happens only where both `Word` and `Mac` do.
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
    """How often each kind did the action from the day `start` to before `stop`.

    Put together from blocks of 32 days, so that the next day's is known from today's.
    """
    total = array("I", [0] * KINDS)
    while stop > start:
        total = array("I", map(add, total, _in_block(seed, service, action, stop)))
        stop = (stop - 1) // 32 * 32
    return array("I", map(sub, total, _in_block(seed, service, action, start))) if stop < start else total


@lru_cache(maxsize=16384)
def _in_block(seed: int, service: str, action: str, stop: int) -> Vector:
    """How often each kind did the action from the begin of a block to before `stop`, which is not the begin of one."""
    today = amounts(seed, service, action, stop - 1)
    if (stop - 1) % 32 == 0:
        return array("I", list(today))
    return array("I", map(add, _in_block(seed, service, action, stop - 1), today))


@lru_cache(maxsize=8192)
def _last_in_block(seed: int, service: str, action: str, start: int, stop: int) -> Vector:
    """The last day from `start` to before `stop` on which each kind did the action; 0 = not then."""
    latest = [0] * KINDS
    for day in range(start, stop):
        done = amounts(seed, service, action, day)
        latest = [day if often else past for often, past in zip(done, latest, strict=True)]
    return latest


@lru_cache(maxsize=4096)
def last_done(seed: int, service: str, action: str, day: int) -> Vector:
    """The last day up to that one on which each kind did the action; 0 = never.

    Looks back over blocks of 32 days until nobody is left who could have done it.
    """
    latest = [0] * KINDS
    awaited = _able(seed, service, action, day)
    stop = day + 1
    while stop > FOUNDED and any(map(gt, awaited, latest)):
        start = (stop - 1) // 32 * 32
        block = _last_in_block(seed, service, action, start, stop)
        latest = list(map(max, latest, block))
        stop = start
    return latest


def _able(seed: int, service: str, action: str, day: int) -> Vector:
    """1 for the kinds that may have done the action by that day."""
    able: Vector = licensed(seed, service, day)
    if service != SUITE:
        able = list(map(mul, able, map(bool, _thresholds(seed, service, 1.0))))
    return list(map(mul, able, _scale(seed, service, action)[0])) if action else able


@lru_cache(maxsize=1024)
def stock(seed: int, service: str, name: str, day: int) -> Vector:
    """What a member of each kind has in store on that day: bytes if the name says so, else a number of things."""
    start, rate = (20_000_000, 45_000) if "(Byte)" in name else (9, 0.006)
    bases, growths = lot(seed, service, name, "base"), lot(seed, service, name, "growth")
    return [
        int(start * (1 + base) + rate * growth * growth / 256 * (day - since)) if since <= day else 0
        for base, growth, since in zip(bases, growths, licensed_on(seed, service), strict=True)
    ]
