"""The demo of `run --demo`: a year of a small tenant, made the first time; each time it is opened it goes on to today.

Standard library only, as `run --help` needs nothing that is set up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from local.setup import HOME

FOLDER = HOME / "demo"
DAYS = 365
USERS = 300
"""Enough for the numbers of idle licences not to be withheld for being of too few people, on most days."""
PLACES = ", ".join(
    f"{report}(period='D30')"
    for report in (
        "getMailboxUsageDetail",
        "getOffice365GroupsActivityDetail",
        "getOneDriveUsageAccountDetail",
        "getSharePointSiteUsageDetail",
        "getTeamsTeamActivityDetail",
    )
)
"""What it takes to say which sites and mailboxes are nearly full, which teams are dead, which groups have no owner."""
REPORTS = ", ".join(
    [
        PLACES,
        *(
            f"{report}(period='D180')"
            for report in (
                "getEmailActivityCounts",
                "getMailboxUsageStorage",
                "getMicrosoft365CopilotUsageUserDetail",
                "getOffice365ActiveUserCounts",
                "getOffice365ActiveUserDetail",
                "getOneDriveUsageStorage",
                "getSharePointSiteUsageStorage",
                "getTeamsTeamCounts",
                "getTeamsUserActivityCounts",
                "getTeamsUserActivityUserCounts",
            )
        ),
        "getOffice365ServicesUserCounts(period='D30')",
        "getOffice365ServicesUserCounts(period='D90')",
        "getMicrosoft365CopilotUserCountSummary(period='D30')",
        "directory",
    ]
)
"""What answers the questions of the dashboard, and as few calls as that: a year of them is a matter of seconds."""


def days_to_live(days: int, newest: Callable[[datetime], datetime | None], now: datetime) -> int:
    """Return how many days are to be lived through: those since the newest run, or all where there was none.

    `newest` answers when the newest run began of the month before a time, at least.
    """
    looked_at = (now - timedelta(days=number) for number in range(0, days, 30))
    if found := next(filter(None, map(newest, looked_at)), None):
        return min(days, (now - found) // timedelta(days=1))
    return days
