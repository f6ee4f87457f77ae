"""The options of `python3 -m local run`. Standard library only, so that `--help` needs nothing that is set up."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from local import demo
from local.options import PROGRAM, add_archive, add_azurite, add_users, instant, natural, port
from local.setup import HOME

USERS_OF_EACH = 40
"""People in each of many tenants."""
EXAMPLES = f"""\
examples:
  {PROGRAM} run              archive once, then serve the dashboard until Ctrl-C
  {PROGRAM} run --open       the same, and open the dashboard in the browser
  {PROGRAM} run --demo       open a year with idle people, corrections and an outage
  {PROGRAM} run --days 40    with a history of 40 days, which takes some minutes
  {PROGRAM} run --tenants 5  archive the tenants of five customers instead of one
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} run",
        description="Run the whole app on this machine, with a simulated Microsoft 365 tenant behind it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--open", action="store_true", help="open the dashboard in the browser")
    add("--once", action="store_true", help="end after the pull instead of serving")
    add("--demo", action="store_true", help="open a year that was made to be looked at")
    add("--days", type=natural, metavar="N", help="first live through N days of timer runs")
    add("--tenants", type=natural, default=0, metavar="N", help="archive so many customers' tenants")
    add("--personal", action="store_true", help="pull the reports with personal data too")
    add_users(parser)
    add("--port", type=port, default=7071, metavar="N", help="port of the app (default 7071)")
    add("--fresh", action="store_true", help="begin with an empty archive")
    add("--verbose", action="store_true", help="print every call, and all URLs")
    add("--now", type=instant, metavar="TIME", help="what time it is at the start, in UTC, such as 2028-02-29T07:15")
    add_archive(parser)
    add_azurite(parser)
    options = parser.parse_args(arguments)
    if options.demo and options.personal:
        parser.error("--demo has its own reports: leave out --personal")
    if options.tenants and (options.demo or options.days):
        parser.error("--tenants has no past: leave out --demo and --days")
    if options.tenants and options.archive == parser.get_default("archive"):
        options.archive = HOME / "tenants"
    if options.tenants and options.users is None:
        options.users = USERS_OF_EACH
    if options.demo and options.archive == parser.get_default("archive"):
        options.archive = demo.FOLDER
    if options.demo and options.users is None:
        options.users = demo.USERS
    if options.days is None:
        options.days = demo.DAYS if options.demo else 0
    return options
