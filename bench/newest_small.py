"""The newest snapshot of a small report, served by the runtime, next to the runtime alone and one read of a blob."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import requests
from azure.storage.blob import BlobProperties

from bench.measure import Row, Scale, Side, compared, interleaved, timed
from bench.parts import TODAY, bodies, call, days, fill, served, service
from local.setup import ROOT
from local.stack import Stack
from shared.archive.layout import USAGE, Partition, snapshot_prefix
from shared.domain.call import calls_in
from shared.domain.catalogue import catalogue

CALL = "getOffice365ServicesUserCounts(period='D7')"
CONSTANT = Path(__file__).with_name("constant")


def rows(scale: Scale) -> list[Row]:
    """Asked one after the other over one connection, as a script would."""
    times = 25
    newest = TODAY.date() - timedelta(days=2)
    with (
        Stack(settings={"REPORTS": CALL}) as stack,
        service(stack.settings) as client,
        served(ROOT, stack.settings, TODAY) as (app, keys),
        served(CONSTANT, stack.settings) as (constant, _),
        requests.Session() as session,
    ):
        known = list(bodies(CALL, days(30, newest)))
        fill(client, CALL, known)
        others = _others(times * (scale.rounds + 1))
        for other in others:
            fill(client, other, known[-3:])
        url = f"{app}/api/v1.0/reports/{CALL}?code={keys['reports']}"
        etag = session.get(url, timeout=60).headers["ETag"]
        (blob,) = client.get_container_client(USAGE).list_blob_names(
            name_starts_with=f"{snapshot_prefix(Partition.of(call(CALL)))}{newest}/"
        )

        def read() -> bytes:
            return client.get_container_client(USAGE).download_blob(blob).readall()

        def listing() -> list[BlobProperties]:
            start = snapshot_prefix(Partition.of(call(others[0])))
            return list(client.get_container_client(USAGE).list_blobs(name_starts_with=start, include=["metadata"]))

        def get(url: str, status: int = 200, **headers: str) -> None:
            answer = session.get(url, headers=headers, timeout=60)
            assert answer.status_code == status, answer.text

        plain = f"{constant}/api/constant"
        unseen = (f"{app}/api/v1.0/reports/{other}?code={keys['reports']}" for other in others)
        took = interleaved(
            {
                "newest": _usual(lambda: get(url), times),
                "first": _usual(lambda: get(next(unseen)), times),
                "known": _usual(lambda: get(url, 304, **{"If-None-Match": etag}), times),
                "constant": _usual(lambda: get(plain), times),
                "read": _usual(read, times),
                "list": _usual(listing, times),
            },
            scale.rounds,
        )
    both = [constant + read for constant, read in zip(took["constant"], took["read"], strict=True)]
    three = [some + listing for some, listing in zip(both, took["list"], strict=True)]
    against = "a constant from the runtime + one blob read"
    return [
        compared("newest snapshot, small, again within half a minute", took["newest"], against, both, "s", 1.3),
        compared("newest snapshot, small, for the first time", took["first"], against, both, "s", 1.5),
        compared(
            "newest snapshot, small, for the first time", took["first"], f"{against} + one listing", three, "s", 1.3
        ),
        compared(
            "newest snapshot, known: 304", took["known"], "a constant from the runtime", took["constant"], "s", 1.5
        ),
    ]


def _others(number: int) -> list[str]:
    """So many other calls without personal data."""
    calls = (call for call in calls_in(catalogue()) if not call.date)
    plain = [str(call) for call in calls if not catalogue().reports[call.report].personal_data and str(call) != CALL]
    assert len(plain) >= number, f"there are {len(plain)} calls, and {number} are wanted"
    return plain[:number]


def _usual(work: Callable[[], object], times: int) -> Side:
    """The median of several."""
    side = timed(work)
    return lambda: statistics.median(side() for _ in range(times))
