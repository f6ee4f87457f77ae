"""`python -m bench.canned FILE SPEED`: a Graph that has one body ready, and sends so many bytes of it a second."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from bench.parts import bodies
from simulator.protocol.listeners import Listener
from simulator.protocol.messages import Answer, Request

CALL = "getOffice365ActiveUserDetail(period='D7')"
_TENANT = 10_000
_CHUNK = 256 << 10


def write(file: Path, rows: int, day: date) -> None:
    """A body of so many rows, each another person's."""
    ((_, body),) = bodies(CALL, [day], users=_TENANT)
    header, *lines = body.splitlines(keepends=True)
    beginning = f"{day},".encode()
    with file.open("wb") as content:
        content.write(header)
        for number in range(rows):
            again, place = divmod(number, len(lines))
            content.write(lines[place].replace(beginning, b"%b%d" % (beginning, again), 1))


def main() -> None:
    """Prints its origin as one JSON line; ends with standard input. `inf` is as fast as the line carries it."""
    file, speed = Path(sys.argv[1]), float(sys.argv[2])

    def answer(request: Request) -> Answer:
        if "/data/" not in request.path:
            headers = (("Location", f"{listener.origin}/data/report.csv"), ("Content-Length", "0"))
            return Answer(302, headers)
        length = ("Content-Length", str(file.stat().st_size))
        return Answer(
            200, (length, ("ETag", '"canned"'), ("Content-Type", "application/octet-stream")), _content(file, speed)
        )

    listener = Listener("127.0.0.1", 0)
    listener.start(answer)
    print(json.dumps({"origin": listener.origin}), flush=True)
    sys.stdin.read()


def _content(file: Path, speed: float) -> Iterator[bytes]:
    started, sent = time.monotonic(), 0
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            yield chunk
            sent += len(chunk)
            time.sleep(max(0.0, started + sent / speed - time.monotonic()))


if __name__ == "__main__":
    main()
