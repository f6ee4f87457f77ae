"""Runs the simulator until Ctrl-C or SIGTERM."""

import argparse
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from simulator import Simulator
from simulator.catalogue import DEFAULT_PATH
from simulator.faults.table import FAULTS
from simulator.likeness import scenario
from simulator.protocol import download_urls, tokens
from simulator.protocol.identity import API_VERSION

_ABOUT = "A stand-in for Microsoft Graph's usage reports on this machine: tokens, reports, downloads and faults."
_WELCOME = """\
A stand-in for Microsoft Graph, with a tenant of about {users} people (seed {seed}).

  Microsoft Graph    {graph_endpoint}
  download host      {download_origin}
  identity endpoint  {identity_endpoint}   (X-IDENTITY-HEADER: {identity_header})
  control API        {control}

Get a token, a redirect, and the report behind it:

  curl -s -H "X-IDENTITY-HEADER: {identity_header}" \\
    "{identity_endpoint}?api-version={api_version}&resource={graph_endpoint}"
  curl -s -i -H "Authorization: Bearer TOKEN" \\
    "{graph_endpoint}/v1.0/reports/getOffice365ServicesUserCounts(period='D7')"
  curl -s "LOCATION"

simulator/README.md tells the rest. Ctrl-C ends it."""


class _ListFaults(argparse.Action):
    """Prints the table of faults and exits, as --help does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        for name, fault in FAULTS.items():
            arguments = json.dumps(fault.args) if fault.args else ""
            print(f"{name}: {fault.meaning}\n    {arguments}".rstrip())
        parser.exit()


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _days_ago(text: str) -> datetime:
    return datetime.now(UTC) - timedelta(days=float(text))


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the options; those of the first two groups are arguments of `Simulator`."""
    parser = argparse.ArgumentParser("python3 -m simulator", description=_ABOUT)
    tenant = parser.add_argument_group("the tenant and its time")
    tenant.add_argument("--users", type=int, default=250, metavar="N", help="people in it, about (%(default)s)")
    tenant.add_argument("--seed", type=int, default=1, metavar="N", help="another seed is another tenant (%(default)s)")
    tenant.add_argument(
        "--tenants", type=int, default=0, metavar="N", help="further tenants, of a provider's customers (%(default)s)"
    )
    start = tenant.add_mutually_exclusive_group()
    start.add_argument("--now", type=_instant, metavar="TIME", help="start the clock at this time (ISO 8601, UTC)")
    start.add_argument("--days-ago", type=_days_ago, dest="now", metavar="N", help="start the clock N days ago")
    tenant.add_argument(
        "--catalogue", type=Path, default=DEFAULT_PATH, dest="catalogue_path", metavar="FILE", help="the reports (JSON)"
    )
    faults = tenant.add_mutually_exclusive_group()
    faults.add_argument("--scenario", type=Path, metavar="FILE", help="faults from the start (JSON)")
    faults.add_argument(
        "--as", type=Path, dest="likeness", metavar="FILE", help="behave like the tenant of this evidence.json"
    )
    addresses = parser.add_argument_group("addresses and secrets")
    addresses.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (%(default)s)")
    for name in ("graph", "download", "identity", "control", "login"):
        addresses.add_argument(f"--{name}-port", type=int, default=0, metavar="PORT", help="by default any free one")
    addresses.add_argument("--identity-header", metavar="SECRET", help="of the identity endpoint; by default random")
    addresses.add_argument(
        "--certificate",
        nargs=2,
        type=Path,
        metavar=("CERTIFICATE", "KEY"),
        help="PEM files, for https at the token endpoint of further tenants",
    )
    addresses.add_argument(
        "--token-life", type=int, default=tokens.LIFE, metavar="SECONDS", help="of a token, in real time (%(default)s)"
    )
    addresses.add_argument(
        "--url-life",
        type=float,
        default=download_urls.LIFE,
        metavar="SECONDS",
        help="of a download URL, in simulated time (%(default)s)",
    )
    parser.add_argument(
        "--faults",
        action=_ListFaults,
        nargs=0,
        default=argparse.SUPPRESS,
        help="list the faults and exit",
    )
    parser.add_argument("--json", action="store_true", help="print the addresses as one line of JSON, for a program")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input ends, for a program")
    return parser


def _wait_for_end_of_input(over: Event) -> None:
    sys.stdin.read()
    over.set()


def main() -> None:
    """Listen until SIGTERM, Ctrl-C or, if that is wanted, the end of standard input."""
    parser = _parser()
    options = vars(parser.parse_args())
    likeness = options.pop("likeness")
    as_json, watch_stdin = options.pop("json"), options.pop("watch_stdin")
    try:
        if options["scenario"]:
            options["scenario"] = json.loads(options["scenario"].read_text("utf-8"))
        if likeness:
            options["scenario"] = scenario(likeness)
        simulator = Simulator(**options)
    except (OSError, ValueError) as error:  # no such file, no JSON, or a port that is taken
        parser.error(str(error))
    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with simulator:
        addresses = simulator.addresses()
        text = json.dumps(addresses) if as_json else _WELCOME.format(**options | addresses, api_version=API_VERSION)
        print(text, flush=True)
        if watch_stdin:
            Thread(target=_wait_for_end_of_input, args=(over,), daemon=True).start()
        while not over.wait(1):  # a wait without an end cannot be interrupted on Windows
            pass


if __name__ == "__main__":
    main()
