"""The memory that large answers take, next to its limits and to the build before answers were bounded."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from bench.canned import CALL, write
from bench.measure import Row, Scale, held
from bench.parts import FORMER, days, fill, former_build, service
from local.environment import environment
from local.setup import ROOT
from local.stack import Stack
from shared.app import utc_now

_READER = ROOT / "bench" / "lone_reader.py"
_LARGE = "getOffice365ActiveUserDetail(period='D30')"


class Question(NamedTuple):
    """A request, how many ask it at once, and the most MB that it may take."""

    name: str
    call: str
    most: float
    readers: int = 1
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    cpu: float = 1.0
    """The most CPU, to that of the build before."""

    def asked(self, build: Path) -> Mapping[str, Any]:
        """Ask a build in a process of its own."""
        wanted = json.dumps({"path": self.call, "query": self.query, "headers": self.headers})
        command = [sys.executable, "-P", str(_READER), str(build), str(self.readers), wanted]
        done = subprocess.run(command, cwd=build, capture_output=True, text=True, check=True)
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        print(self.name, build.name, told, file=sys.stderr, flush=True)
        return told


_SERIES, _SNAPSHOT = f"reports/{CALL}/series", f"reports/{_LARGE}"
_PART = {"range": "bytes=0-9"}
QUESTIONS = (
    Question("series of people, CSV", _SERIES, 200),
    Question("series of people, Excel", _SERIES, 200, query={"format": "excel"}),
    Question("series of people, JSON", _SERIES, 200, query={"format": "json"}),
    Question("series of people, JSON, gzip", _SERIES, 200, 1, {"format": "json"}, {"accept-encoding": "gzip"}),
    Question("series of people, SVG", _SERIES, 200, query={"format": "svg"}),
    Question("a large snapshot, CSV, 16 readers", _SNAPSHOT, 250, 16),
    Question("a large snapshot, bytes 0 to 9, 16 readers", _SNAPSHOT, 100, 16, headers=_PART),
    Question("a large snapshot, JSON, 4 readers", _SNAPSHOT, 300, 4, {"format": "json"}, cpu=0.5),
)


def rows(scale: Scale) -> Iterator[Row]:
    """The highest resident memory of a process beyond what it had before the first answer, in MB of 2**20 bytes."""
    number, people, large = scale.pick(40, 4), 17_300, scale.pick(215_000, 25_000)
    newest = utc_now().date() - timedelta(days=2)
    with (
        tempfile.TemporaryDirectory(prefix="usage-archive-") as folder,
        Stack(settings={"REPORTS": "personal"}) as stack,
        service(stack.settings) as client,
        environment(stack.settings),
    ):
        before = former_build(Path(folder) / "before")
        body = _body(Path(folder), people, newest)
        fill(
            client,
            CALL,
            ((day, body.replace(f"{newest},".encode(), f"{day},".encode())) for day in days(number, newest)),
        )
        fill(client, _LARGE, [(newest, _body(Path(folder), large, newest))])
        for question in QUESTIONS:
            ours, theirs = question.asked(ROOT), question.asked(before)
            name = f"peak memory: {question.name}"
            yield held(name, ours["peak"], "the limit", question.most, "MB")
            yield held(name, ours["peak"], f"commit {FORMER}", theirs["peak"], "MB")
            yield held(f"CPU: {question.name}", ours["cpu"], f"commit {FORMER}", theirs["cpu"], "s", question.cpu)


def _body(folder: Path, rows: int, day: date) -> bytes:
    file = folder / "report.csv"
    write(file, rows, day)
    return file.read_bytes()
