"""The series of one report over five years, next to DuckDB and pandas, which read its snapshots."""

from __future__ import annotations

import gzip
import io
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from azure.storage.blob import ContainerClient

from bench.measure import Row, Scale, Side, Skipped, compared, installed, interleaved, timed
from bench.parts import FIVE_YEARS, bodies, call, days, fill, service
from local.environment import environment
from local.stack import Stack
from shared.app import App, utc_now
from shared.archive.layout import USAGE, Partition, snapshot_prefix
from shared.settings import read
from shared.web.http import Request, handle

CALL = "getOffice365ActiveUserCounts(period='D7')"
READERS = 8
"""Blobs that every side may read at once."""


def rows(scale: Scale) -> list[Row]:
    """The whole table as CSV: of each day what was said of it last."""
    peers = {name: peer for name, peer in PEERS.items() if installed(name)}
    if not peers:
        raise Skipped("neither duckdb nor pandas is installed")
    number = scale.pick(FIVE_YEARS, 180)
    with (
        Stack(settings={"REPORTS": CALL}) as stack,
        service(stack.settings) as client,
        environment(stack.settings),
    ):
        newest = utc_now().date() - timedelta(days=2)
        fill(client, CALL, bodies(CALL, days(number, newest)))
        container = client.get_container_client(USAGE)
        app = App(read(stack.settings), utc_now)

        def ours() -> int:
            request = Request("GET", f"v1.0/reports/{CALL}/series", {}, {})
            made = handle(request, lambda request: app.api.reports(request, personal=False))
            return made.body.count(b"\n") - 1

        expected = number + 6
        sides: dict[str, Side] = {"ours": _right(ours, expected)}
        sides |= {name: _right(_from(peer, container), expected) for name, peer in peers.items()}
        took = interleaved(sides, scale.rounds)
    question = f"series of one report, {number} snapshots"
    fastest = min(peers, key=lambda name: statistics.median(took[name]))
    against = f"{fastest}, the same snapshots" + ("" if len(peers) == len(PEERS) else " (the only one installed)")
    return [compared(question, took["ours"], against, took[fastest], "s", 20, at_least=True)]


def _right(work: Callable[[], int], expected: int) -> Side:
    """A side that has to come to so many rows."""

    def checked() -> None:
        rows = work()
        assert rows == expected, f"{rows} rows, not {expected}"

    return timed(checked)


def _from(peer: Callable[[dict[str, bytes]], int], container: ContainerClient) -> Callable[[], int]:
    def work() -> int:
        names = list(container.list_blob_names(name_starts_with=snapshot_prefix(Partition.of(call(CALL)))))
        with ThreadPoolExecutor(READERS) as pool:
            contents = pool.map(lambda name: container.download_blob(name).readall(), names)
            return peer(dict(zip(names, contents, strict=True)))

    return work


def _pandas(blobs: dict[str, bytes]) -> int:
    import pandas

    frames = [pandas.read_csv(io.BytesIO(gzip.decompress(packed)), encoding="utf-8-sig") for packed in blobs.values()]
    table = pandas.concat(frames).sort_values("Report Refresh Date", kind="stable")
    table = table.drop_duplicates("Report Date", keep="last").sort_values("Report Date")
    return str(table.to_csv(index=False)).count("\n") - 1


def _duckdb(blobs: dict[str, bytes]) -> int:
    import duckdb

    with tempfile.TemporaryDirectory(prefix="usage-archive-") as folder:
        for number, packed in enumerate(blobs.values()):
            (Path(folder) / f"{number}.csv.gz").write_bytes(packed)
        table = Path(folder) / "series.csv"
        newest = """SELECT * FROM read_csv(?, union_by_name = true, all_varchar = true)
            QUALIFY row_number() OVER (PARTITION BY "Report Date" ORDER BY "Report Refresh Date" DESC) = 1
            ORDER BY "Report Date" """
        with duckdb.connect() as database:
            database.execute("SET enable_progress_bar = false")
            database.from_query(newest, params=[f"{folder}/*.csv.gz"]).write_csv(str(table))
        return table.read_bytes().count(b"\n") - 1


PEERS = {"duckdb": _duckdb, "pandas": _pandas}
