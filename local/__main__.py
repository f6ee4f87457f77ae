"""`python3 -m local ...`: makes the checkout ready on first use, then runs `local.cli` in its own environment.

The first lines are for old Pythons too: no newer syntax here.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    print("This needs Python 3.11 or newer, and this is " + sys.version.split()[0] + ".")
    sys.exit(2)

import os
import signal
import subprocess

from local import setup


def main() -> int:
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
