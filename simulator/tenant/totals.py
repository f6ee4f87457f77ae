"""Rows of the count reports: a row per day, or one per period, added up over all members.

A daily row counts the members of that day. A period row adds up the rows of the detail report of the period, so the two
agree.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import compress
from operator import gt, mul

from simulator.tenant import activity
from simulator.tenant.activity import KINDS, Vector
from simulator.tenant.columns import iso
from simulator.tenant.measures import (
    QUOTAS,
    RETIRED_SERVICE,
    Number,
    Scope,
    action,
    choices,
    done,
    done_throughout,
    licence,
    stock,
)
from simulator.tenant.services import SUITE
from simulator.tenant.tenant import Population

Missing = Callable[[int], int]
"""Day -> how many batches of members its numbers lack (0 to 7; see tenant.BATCHES)."""

_QUOTA_STATES = {
    "Under Limit": (0, QUOTAS["Issue Warning Quota (Byte)"]),
    "Warning Issued": (QUOTAS["Issue Warning Quota (Byte)"], QUOTAS["Prohibit Send Quota (Byte)"]),
    "Send Prohibited": (QUOTAS["Prohibit Send Quota (Byte)"], QUOTAS["Prohibit Send/Receive Quota (Byte)"]),
    "Send/Receive Prohibited": (QUOTAS["Prohibit Send/Receive Quota (Byte)"], 2**63),
}
"""Column -> least size of a mailbox in bytes, and the size that is too large."""
_FIXED = ("Report Refresh Date", "Report Period", "Report Date", "Site Type")
"""Columns that say what a row is about."""


@lru_cache(maxsize=1024)
def counts_members(report: str, column: str) -> bool:
    """Whether the column counts members, and not what they did."""
    return bool(re.search(r"(User|Account|Site|Group|Team|Mailbox)Count", report)) and "prompts" not in column.lower()


def _on_day(column: str, scope: Scope) -> Vector:
    """Return what a member of each kind adds to the column on the last day of the scope."""
    seed, service, day = scope.seed, scope.service, scope.day
    if scope.report.endswith("FileCounts") and column in ("Total", "Active"):
        return stock(scope, "File Count") if column == "Total" else activity.amounts(seed, service, "Active File", day)
    licensed = activity.licensed(seed, service, day)
    if column in _QUOTA_STATES:
        low, high = _QUOTA_STATES[column]
        sizes = stock(scope, "Storage Used (Byte)")
        return [one * (low <= size < high) for one, size in zip(licensed, sizes, strict=True)]
    if column.endswith(" Teams"):
        counted = activity.active(seed, service, day) if column.startswith("Active") else licensed
        sort = column.split()[-2]
        return [one * (mine == sort) for mine, one in zip(choices(seed, "Team Type"), counted, strict=True)]
    if column == "Total" or column.endswith(" Enabled Users"):
        return licensed
    if "(Byte)" in column:
        return stock(scope, column)
    if service == SUITE:
        return activity.active(seed, column, day)
    return activity.amounts(seed, service, action(column), day)


def _in_window(column: str, scope: Scope) -> tuple[Vector, Number]:
    """Return what a member adds to the column in the window: by kind for those who were there all the time; and any."""
    if match := re.fullmatch(r"(.+) (Active|Inactive)", column):
        of_service = replace(scope, service=match[1])
        active = done_throughout(of_service, "Active"), done(of_service, "Active")
        if match[2] == "Active":
            return active
        licensed = licence(scope, match[1])
        return (
            list(map(gt, activity.licensed(scope.seed, match[1], scope.day), active[0])),
            lambda member: licensed(member) and not active[1](member),
        )
    if column.endswith(" Enabled Users"):
        return activity.licensed(scope.seed, scope.service, scope.day), licence(scope, scope.service)
    return done_throughout(scope, column), done(scope, column)


def _blank(column: str, scope: Scope) -> bool:
    return RETIRED_SERVICE in (scope.service, column.removesuffix(" Active").removesuffix(" Inactive"))


def _written(column: str, total: int) -> str:
    return f"PT{total}S" if column.endswith(" Duration") else str(total)


def _site_types(header: Sequence[str], scope: Scope) -> dict[str, Vector]:
    """Return Site Type -> 1 for the kinds of that type; only `All` if there is no such column."""
    types: dict[str, Vector] = {"All": [1] * KINDS}
    if "Site Type" not in header:
        return types
    if scope.service == "OneDrive":
        return {**types, "OneDrive": [1] * KINDS}
    of_kind = choices(scope.seed, "Root Web Template")
    return {**types, **{word: [word == mine for mine in of_kind] for word in sorted(set(of_kind))}}


def daily(header: Sequence[str], population: Population, scope: Scope, missing: Missing) -> Iterator[list[str]]:
    """Yield a row per day, the newest first, or one per day and site type."""
    fixed = {"Report Refresh Date": iso(scope.day), "Report Period": scope.period}
    places = [(header.index(column), text) for column, text in fixed.items() if column in header]
    names = tuple(header)
    for day in range(scope.day, scope.first - 1, -1):
        for cells in _of_day(names, population, (scope.report, scope.seed, scope.service, day), missing(day)):
            row = [*cells]
            for place, text in places:
                row[place] = text
            yield row


@lru_cache(maxsize=32768)
def _of_day(
    header: tuple[str, ...], population: Population, at: tuple[str, int, str, int], missing: int
) -> Sequence[Sequence[str]]:
    """Return the cells of each site type. They are kept, as each day is in the files of half a year.

    `at` are report, seed, service and day.
    """
    report, seed, service, day = at
    today = Scope(report, seed, service, day, day, "")
    rows = []
    for site_type, chosen in _site_types(header, today).items():
        fixed = {**dict.fromkeys(_FIXED, ""), "Report Date": iso(day), "Site Type": site_type}
        sizes = list(map(mul, population.sizes(day, missing), chosen))
        rows.append([fixed[column] if column in fixed else _total(column, today, sizes) for column in header])
    return rows


def _total(column: str, today: Scope, sizes: Sequence[int]) -> str:
    if _blank(column, today):
        return ""
    each = _on_day(column, today)
    if counts_members(today.report, column):
        return str(sum(compress(sizes, each)))
    return _written(column, sum(map(mul, sizes, each)))


def summary(header: Sequence[str], population: Population, scope: Scope, missing: Missing) -> Iterator[list[str]]:
    """Yield one row for the whole window."""
    sample = population.sample(scope.day, missing(scope.day))
    fixed = {"Report Refresh Date": iso(scope.day), "Report Period": scope.period}

    def total(column: str) -> int:
        by_kind, of_member = _in_window(column, scope)
        if counts_members(scope.report, column):
            return sum(compress(sample.alike, by_kind)) + sum(map(bool, map(of_member, sample.others)))
        of_kinds: int = sum(map(mul, sample.alike, by_kind))
        return of_kinds + sum(map(of_member, sample.others))

    def text(column: str) -> str:
        if _blank(column, scope):
            return ""
        if column == "Average prompts submitted":
            return str(total("Total prompts submitted") // max(1, total("Any App Active Users")))
        return _written(column, total(column))

    yield [fixed[column] if column in fixed else text(column) for column in header]
