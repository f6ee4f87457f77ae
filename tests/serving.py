"""The app as deployed, over an archive of a few days: Microsoft's own runtime, asked over HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from logging import Handler
from pathlib import Path
from typing import NamedTuple

from local.functions_host.deployed import deployed
from local.functions_host.host import FunctionsHost
from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.settings import read

ROOT = Path(__file__).parent.parent
COUNTS = "getOffice365ActiveUserCounts"
SERVICES = "getOffice365ServicesUserCounts"
DETAIL = "getOffice365ActiveUserDetail"
CALLS = (f"{COUNTS}(period='D30')", f"{SERVICES}(period='D7')", f"{DETAIL}(period='D7')")


DAY = date(2026, 11, 18)
"""The newest refresh date. Of `SERVICES`, Microsoft corrected it: there are two revisions ..."""
UNAWARE = date(2026, 11, 20)
"""... but at the end of this day, the archive knew only the first."""
NOW = datetime(2026, 11, 21, 0, 5, tzinfo=UTC)
"""When all is pulled: past midnight, when a call is read anew, and before the next refresh date is out."""


class Served(NamedTuple):
    """A running host, and the Graph that it pulled from."""

    host: FunctionsHost
    control: Control

    @property
    def api(self) -> str:
        return f"{self.host.url}/api"

    @property
    def key(self) -> str:
        return self.host.keys["reports"]

    @property
    def personal_key(self) -> str:
        return self.host.keys["personal_reports"]


@contextmanager
def serving(stack: Stack, settings: Mapping[str, str] | None = None, log: Handler | None = None) -> Iterator[Served]:
    """The app over an archive that pulled `CALLS` on three days, and then the correction."""
    control = Control(stack.control)
    usual = stack.settings | {"REPORTS": ", ".join(CALLS)}
    pulling = App(read(usual), clock=control.now, sleep=control.sleep)
    for number in (18, 19, 20):
        control.set_time(datetime(2026, 11, number, 23, 59, tzinfo=UTC))
        pull_all(pulling)
    control.put("restate", {"report": SERVICES, "refresh_date": DAY.isoformat(), "revision": 1})
    control.set_time(NOW)
    pull_all(pulling)
    control.forget()
    with deployed(usual | dict(settings or {}), control.now, log=log) as host:
        yield Served(host, control)


def pull_all(app: App) -> None:
    """Runs until every call has ended well: on a busy machine storage or the simulator may not answer in time."""
    for _ in range(3):
        if all(pulled.outcome.is_success for pulled in app.pull_run.execute().pulls):
            return
    raise AssertionError("three runs did not pull everything")
