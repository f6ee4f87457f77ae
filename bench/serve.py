"""`python -m bench.serve DIRECTORY [NOW]`: serves the functions of a directory until the end of standard input.

With NOW, an instant in UTC, those of this checkout believe that it is that.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

from local.functions_host.host import FunctionsHost


def main() -> None:
    """Prints URL and keys as one JSON line."""
    if sys.argv[2:]:
        from shared import app  # which is none of what another directory serves

        now = datetime.fromisoformat(sys.argv[2])
        app.begin(partial(app.from_environment, lambda: now))
    with FunctionsHost(Path(sys.argv[1])) as host:
        print(json.dumps({"url": host.url, "keys": dict(host.keys)}), flush=True)
        sys.stdin.read()
        os._exit(0)


if __name__ == "__main__":
    main()
