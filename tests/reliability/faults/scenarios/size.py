"""A tenant of a million people: the memory that a pull takes does not grow with the body."""

from __future__ import annotations

import hashlib
import zlib
from typing import NamedTuple

from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from local.simulator_client import Control
from shared.archive.layout import PERSONAL
from shared.graph.session import LIMITS
from tests.reliability.faults.cases import DETAIL
from tests.reliability.faults.scenario import RealStage, Scenario, must
from tests.reliability.faults.scenarios.processes import outcome_of, start
from tests.reliability.real_parts import started

PEOPLE = (210_000, 850_000, 1_000_000)
"""Tenants with 50 MB, 200 MB and a million rows in the report."""
PEAK, GROWTH = 128, 10
"""MB: the most that a pull may take, and how much more the larger body may take than the smaller."""


def _a_million_rows(stage: RealStage) -> str:
    """Pull the report of ever larger tenants, each in a process of its own."""
    pulls = [_pulled(stage, people) for people in PEOPLE]
    small, large, largest = pulls
    must(largest.rows >= 1_000_000, f"there are {largest.rows} rows")
    must(largest.seconds < LIMITS.total_timeout, f"it took {largest.seconds} s")
    must(max(pull.peak for pull in pulls) <= PEAK, f"it took {largest.peak} MB")
    must(large.peak - small.peak <= GROWTH, f"memory grows with the body: {small.peak} MB, then {large.peak} MB")
    peaks = ", ".join(f"{pull.peak:.0f}" for pull in pulls)
    return f"published, {largest.size >> 20} MB in {largest.seconds:.0f} s; {peaks} MB of memory"


class _Pull(NamedTuple):
    size: int
    """Bytes of the body."""
    rows: int
    peak: float
    """MB of memory."""
    seconds: float


def _pulled(stage: RealStage, people: int) -> _Pull:
    """Pull the tenant's largest report. Raise NotHeld if a byte of it is archived as another."""
    with started(people) as stack:
        run = outcome_of(start(stack.settings, stage.control.now(), DETAIL))
        must(run["pulls"] == {DETAIL: "published"}, f"it ended as {run['pulls']}")
        (download,) = Control(stack.control).get("record", listener="download")
        credential, ca = ManagedIdentityCredential(), stack.settings["ARCHIVE_CA"]
        with BlobServiceClient(stack.settings["ARCHIVE_URL"], credential, connection_verify=ca) as service:
            container = service.get_container_client(PERSONAL)
            (blob,) = container.list_blobs()
            body, sha256 = zlib.decompressobj(wbits=31), hashlib.sha256()
            for chunk in container.download_blob(blob.name).chunks():
                sha256.update(body.decompress(chunk))
        must(body.eof and sha256.hexdigest() == download["sha256"], "the bytes in the archive are others")
        return _Pull(download["size"], run["rows"], run["peak"], run["seconds"])


SIZE: tuple[Scenario[RealStage], ...] = (Scenario("F50", "a million rows", _a_million_rows, RealStage, slow=True),)
