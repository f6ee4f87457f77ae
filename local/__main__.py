"""`python3 -m local ...`: makes the checkout ready on first use, then runs `local.cli` in its own environment.

The first lines are for old Pythons too: no newer syntax here.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    print("This needs Python 3.11 or newer, and this is " + sys.version.split()[0] + ".")
    print("Install Python 3.13 (python.org, or your package manager), and start it so: python3.13 -m local run")
    sys.exit(2)

import os
import signal
import subprocess
from importlib import import_module

from local import setup


def helped(arguments: "list[str]") -> bool:
    """Print the help that is asked for, for which nothing is set up. Return whether any is."""
    if not {"-h", "--help"} & {*arguments}:
        return False
    from local import cli, parsers

    if arguments[0] in cli.COMMANDS:
        parse = parsers.PARSERS.get(arguments[0]) or import_module(cli.COMMANDS[arguments[0]].module).parse
        parse(arguments[1:])  # which ends here
    cli.main(["--help"])
    return True


def main() -> int:
    if helped(sys.argv[1:]):
        return 0
    try:
        python = str(setup.ready(setup.parts_for(sys.argv[1:])))
    except setup.SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The next start sets up again.", file=sys.stderr)
        return 130
    command = [python, "-m", "local.cli", *sys.argv[1:]]
    if sys.platform == "win32":
        # There is no exec on Windows; Ctrl-C is the child's affair.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return subprocess.call(command)
    os.execv(python, command)


if __name__ == "__main__":
    sys.exit(main())
