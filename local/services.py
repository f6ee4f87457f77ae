"""`python3 -m local services`: the simulated tenant alone, and storage, for an app that `func start` runs."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Sequence

from local.child import ChildError
from local.parsers import services as parse
from local.setup import ROOT
from local.stack import Stack
from local.tenant import OtherTenant, people

SAMPLE = ROOT / "local.settings.sample.json"
ADDRESSES = ("GRAPH_ENDPOINT", "DOWNLOAD_HOSTS", "ARCHIVE_URL", "ARCHIVE_CA", "IDENTITY_ENDPOINT", "IDENTITY_HEADER")


def main(arguments: Sequence[str]) -> int:
    """Start them, write their addresses into the settings file, and go on until Ctrl-C. Return the exit status.

    What else stands in that file stays; without one, the sample is what it begins with.
    """
    options = parse(arguments)
    folder, settings = options.archive.resolve(), options.settings.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Stack(folder, azurite=options.azurite, users=people(folder, options.users)) as stack:
            content = json.loads((settings if settings.exists() else SAMPLE).read_text("utf-8"))
            content["Values"] |= {name: stack.settings.get(name, "") for name in ADDRESSES}
            settings.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
            print(f"A simulated tenant and a place for the archive are there; {settings.name} has their addresses.")
            print("Now run `func start` in another terminal. Ctrl-C ends this one.", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    except (ChildError, OtherTenant, OSError) as error:
        print(f"It does not start: {error}", file=sys.stderr)
    return 1
