"""What the questions about a large body share: a Graph that has it ready, and a pull of it in a process of its own."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from bench.canned import CALL, write
from bench.parts import service
from local.child import Child
from local.environment import environment
from local.setup import ROOT
from local.stack import Stack
from shared.archive.layout import DERIVED, PERSONAL, PERSONAL_DERIVED


class Large(NamedTuple):
    """A body of so many rows, where it is to be had, and an app to pull it."""

    rows: int
    file: Path
    settings: Mapping[str, str]

    @property
    def origin(self) -> str:
        return self.settings["GRAPH_ENDPOINT"]

    @property
    def size(self) -> str:
        return f"{self.file.stat().st_size / 1e6:.0f} MB, {self.rows:,} rows"

    def pull(self) -> Mapping[str, Any]:
        """One run of the app, which tells seconds and peak memory; the archive is as empty as before."""
        with environment(self.settings):
            done = subprocess.run(
                [sys.executable, "-m", "bench.lone_pull"], cwd=ROOT, capture_output=True, text=True, check=True
            )
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert told["pulls"] == {CALL: "published"}, told
        self.forget()
        return told

    def forget(self) -> None:
        """Empty the archive."""
        with service(self.settings) as client:
            for container in (PERSONAL, DERIVED, PERSONAL_DERIVED):
                if client.get_container_client(container).exists():
                    client.delete_container(container)


@contextmanager
def large(rows: int, speed: float = math.inf, day: date | None = None) -> Iterator[Large]:
    """While the block lasts; `speed` is that of the line from Graph, in bytes a second, `day` its refresh date."""
    with tempfile.TemporaryDirectory(prefix="usage-archive-") as folder, Stack(settings={"REPORTS": CALL}) as stack:
        file = Path(folder) / "report.csv"
        write(file, rows, day or datetime.now(UTC).date() - timedelta(days=2))
        graph = Child("Graph", [sys.executable, "-m", "bench.canned", str(file), str(speed)], json.loads, cwd=ROOT)
        try:
            origin = graph.announcement()["origin"]
            yield Large(rows, file, stack.settings | {"GRAPH_ENDPOINT": origin, "DOWNLOAD_HOSTS": origin})
        finally:
            graph.stop()
