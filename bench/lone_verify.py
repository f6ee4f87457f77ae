"""`python -P bench/lone_verify.py BUILD CALL...`: verifies an archive with the code in BUILD, in a process of its own.

The archive is that of the environment. With calls, their series are made first. Prints one JSON line: seconds, CPU
seconds, the number of blobs, and the names of those with which something is wrong.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Verify, and tell."""
    build, *calls = sys.argv[1:]
    sys.path.insert(0, build)
    is_former = not Path(build, "shared", "verification").exists()
    app = import_module("shared.app").App(import_module("shared.settings").read(os.environ), lambda: datetime.now(UTC))
    catalogue = import_module("shared.catalogue" if is_former else "shared.domain.catalogue").catalogue()
    verifier = import_module("shared.verify" if is_former else "shared.verification.archive")
    series = import_module("shared.series").Series(app.archive) if is_former else app.archive.series
    for text in calls:
        call = import_module("shared.call" if is_former else "shared.domain.call").parse(text, catalogue)
        series.table(call, datetime.now(UTC).date())
    started, cpu = time.monotonic(), time.process_time()
    blobs = list(verifier.everything(app.archive if is_former else app.archive.store))
    wrong = {finding.name for finding in verifier.verify(blobs, catalogue, datetime.now(UTC))}
    told = {"seconds": time.monotonic() - started, "cpu": time.process_time() - cpu}
    print(json.dumps(told | {"blobs": len(blobs), "wrong": sorted(wrong)}), flush=True)


if __name__ == "__main__":
    main()
