"""What the columns of the reports count, by column name: a new report needs no code.

Reports that name the same thing share the measure behind it, so details and totals agree.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from simulator.tenant import activity
from simulator.tenant.activity import Vector
from simulator.tenant.tenant import Member

Number = Callable[[Member], int]

RETIRED_SERVICE = "Skype For Business"
"""Its cells are empty, not 0 (seen in github.com/elastic/integrations, o365_metrics)."""

_ALIASES = {
    "SharePoint Active File": "Active File",
    "Exchange Emails Received": "Exchange Received Email",
    "Yammer Messages Posted": "Yammer Posted Message",
    "Yammer Messages Read": "Yammer Read Message",
    "Yammer Messages Liked": "Yammer Liked Message",
    "Designer": "Created",
    "Form": "Created",
    "Respondent": "Responded",
    "Authenticated in response": "Responded",
    "Prompts submitted for all app": "Prompts submitted",
    "Total prompts submitted": "Prompts submitted",
    "Active Usage Days for all app": "",
    "Any App": "",
    "Total User": "",
    "Active": "",
}
_STOCKS = {
    "Mailbox Storage Used (Byte)": "Exchange Mailbox Storage Used (Byte)",
    "Site Storage Used (Byte)": "SharePoint Site Storage Used (Byte)",
    "SharePoint Total File Count": "File Count",
}
_GIB = 2**30
QUOTAS = {
    "Issue Warning Quota (Byte)": 49 * _GIB,
    "Prohibit Send Quota (Byte)": 99 * _GIB // 2,
    "Prohibit Send/Receive Quota (Byte)": 50 * _GIB,
    "Deleted Item Quota (Byte)": 30 * _GIB,
    "Storage Allocated (Byte)": 1024 * _GIB,
}
"""Columns that hold the same number for everybody."""
CHOICES = {
    "Group Type": ("Private", "Public"),
    "Team Type": ("Private", "Public"),
    "Root Web Template": ("Group", "Team Site", "Communication Site", "Publishing Site"),
    "Office 365 Connected": ("Yes", "No"),
    "Has Archive": ("True", "False"),
    "External Sharing": ("Anyone", "New and existing guests", "Only people in your organization"),
    "Unmanaged Device Policy": ("FullAccess", "LimitedAccess"),
    "Geo Location": ("EUR", "NAM"),
}
"""Columns that hold one of a few words, by kind."""


@dataclass(frozen=True)
class Scope:
    """The part of the tenant and the window of days that one file is about."""

    report: str
    seed: int
    service: str
    first: int
    """First day of the window."""
    day: int
    """Last day of the window: the refresh date."""
    period: str
    """The cell `Report Period`: `7`, or `1` for a single day."""


@lru_cache(maxsize=1024)
def action(column: str) -> str:
    """Return the action that a column counts, whatever its report calls it; "" means being active at all."""
    app = re.sub(r" (Enabled Users|Active Users|(Copilot )?Last Activity Date)$", "", column)
    name = app.removesuffix(" Copilot") if app != column else column
    name = re.sub(r"^(Used|Has) | (Count|In Seconds)$", "", name)
    name = re.sub(r"(?<!Active) File$|s$", "", name)
    return _ALIASES.get(name, name)


@lru_cache(maxsize=64)
def choices(seed: int, column: str) -> tuple[str, ...]:
    """Return the word of each kind in a column of few words."""
    words = CHOICES[column]
    return tuple(words[chance % len(words)] for chance in activity.trait(seed, column))


def stock(scope: Scope, column: str) -> Vector:
    """Return what a member of each kind stores on the last day."""
    return activity.stock(scope.seed, scope.service, _STOCKS.get(column, column), scope.day)


def done_throughout(scope: Scope, column: str) -> Vector:
    """Return how often each kind did the column's action in the window."""
    return activity.done(scope.seed, scope.service, action(column), scope.first, scope.day + 1)


def done(scope: Scope, column: str) -> Number:
    """Return a function: how often a member did the column's action in the window, while it was there."""
    first, stop = scope.first, scope.day + 1
    what = (scope.seed, scope.service, action(column))
    in_window = done_throughout(scope, column)

    def count(member: Member) -> int:
        start, end = max(first, member.joined), min(stop, member.left)
        if start >= end:
            return 0
        return (in_window if (start, end) == (first, stop) else activity.done(*what, start, end))[member.kind]

    return count


def last_day(scope: Scope, service: str, doing: str = "") -> Number:
    """Return a function: the last day on which a member was active in the service, or 0."""
    latest = partial(activity.last_done, scope.seed, service, doing)
    today = latest(scope.day)
    day = scope.day

    def last(member: Member) -> int:
        last_of_kind = (today if member.left > day else latest(member.left - 1))[member.kind]
        return last_of_kind if last_of_kind >= member.joined else 0

    return last


def licence(scope: Scope, service: str) -> Number:
    """Return a function: 1 if a member has a licence for the service on the last day, else 0."""
    licensed = activity.licensed(scope.seed, service, scope.day)
    return lambda member: licensed[member.kind]
