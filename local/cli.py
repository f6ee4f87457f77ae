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
    test = commands.add_parser("test", help="run all tests, with coverage", add_help=False)
    test.set_defaults(command=_test)
    verify = commands.add_parser("verify", help="check every byte, name, revision and series of the archive")
    _add_archive(verify)
    verify.add_argument("--sample", type=_share, default=(1, 1), metavar="n/t", help="the n-th of t shares only")
    verify.add_argument("--manifest", type=Path, metavar="FILE", help="write a list for sha256sum -c")
    verify.set_defaults(command=_verify)
    commands.add_parser("faults", help="try every known fault, and print how each ended").set_defaults(command=_faults)
    commands.add_parser("check", help="lint, format and types").set_defaults(command=_check)
    commands.add_parser("docs", help="write the generated pages in docs/").set_defaults(command=_docs)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command is not _test:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    return int(options.command(options))


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("--once", action="store_true", help="end after the pull instead of serving")
    run.add_argument("--days", type=_natural, default=0, metavar="N", help="first live through N days of timer runs")
    run.add_argument("--personal", action="store_true", help="pull the reports with personal data too")
    _add_users(run)
    run.add_argument("--port", type=_natural, default=7071, metavar="N", help="port of the app (default 7071)")
    run.add_argument("--fresh", action="store_true", help="begin with an empty archive")
    _add_archive(run)
    run.set_defaults(command=_run)


def _add_users(command: argparse.ArgumentParser) -> None:
    command.add_argument("--users", type=_natural, metavar="N", help="people in the simulated tenant (default 250)")


def _add_archive(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--archive", type=Path, default=HOME / "archive", metavar="DIR", help="where the archive is kept"
    )


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
    return _python("-m", "pytest", "--cov", "--numprocesses=auto", "--dist=loadfile", *options.rest)


def _verify(options: argparse.Namespace) -> int:
    from local.verify import verify

    return verify(options)


def _share(text: str) -> tuple[int, int]:
    from local.verify import share

    return share(text)


def _faults(options: argparse.Namespace) -> int:
    from local.trial import show_all

    return show_all()


def _check(options: argparse.Namespace) -> int:
    return _python("-m", "ruff", "check") or _python("-m", "ruff", "format", "--check") or _python("-m", "mypy")


def _docs(options: argparse.Namespace) -> int:
    from local.docs import write

    for path in write():
        print(f"wrote {path}")
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
