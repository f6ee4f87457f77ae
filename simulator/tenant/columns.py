"""The cells of the detail reports: one rule for each pattern of column names."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

from simulator.tenant import activity, names
from simulator.tenant.measures import (
    CHOICES,
    QUOTAS,
    RETIRED_SERVICE,
    Number,
    Scope,
    action,
    choices,
    done,
    last_day,
    licence,
    stock,
)
from simulator.tenant.services import SUITE_PARTS
from simulator.tenant.tenant import Member

Cell = Callable[[Member], str]

_FLAGGED = ("getEmailAppUsage", "getM365App", "getBrowser", "getTeamsDevice", "getYammerDevice")
"""Reports with Yes or No, not a number, for each app or device."""
_ORPHANED = 16
"""One group of so many has no owner."""


@lru_cache(maxsize=65536)
def iso(day: int) -> str:
    """Return the day as reports write it."""
    return date.fromordinal(day).isoformat()


def _date(days: Number) -> Cell:
    def cell(member: Member) -> str:
        day = days(member)
        return iso(day) if day else ""

    return cell


def _since(scope: Scope, service: str) -> Cell:
    since, day = activity.licensed_on(scope.seed, service), scope.day
    return _date(lambda member: max(since[member.kind], member.joined) if since[member.kind] <= day else 0)


def _either(test: Callable[[Member], object], yes: str, no: str) -> Cell:
    return lambda member: yes if test(member) else no


def quoted(text: str) -> str:
    """Return the text as Graph writes it: in quotes if there is a comma in it, `#QUOT#` in place of its own quotes.

    Seen in github.com/microsoftgraph/microsoft-graph-docs/issues/3932.
    """
    text = text.replace('"', "#QUOT#")
    return f'"{text}"' if "," in text else text


def _constant(text: str) -> Cell:
    return lambda member: text


def products(seed: int, kind: int, day: int) -> str:
    """Return the Assigned Products of members of a kind on a day."""
    return _products(seed, kind, activity.licensed_on(seed, "Copilot")[kind] <= day)


@lru_cache(maxsize=4096)
def _products(seed: int, kind: int, has_copilot: bool) -> str:
    chance = activity.trait(seed, "products")[kind]
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


def cells(header: Sequence[str], scope: Scope) -> list[Cell]:
    """Return a rule for each column of a detail report."""
    seed, day = scope.seed, scope.day
    by_name: dict[str, Cell] = {
        **_naming(scope),
        "Report Refresh Date": _constant(iso(day)),
        "Report Period": _constant(scope.period),
        "Is Deleted": _either(lambda member: member.left <= day, "True", "False"),
        "Deleted Date": _date(lambda member: member.left if member.left <= day else 0),
        "User State": _either(lambda member: member.left <= day, "deleted", "active"),
        "State Change Date": _date(lambda member: member.left if member.left <= day else member.joined),
        "Created Date": _date(lambda member: member.joined),
        "Last Activation Date": _since(scope, scope.service),
        "Last Activity Date": _date(last_day(scope, scope.service)),
        "Assigned Products": lambda member: products(seed, member.kind, day),
        "Is Licensed": _either(licence(scope, scope.service), "Yes", "No"),
        "Tenant Display Name": _constant("Contoso"),
        "Network Display Name": _constant("Contoso"),
        "Shared Channel Tenant Display Names": _constant(""),
        "Site Sensitivity Label Id": _constant("00000000-0000-0000-0000-000000000000"),
    }
    return [by_name.get(column) or _by_pattern(column, scope) for column in header]


def _by_pattern(column: str, scope: Scope) -> Cell:
    if column in QUOTAS:
        return _constant(str(QUOTAS[column]))
    if column in CHOICES:
        words = choices(scope.seed, column)
        return lambda member: words[member.kind]
    if match := re.fullmatch(r"Has (.+) License|(.+) License Assign Date", column):
        service = match[1] or match[2]
        return _either(licence(scope, service), "True", "False") if match[1] else _since(scope, service)
    if column.endswith(" Last Activity Date"):
        return _last_activity(column, scope)
    if scope.service == RETIRED_SERVICE:
        return _constant("")
    if re.search(r"Link|Member Count", column):
        few = activity.trait(scope.seed, column)
        return lambda member: str(few[member.kind] % (6 if "External" in column else 40))
    if re.search(r"\(Byte\)|Item|^(SharePoint Total )?File Count$", column):
        stored = stock(scope, column)
        return lambda member: str(stored[member.kind])
    count = done(scope, column)
    if column.endswith(" Duration"):
        return lambda member: f"PT{count(member)}S"
    if scope.report.startswith(_FLAGGED) or column.startswith(("Used ", "Has ")):
        return _either(count, "Yes", "No")
    return lambda member: str(count(member))


def _last_activity(column: str, scope: Scope) -> Cell:
    """Return the rule for the last day in one service of the suite, or with one app of Copilot."""
    service = column.removesuffix(" Last Activity Date")
    if service == RETIRED_SERVICE or scope.service == RETIRED_SERVICE:
        return _constant("")
    if service in SUITE_PARTS:
        return _date(last_day(scope, service))
    return _date(last_day(scope, scope.service, action(column)))
