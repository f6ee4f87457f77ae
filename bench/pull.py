"""The pull of a large report, next to the least there is to do: the same bytes downloaded, the same gzip uploaded."""

from __future__ import annotations

import math
import zlib

import requests

from bench.canned import CALL
from bench.large import large
from bench.measure import Row, Scale, compared, interleaved, timed
from bench.parts import service
from shared.graph.body_stream import CHUNK

LINE = 10e6
"""Bytes a second: 80 Mbit/s."""
ROUNDS = 3
"""A pull over the line takes half a minute."""


def rows(scale: Scale) -> list[Row]:
    """Over loopback, where nothing hides what the app does with a body, and over a line."""
    return [_row(scale, math.inf), _row(scale, LINE)]


def _row(scale: Scale, speed: float) -> Row:
    with large(scale.pick(1_000_000, 50_000), speed) as body, service(body.settings) as client:
        packer = zlib.compressobj(wbits=31)
        packed = packer.compress(body.file.read_bytes()) + packer.flush()
        container = client.get_container_client("bare")
        container.create_container()

        def bare() -> None:
            with requests.get(f"{body.origin}/v1.0/reports/{CALL}", stream=True, timeout=60) as answer:
                for _ in answer.iter_content(CHUNK):
                    pass
            container.upload_blob("body", packed, overwrite=True)

        took = interleaved({"ours": lambda: float(body.pull()["seconds"]), "bare": timed(bare)}, ROUNDS)
        line = "over loopback" if math.isinf(speed) else f"over a line of {speed / 1e6:g} MB/s"
        question = f"pull of {body.size}, {line}"
    return compared(question, took["ours"], "the same bytes downloaded, the same gzip uploaded", took["bare"], "s", 1.5)
