"""What each command of `python3 -m local` reads from its line.

Nothing here needs what is set up, so that `--help` sets nothing up.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from local import run_options
from local.options import PROGRAM, add_archive, add_azurite, add_users, instant
from local.setup import ROOT
from shared.archive.layout import Partition
from shared.domain.call import every_call, parse_date
from shared.domain.call import parse as parse_call
from shared.domain.catalogue import catalogue
from shared.domain.errors import BadArgument, RequestError
from shared.domain.selection import items
from shared.domain.tenants import tenant_id

KEY = "USAGE_ARCHIVE_KEY"
"""The environment variable with a key of `status`: on a command line others would see it."""
CSV, PARQUET = "csv", "parquet"
"""Forms of what is exported."""


def verify(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options of `verify`."""
    parser = _parser("verify", "Check whether an archive is what it says: each byte, name, revision, series and table.")
    _add_place(parser)
    parser.add_argument("--sample", type=share, default=(1, 1), metavar="n/t", help="the n-th of t shares only")
    parser.add_argument("--since", type=instant, metavar="DATE", help="read only what was pulled since then")
    parser.add_argument("--make-tables", action="store_true", help="make tables again that are not what they should be")
    parser.add_argument("--manifest", type=Path, metavar="FILE", help="write a list for sha256sum -c")
    return parser.parse_args(arguments)


def person(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options of `person`."""
    parser = _parser("person", "Print as CSV what an archive says of one person, on all its days.")
    parser.add_argument("person", metavar="PERSON", help="id or address, in any letter case")
    _add_place(parser)
    return parser.parse_args(arguments)


def pseudonyms(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options of `pseudonyms`."""
    parser = _parser("pseudonyms", "Say since when the hashes of an archive stand for people, or let others do so.")
    parser.add_argument("--rotate", action="store_true", help="throw the key away, and make another")
    _add_place(parser)
    return parser.parse_args(arguments)


def erase(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options of `erase`."""
    what = "Take a person out of an archive, and keep them out; or a tenant, with all there is of it."
    parser = _parser("erase", f"{what} Without --yes it only says what would change.")
    parser.add_argument("person", metavar="PERSON", nargs="?", help="id or address, in any letter case")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--yes", action="store_true", help="do it: it cannot be undone")
    one.add_argument("--list", action="store_true", help="say who is kept out, as far as hashes tell")
    one.add_argument("--lift", action="store_true", help="let a person come back; what was erased stays erased")
    parser.add_argument("--whole", action="store_true", help="with --tenant and --yes: all of a customer who left")
    _add_place(parser)
    options = parser.parse_args(arguments)
    if is_of_tenant(options):
        if options.yes and not options.whole:
            parser.error("say who: PERSON is an id or an address; or --whole, for all that there is of the tenant")
        return options
    if options.whole:
        parser.error("--whole is of --tenant ID, and takes no PERSON")
    if options.list == bool(options.person):
        parser.error("--list takes no PERSON" if options.list else "say who: PERSON is an id or an address")
    return options


def is_of_tenant(options: argparse.Namespace) -> bool:
    """Whether a tenant is to be erased, and no person."""
    return bool(options.tenant) and options.person is None and not (options.list or options.lift)


def adopt(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options of `adopt`."""
    what = "Copy an archive of one tenant to where the app looks for it among many tenants."
    parser = _parser("adopt", f"{what} The archive itself stays as it is. Cut short, it goes on where it was.")
    _add_place(parser)
    options = parser.parse_args(arguments)
    if not options.tenant:
        parser.error("say whose archive it is: --tenant ID")
    return options


def export(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options of `export`."""
    what = "Take the tables of an archive home into a folder, as Parquet or CSV."
    parser = _parser("export", f"{what} Called again, it fetches what is new or was corrected, and nothing else.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to; what it has is not fetched again")
    _add_place(parser)
    parser.add_argument("--reports", type=places, metavar="LIST", help="only these reports or calls, between commas")
    parser.add_argument("--personal", action="store_true", help="also those with a row per person, site, group or team")
    parser.add_argument("--since", type=day, default=date.min, metavar="DATE", help="only its month and later ones")
    parser.add_argument("--format", choices=(PARQUET, CSV), default=PARQUET, help="parquet if it is left out")
    options = parser.parse_args(arguments)
    for report in sorted({place.report for place in options.reports or ()} & catalogue().personal):
        if not options.personal:
            parser.error(f"{report} has a row per person, site, group or team: that takes --personal")
    return options


def doctor(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options of `doctor`."""
    parser = _parser("doctor", "Say line by line whether the live service does what was assumed of it.")
    add_archive(where := parser.add_mutually_exclusive_group())
    where.add_argument("--url", metavar="URL", help=f"https://HOST/api of an app; its key of status is in ${KEY}")
    where.add_argument("--file", type=Path, metavar="FILE", help="an evidence.json that somebody attached")
    return parser.parse_args(arguments)


def services(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options of `services`."""
    parser = _parser("services", "Start storage and the simulated tenant alone, for an app that `func start` runs.")
    add_users(parser)
    add_archive(parser)
    add_azurite(parser)
    settings = ROOT / "local.settings.json"
    parser.add_argument("--settings", type=Path, default=settings, metavar="FILE", help="where to write the addresses")
    return parser.parse_args(arguments)


PARSERS: Mapping[str, Callable[[Sequence[str]], argparse.Namespace]] = {
    "run": run_options.parse,
    **{parse.__name__: parse for parse in (verify, person, pseudonyms, erase, adopt, export, doctor, services)},
}
"""By the name of the command; what a checkout is made with has others."""


def share(text: str) -> tuple[int, int]:
    """Return `n/t` as an option gives it. Raise ArgumentTypeError for anything else."""
    match = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", text, re.ASCII)
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= of:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share n/t such as 3/7, the third of seven")
    return number, of


def places(text: str) -> frozenset[Partition]:
    """Return where the reports and calls lie that an option names. Raise ArgumentTypeError for anything else."""
    known, found = catalogue(), set[Partition]()
    for item in items(text):
        report = known.reports.get(known.canonical_name(item) or "")
        try:
            found |= {Partition.of(call) for call in (every_call(report) if report else [parse_call(item, known)])}
        except RequestError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} names no report")
    return frozenset(found)


def day(text: str) -> date:
    """Return a day as an option gives it. Raise ArgumentTypeError for anything else."""
    try:
        return parse_date(text, "It")
    except BadArgument:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2028-02-29") from None


def tenant(text: str) -> str:
    """Return the id of a tenant in its one form. Raise ArgumentTypeError for anything else."""
    if not (id_ := tenant_id(text)):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no tenant id such as 11111111-2222-3333-4444-555555555555")
    return id_


def _parser(command: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"{PROGRAM} {command}", description=description)


def _add_place(parser: argparse.ArgumentParser) -> None:
    """Add `--archive` and `--url`, of which one is given, `--azurite`, and `--tenant`."""
    add_archive(where := parser.add_mutually_exclusive_group())
    where.add_argument("--url", metavar="URL", help="of a blob service in Azure, instead of a folder")
    add_azurite(parser)
    parser.add_argument("--tenant", type=tenant, metavar="ID", help="its archive, where the app archives many tenants")
