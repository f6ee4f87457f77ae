"""`python -m bench.far_graph SECONDS`: the simulated Graph so far away that each answer takes that long, and longer."""

from __future__ import annotations

import json
import sys
import time

from simulator.protocol.messages import Request
from simulator.simulator import Simulator


def main() -> None:
    """Prints its addresses as one JSON line; ends with standard input."""
    seconds = float(sys.argv[1])

    def wait(listener: str, request: Request) -> None:
        if listener == "graph":
            time.sleep(seconds)

    with Simulator(before=wait) as simulator:
        print(json.dumps(simulator.addresses()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
