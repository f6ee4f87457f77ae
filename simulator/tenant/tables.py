"""The rows of any report, by its population, its service and its sort of table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.catalogue import Report
from simulator.tenant import activations, activity, api_usage, columns, totals
from simulator.tenant.activity import SPAN
from simulator.tenant.measures import Scope
from simulator.tenant.services import SUITE
from simulator.tenant.tenant import Population, Tenant
from simulator.tenant.totals import Missing

_SUBJECTS = (
    ("getEmail", "people", "Exchange"),
    ("getMailbox", "people", "Exchange"),
    ("getOffice365Activation", "people", "M365 Apps"),
    ("getOffice365Groups", "groups", "Group"),
    ("getOffice365", "people", SUITE),
    ("getOneDrive", "people", "OneDrive"),
    ("getSharePointSite", "sites", "Site"),
    ("getSharePoint", "people", "SharePoint"),
    ("getSkypeForBusiness", "people", "Skype For Business"),
    ("getTeamsTeam", "teams", "Team"),
    ("getTeams", "people", "Teams"),
    ("getYammerGroups", "communities", "Community"),
    ("getYammer", "people", "Yammer"),
    ("getForms", "people", "Forms"),
    ("getM365App", "people", "M365 Apps"),
    ("getBrowser", "people", "Edge"),
    ("getMicrosoft365Copilot", "people", "Copilot"),
    ("getApiUsage", "people", SUITE),
)
"""The start of a report's name, its population and its service; the first that fits counts."""


@dataclass(frozen=True)
class Table:
    """One file of a report: its header and its window of days."""

    report: Report
    header: Sequence[str]
    period: str
    """`D7`, `ALL`, or empty for a single day and for reports without period."""
    day: int
    """Last day of the window: the refresh date."""
    single: bool
    """Whether it shows the members that were active on that one day (a `date=` call)."""


def lines(tenant: Tenant, table: Table, missing: Missing) -> Iterator[str]:
    """Return the rows without the header, each as a line, in Graph's order: the newest day first, or by member."""
    report, header = table.report, table.header
    _, name, service = next(subject for subject in _SUBJECTS if report.name.startswith(subject[0]))
    population, scope = tenant.populations[name], _scope(tenant, table, service)
    if report.delegated_only:
        return map(",".join, api_usage.rows(header, scope))
    if "Product Type" in header:
        make = activations.detail if report.kind == "detail" else activations.by_product
        return map(",".join, make(header, population, scope, missing.get(table.day, 0)))
    if report.kind == "detail":
        return map(",".join, _detail(table, population, scope, missing.get(table.day, 0)))
    if report.kind == "counts":
        return totals.daily(header, population, scope, missing)
    return map(",".join, totals.summary(header, population, scope, missing))


def _scope(tenant: Tenant, table: Table, service: str) -> Scope:
    days = SPAN if table.period == "ALL" else int(table.period[1:] or 1)
    shown = "1" if table.single else table.period.removeprefix("D")
    return Scope(table.report.name, tenant.seed, service, table.day - days + 1, table.day, shown)


def _detail(table: Table, population: Population, scope: Scope, missing: int) -> Iterator[Sequence[str]]:
    """Yield a row per member: everyone with a licence, or everyone active on the single day."""
    rules = columns.columns(table.header, scope)
    day, single = table.day, table.single
    kinds = (activity.active if single else activity.licensed)(scope.seed, scope.service, day)
    shown = (
        member
        for member in population.members(day, missing)
        if kinds[member.kind] and not (single and member.left <= day)
    )
    for some in columns.in_blocks(shown):
        yield from columns.rows(some, rules)
