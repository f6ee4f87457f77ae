"""Two years of a report about people, asked one question by readers of lakes: of the tables, and of the snapshots."""

from __future__ import annotations

import json
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from http.client import HTTPSConnection
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from bench.measure import Row, Scale, Skipped, TrueLimit, compared, held, timed
from bench.parts import TODAY, archived, bare_headers, bearer, bodies, call, days, service
from local.environment import environment, identity
from local.setup import ROOT
from local.stack import Stack
from shared.archive.archive import Archive
from shared.archive.blob_store import BlobStore
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import DERIVED, PERSONAL, PERSONAL_DERIVED, USAGE, Partition, SnapshotName, TableName
from shared.archive.layout import parse as parse_name
from shared.domain.catalogue import catalogue
from shared.pulling.table_keeping import TableKeeping
from tests.integration.consumers.duck import duck, secret, storage_options
from tests.integration.consumers.installed import LARGE
from tests.reliability.storage_proxy import FaultyStorage, Operation

DETAIL, COUNTS = "getOffice365ActiveUserDetail(period='D7')", "getOffice365ActiveUserCounts(period='D180')"
_PEOPLE = 250
_TURNS = 3
"""Of the snapshots; between them, the tables have theirs."""
_LISTING = "?restype=container&comp=list"
_SIDE_BY_SIDE = 4
"""Bare requests: enough to keep Azurite busy, which has one thread."""
_READERS = {"polars": "Polars", "pyarrow": "PyArrow", "pandas": "pandas", "spark": "Spark"}
_LICENCE, _USED = "Has Exchange License", "Exchange Last Activity Date"
_QUERY = f"""
SELECT refresh_date, count(*), count(*) FILTER ("{_USED}" IS NULL)
FROM {{}} WHERE "{_LICENCE}" {{}} GROUP BY refresh_date ORDER BY refresh_date
"""


def rows(scale: Scale) -> Iterator[Row]:
    """Bytes, DuckDB over Azurite, and others over a folder."""
    number = scale.pick(700, 90)
    with tempfile.TemporaryDirectory(prefix="usage-archive-") as name:
        store = archive_of(Path(name), number)
        yield from _bytes(store, number)
        yield from _over_azurite(store, number, scale.rounds)
        for key, reader in _READERS.items():
            if key != "spark" or _python(key).exists():
                yield _over_a_folder(Path(name), key, reader, number)
        if not _python("spark").exists():
            raise Skipped("Spark is there after python -m tests.readers alone")


def _bytes(store: BlobStore, number: int) -> Iterator[Row]:
    year_two = f"{TODAY.date() - timedelta(days=number - 365):%Y-%m}" if number > 365 else ""
    for text in (DETAIL, COUNTS):
        at, containers = Partition.of(call(text)), (PERSONAL_DERIVED, DERIVED) if text == DETAIL else (DERIVED,)
        tables, snapshots = 0, 0
        for container in (USAGE, PERSONAL, *containers):
            for blob in store.list(container, f"{at}/"):
                name, stored = parse_name(blob.name), store.get(container, blob.name)
                if stored and isinstance(name, TableName) and name.month >= year_two:
                    tables += len(stored.content)
                if stored and isinstance(name, SnapshotName) and f"{name.refresh_date:%Y-%m}" >= year_two:
                    snapshots += len(stored.content)
        yield held(f"tables of {text}, year two", tables / 1000, "the snapshots", snapshots / 1000, "KB")


def _over_azurite(store: BlobStore, number: int, rounds: int) -> Iterator[Row]:
    at = Partition.of(call(DETAIL))
    with tempfile.TemporaryDirectory() as folder, Stack() as stack, FaultyStorage(stack.settings) as counting:
        with service(stack.settings) as client:
            for container in (PERSONAL, PERSONAL_DERIVED):
                client.create_container(container)
                for blob in store.list(container, f"{at}/"):
                    stored = store.get(container, blob.name)
                    assert stored
                    client.get_blob_client(container, blob.name).upload_blob(stored.content)
        trusted = Path(folder) / "both.pem"
        trusted.write_text(Path(stack.settings["ARCHIVE_CA"]).read_text() + counting.ca_file.read_text())
        of_tables = _QUERY.format("read_parquet(getvariable('tables'), union_by_name = true)", "AND newest")

        def tables(settings: Mapping[str, str]) -> str:
            """What the recipe asks, with the listing that tells it where they are."""
            files = f"glob('az://{PERSONAL_DERIVED}/{at}/*/*.parquet')"
            where = f"SELECT list(replace(file, 'az:/', '{settings['ARCHIVE_URL']}')) FROM {files}"
            return f"SET VARIABLE tables = ({where}); {of_tables}"

        snapshots = _QUERY.format(
            f"read_csv('az://{PERSONAL}/{at}/*/*/*.csv.gz', hive_partitioning = true, union_by_name = true)", ""
        )
        with environment({"CURL_CA_INFO": str(trusted)} | identity(stack.settings)):
            ((expected, _),) = _asked(counting.settings, tables(counting.settings))
            seen = [*counting.seen]

            def seconds(ask: Callable[..., list[_Answer]], *arguments: str) -> list[float]:
                """Of each answer, in a process that has read nothing before."""
                with ProcessPoolExecutor(1, get_context("spawn")) as process:
                    answers = process.submit(ask, stack.settings, *arguments).result()
                assert [rows for rows, _ in answers] == [expected] * len(answers)
                return [took for _, took in answers]

            bare = _Bare(stack.settings, seen)
            took, theirs, least = list[list[float]](), list[float](), list[float]()
            polars, polars_theirs = list[float](), list[float]()
            for _ in range(_TURNS):
                theirs += seconds(_asked, snapshots)
                polars_theirs += seconds(_snapshots_by_polars, str(at))
                for _ in range(rounds):
                    took.append(seconds(_asked, *[tables(stack.settings)] * 2))
                    polars += seconds(_tables_by_polars, str(at))
                    least.append(timed(bare.ask)())
    shortest = statistics.median(least)
    why = f"Azurite takes {shortest * 1000:.0f} ms for the same {len(seen)} requests"
    limit = TrueLimit(statistics.median(theirs) / shortest, why)
    first, again = ([*ours] for ours in zip(*took, strict=True))

    def faster(
        what: str, ours: list[float], reader: str, others: list[float], times: float, end: TrueLimit | None = None
    ) -> Row:
        against = [statistics.median(others)] * len(ours)
        return compared(what, ours, f"{reader}: the snapshots", against, "s", times, at_least=True, true_limit=end)

    question = f"{number} days of people, one GROUP BY, {{}}: the tables in Azurite"
    yield faster(question.format("DuckDB"), first, "DuckDB", theirs, 100, limit)
    yield faster("the same, asked again", again, "DuckDB", theirs, 100)
    yield faster(question.format("Polars"), polars, "Polars", polars_theirs, 5)
    files = sum(1 for _ in store.list(PERSONAL_DERIVED, f"{at}/"))
    yield held(f"requests for each of {files} tables", len(seen) / files, "the limit", 6, "requests")


_Answer = tuple[list[Any], float]
"""Rows, and the seconds that they took."""


def _asked(settings: Mapping[str, str], *queries: str) -> list[_Answer]:
    """What each query answers, one after the other in a new database as the recipes make it, and its seconds."""
    answers = []
    with duck() as database:
        database.execute(secret(settings))
        version = "EXTRA_HTTP_HEADERS MAP {'x-ms-version': '2023-11-03'}"
        database.execute(f"CREATE SECRET (TYPE http, BEARER_TOKEN '{bearer()}', {version})")
        database.execute("SET force_download = true")
        database.execute("SET validate_external_file_cache = 'NO_VALIDATION'")
        database.execute("SET httpfs_connection_caching = true")
        database.execute("SET threads = 4")
        database.execute("SET enable_progress_bar = false")
        for query in queries:
            started = time.perf_counter()
            rows = database.execute(query).fetchall()
            answers.append((rows, time.perf_counter() - started))
    return answers


def _tables_by_polars(settings: Mapping[str, str], folder: str) -> list[_Answer]:
    """What Polars answers of the tables, asked as the recipe does it, and its seconds."""
    import polars as pl

    started = time.perf_counter()
    usage = pl.scan_parquet(
        f"az://{PERSONAL_DERIVED}/{folder}/month=*/*.parquet",
        storage_options=storage_options(settings),
        schema={"refresh_date": pl.Date, "newest": pl.Boolean, _LICENCE: pl.Boolean, _USED: pl.Date},
        missing_columns="insert",
        extra_columns="ignore",
    )
    return [(_counted_by_polars(usage.filter(pl.col("newest")), "refresh_date"), time.perf_counter() - started)]


def _snapshots_by_polars(settings: Mapping[str, str], folder: str) -> list[_Answer]:
    """What Polars answers of the snapshots, and its seconds."""
    import polars as pl

    day = "Report Refresh Date"
    started = time.perf_counter()
    usage = pl.scan_csv(
        f"az://{PERSONAL}/{folder}/*/*/*.csv.gz",
        storage_options=storage_options(settings),
        schema_overrides={day: pl.Date, _LICENCE: pl.Boolean, _USED: pl.Date},
    )
    return [(_counted_by_polars(usage, day), time.perf_counter() - started)]


def _counted_by_polars(usage: Any, day: str) -> list[Any]:
    import polars as pl

    people = usage.filter(pl.col(_LICENCE)).group_by(day)
    found = people.agg(pl.len().alias("people"), pl.col(_USED).is_null().sum()).sort(day).collect()
    return list(found.rows())


class _Bare:
    """Requests that others made, made again by a client that does nothing else."""

    def __init__(self, settings: Mapping[str, str], seen: Sequence[Operation]) -> None:
        parts = urlsplit(settings["ARCHIVE_URL"])
        self._host, self._port = parts.hostname or "", parts.port
        self._trust = ssl.create_default_context(cafile=settings["ARCHIVE_CA"])
        self._headers = bare_headers()
        self._targets = [
            (each.method, f"{parts.path}/{each.container}{f'/{quote(each.blob)}' if each.blob else _LISTING}")
            for each in seen
        ]

    def ask(self) -> None:
        waiting = deque(self._targets)
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            for done in [pool.submit(self._some, waiting) for _ in range(_SIDE_BY_SIDE)]:
                done.result()

    def _some(self, waiting: deque[tuple[str, str]]) -> None:
        connection = HTTPSConnection(self._host, self._port, context=self._trust)
        with closing(connection), suppress(IndexError):
            while target := waiting.popleft():
                connection.request(*target, headers=self._headers | {"Range": "bytes=0-"})
                answer = connection.getresponse()
                answer.read()
                assert answer.status < 300


def _over_a_folder(folder: Path, key: str, reader: str, number: int) -> Row:
    at = str(Partition.of(call(DETAIL)))
    places = [str(folder / container / at) for container in (PERSONAL_DERIVED, PERSONAL)]
    command = [str(_python(key)), str(ROOT / "bench" / "lone_lake.py"), key, *places, "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    (ours, theirs), (of_tables, of_snapshots) = told["took"], told["answers"]
    assert of_tables == of_snapshots
    question = f"{number} days of people, one GROUP BY, {reader}: the tables in a folder"
    return compared(question, ours, "the csv.gz in a folder", theirs, "s", 5, at_least=True)


def _python(reader: str) -> Path:
    return LARGE / "readers" / "bin" / "python" if reader == "spark" else Path(sys.executable)


def archive_of(folder: Path, number: int) -> FolderBlobStore:
    """An archive of so many days of a report about people and of one with counts, with the tables that runs make."""
    store = FolderBlobStore(folder)
    archive, newest = Archive(store, catalogue()), TODAY.date() - timedelta(days=2)
    for text in (DETAIL, COUNTS):
        asked = call(text)
        for day, body in bodies(text, days(number, newest), users=_PEOPLE):
            snapshot, content = archived(asked, day, body)
            store.create(archive.snapshots.container(asked), snapshot.blob, content, snapshot.metadata.to_metadata())
    keeping = TableKeeping(archive, catalogue(), lambda: TODAY)
    keeping.keep(archive.coverage.read(None), TODAY + timedelta(minutes=25))
    return store
