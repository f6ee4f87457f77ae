"""The cells of the detail reports: one rule for each pattern of column names."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache, partial
from itertools import islice, repeat

from simulator.tenant import activity, names
from simulator.tenant.measures import (
    CHOICES,
    QUOTAS,
    RETIRED_SERVICE,
    Numbers,
    Scope,
    action,
    choices,
    done,
    last_day,
    licence,
    of_kind,
    stock,
)
from simulator.tenant.services import SUITE_PARTS
from simulator.tenant.tenant import Member

Column = Callable[[Sequence[Member]], Iterable[str]]
"""Returns the cell of each of some members."""
Cell = Callable[[Member], str]

_FLAGGED = ("getEmailAppUsage", "getM365App", "getBrowser", "getTeamsDevice", "getYammerDevice")
"""Reports with Yes or No, not a number, for each app or device."""
_ORPHANED = 16
"""One group of so many has no owner."""
_AT_ONCE = 512
"""Members in a block."""


@lru_cache(maxsize=65536)
def iso(day: int) -> str:
    """Return the day as reports write it; 0 is no day."""
    return date.fromordinal(day).isoformat() if day else ""


def texts(numbers: Numbers, text: Callable[[int], str] = str) -> Column:
    """Return the column of these numbers."""
    return lambda members: map(text, numbers(members))


def _since(scope: Scope, service: str) -> Column:
    licensed_on, day = activity.licensed_on(scope.seed, service), scope.day
    return lambda members: [
        "" if (since := licensed_on[kind]) > day else iso(since if since > joined else joined)
        for _, kind, joined, _ in members
    ]


def either(numbers: Numbers, yes: str, no: str) -> Column:
    """Return the column of whether the numbers are not 0."""
    return lambda members: [yes if number else no for number in numbers(members)]


@lru_cache(maxsize=65536)
def quoted(text: str) -> str:
    """Return the text as Graph writes it: in quotes if there is a comma in it, `#QUOT#` in place of its own quotes.

    Seen in github.com/microsoftgraph/microsoft-graph-docs/issues/3932.
    """
    text = text.replace('"', "#QUOT#")
    return f'"{text}"' if "," in text else text


def constant(text: str) -> Column:
    """Return the column with the same text in every cell."""
    return lambda members: repeat(text, len(members))


def _each(cell: Cell) -> Column:
    return partial(map, cell)


def products(seed: int, day: int) -> Sequence[str]:
    """Return the Assigned Products of members of each kind on a day."""
    return _products(seed, activity.licensed(seed, "Copilot", day))


@lru_cache(maxsize=64)
def _products(seed: int, have_copilot: bytes) -> Sequence[str]:
    return [*map(_assigned, activity.trait(seed, "products"), have_copilot)]


def _assigned(chance: int, has_copilot: int) -> str:
    plans = ["MICROSOFT 365 F3" if chance < 40 else "OFFICE 365 E3" if chance < 90 else "MICROSOFT 365 E5"]
    plans += ["MICROSOFT 365 COPILOT"] if has_copilot else []
    plans += ["POWER BI (FREE)"] if chance % 3 == 0 else []
    plans += ["ENTERPRISE MOBILITY + SECURITY E5"] if chance % 4 == 1 else []
    return "+".join(plans)


def _naming(scope: Scope) -> dict[str, Cell]:
    """Return the cells that name a member.

    Sites and groups are owned by the first people, but for a few groups that nobody owns; an account by its user.
    """
    seed = scope.seed
    owned = scope.service in ("Site", "Group", "Community")
    orphaned = _ORPHANED if scope.service == "Group" else 0

    def person(member: Member) -> names.UserName:
        return names.user(seed, member.number // 2 if owned else member.number, scope.day)

    return {
        "User Principal Name": lambda member: person(member).principal,
        "Owner Principal Name": lambda member: (
            "" if orphaned and member.number % orphaned == orphaned - 1 else person(member).principal
        ),
        "Display Name": lambda member: quoted(person(member).display),
        "Owner Display Name": lambda member: quoted(person(member).display),
        "User Id": lambda member: names.guid(seed, "user", member.number),
        "Group Display Name": lambda member: quoted(names.title(seed, member.number)),
        "Team Name": lambda member: quoted(names.title(seed, member.number)),
        "Group Id": lambda member: names.guid(seed, "group", member.number),
        "Team Id": lambda member: names.guid(seed, "team", member.number),
        "Site Id": lambda member: names.guid(seed, scope.service, member.number),
        "Site URL": lambda member: (
            names.site_url(member.number) if owned else names.drive_url(person(member).principal)
        ),
    }


def columns(header: Sequence[str], scope: Scope) -> list[Column]:
    """Return a rule for each column of a detail report."""
    seed, day = scope.seed, scope.day
    by_name: dict[str, Column] = {
        **{name: _each(cell) for name, cell in _naming(scope).items()},
        "Report Refresh Date": constant(iso(day)),
        "Report Period": constant(scope.period),
        "Is Deleted": _each(lambda member: "True" if member.left <= day else "False"),
        "Deleted Date": _each(lambda member: iso(member.left) if member.left <= day else ""),
        "User State": _each(lambda member: "deleted" if member.left <= day else "active"),
        "State Change Date": _each(lambda member: iso(member.left if member.left <= day else member.joined)),
        "Created Date": _each(lambda member: iso(member.joined)),
        "Last Activation Date": _since(scope, scope.service),
        "Last Activity Date": texts(last_day(scope, scope.service), iso),
        "Assigned Products": of_kind(products(seed, day)),
        "Is Licensed": either(licence(scope, scope.service), "Yes", "No"),
        "Tenant Display Name": constant("Contoso"),
        "Network Display Name": constant("Contoso"),
        "Shared Channel Tenant Display Names": constant(""),
        "Site Sensitivity Label Id": constant("00000000-0000-0000-0000-000000000000"),
    }
    return [by_name.get(column) or _by_pattern(column, scope) for column in header]


def in_blocks(members: Iterator[Member]) -> Iterator[list[Member]]:
    """Yield the members in blocks, whose cells are to be made together."""
    while some := list(islice(members, _AT_ONCE)):
        yield some


def rows(members: Sequence[Member], of: Sequence[Column]) -> Iterator[Sequence[str]]:
    """Return the row of each member, of these columns."""
    return zip(*(column(members) for column in of), strict=True)


def _by_pattern(column: str, scope: Scope) -> Column:
    if column in QUOTAS:
        return constant(str(QUOTAS[column]))
    if column in CHOICES:
        return of_kind(choices(scope.seed, column))
    if match := re.fullmatch(r"Has (.+) License|(.+) License Assign Date", column):
        service = match[1] or match[2]
        return either(licence(scope, service), "True", "False") if match[1] else _since(scope, service)
    if column.endswith(" Last Activity Date"):
        return _last_activity(column, scope)
    if scope.service == RETIRED_SERVICE:
        return constant("")
    if re.search(r"Link|Member Count", column):
        few = 6 if "External" in column else 40
        return texts(of_kind([number % few for number in activity.trait(scope.seed, column)]))
    if re.search(r"\(Byte\)|Item|^(SharePoint Total )?File Count$", column):
        return texts(of_kind(stock(scope, column)))
    count = done(scope, column)
    if column.endswith(" Duration"):
        return texts(count, "PT{}S".format)
    if scope.report.startswith(_FLAGGED) or column.startswith(("Used ", "Has ")):
        return either(count, "Yes", "No")
    return texts(count)


def _last_activity(column: str, scope: Scope) -> Column:
    """Return the rule for the last day in one service of the suite, or with one app of Copilot."""
    service = column.removesuffix(" Last Activity Date")
    if service == RETIRED_SERVICE or scope.service == RETIRED_SERVICE:
        return constant("")
    if service in SUITE_PARTS:
        return texts(last_day(scope, service), iso)
    return texts(last_day(scope, scope.service, action(column)), iso)
