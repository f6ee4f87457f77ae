"""The ingredients of worlds: what may happen to an archive before a run, to its blobs, to Graph, storage and clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.reliability.faults.drawn import GRAPH_FAULTS, STORAGE_FAULTS
from tests.reliability.worlds import hands
from tests.reliability.worlds.hands import Hand

if TYPE_CHECKING:
    from tests.reliability.worlds.life import Life

_PERSON = "adele.vance7@contoso.com"
_OTHERS = (
    "getEmailAppUsageUserDetail(period='D7')",
    "getMailboxUsageStorage(period='D7')",
    "getBrowserUserDetail(period='D7')",
    "getYammerActivityUserDetail(period='D30')",
    "getSharePointSiteUsageDetail(period='D7')",
    "getTeamsDeviceUsageUserCounts(period='D7')",
)
_ERRORS = (
    "<html><body>500 Internal Server Error</body></html>\r\n",
    '{"error":{"code":"UnknownError"}}\r\n',
    "Internal Server Error",
)


def _tells(rule: Mapping[str, Any]) -> bool:
    """Whether the simulator's record tells what became of a body.

    Of one that it packed it knows the SHA-256 of what it sent, and a short body is not cut at a late byte.
    """
    return rule["fault"] != "gzip" and not (rule["fault"] == "truncated" and rule["args"]["at"] > 0)


_WEATHER = [case for case in GRAPH_FAULTS if all(map(_tells, case.graph))]
_SLOW_STORAGE: Sequence[tuple[str, Mapping[str, str], Mapping[str, Any]]] = (
    ("hang", {}, {}),
    ("delay", {}, {"seconds": 75.0}),
    ("delay", {}, {"seconds": 2.0}),
)


class Happening(NamedTuple):
    """An ingredient."""

    what: str
    likely: float
    """How likely it happens before a run."""
    happen: Callable[[Life, Random], None]


def _by(hands_: Sequence[Hand]) -> Callable[[Life, Random], None]:
    return lambda life, random_: random_.choice(hands_)(life.environment, random_)


def _strays(life: Life, random_: Random) -> None:
    day = str(random_.choice([life.shown_day(), life.shown_day() - timedelta(days=3)]))
    hands.put_strays(life.environment, [*life.calls, *life.single_days()], day, random_, 0.4)


def _other_report(life: Life, random_: Random) -> None:
    call = str(random_.choice(life.calls))
    others = [each for each in _OTHERS if each.partition("(")[0] not in call]
    life.trouble("other_report", random_, {"call": f"{call.partition('(')[0]}*"}, {"call": random_.choice(others)})


def _appended(life: Life, random_: Random) -> None:
    life.trouble("followed", random_, {}, {"text": random_.choice(_ERRORS), "by": random_.choice((0, 2, 20, 60))})


def _return(life: Life, random_: Random) -> None:
    """Let Microsoft correct the newest day, or take that back."""
    life.schedule.restate(random_.choice(life.calls).report, random_.choice((0, 0, 0, 1, 2)), random_.choice((0, 3, 7)))


def _few(life: Life, random_: Random) -> None:
    life.trouble("shrunk", random_, {}, {"share": random_.choice((0.2, 0.5))}, slots=random_.choice((4, 12, 24)))


def _people(life: Life, random_: Random) -> None:
    message = f"Resource not found for {_PERSON}."
    fault, args = random_.choice(
        (
            ("date_form", {"text": _PERSON}),
            ("no_json", {"message": message}),
            ("server_error", {"message": message}),
            ("page", {"text": f"2026-11-18,{_PERSON},Adele Vance,False\r\n", "kind": "text/csv"}),
        )
    )
    life.trouble(fault, random_, {}, args)


def _storage(life: Life, random_: Random) -> None:
    fault, match, args = random_.choice([*_SLOW_STORAGE, *((fault, match, {}) for fault, match in STORAGE_FAULTS)])
    rule = {"fault": fault, "match": match, "args": args}
    life.storage_trouble(rule | {"times": random_.choice((None, 1, 2, 5)), "p": random_.choice((0.05, 1.0))})


def _weather(life: Life, random_: Random) -> None:
    likely = random_.choice((0.1, 1.0))
    for rule in random_.choice(_WEATHER).graph:
        life.trouble(rule["fault"], random_, rule.get("match"), rule.get("args"), likely=likely)


HAPPENINGS: Mapping[str, Happening] = {
    "strays": Happening("foreign and half-fitting blobs lie in every container", 0.2, _strays),
    "unreadable": Happening("snapshots have no metadata, or only copies without", 0.1, _by(hands.UNREADABLE)),
    "versions": Happening("snapshots have the metadata of another version", 0.2, _by(hands.VERSIONS)),
    "damage": Happening("snapshots are swapped, flipped, cut, longer", 0.15, _by(hands.DAMAGE)),
    "records": Happening("run records are missing, damaged, older, newer, all gone", 0.2, _by(hands.RECORDS)),
    "rebuildable": Happening("what can be made again is missing or damaged", 0.2, _by(hands.REBUILDABLE)),
    "other_report": Happening("the body of any report comes under any call", 0.15, _other_report),
    "order": Happening(
        "the order of rows changes at every request", 0.3, lambda life, random_: life.trouble("rows_shuffled", random_)
    ),
    "return": Happening("a body comes back: A, B, A, and A, B, C, A", 0.3, _return),
    "appended": Happening("an error text follows whole or half rows", 0.15, _appended),
    "few": Happening("fewer rows for days", 0.05, _few),
    "people": Happening("a name stands where none belongs", 0.15, _people),
    "concealed": Happening(
        "names are concealed", 0.1, lambda life, random_: life.trouble("concealed", random_, slots=6)
    ),
    "clocks": Happening(
        "another instance pulls too, with a clock an hour or minutes apart",
        0.4,
        lambda life, random_: life.pull_beside(timedelta(minutes=random_.choice((-60, -12, 5, 12, 60)))),
    ),
    "jump": Happening(
        "a clock jumps a week once", 0.05, lambda life, random_: life.jump(timedelta(days=random_.choice((7, -7))))
    ),
    "storage": Happening("storage has any of the known faults, hangs, or answers late", 0.1, _storage),
    "selection": Happening(
        "reports are taken out of REPORTS and put back", 0.1, lambda life, random_: life.select(random_)
    ),
    "readers": Happening("readers come beside a run", 0.3, lambda life, random_: life.read_beside()),
    "stall": Happening(
        "the refresh date stands still for days, and jumps",
        0.04,
        lambda life, random_: life.stall(random_.choice((3, 5, 9))),
    ),
    "outage": Happening("the host sleeps", 0.05, lambda life, random_: life.sleep(random_.choice((2, 5, 12)))),
    "weather": Happening("Graph, the download or the token has any of the known faults", 0.2, _weather),
    "crash": Happening(
        "a run ends in the middle",
        0.1,
        lambda life, random_: life.crash(random_.randint(1, 40), random_.random() < 0.5),
    ),
    "tables": Happening(
        "tables, manifests and the indexes of what there is are missing, damaged, empty", 0.3, _by(hands.OF_TABLES)
    ),
}
