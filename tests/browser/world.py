"""An archive with a past, for the page to show: a restated day, an outage, names that became concealed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from local.simulator_client import Control
from shared.app import App
from tests.conftest import MORNING

DETAIL = "getOffice365ActiveUserDetail"
SERVICES = "getOffice365ServicesUserCounts"
RESTATED = f"{SERVICES}(period='D30')"
REPORTS = (
    *(RESTATED, f"{SERVICES}(period='D90')", "getOffice365ActiveUserCounts(period='D180')"),
    *("getMailboxUsageStorage(period='D180')", "getOneDriveUsageStorage(period='D180')"),
    "getMicrosoft365CopilotUserCountSummary(period='D30')",
    *("directory", DETAIL, *(f"-{DETAIL}(period='{period}')" for period in ("D30", "D90"))),
)
"""Without the storage of SharePoint, and without Teams: something has to be missing."""
HOSTILE = "</script><img src=x onerror=alert(1)>"
"""What somebody is called."""


def live_through(days: int, app: App, control: Control, *, calm: bool = False) -> None:
    """Let the runs of the days before `MORNING` happen: one a day, in the end two, between which a number is restated.

    For three days nothing runs. Two days before the end, names become concealed, and three single days are not to be
    had, but may be later. In a calm life, nothing runs for one day only, and all names are shown.
    """
    end = MORNING.replace(hour=23, minute=30) - timedelta(days=1)
    outage = range(max(days // 2, days - 40), days)[: 1 if calm else 3]
    concealed = range(0) if calm else range(days - 2, days)
    broken = [] if calm else [(end - timedelta(days=number)).date() for number in (10, 11, 12)]
    for number in range(days):
        control.set_time(end - timedelta(days=days - 1 - number))
        faults = [_always("odd_cell", f"{DETAIL}*", text=HOSTILE)]
        faults += [_always("server_error", f"{DETAIL}(date={day})") for day in broken]
        if number in concealed:
            faults.append(_always("concealed", f"{DETAIL}*"))
        control.put("faults", {"rules": faults})
        if number == days - 1:
            newest = control.get("visible", report=SERVICES)["refresh_date"]
            control.put("restate", {"report": SERVICES, "refresh_date": newest, "revision": 1})
        if number not in outage:
            app.pull_run.execute()
    control.put("restate", {"report": SERVICES, "refresh_date": newest, "revision": 0})
    control.sleep(35 * 60)  # past midnight, when a call is read anew, and before the next refresh date is out
    app.pull_run.execute()


def _always(fault: str, call: str, **args: str) -> dict[str, Any]:
    return {"fault": fault, "match": {"call": call}, "times": None, "args": args}
