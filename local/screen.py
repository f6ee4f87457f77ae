"""What `python3 -m local run` shows: how far it is, how every call ended, and the URLs."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from local.functions_host.host import HOST_KEY, FunctionsHost
from shared import events
from shared.archive.run_record import RunRecord


class Screen(logging.Handler):
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
        """Show a line that the next one replaces; where that cannot be, a line."""
        print(f"\r{text:<79}" if self._live else text, end="" if self._live else "\n", flush=True)

    def done(self) -> None:
        """Keep the line."""
        self._pulled = 0
        if self._live:
            print()


def show_run(run: RunRecord, requests: list[dict[str, Any]]) -> None:
    """Print how every call of a run ended, and what the requests to Graph were answered with."""
    for pulled in run.pulls:
        rows = "" if pulled.rows is None else f"{pulled.rows} rows"
        what = pulled.blob or f"{pulled.reason or ''}: {pulled.detail}"
        print(f"{pulled.outcome:<11} {pulled.call!s:<60} {pulled.refresh_date or '-'!s:<10} {rows:>10}  {what}")
    outcomes = Counter(str(pulled.outcome) for pulled in run.pulls)
    print(f"\n{len(run.pulls)} calls: {counted(outcomes) or 'nothing was due'}.")
    statuses = Counter(str(request["status"]) for request in requests)
    print(f"{statuses.total()} requests to Graph, {statuses['429']} of them answered with 429 (too many).")
    if run.waiting:
        print(f"{run.waiting} single days are still to come: ten requests in ten minutes is what a report may cost.")


def show_urls(host: FunctionsHost, *, has_licences: bool) -> None:
    """Print what to open, and with which key; the views of licences where there are any."""
    reports, personal = (f"code={host.keys[name]}" for name in ("reports", "personal_reports"))
    services = "v1.0/reports/getOffice365ServicesUserCounts(period='D7')"
    print(f"\nFor people, who give the key {host.keys[HOST_KEY]}")
    print(f"  {host.url}/api/dashboard")
    print("\nFor Power BI, Excel and scripts:")
    print(f"  {host.url}/api/v1.0/reports?{reports}")
    print(f"  {host.url}/api/{services}?{reports}")
    print(f"  {host.url}/api/personal/v1.0/reports/getOffice365ActiveUserDetail(period='D7')?{personal}")
    if not has_licences:
        return
    print("\nWho has a licence and does not use it, what that costs, and who uses what:")
    print(f"  {host.url}/api/personal/v1.0/idle?days=90&{personal}")
    for view in ("licences", "adoption?by=department"):
        print(f"  {host.url}/api/v1.0/{view}{'&' if '?' in view else '?'}{reports}")


def show_past(lines: Sequence[str]) -> None:
    """Print what to look at in the past, if anything happened."""
    if lines:
        print("\nWhat happened to this tenant, and where it shows:")
        print("\n".join(f"  {line}" for line in lines))


def counted(outcomes: Counter[str]) -> str:
    """Return the outcomes and their numbers, the most frequent first."""
    return ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common())
