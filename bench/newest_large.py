"""The newest snapshot of a large report, gzip accepted, next to the blob read alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import median

import requests

from bench.measure import Row, Scale, TrueLimit, compared, interleaved, timed
from bench.newest_small import CONSTANT
from bench.parts import bodies, call, fill, served, service
from local.setup import ROOT
from local.stack import Stack
from shared.archive.layout import PERSONAL

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
        served(CONSTANT, stack.settings) as (constant, _),
        requests.Session() as session,
    ):
        ((_, body),) = found = list(bodies(CALL, [newest], users=SIZE // _ROW))
        fill(client, CALL, found)
        asked = call(CALL)
        start = f"report={asked.report}/period={asked.key}/refresh_date={newest}/"
        (blob,) = client.get_container_client(PERSONAL).list_blob_names(name_starts_with=start)
        url = f"{app}/api/personal/v1.0/reports/{CALL}?code={keys['personal_reports']}"

        def get(url: str) -> int:
            with session.get(url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=60) as answer:
                packed = answer.raw.read(decode_content=False)
            assert answer.status_code == 200
            return len(packed)

        def read() -> None:
            client.get_container_client(PERSONAL).download_blob(blob).readall()

        size = get(url)
        plain = f"{constant}/api/constant?size={size}"
        took = interleaved(
            {"ours": timed(lambda: get(url)), "read": timed(read), "constant": timed(lambda: get(plain))},
            3 * scale.rounds,
        )
    both = [constant + read for constant, read in zip(took["constant"], took["read"], strict=True)]
    question = f"newest snapshot, {len(body) >> 20} MB, as {size >> 10} KB of gzip"
    limit = TrueLimit(median(both) / median(took["read"]), "it goes to the reader too, as a constant does")
    return [
        compared(question, took["ours"], "the blob read alone", took["read"], "s", 1.2, true_limit=limit),
        compared(question, took["ours"], "the blob read + as large a constant from the runtime", both, "s", 1.2),
    ]
