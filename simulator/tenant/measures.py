"""What the columns of the reports count, by column name: a new report needs no code.

Reports that name the same thing share the measure behind it, so details and totals agree.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TypeVar

from simulator.tenant import activity
from simulator.tenant.activity import Vector
from simulator.tenant.tenant import Member

T = TypeVar("T")
Numbers = Callable[[Sequence[Member]], Sequence[int]]
"""Returns the number of each of some members."""

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


def done(scope: Scope, column: str) -> Numbers:
    """Return a function: how often members did the column's action in the window, while they were there."""
    first, stop = scope.first, scope.day + 1
    what = (scope.seed, scope.service, action(column))
    in_window = done_throughout(scope, column)

    def in_part(kind: int, start: int, end: int) -> int:
        return activity.done(*what, start, end)[kind] if start < end else 0

    return lambda members: [
        in_window[kind] if joined <= first and left >= stop else in_part(kind, max(first, joined), min(stop, left))
        for _, kind, joined, left in members
    ]


def last_day(scope: Scope, service: str, doing: str = "") -> Numbers:
    """Return a function: the last day on which members were active in the service, or 0."""
    latest = partial(activity.last_done, scope.seed, service, doing)
    today = latest(scope.day)
    day = scope.day

    return lambda members: [
        last if (last := (today if left > day else latest(left - 1))[kind]) >= joined else 0
        for _, kind, joined, left in members
    ]


def licence(scope: Scope, service: str) -> Numbers:
    """Return a function: 1 for members with a licence for the service on the last day, else 0."""
    return of_kind(activity.licensed(scope.seed, service, scope.day))


def of_kind(values: Sequence[T]) -> Callable[[Sequence[Member]], list[T]]:
    """Return a function: the value of the kind of each of some members."""
    return lambda members: [values[member.kind] for member in members]
