"""`python3 -m local services`: storage and the simulated tenant alone, for an app that `func start` runs."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

from local.child import ChildError
from local.setup import HOME, ROOT
from local.stack import Stack
from local.tenant import OtherTenant, people

SAMPLE = ROOT / "local.settings.sample.json"
SETTINGS = ROOT / "local.settings.json"


def serve(users: int | None, folder: Path = HOME / "archive") -> int:
    """Start them, write their addresses into local.settings.json, and go on until Ctrl-C. Answers the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Stack(folder, users=people(folder, users)) as stack:
            sample = json.loads(SAMPLE.read_text("utf-8"))
            addresses = {name: stack.settings[name] for name in sample["Values"] if name in stack.settings}
            sample["Values"] |= addresses | {"REPORTS": sample["Values"]["REPORTS"]}
            SETTINGS.write_text(json.dumps(sample, indent=2) + "\n", "utf-8")
            print(f"Storage and a simulated tenant are running; {SETTINGS.name} has their addresses.")
            print("Now run `func start` in another terminal. Ctrl-C ends this one.", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    except (ChildError, OtherTenant, OSError) as error:
        print(f"It does not start: {error}", file=sys.stderr)
    return 1
