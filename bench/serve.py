"""`python -m bench.serve DIRECTORY`: serves the functions of a directory until the end of standard input."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from local.functions_host.host import FunctionsHost


def main() -> None:
    """Prints URL and keys as one JSON line."""
    with FunctionsHost(Path(sys.argv[1])) as host:
        print(json.dumps({"url": host.url, "keys": dict(host.keys)}), flush=True)
        sys.stdin.read()
        os._exit(0)


if __name__ == "__main__":
    main()
