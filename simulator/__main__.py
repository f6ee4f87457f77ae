"""`python -m simulator`: runs the simulator, prints its addresses as one JSON line, and ends with its parent."""

import argparse
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from simulator.catalogue import DEFAULT_PATH
from simulator.protocol import download_urls as tickets
from simulator.protocol import tokens
from simulator.simulator import Simulator


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _scenario(file: str) -> Any:
    return json.loads(Path(file).read_text(encoding="utf-8"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--catalogue", type=Path, default=DEFAULT_PATH, help="catalogue of the reports (JSON)")
    parser.add_argument("--users", type=int, default=250, help="people in the tenant, about")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another tenant")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    for listener in ("graph", "download", "identity", "control"):
        parser.add_argument(f"--{listener}-port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--url-life", type=float, default=tickets.LIFE, help="seconds that a download URL is good for")
    parser.add_argument("--token-life", type=int, default=tokens.LIFE, help="seconds that a token is good for")
    parser.add_argument("--scenario", type=_scenario, metavar="FILE", help="faults from the start (JSON, see rules.py)")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input ends")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--now", type=_instant, help="start the clock at this instant (ISO 8601)")
    start.add_argument("--days-ago", type=float, help="start the clock that many days ago")
    return parser.parse_args()


def _await_end_of_input(over: Event) -> None:
    sys.stdin.read()
    over.set()


def main() -> None:
    """Listens until told to end: SIGTERM, SIGINT, or the end of standard input."""
    wishes = _arguments()
    now = datetime.now(UTC) - timedelta(days=wishes.days_ago) if wishes.days_ago is not None else wishes.now
    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with Simulator(
        catalogue_path=wishes.catalogue,
        users=wishes.users,
        seed=wishes.seed,
        host=wishes.host,
        graph_port=wishes.graph_port,
        download_port=wishes.download_port,
        identity_port=wishes.identity_port,
        control_port=wishes.control_port,
        now=now,
        url_life=wishes.url_life,
        token_life=wishes.token_life,
        scenario=wishes.scenario,
    ) as simulator:
        print(json.dumps(simulator.addresses()), flush=True)
        if wishes.watch_stdin:
            Thread(target=_await_end_of_input, args=(over,), daemon=True).start()
        over.wait()


if __name__ == "__main__":
    main()
