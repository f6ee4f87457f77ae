"""Rows of the count reports: a row per day, or one per period, added up over all members.

A daily row counts the members of that day. A period row adds up the rows of the detail report of the period, so the two
agree.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain, compress, repeat
from operator import gt, mul

from simulator.tenant import activity
from simulator.tenant.activity import Vector
from simulator.tenant.columns import iso
from simulator.tenant.measures import (
    QUOTAS,
    RETIRED_SERVICE,
    Numbers,
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

Missing = Mapping[int, int]
"""Day -> how many batches of members its numbers lack (0 to 7; see tenant.BATCHES); none where it is not told."""

_QUOTA_STATES = {
    "Under Limit": (0, QUOTAS["Issue Warning Quota (Byte)"]),
    "Warning Issued": (QUOTAS["Issue Warning Quota (Byte)"], QUOTAS["Prohibit Send Quota (Byte)"]),
    "Send Prohibited": (QUOTAS["Prohibit Send Quota (Byte)"], QUOTAS["Prohibit Send/Receive Quota (Byte)"]),
    "Send/Receive Prohibited": (QUOTAS["Prohibit Send/Receive Quota (Byte)"], 2**63),
}
"""Column -> least size of a mailbox in bytes, and the size that is too large."""
_REFRESHED, _PERIOD = "{refreshed}", "{period}"
"""What stands in the lines of a day for the cells that differ between the files it is in."""


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


def _in_window(column: str, scope: Scope) -> tuple[Vector, Numbers]:
    """Return what a member adds to the column in the window: by kind for those who were there all the time; and any."""
    if match := re.fullmatch(r"(.+) (Active|Inactive)", column):
        of_service = replace(scope, service=match[1])
        active = done_throughout(of_service, "Active"), done(of_service, "Active")
        if match[2] == "Active":
            return active
        licensed = licence(scope, match[1])
        return (
            list(map(gt, activity.licensed(scope.seed, match[1], scope.day), active[0])),
            lambda members: list(map(gt, licensed(members), map(bool, active[1](members)))),
        )
    if column.endswith(" Enabled Users"):
        return activity.licensed(scope.seed, scope.service, scope.day), licence(scope, scope.service)
    return done_throughout(scope, column), done(scope, column)


def _blank(column: str, scope: Scope) -> bool:
    return RETIRED_SERVICE in (scope.service, column.removesuffix(" Active").removesuffix(" Inactive"))


def _written(column: str, total: int) -> str:
    return f"PT{total}S" if column.endswith(" Duration") else str(total)


def _by_site_type(header: Sequence[str], scope: Scope, sizes: Sequence[int]) -> dict[str, Sequence[int]]:
    """Return Site Type -> how many of each kind are of that type; only `All` if there is no such column."""
    if "Site Type" not in header:
        return {"All": sizes}
    if scope.service == "OneDrive":
        return {"All": sizes, "OneDrive": sizes}
    of_kind = choices(scope.seed, "Root Web Template")
    of_type = {
        word: [size if word == mine else 0 for mine, size in zip(of_kind, sizes, strict=True)]
        for word in sorted(set(of_kind))
    }
    return {"All": sizes, **of_type}


def daily(header: Sequence[str], population: Population, scope: Scope, missing: Missing) -> Iterator[str]:
    """Return a line per day, the newest first, or one per day and site type."""
    days = range(scope.day, scope.first - 1, -1)
    of_day = _lines_of(tuple(header), population, scope.report, scope.seed, scope.service)
    lines = chain.from_iterable(map(of_day, days, map(missing.get, days, repeat(0))))
    text = "\n".join(lines).replace(_REFRESHED, iso(scope.day)).replace(_PERIOD, scope.period)
    return iter(text.split("\n"))


@lru_cache(maxsize=256)
def _lines_of(
    header: tuple[str, ...], population: Population, report: str, seed: int, service: str
) -> Callable[[int, int], Sequence[str]]:
    """Return a function: the lines of a day without so many batches. Each day is in the files of half a year."""

    @lru_cache(maxsize=512)
    def lines(day: int, missing: int) -> Sequence[str]:
        today = Scope(report, seed, service, day, day, "")
        fixed = {"Report Refresh Date": _REFRESHED, "Report Period": _PERIOD, "Report Date": iso(day)}
        rows = []
        for site_type, sizes in _by_site_type(header, today, population.sizes(day, missing)).items():
            fixed["Site Type"] = site_type
            rows.append([fixed[column] if column in fixed else _total(column, today, sizes) for column in header])
        return [*map(",".join, rows)]

    return lines


def _total(column: str, today: Scope, sizes: Sequence[int]) -> str:
    if _blank(column, today):
        return ""
    each = _on_day(column, today)
    if counts_members(today.report, column):
        return str(sum(compress(sizes, each)))
    return _written(column, sum(map(mul, sizes, each)))


def summary(header: Sequence[str], population: Population, scope: Scope, missing: Missing) -> Iterator[list[str]]:
    """Yield one row for the whole window."""
    sample = population.sample(scope.day, missing.get(scope.day, 0))
    fixed = {"Report Refresh Date": iso(scope.day), "Report Period": scope.period}

    def total(column: str) -> int:
        by_kind, of_members = _in_window(column, scope)
        others = of_members(sample.others)
        if counts_members(scope.report, column):
            return sum(compress(sample.alike, by_kind)) + sum(map(bool, others))
        of_kinds: int = sum(map(mul, sample.alike, by_kind))
        return of_kinds + sum(others)

    def text(column: str) -> str:
        if _blank(column, scope):
            return ""
        if column == "Average prompts submitted":
            return str(total("Total prompts submitted") // max(1, total("Any App Active Users")))
        return _written(column, total(column))

    yield [fixed[column] if column in fixed else text(column) for column in header]
