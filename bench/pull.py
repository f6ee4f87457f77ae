"""The pull of a large report, next to the least there is to do: the same bytes downloaded, the same gzip uploaded."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

import requests
from azure.storage.blob import BlobServiceClient

from bench.canned import CALL
from bench.large import Large, large
from bench.measure import Row, Scale, TrueLimit, compared, interleaved, spent, timed
from bench.parts import FORMER, former_build, service
from local.environment import environment
from local.setup import ROOT
from shared.graph.body_stream import CHUNK
from shared.report import compression
from shared.report.validator import Body

LINE = 10e6
"""Bytes a second: 80 Mbit/s."""
ROUNDS = 3
_START = """
import os
from shared.app import App
from shared.settings import read
app = App(read(os.environ){})
"""
_PULL = f"{_START}app.pull()"
_WITHOUT_TABLES = ", keep_derived=False"
"""For this build: the former one made no tables."""


def rows(scale: Scale) -> list[Row]:
    """Over loopback, where nothing hides what the app does with a body, and over a line; and its CPU."""
    return [_row(scale, math.inf), _row(scale, LINE), _cpu(scale)]


def _row(scale: Scale, speed: float) -> Row:
    with large(scale.pick(1_000_000, 50_000), speed) as body, service(body.settings) as client:
        packed, least = _least(body)
        bare = partial(_carry, body, packed, client)
        sides = {"ours": lambda: float(body.pull()["seconds"]), "bare": timed(bare)}
        # Over the line each takes half a minute, and the line sees to it that they do not vary.
        has_line = not math.isinf(speed)
        took = interleaved(sides, 1 if has_line else ROUNDS, warms_up=not has_line)
        limit = TrueLimit(1 + least / median(took["bare"]), f"checking and packing it alone takes {least:.1f} s")
        line = f"over a line of {speed / 1e6:g} MB/s" if has_line else "over loopback"
        question = f"pull of {body.size}, {line}"
    against = "the same bytes downloaded, the same gzip uploaded"
    return compared(question, took["ours"], against, took["bare"], "s", 1.5, true_limit=None if has_line else limit)


def _cpu(scale: Scale) -> Row:
    """The CPU of a process that pulls it, with its start, without its table; next to the same in the former build."""
    with (
        tempfile.TemporaryDirectory(prefix="usage-archive-") as folder,
        large(scale.pick(1_000_000, 50_000)) as body,
    ):
        former = former_build(Path(folder))
        sides = {
            "ours": lambda: _spent(ROOT, body, _PULL.format(_WITHOUT_TABLES)),
            "former": lambda: _spent(former, body, _PULL.format("")),
            "start": lambda: _spent(ROOT, body, _START.format(_WITHOUT_TABLES)),
        }
        took = interleaved(sides, ROUNDS, warms_up=False)
        question = f"pull of {body.size} without its table, CPU of the app"
        packed, least = _least(body)
        with service(body.settings) as client:
            started = time.process_time()
            _carry(body, packed, client)
            rest = time.process_time() - started + median(took["start"])
    why = f"checking and packing it alone takes {least:.1f} s, to start and to carry it bare {rest:.1f} s"
    limit = TrueLimit((least + rest) / median(took["former"]), why)
    return compared(question, took["ours"], f"commit {FORMER}", took["former"], "s", 0.8, true_limit=limit)


def _carry(body: Large, packed: bytes, client: BlobServiceClient) -> None:
    """Download the body, and upload its gzip form, and nothing else."""
    with requests.get(f"{body.origin}/v1.0/reports/{CALL}", stream=True, timeout=60) as answer:
        for _ in answer.iter_content(CHUNK):
            pass
    container = client.get_container_client("bare")
    if not container.exists():
        container.create_container()
    container.upload_blob("body", packed, overwrite=True)


def _least(body: Large) -> tuple[bytes, float]:
    """Return the body as gzip, and the CPU of checking and packing it, in seconds."""
    content, packer = body.file.read_bytes(), compression.BodyCompressor()
    pieces = [content[place : place + CHUNK] for place in range(0, len(content), CHUNK)]
    started = time.process_time()
    packed = compression.join([*map(packer.compress, pieces), packer.flush()])
    Body().read(pieces)
    return packed, time.process_time() - started


def _spent(build: Path, body: Large, program: str) -> float:
    """Run a program of a build, and return the CPU that it took, in seconds."""
    with environment(body.settings):
        before = spent()
        subprocess.run([sys.executable, "-c", program], cwd=build, stdout=subprocess.DEVNULL, check=True)
        took = spent() - before
    body.forget()
    return took
