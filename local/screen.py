"""What `python3 -m local run` shows: how far it is, how the calls of each family ended, and where to look."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local.functions_host.host import HOST_KEY, FunctionsHost
from shared import events
from shared.archive.run_record import AS_IT_SHOULD_BE, PullResult, RunRecord
from shared.domain.catalogue import catalogue
from shared.domain.outcome import Outcome
from shared.domain.quantity import quantity

_WIDTH = 79
_BAR = 20
_TENANTS = 20
"""Lines for tenants."""
_NOT_WELL = (Outcome.QUARANTINED, Outcome.REFUSED, Outcome.DEFERRED)


class Screen(logging.Handler):
    """Shows how far a run is, and the warnings of everything but single pulls, which are listed in the end."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._live = sys.stdout.isatty()
        self._done = self._expected = 0
        self._started = time.monotonic()

    def expect(self, number: int) -> None:
        """Say how many of something are about to be done."""
        self._done, self._expected, self._started = 0, number, time.monotonic()

    def advance(self, what: str) -> None:
        """Show that one more is done, where a line can be replaced."""
        self._done += 1
        if self._live and self._expected:
            self.say(f"{what}  {progress(self._done, self._expected, time.monotonic() - self._started)}")

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith(events.PULL):
            self.advance("Pulling")
        elif record.levelno >= logging.WARNING and not text.startswith("Executed "):
            print(f"{record.levelname}: {text}", file=sys.stderr)

    def say(self, text: str) -> None:
        """Show a line that the next one replaces; where that cannot be, a line."""
        print(f"\r{text:<{_WIDTH}}" if self._live else text, end="" if self._live else "\n", flush=True)

    def done(self) -> None:
        """Keep the line."""
        if self._live:
            print()


def progress(done: int, of: int, seconds: float) -> str:
    """Return a bar, how much is done, and how long the rest will take as far as can be told."""
    part = min(1.0, done / of)
    bar = "#" * round(_BAR * part) + "-" * (_BAR - round(_BAR * part))
    left = seconds / part - seconds if part else 0
    to_go = f", {_span(left)} to go" if seconds >= 1 and part < 1 else ""
    return f"[{bar}] {min(done, of)} of {of}{to_go}"


def _span(seconds: float) -> str:
    return f"{round(seconds)} s" if seconds < 100 else f"{round(seconds / 60)} min"


def show_run(run: RunRecord, requests: Sequence[Mapping[str, Any]], *, verbose: bool = False) -> None:
    """Print how the calls of each family ended, and in full those that are not well, or all."""
    if not verbose:
        for family, pulls in _by_family(run.pulls).items():
            print(_line(family, pulls))
    for pulled in run.pulls:
        if verbose or (pulled.outcome in _NOT_WELL and pulled.reason not in AS_IT_SHOULD_BE):
            print(_in_full(pulled))
    outcomes = Counter(str(pulled.outcome) for pulled in run.pulls)
    print(f"\n{len(run.pulls)} calls: {counted(outcomes) or 'nothing was due'}.")
    statuses = Counter(str(request["status"]) for request in requests)
    print(f"{statuses.total()} requests to Graph, {statuses['429']} of them answered with 429 (too many).")
    if run.waiting:
        print(
            f"{run.waiting} daily snapshots left to fetch. Microsoft allows 10 requests per report in 10 minutes, so "
            "later runs get the rest."
        )


def _by_family(pulls: Iterable[PullResult]) -> dict[str, list[PullResult]]:
    families: dict[str, list[PullResult]] = {}
    for pulled in pulls:
        families.setdefault(catalogue().reports[pulled.call.report].family, []).append(pulled)
    return dict(sorted(families.items()))


def _line(family: str, pulls: Sequence[PullResult]) -> str:
    """Return how one family stands: how many of its calls are well, and the newest day."""
    reports = len({pulled.call.report for pulled in pulls})
    newest = max((pulled.refresh_date for pulled in pulls if pulled.refresh_date), default=None)
    not_well = Counter(str(pulled.outcome) for pulled in pulls if pulled.outcome in _NOT_WELL)
    told = f"newest {newest.day:>2} {newest:%b}" if newest else "nothing yet"
    state = counted(not_well) or "well"
    return f"{family:<46} {quantity(reports, 'report'):>10} {quantity(len(pulls), 'call'):>9}  {told:<14} {state}"


def _in_full(pulled: PullResult) -> str:
    rows = "" if pulled.rows is None else f"{pulled.rows} rows"
    what = pulled.blob or f"{pulled.reason or ''}: {pulled.detail}"
    return f"{pulled.outcome:<11} {pulled.call!s:<60} {pulled.refresh_date or '-'!s:<10} {rows:>10}  {what}"


def dashboard_url(host: FunctionsHost) -> str:
    """Return the address that opens the dashboard; its key, behind the `#`, never leaves the browser."""
    return f"{host.url}/api/dashboard#key={host.keys[HOST_KEY]}"


def show_urls(host: FunctionsHost, *, has_licences: bool, verbose: bool = False) -> None:
    """Print what to open; with `verbose` the URLs for scripts too, and the views of licences where there are any."""
    print(f"\nDashboard  {dashboard_url(host)}")
    reports, personal = (f"code={host.keys[name]}" for name in ("reports", "personal_reports"))
    print(f"API        {host.url}/api/v1.0/reports?{reports}")
    if not verbose:
        return
    call = "getOffice365ActiveUserDetail"
    print("\nFor Power BI, Excel and scripts:")
    print(f"  {host.url}/api/v1.0/reports/getOffice365ServicesUserCounts?period=D7&{reports}")
    print(f"  {host.url}/api/personal/v1.0/reports/{call}?period=D7&{personal}")
    if not has_licences:
        return
    print("\nWho has a licence and does not use it, what that costs, and who uses what:")
    print(f"  {host.url}/api/personal/v1.0/idle?days=90&{personal}")
    for view in ("licences", "adoption?by=department"):
        print(f"  {host.url}/api/v1.0/{view}{'&' if '?' in view else '?'}{reports}")


def show_urls_of_tenants(host: FunctionsHost) -> None:
    """Print what to open where there are many tenants."""
    print(f"\nDashboard  {dashboard_url(host)}")
    print(f"Tenants    {host.url}/api/tenants?code={host.keys['tenants']}")


def show_fleet(tenants: Sequence[Mapping[str, Any]]) -> None:
    """Print how tenants stand, as `/tenants` tells it."""
    print(f"\n{'Tenant':<36}  {'State':<10}  {'Newest':<10}  {'Lost':>5}  {'Waiting':>7}")
    for each in tenants[:_TENANTS]:
        newest, lost, waiting = each.get("newest") or "-", each.get("lost", 0), each.get("waiting", 0)
        print(f"{each['tenant']}  {each['state']:<10}  {newest:<10}  {lost:>5}  {waiting:>7}")
    if len(tenants) > _TENANTS:
        print(f"... and {len(tenants) - _TENANTS} more.")
    print(f"\n{len(tenants)} tenants: {counted(Counter(each['state'] for each in tenants))}.")


def show_past(lines: Sequence[str]) -> None:
    """Print what to look at in the past, if anything happened."""
    if lines:
        print("\nWhat happened to this tenant, and where it shows:")
        print("\n".join(f"  {line}" for line in lines))


def counted(outcomes: Counter[str]) -> str:
    """Return the outcomes and their numbers, the most frequent first."""
    return ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common())
