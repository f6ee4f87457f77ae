"""Who reads a report over HTTP or off the blobs, with whatever tool, reads the same."""

import csv
import hashlib
import importlib
import io
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import duckdb
import pytest
import requests

from local.stack import Stack
from tests.integration.consumers.duck import duck, secret
from tests.serving import COUNTS, DAY, SERVICES, Served

D30 = f"{COUNTS}(period='D30')"
COLUMNS = ["Report Date", "Exchange", "OneDrive", "Teams"]


def pandas() -> ModuleType:
    """The library, which takes half a second to import: only the worker that needs it does."""
    return importlib.import_module("pandas")


@pytest.fixture(scope="module")
def body(served: Served) -> bytes:
    """The newest snapshot, as Graph sent it."""
    content = requests.get(f"{served.api}/v1.0/reports/{D30}", {"code": served.key}, timeout=30).content
    assert hashlib.sha256(content).hexdigest() == sha256(D30, served)
    return content


def sha256(call: str, served: Served) -> str:
    """Of what Graph said of that day."""
    return str(served.control.get("expected", call=call, refresh_date=DAY.isoformat())["sha256"])


def rows(body: bytes) -> list[tuple[date, int, int, int]]:
    """What is in some columns."""
    return [
        (date.fromisoformat(row["Report Date"]), int(row["Exchange"]), int(row["OneDrive"]), int(row["Teams"]))
        for row in csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
    ]


def test_curl_gets_every_byte(served: Served, body: bytes, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("there is no curl here")
    for options in (["--compressed"], []):
        command = [curl, "-sSf", *options, "-OJ", "-H", f"x-functions-key: {served.key}"]
        subprocess.run([*command, f"{served.api}/v1.0/reports/{quote(D30)}"], cwd=tmp_path, check=True)
        (file,) = tmp_path.iterdir()
        assert (file.name, file.read_bytes()) == (f"{COUNTS}_D30_{DAY}_r1.csv", body)
        file.unlink()


def test_pandas_reads_the_values(served: Served, body: bytes) -> None:
    table = pandas().read_csv(f"{served.api}/v1.0/reports/{D30}?code={served.key}", parse_dates=["Report Date"])
    found = [(day.date(), *others) for day, *others in table[COLUMNS].itertuples(index=False)]
    assert found == rows(body)
    assert table.columns[0] == "Report Refresh Date"


@pytest.fixture(scope="module")
def database(served: Served, stack: Stack) -> Iterator[duckdb.DuckDBPyConnection]:
    with duck() as database:
        headers = f"MAP {{'x-functions-key': '{served.key}'}}"
        database.execute(f"CREATE SECRET (TYPE http, SCOPE '{served.api}', EXTRA_HTTP_HEADERS {headers})")
        database.execute(secret(stack.settings))
        yield database


def read(database: duckdb.DuckDBPyConnection, source: str) -> list[tuple[date, int, int, int]]:
    columns = ", ".join(f'"{column}"' for column in COLUMNS)
    found: list[tuple[date, int, int, int]] = database.execute(f"SELECT {columns} FROM read_csv('{source}')").fetchall()
    return found


def test_duckdb_reads_the_values_over_http(served: Served, body: bytes, database: duckdb.DuckDBPyConnection) -> None:
    assert read(database, f"{served.api}/v1.0/reports/{COUNTS}?period=D30") == rows(body)


def test_duckdb_reads_the_values_off_the_blobs(
    served: Served, body: bytes, database: duckdb.DuckDBPyConnection
) -> None:
    folder = f"az://usage/report={COUNTS}/period=D30"
    assert read(database, f"{folder}/refresh_date={DAY}/revision=1/*.csv.gz") == rows(body)
    found = database.execute(
        f"SELECT refresh_date, revision, count(*) FROM read_csv('{folder}/*/*/*.csv.gz', hive_partitioning = true)"
        "GROUP BY ALL ORDER BY refresh_date DESC LIMIT 1"
    )
    assert found.fetchone() == (DAY, 1, len(rows(body)))


def test_the_emulator_keeps_a_connection_for_longer_than_duckdb(stack: Stack) -> None:
    """DuckDB keeps one for 60 s, and fails once it has several that Azurite has ended in the meantime."""
    answer = requests.get(stack.settings["ARCHIVE_URL"], verify=stack.settings["ARCHIVE_CA"], timeout=30)
    assert answer.headers["Keep-Alive"] == "timeout=90"


def test_a_corrected_day_reads_as_it_was_and_as_it_is(served: Served, database: duckdb.DuckDBPyConnection) -> None:
    url = f"{served.api}/v1.0/reports/{SERVICES}?period=D7&refreshDate={DAY}&revision="
    folder = f"az://usage/report={SERVICES}/period=D7/refresh_date={DAY}/revision="
    seen = []
    for revision in (1, 2):
        table = pandas().read_csv(f"{url}{revision}", storage_options={"x-functions-key": served.key})
        over_http = database.execute(f"SELECT \"Exchange Active\" FROM read_csv('{url}{revision}')").fetchone()
        off_blobs = database.execute(f"SELECT \"Exchange Active\" FROM read_csv('{folder}{revision}/*')").fetchone()
        assert over_http == off_blobs == (table["Exchange Active"].item(),)
        seen.append(over_http)
    assert seen[0] != seen[1]
