"""Rows of the two API consumption reports: how much the apps of the tenant call Microsoft Graph and SharePoint."""

from collections.abc import Iterator, Sequence

from simulator.tenant import activity as habits
from simulator.tenant import columns, names
from simulator.tenant.measures import Scope

AREAS = ("Exchange", "Teams Messaging", "Teams Calling")
APPS = 3


def rows(header: Sequence[str], scope: Scope) -> Iterator[list[str]]:
    """A row per day and app, newest day first; Graph's report also has one per service area."""
    sharepoint = "UsageDateTime" in header
    for day in range(scope.day, scope.first - 1, -1):
        for area in ("SharePoint",) if sharepoint else AREAS:
            for app in range(APPS):
                lots = habits.noise(scope.seed, "api", area, app, day)
                usage = int((1000 + 40 * lots[0]) * habits.rhythm(day))
                own = {
                    "Date": columns.iso(day),
                    "UsageDateTime": columns.iso(day),
                    "Service Area": area,
                    "ServiceArea": area,
                    "Tenant ID": names.guid(scope.seed, "tenant"),
                    "TenantId": names.guid(scope.seed, "tenant"),
                    "App ID": names.guid(scope.seed, "app", app),
                    "AppId": names.guid(scope.seed, "app", app),
                    "Usage": str(usage),
                    "UsageRequests": str(usage),
                    "UsageMB": str(usage // 20),
                    "Active Apps": str(APPS),
                    "ActiveApps": str(APPS),
                }
                yield [own[column] for column in header]
