"""`python -m tests.reliability`: everything that can go wrong, tried at length. The tests try a part of each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from local.options import natural


def main(arguments: Sequence[str]) -> int:
    """Run a command. Return the exit status: 1 if something did not hold."""
    options = parse(arguments)
    return int(options.run(options))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read a command and its options; `run` is what does it."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    faults = commands.add_parser("faults", help="try every known fault, and print how each ended")
    faults.set_defaults(run=_faults)
    crashes = commands.add_parser("crashes", help="let a pull die at every step, and print what became of the archive")
    crashes.set_defaults(run=_crashes)
    crashes.add_argument("--only", default="", metavar="CRASH", help="such as revision:7:kill_after")
    interleavings = commands.add_parser("interleavings", help="let two pulls happen at once, in every order there is")
    interleavings.set_defaults(run=_interleavings)
    interleavings.add_argument("--only", default="", metavar="SCHEDULE", help="such as same:AABBAB")
    interleavings.add_argument("--seconds", type=natural, metavar="N", help="some orders by chance, for so long")
    soak = commands.add_parser("soak", help="try random walks of archives, until something breaks")
    soak.set_defaults(run=_soak)
    _add_soak(soak)
    worlds = commands.add_parser("worlds", help="let archives live in worlds in which anything may happen")
    worlds.set_defaults(run=_worlds)
    worlds.add_argument("--count", type=natural, default=1000, metavar="N", help="how many worlds (default 1000)")
    worlds.add_argument("--seconds", type=natural, metavar="N", help="thirty days of one, in so many, instead")
    worlds.add_argument("--only", nargs="+", metavar="WHAT", help="the ingredients, such as strays and order")
    tenants = commands.add_parser("tenants", help="let a provider's many tenants live through a day of a queue")
    tenants.set_defaults(run=_tenants)
    tenants.add_argument("--count", type=natural, default=200, metavar="N", help="how many tenants (default 200)")
    tenants.add_argument("--workers", action="store_true", help="how 1, 2 and 4 workers scale instead, and memory")
    for command in (crashes, interleavings, soak, worlds, tenants):
        command.add_argument("--seed", type=natural, default=1, metavar="S", help="of what is by chance (default 1)")
    load = commands.add_parser("load", help="measure how fast the newest snapshot is served")
    load.set_defaults(run=_load)
    load.add_argument("--seconds", type=natural, default=60, metavar="N", help="for so long (default 60)")
    load.add_argument("--rate", type=natural, default=200, metavar="N", help="requests a second (default 200)")
    dates = commands.add_parser("dates", help="run the tests that depend on time, on thirty dates")
    dates.set_defaults(run=_dates)
    dates.add_argument("--only", default="", metavar="DATE", help="such as 2028-02-29")
    return parser.parse_args(arguments)


def _add_soak(soak: argparse.ArgumentParser) -> None:
    soak.add_argument("--seconds", type=natural, default=60, metavar="N", help="how long (default 60)")
    soak.add_argument("--sequences", type=natural, default=0, metavar="N", help="so many instead of so long")
    soak.add_argument("--steps", type=natural, default=50, metavar="N", help="in each sequence (default 50)")
    soak.add_argument("--in-memory", action="store_true", help="without network and storage service, and many more")
    soak.add_argument("--year", action="store_true", help="one archive for a year instead, with all that happens in it")
    soak.add_argument(
        "--reports",
        default="getMailboxUsageDetail(period='D7')",
        metavar="REPORTS",
        help="what is pulled in that year, as in the setting",
    )


def _faults(options: argparse.Namespace) -> int:
    from tests.reliability.faults.run import show_all

    return show_all()


def _crashes(options: argparse.Namespace) -> int:
    from tests.reliability.crashes.run import show_all

    return show_all(options.seed, options.only)


def _interleavings(options: argparse.Namespace) -> int:
    from tests.reliability.interleavings.explore import show_all

    return show_all(options.seed, options.seconds, options.only)


def _soak(options: argparse.Namespace) -> int:
    from tests.reliability.random_walk.soak import soak

    return soak(options)


def _worlds(options: argparse.Namespace) -> int:
    from tests.reliability.worlds import endurance
    from tests.reliability.worlds.happenings import HAPPENINGS
    from tests.reliability.worlds.run import try_all

    if options.seconds:
        return endurance.main(options.seconds, options.seed)
    return try_all(options.count, options.seed, options.only or tuple(HAPPENINGS))


def _load(options: argparse.Namespace) -> int:
    from tests.reliability.load import load

    return load(options.seconds, options.rate)


def _tenants(options: argparse.Namespace) -> int:
    from tests.reliability.tenants import fleet, scaling

    return scaling.main(options.count) if options.workers else fleet.main(options.count, options.seed)


def _dates(options: argparse.Namespace) -> int:
    from tests.reliability.dates import try_all

    return try_all(options.only)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
