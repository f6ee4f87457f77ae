"""`python -P bench/lone_verify.py BUILD CALL...`: verifies an archive with the code in BUILD, in a process of its own.

The archive is that of the environment. Prints one JSON line: seconds, CPU seconds, the number of blobs, and the names
of those with which something is wrong. With calls, by the former build, it makes their series instead.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

Find = Callable[[], tuple[Sequence[Any], Iterable[Any]]]
"""Lists an archive, and verifies it."""


def main() -> None:
    """Verify, and tell."""
    build, *calls = sys.argv[1:]
    sys.path.insert(0, build)
    is_former = not Path(build, "shared", "verification").exists()
    if calls:
        assert is_former, "it makes the series, as both builds can read them"
        _make_series(calls)
        return
    find = _former() if is_former else _ours()
    started, cpu = time.monotonic(), _cpu()
    blobs, findings = find()
    wrong = {finding.name for finding in findings}
    told = {"seconds": time.monotonic() - started, "cpu": _cpu() - cpu}
    print(json.dumps(told | {"blobs": len(blobs), "wrong": sorted(wrong)}), flush=True)


def _former_app() -> Any:
    settings = import_module("shared.settings").read(os.environ)
    return import_module("shared.app").App(settings, lambda: datetime.now(UTC))


def _make_series(calls: Sequence[str]) -> None:
    catalogue = import_module("shared.catalogue").catalogue()
    series = import_module("shared.series").Series(_former_app().archive)
    for text in calls:
        series.table(import_module("shared.call").parse(text, catalogue), datetime.now(UTC).date())


def _former() -> Find:
    app, catalogue = _former_app(), import_module("shared.catalogue").catalogue()
    verifier = import_module("shared.verify")

    def find() -> tuple[Sequence[Any], Iterable[Any]]:
        blobs = list(verifier.everything(app.archive))
        return blobs, verifier.verify(blobs, catalogue, datetime.now(UTC))

    return find


def _ours() -> Find:
    opened = partial(import_module("local.blob_stores").of_app, dict(os.environ))
    catalogue = import_module("shared.domain.catalogue").catalogue()
    verifier, portion = import_module("shared.verification.archive"), import_module("shared.verification.portion")
    processes = import_module("shared.verification.processes")

    def find() -> tuple[Sequence[Any], Iterable[Any]]:
        blobs = list(verifier.everything(opened()))
        return blobs, processes.verify(opened, blobs, catalogue, datetime.now(UTC), portion.Portion())

    return find


def _cpu() -> float:
    """Of this process, and of those that it began and that have ended."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    main()
