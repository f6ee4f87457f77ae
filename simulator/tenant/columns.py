"""The cells of the detail reports: one rule per sort of column name."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

from simulator.tenant import activity as habits
from simulator.tenant import names
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
from simulator.tenant.tenant import Member

Cell = Callable[[Member], str]

_FLAGGED = ("getEmailAppUsage", "getM365App", "getBrowser", "getTeamsDevice", "getYammerDevice")
"""Reports that have Yes or No, not a number, for each app or device."""


@lru_cache(maxsize=65536)
def iso(day: int) -> str:
    """The day as reports write it."""
    return date.fromordinal(day).isoformat()


def _date(days: Number) -> Cell:
    def cell(member: Member) -> str:
        day = days(member)
        return iso(day) if day else ""

    return cell


def _since(scope: Scope, service: str) -> Cell:
    since, day = habits.licensed_on(scope.seed, service), scope.day
    return _date(lambda member: max(since[member.kind], member.joined) if since[member.kind] <= day else 0)


def _either(test: Callable[[Member], object], yes: str, no: str) -> Cell:
    return lambda member: yes if test(member) else no


def quoted(text: str) -> str:
    """The text as a CSV field (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def _constant(text: str) -> Cell:
    return lambda member: text


@lru_cache(maxsize=4096)
def products(seed: int, kind: int, day: int) -> str:
    """The Assigned Products of members of the kind on that day."""
    chance = habits.lot(seed, "products")[kind]
    plans = ["MICROSOFT 365 F3" if chance < 40 else "OFFICE 365 E3" if chance < 90 else "MICROSOFT 365 E5"]
    plans += ["MICROSOFT 365 COPILOT"] if habits.licensed_on(seed, "Copilot")[kind] <= day else []
    plans += ["POWER BI (FREE)"] if chance % 3 == 0 else []
    return "+".join(plans)


def _naming(scope: Scope) -> dict[str, Cell]:
    """Cells that name a member. An owner of a site or group is one of the first people; an account's is its user."""
    seed = scope.seed
    owned = scope.service in ("Site", "Group", "Community")

    def person(one: Member) -> names.UserName:
        return names.user(seed, one.number // 2 if owned else one.number)

    return {
        "User Principal Name": lambda one: person(one).principal,
        "Owner Principal Name": lambda one: person(one).principal,
        "Display Name": lambda one: quoted(person(one).display),
        "Owner Display Name": lambda one: quoted(person(one).display),
        "User Id": lambda one: names.guid(seed, "user", one.number),
        "Group Display Name": lambda one: quoted(names.title(seed, one.number)),
        "Team Name": lambda one: quoted(names.title(seed, one.number)),
        "Group Id": lambda one: names.guid(seed, "group", one.number),
        "Team Id": lambda one: names.guid(seed, "team", one.number),
        "Site Id": lambda one: names.guid(seed, scope.service, one.number),
        "Site URL": lambda one: names.site_url(one.number) if owned else names.drive_url(person(one).principal),
    }


def cells(header: Sequence[str], scope: Scope) -> list[Cell]:
    """A rule for each column of a detail report."""
    seed, day = scope.seed, scope.day
    by_name: dict[str, Cell] = {
        **_naming(scope),
        "Report Refresh Date": _constant(iso(day)),
        "Report Period": _constant(scope.period),
        "Is Deleted": _either(lambda one: one.left <= day, "True", "False"),
        "Deleted Date": _date(lambda one: one.left if one.left <= day else 0),
        "User State": _either(lambda one: one.left <= day, "deleted", "active"),
        "State Change Date": _date(lambda one: one.left if one.left <= day else one.joined),
        "Created Date": _date(lambda one: one.joined),
        "Last Activation Date": _since(scope, scope.service),
        "Last Activity Date": _date(last_day(scope, scope.service)),
        "Assigned Products": lambda one: products(seed, one.kind, day),
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
        return lambda one: words[one.kind]
    if found := re.fullmatch(r"Has (.+) License|(.+) License Assign Date", column):
        service = found[1] or found[2]
        return _either(licence(scope, service), "True", "False") if found[1] else _since(scope, service)
    if column.endswith(" Last Activity Date"):
        return _last_activity(column, scope)
    if scope.service == RETIRED_SERVICE:
        return _constant("")
    if re.search(r"Link|Member Count", column):
        few = habits.lot(scope.seed, column)
        return lambda one: str(few[one.kind] % (6 if "External" in column else 40))
    if re.search(r"\(Byte\)|Item|^(SharePoint Total )?File Count$", column):
        stored = stock(scope, column)
        return lambda one: str(stored[one.kind])
    count = done(scope, column)
    if column.endswith(" Duration"):
        return lambda one: f"PT{count(one)}S"
    if scope.report.startswith(_FLAGGED) or column.startswith(("Used ", "Has ")):
        return _either(count, "Yes", "No")
    return lambda one: str(count(one))


def _last_activity(column: str, scope: Scope) -> Cell:
    """The last day in one service of the suite, or with one app of Copilot."""
    service = column.removesuffix(" Last Activity Date")
    if service == RETIRED_SERVICE or scope.service == RETIRED_SERVICE:
        return _constant("")
    if service in habits.SUITE_PARTS:
        return _date(last_day(scope, service))
    return _date(last_day(scope, scope.service, action(column)))
