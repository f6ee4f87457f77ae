"""The commands of `python3 -m local`, once the environment is ready."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from local.setup import HOME, ROOT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit status."""
    options = parsed(arguments)
    return int(options.command(options))


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command and its options. Raises SystemExit, after saying why, if there is no such command or option."""
    parser = argparse.ArgumentParser(prog="python3 -m local", description="The usage archive on one machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="start storage, a simulated Graph and the app; pull once; serve"))
    services = commands.add_parser("services", help="storage and the simulated Graph alone, for func start")
    _add_users(services)
    _add_archive(services)
    services.add_argument(
        "--settings",
        type=Path,
        default=ROOT / "local.settings.json",
        metavar="FILE",
        help="where to write the addresses",
    )
    services.set_defaults(command=_services)
    test = commands.add_parser("test", help="run all tests", add_help=False)
    test.set_defaults(command=_test)
    verify = commands.add_parser("verify", help="check every byte, name, revision and series of the archive")
    _add_archive(where := verify.add_mutually_exclusive_group())
    where.add_argument("--url", metavar="URL", help="of a blob service in Azure, instead of a folder")
    verify.add_argument("--sample", type=_share, default=(1, 1), metavar="n/t", help="the n-th of t shares only")
    verify.add_argument("--manifest", type=Path, metavar="FILE", help="write a list for sha256sum -c")
    verify.set_defaults(command=_verify)
    commands.add_parser("faults", help="try every known fault, and print how each ended").set_defaults(command=_faults)
    _add_soak(commands.add_parser("soak", help="try lives of archives by lot, until something breaks"))
    crashes = commands.add_parser("crashes", help="let a pull die at every step, and print what became of the archive")
    _add_seed(crashes, "of the simulated tenant")
    crashes.add_argument("--only", default="", metavar="CASE", help="such as revision:7:kill_after")
    crashes.set_defaults(command=_crashes)
    interleavings = commands.add_parser("interleavings", help="let two pulls happen at once, in every order there is")
    _add_seed(interleavings, "of the orders by chance")
    interleavings.add_argument("--seconds", type=_natural, metavar="N", help="some orders by chance, for so long")
    interleavings.add_argument("--only", default="", metavar="SCHEDULE", help="such as same:AABBAB")
    interleavings.set_defaults(command=_interleavings)
    load = commands.add_parser("load", help="measure how fast the newest snapshot is served")
    load.add_argument("--seconds", type=_natural, default=60, metavar="N", help="for so long (default 60)")
    load.add_argument("--rate", type=_natural, default=200, metavar="N", help="requests a second (default 200)")
    load.set_defaults(command=_load)
    bench = commands.add_parser("bench", help="measure speed, size and requests, next to limits and to others")
    bench.add_argument("--quick", action="store_true", help="smaller sizes and fewer rounds: under two minutes")
    bench.add_argument(
        "--only", action="append", type=_question, metavar="QUESTION", help="such as series; more than once for more"
    )
    bench.set_defaults(command=_bench)
    commands.add_parser("check", help="lint, format and types").set_defaults(command=_check)
    commands.add_parser("docs", help="write the generated pages in docs/").set_defaults(command=_docs)
    commands.add_parser("powerbi", help="write the Power BI project in powerbi/").set_defaults(command=_powerbi)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command is not _test:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    return options


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("--once", action="store_true", help="end after the pull instead of serving")
    run.add_argument("--days", type=_natural, default=0, metavar="N", help="first live through N days of timer runs")
    run.add_argument("--personal", action="store_true", help="pull the reports with personal data too")
    _add_users(run)
    run.add_argument("--port", type=_natural, default=7071, metavar="N", help="port of the app (default 7071)")
    run.add_argument("--fresh", action="store_true", help="begin with an empty archive")
    _add_archive(run)
    run.set_defaults(command=_run)


def _add_soak(soak: argparse.ArgumentParser) -> None:
    soak.add_argument("--seconds", type=_natural, default=60, metavar="N", help="how long (default 60)")
    soak.add_argument("--seed", type=_natural, default=1, metavar="S", help="of the first sequence (default 1)")
    soak.add_argument("--sequences", type=_natural, default=0, metavar="N", help="so many instead of so long")
    soak.add_argument("--steps", type=_natural, default=50, metavar="N", help="in each sequence (default 50)")
    soak.add_argument("--in-memory", action="store_true", help="without network and storage service, and many more")
    soak.add_argument(
        "--year", action="store_true", help="one archive for a year instead, with outages and corrections"
    )
    soak.add_argument(
        "--reports",
        default="getMailboxUsageDetail(period='D7')",
        metavar="REPORTS",
        help="what is pulled in that year, as in the setting",
    )
    soak.set_defaults(command=_soak)


def _add_users(command: argparse.ArgumentParser) -> None:
    command.add_argument("--users", type=_natural, metavar="N", help="people in the simulated tenant (default 250)")


def _add_archive(command: argparse._ActionsContainer) -> None:
    command.add_argument(
        "--archive", type=Path, default=HOME / "archive", metavar="DIR", help="where the archive is kept"
    )


def _add_seed(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("--seed", type=_natural, default=1, metavar="S", help=f"{what} (default 1)")


def _run(options: argparse.Namespace) -> int:
    from local.run import Options, run

    return run(
        Options(
            once=options.once,
            days=options.days,
            personal=options.personal,
            users=options.users,
            port=options.port,
            fresh=options.fresh,
            folder=options.archive.resolve(),
        )
    )


def _services(options: argparse.Namespace) -> int:
    from local.services import serve

    return serve(options.users, options.archive.resolve(), options.settings.resolve())


def _test(options: argparse.Namespace) -> int:
    return _python("-m", "pytest", "--numprocesses=3", "--dist=loadfile", *options.rest)


def _verify(options: argparse.Namespace) -> int:
    from local.verify import verify

    return verify(options)


def _share(text: str) -> tuple[int, int]:
    from local.verify import share

    return share(text)


def _faults(options: argparse.Namespace) -> int:
    from tests.reliability.faults.run import show_all

    return show_all()


def _soak(options: argparse.Namespace) -> int:
    from tests.reliability.random_walk.soak import soak

    return soak(options)


def _crashes(options: argparse.Namespace) -> int:
    from tests.reliability.crashes.crashes import show_all

    return show_all(options.seed, options.only)


def _interleavings(options: argparse.Namespace) -> int:
    from tests.reliability.interleavings.interleavings import show_all

    return show_all(options.seed, options.seconds, options.only)


def _load(options: argparse.Namespace) -> int:
    from local.load import load

    return load(options.seconds, options.rate)


def _bench(options: argparse.Namespace) -> int:
    from bench.table import run

    return run(quick=options.quick, only=options.only or ())


def _question(text: str) -> str:
    from bench.table import QUESTIONS

    if text not in QUESTIONS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(QUESTIONS)}")
    return text


def _check(options: argparse.Namespace) -> int:
    return _python("-m", "ruff", "check") or _python("-m", "ruff", "format", "--check") or _python("-m", "mypy")


def _docs(options: argparse.Namespace) -> int:
    from docs.generate import write

    for path in write():
        print(f"wrote {path}")
    return 0


def _powerbi(options: argparse.Namespace) -> int:
    from powerbi.generator.pages import FOLDER, write

    print(f"wrote {len(write())} files in {FOLDER}")
    return 0


def _python(*arguments: str) -> int:
    return subprocess.call([sys.executable, *arguments], cwd=ROOT)


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


if __name__ == "__main__":
    try:
        status = main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    os._exit(status)  # not waiting for a pull that Ctrl-C left behind in its thread, as the real host does not
