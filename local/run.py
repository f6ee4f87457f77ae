"""`python3 -m local run`: the whole app on one machine, with a simulated Microsoft 365 tenant behind it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import time
import webbrowser
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from local import demo
from local.child import ChildError
from local.clock import clock_from
from local.folder import OF_AZURITE, clear
from local.functions_host.deployed import deployed
from local.functions_host.host import AppError, FunctionError, FunctionsHost
from local.incidents import Incidents
from local.past_days import live_through
from local.run_options import parse
from local.screen import (
    Screen,
    counted,
    dashboard_url,
    progress,
    show_fleet,
    show_past,
    show_run,
    show_urls,
    show_urls_of_tenants,
)
from local.setup import HOME
from local.simulator_client import Control
from local.stack import Stack
from local.tenant import OtherTenant, people
from shared.app import from_environment
from shared.archive.layout import INPUT
from shared.domain.catalogue import catalogue
from shared.domain.errors import SettingError
from shared.domain.selection import select
from shared.fleet import fleet
from shared.views.inputs import PRICES as PRICE_LIST

_KEYS = HOME / "keys.json"
_BEAT = 0.5
"""Seconds between two looks at what the app needs."""
OF_PEOPLE = "directory, getOffice365ActiveUserDetail, getMicrosoft365CopilotUsageUserDetail"
"""What it takes to say who has a licence and does not use it."""
USUAL_REPORTS = f"aggregates, {OF_PEOPLE}, {demo.PLACES}"
"""The app's default, and people, sites and teams, so that every question of the dashboard has its answer."""
PRICES = """\
product,price,currency,validFrom
SPE_E5,57.00,EUR,
ENTERPRISEPACK,33.80,EUR,
SPE_F1,8.40,EUR,
Microsoft_365_Copilot,28.10,EUR,
EMSPREMIUM,15.40,EUR,
VISIOCLIENT,15.00,USD,
"""
"""Of the simulated tenant: nobody's true prices."""


def main(arguments: Sequence[str]) -> int:
    """Start everything, pull once, print what came of it, serve until Ctrl-C. Return the exit status."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = options.archive.resolve()
    try:
        if refusal := _prepare(options, folder):
            print(refusal, file=sys.stderr)
            return 2
        with _started(options) as parts:
            status = _pull_tenants(parts) if options.tenants else _pull(parts, verbose=options.verbose)
            show_past(parts.past)
            if options.once:
                print("\nThe archive is kept. Without --once, the dashboard opens it.")
            else:
                _serve(parts, options)
            return status
    except KeyboardInterrupt:
        print(f"\nStopped. The archive stays in {folder}; --fresh begins anew.")
        return 0
    except (AppError, ChildError, OSError) as error:
        print(f"It stopped: {error}", file=sys.stderr)
        return 1


def _prepare(options: argparse.Namespace, folder: Path) -> OtherTenant | OSError | None:
    """Make the folder of the archive what the options ask for; return why that cannot be."""
    try:
        _demand_free(options.port)
        if options.fresh and folder.exists():
            print(f"Deleting what is in {folder} ...", flush=True)
            clear(folder)
        options.users = people(folder, options.users)
    except (OtherTenant, OSError) as error:
        return error
    return None


def _demand_free(port: int) -> None:
    """Raise OSError, with what to do, if a port is taken."""
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would let two listen at once
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise OSError(
                f"Port {port} is taken, maybe by another run. End that, or choose another port: --port {port + 1}"
            ) from None


def _serve(parts: Parts, options: argparse.Namespace) -> None:
    """Serve until Ctrl-C. Raise ChildError if what the app needs has ended."""
    if options.tenants:
        show_urls_of_tenants(parts.host)
    else:
        show_urls(parts.host, has_licences=parts.has_licences, verbose=options.verbose)
    if options.open:
        webbrowser.open(dashboard_url(parts.host))
    print("\nServing. Ctrl-C ends it.", flush=True)
    while True:
        time.sleep(_BEAT)  # not for ever, as Ctrl-C would not be heard on Windows
        parts.stack.check()


class Parts(NamedTuple):
    """What runs."""

    stack: Stack
    host: FunctionsHost
    control: Control
    clock: Callable[[], datetime]
    screen: Screen
    reports: str
    """The value of REPORTS."""
    has_licences: bool
    """Whether the directory is archived."""
    past: Sequence[str]
    """What to look at in it."""


@contextmanager
def _started(options: argparse.Namespace) -> Iterator[Parts]:
    """Storage, the simulated tenant with its past, and the app."""
    what = f"{options.tenants} simulated tenants of {options.users} people each" if options.tenants else ""
    print(f"Starting {what or f'a simulated tenant of {options.users} people'} and the app ...", flush=True)
    screen = Screen()
    settings = {"REPORTS": _reports(options)}
    folder = options.archive.resolve()
    if not options.azurite and (folder / OF_AZURITE).is_dir():
        print(f"What Azurite keeps in {folder} is another archive: --azurite opens that.")
    place = Stack(
        folder,
        azurite=options.azurite,
        queues=options.azurite,
        users=options.users,
        tenants=options.tenants,
        settings=settings,
    )
    with place as stack:
        control = Control(stack.control)
        control.grant()
        clock = clock_from(options.now)
        control.run_freely(clock())
        keys = json.loads(_KEYS.read_text("utf-8")) if _KEYS.exists() else {}  # so that a URL goes on working
        new_queue = stack.new_queue
        with deployed(stack.settings, clock, keys=keys, port=options.port, log=screen, new_queue=new_queue) as host:
            _KEYS.write_text(json.dumps(dict(host.keys)), "utf-8")
            has_licences = not options.tenants and _has_licences(settings["REPORTS"])
            if has_licences:
                from_environment(clock).archive.store.create(INPUT, PRICE_LIST, PRICES.encode(), {})
            end = clock()
            days = options.days
            if options.demo:
                runs = from_environment(clock).archive.runs
                days = demo.days_to_live(days, lambda at: (run := runs.newest(at)) and run.started, end)
            if days:
                _live_through(days, end, options.users, stack.settings, screen)
            incidents = Incidents(end - timedelta(days=days), days)
            yield Parts(stack, host, control, clock, screen, settings["REPORTS"], has_licences, [*incidents.told()])


def _reports(options: argparse.Namespace) -> str:
    """Return the value of REPORTS."""
    if options.demo:
        return demo.REPORTS
    return f"all, {OF_PEOPLE}" if options.personal else os.environ.get("REPORTS") or USUAL_REPORTS


def _has_licences(reports: str) -> bool:
    """Whether a value of REPORTS selects the directory; one that is wrong is told by the pull."""
    try:
        return bool(select(reports, catalogue()).directory)
    except SettingError:
        return False


def _live_through(days: int, end: datetime, users: int, settings: Mapping[str, str], screen: Screen) -> None:
    """Let the timer runs of the last `days` days happen, one after the other, as fast as they go."""
    outcomes: Counter[str] = Counter()
    warnings: Counter[str] = Counter()
    started = time.monotonic()
    for lived in live_through(days, end, users, settings):
        outcomes.update(str(pulled.outcome) for pulled in lived.pulls)
        warnings.update(lived.warnings)
        done = progress(lived.days, days, time.monotonic() - started)
        screen.say(f"Living through {lived.until:%Y-%m-%d}, day {done}")
    screen.done()
    print(f"{sum(outcomes.values())} pulls: {counted(outcomes)}.")
    if warnings:
        print(f"{counted(warnings)}: docs/messages.md explains each.")


def _pull(parts: Parts, *, verbose: bool) -> int:
    """Run the timer function, and print how every call ended. Return the exit status."""
    print("Pulling what is due ...", flush=True)
    parts.control.forget()
    parts.screen.expect(_calls(parts.reports))
    status = 0
    try:
        parts.host.run_timer("pull")
    except FunctionError as error:
        print(f"The function pull failed: {error}", file=sys.stderr)
        status = 1
    parts.screen.done()
    if newest := from_environment(parts.clock).archive.runs.newest(parts.clock()):
        show_run(newest, parts.control.get("record", listener="graph"), verbose=verbose)
    return status


def _pull_tenants(parts: Parts) -> int:
    """Run the timer function, wait for the run of each tenant, and print how they stand. Return the exit status."""
    tenants = parts.stack.settings["TENANTS"].count(",") + 1
    print(f"Pulling what is due of {tenants} tenants, one after the other ...", flush=True)
    parts.screen.expect(_calls(parts.reports) * tenants)
    parts.host.run_timer("pull")
    queue = parts.host.queues["pulls"]
    while not queue.is_empty:
        time.sleep(_BEAT)
        parts.stack.check()
    parts.screen.done()
    show_fleet(fleet().api.told()[0])
    return bool(len(queue.poison))


def _calls(reports: str) -> int:
    """Return how many calls a value of REPORTS selects, without single days; 0 for one that is wrong."""
    try:
        return len(select(reports, catalogue()).calls)
    except SettingError:
        return 0
