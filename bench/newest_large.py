"""The newest snapshot of a large report, gzip accepted, next to the blob read alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import requests

from bench.measure import Row, Scale, compared, interleaved, timed
from bench.parts import bodies, call, fill, served, service
from local.setup import ROOT
from local.stack import Stack
from shared.blobs import PERSONAL

CALL = "getOffice365ActiveUserDetail(period='D7')"
SIZE = 20 << 20
_ROW = 227


def rows(scale: Scale) -> list[Row]:
    """20 MB once unpacked."""
    newest = datetime.now(UTC).date() - timedelta(days=2)
    with (
        Stack(settings={"REPORTS": CALL}) as stack,
        service(stack.settings) as client,
        served(ROOT, stack.settings) as (app, keys),
        requests.Session() as session,
    ):
        ((_, body),) = found = list(bodies(CALL, [newest], users=SIZE // _ROW))
        fill(client, CALL, found)
        asked = call(CALL)
        start = f"report={asked.report}/period={asked.key}/refresh_date={newest}/"
        (blob,) = client.get_container_client(PERSONAL).list_blob_names(name_starts_with=start)
        url = f"{app}/api/personal/v1.0/reports/{CALL}?code={keys['personal_reports']}"

        def get() -> None:
            with session.get(url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=60) as answer:
                packed = answer.raw.read(decode_content=False)
            assert answer.status_code == 200
            assert len(packed) == int(answer.headers["Content-Length"])

        def read() -> None:
            client.get_container_client(PERSONAL).download_blob(blob).readall()

        took = interleaved({"ours": timed(get), "read": timed(read)}, 3 * scale.rounds)
    question = f"newest snapshot, {len(body) >> 20} MB, gzip accepted"
    return [compared(question, took["ours"], "the blob read alone", took["read"], "s", 1.2)]
