"""Rows of the two API consumption reports: how much the apps of the tenant call Microsoft Graph and SharePoint."""

from collections.abc import Iterator, Sequence

from simulator.tenant import activity, columns, names
from simulator.tenant.measures import Scope

AREAS = ("Exchange", "Teams Messaging", "Teams Calling")
APPS = 3


def rows(header: Sequence[str], scope: Scope) -> Iterator[list[str]]:
    """Yield a row per day and app, the newest day first; Graph's report has one per service area too."""
    sharepoint = "UsageDateTime" in header
    for day in range(scope.day, scope.first - 1, -1):
        for area in ("SharePoint",) if sharepoint else AREAS:
            for app in range(APPS):
                chances = activity.noise(scope.seed, "api", area, app, day)
                usage = int((1000 + 40 * chances[0]) * activity.level_on(day))
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
                    "ThrottledRequests": str(usage // 500),
                    "StandardRequestCount": str(usage - usage // 10),
                    "HeavyRequestCount": str(usage // 10),
                    "BilledStandardRequestCount": "0",
                    "BilledHeavyRequestCount": "0",
                    "Active Apps": str(APPS),
                    "ActiveApps": str(APPS),
                }
                yield [own[column] for column in header]
