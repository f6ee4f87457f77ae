"""`python3 -m local run`: the whole app on one machine, with a simulated Microsoft 365 tenant behind it."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.backfill import Past
from local.child import ChildError
from local.environment import environment
from local.functions_host.host import HOST_KEY, AppError, FunctionError, FunctionsHost
from local.setup import HOME, ROOT
from local.simulator_client import Control
from local.stack import Stack
from local.storage import clear
from local.tenant import OtherTenant, people
from shared import events
from shared.app import App
from shared.settings import read

_KEYS = HOME / "keys.json"
RUNS_A_DAY = 4
DAYS_AT_ONCE = 20
"""Of the past, before they are put into storage."""
USUAL_REPORTS = "aggregates, getOffice365ActiveUserDetail"
"""The app's default, and one report with personal data, so that there is something behind the personal URL."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    once: bool = False
    days: int = 0
    personal: bool = False
    users: int | None = None
    port: int = 7071
    fresh: bool = False
    folder: Path = HOME / "archive"


def run(options: Options) -> int:
    """Start everything, pull once, print what came of it, serve until Ctrl-C. Answers the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if options.fresh:
            clear(options.folder)
        users = people(options.folder, options.users)
    except (OtherTenant, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    screen = _Screen()
    usual = os.environ.get("REPORTS") or USUAL_REPORTS
    settings = {"REPORTS": "all" if options.personal else usual}
    print(f"Starting storage, a simulated tenant of {users} people, and the app ...", flush=True)
    try:
        with (
            Stack(options.folder, users=users, settings=settings) as stack,
            environment(stack.settings),
            FunctionsHost(ROOT, _keys(), port=options.port, log=screen) as host,
        ):
            _KEYS.write_text(json.dumps(dict(host.keys)), "utf-8")
            control = Control(stack.control)
            if options.days:
                _live_through(options.days, users, stack.settings, screen)
            print("Pulling what is due ...", flush=True)
            control.forget()
            status = _pull(host)
            screen.done()
            _show_newest_run(control)
            _show_urls(host)
            if options.once:
                return status
            print("\nServing. Ctrl-C ends it.", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print(f"\nStopped. The archive stays in {options.folder}; --fresh begins anew.")
        return 0
    except (AppError, ChildError, OSError) as error:
        print(f"It does not start: {error}", file=sys.stderr)
        return 1
    return status


def _live_through(days: int, users: int, settings: Mapping[str, str], screen: _Screen) -> None:
    """Let the timer runs of the last `days` days happen, one after the other, as fast as they go."""
    begin = datetime.now(UTC) - timedelta(days=days)
    outcomes: Counter[str] = Counter()
    started = time.monotonic()
    with Past(settings, users) as past:
        pull_run = past.app(settings["REPORTS"]).pull_run
        for number in range(1, days + 1):
            for part in range(RUNS_A_DAY):
                past.control.set_time(begin + timedelta(days=number - 1 + part / RUNS_A_DAY))
                outcomes.update(str(pulled.outcome) for pulled in pull_run.execute().pulls)
            if number % DAYS_AT_ONCE == 0 or number == days:
                past.keep()
            seconds = time.monotonic() - started
            day = f"day {number} of {days}, {past.control.now():%Y-%m-%d}"
            screen.say(f"Living through {day}: {_counted(outcomes)} ({seconds:.0f} s)")
    screen.done()


def _pull(host: FunctionsHost) -> int:
    try:
        host.run_timer("pull")
    except FunctionError as error:
        print(f"The function pull failed: {error}", file=sys.stderr)
        return 1
    return 0


def _show_newest_run(control: Control) -> None:
    """Print how every call of the newest run ended."""
    newest = App(read(os.environ)).archive.runs.newest(datetime.now(UTC).date())
    if newest is None:
        return
    for pulled in newest.pulls:
        rows = "" if pulled.rows is None else f"{pulled.rows} rows"
        what = pulled.blob or f"{pulled.reason or ''}: {pulled.detail}"
        print(f"{pulled.outcome:<11} {pulled.call!s:<60} {pulled.refresh_date or '-'!s:<10} {rows:>10}  {what}")
    outcomes = Counter(str(pulled.outcome) for pulled in newest.pulls)
    print(f"\n{len(newest.pulls)} calls: {_counted(outcomes) or 'nothing was due'}.")
    statuses = Counter(str(request["status"]) for request in control.get("record", listener="graph"))
    print(f"{statuses.total()} requests to Graph, {statuses['429']} of them answered with 429 (too many).")
    if newest.waiting:
        print(f"{newest.waiting} single days are still to come: ten requests in ten minutes is what a report may cost.")


def _show_urls(host: FunctionsHost) -> None:
    reports, personal = (f"code={host.keys[name]}" for name in ("reports", "personal_reports"))
    services = "v1.0/reports/getOffice365ServicesUserCounts(period='D7')"
    print(f"\nFor people, who give the key {host.keys[HOST_KEY]}")
    print(f"  {host.url}/api/dashboard")
    print("\nFor Power BI, Excel and scripts:")
    print(f"  {host.url}/api/v1.0/reports?{reports}")
    print(f"  {host.url}/api/{services}?{reports}")
    print(f"  {host.url}/api/personal/v1.0/reports/getOffice365ActiveUserDetail(period='D7')?{personal}")


def _counted(outcomes: Counter[str]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common())


def _keys() -> dict[str, str]:
    """The function keys of the last start, so that a URL goes on working."""
    return dict(json.loads(_KEYS.read_text("utf-8"))) if _KEYS.exists() else {}


class _Screen(logging.Handler):
    """Shows how far a run is, and the warnings of everything but single pulls, which are listed in the end."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._live = sys.stdout.isatty()
        self._pulled = 0

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith(events.PULL):
            self._pulled += 1
            if self._live:
                self.say(f"{self._pulled} calls done")
        elif record.levelno >= logging.WARNING and not text.startswith("Executed "):
            print(f"{record.levelname}: {text}", file=sys.stderr)

    def say(self, text: str) -> None:
        """A line that the next one replaces; where that cannot be, a line."""
        print(f"\r{text:<79}" if self._live else text, end="" if self._live else "\n", flush=True)

    def done(self) -> None:
        """Keep the line."""
        self._pulled = 0
        if self._live:
            print()
