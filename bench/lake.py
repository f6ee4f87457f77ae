"""Two years of a report about people, asked one question by readers of lakes: of the tables, and of the snapshots."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import Row, Scale, Skipped, compared, held
from bench.parts import TODAY, archived, bodies, call, days, service
from local.environment import environment
from local.setup import ROOT
from local.stack import Stack
from shared.archive.archive import Archive
from shared.archive.blob_store import BlobStore
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import DERIVED, PERSONAL, PERSONAL_DERIVED, USAGE, Partition, SnapshotName, TableName
from shared.archive.layout import parse as parse_name
from shared.domain.catalogue import catalogue
from shared.pulling.table_keeping import TableKeeping
from tests.integration.consumers.duck import duck, secret
from tests.integration.consumers.installed import LARGE
from tests.reliability.storage_proxy import FaultyStorage

DETAIL, COUNTS = "getOffice365ActiveUserDetail(period='D7')", "getOffice365ActiveUserCounts(period='D180')"
_PEOPLE = 250
_READERS = {"polars": "Polars", "pyarrow": "PyArrow", "pandas": "pandas", "spark": "Spark"}
_QUERY = """
SELECT refresh_date, count(*), count(*) FILTER ("Exchange Last Activity Date" IS NULL)
FROM {} WHERE "Has Exchange License" {} GROUP BY refresh_date ORDER BY refresh_date
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
        tables = _QUERY.format(
            f"read_parquet('az://{PERSONAL_DERIVED}/{at}/*/*.parquet', union_by_name = true)", "AND newest"
        )
        snapshots = _QUERY.format(
            f"read_csv('az://{PERSONAL}/{at}/*/*/*.csv.gz', hive_partitioning = true, union_by_name = true)", ""
        )
        with environment({"CURL_CA_INFO": str(trusted)}):
            with _database(counting.settings) as database:
                expected = database.execute(tables).fetchall()
                files = sum(1 for _ in store.list(PERSONAL_DERIVED, f"{at}/"))
                requests = len(counting.seen) / files

            def seconds(*queries: str) -> list[float]:
                """Of each query, in a database that has read nothing before."""
                took = []
                with _database(stack.settings) as database:
                    for query in queries:
                        started = time.perf_counter()
                        assert database.execute(query).fetchall() == expected
                        took.append(time.perf_counter() - started)
                return took

            took = [seconds(tables, tables) for _ in range(rounds)]
            (theirs,) = seconds(snapshots)
            took += [seconds(tables, tables) for _ in range(rounds)]
    question = f"{number} days of people, one GROUP BY, DuckDB: the tables in Azurite"
    for what, ours in zip((question, "the same, asked again"), zip(*took, strict=True), strict=True):
        it = statistics.median(ours)
        yield Row(what, it, "the snapshots in Azurite", theirs, "s", theirs / it, 100, at_least=True)
    yield held(f"requests for each of {files} tables", requests, "the limit", 6, "requests")


@contextmanager
def _database(settings: Mapping[str, str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """One as the recipe makes it."""
    with duck() as database:
        database.execute(secret(settings))
        database.execute("SET validate_external_file_cache = 'NO_VALIDATION'")
        yield database


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
