#!/usr/bin/env bash
# DuckDB over Azure asks three times how large a Parquet file is, and when it changed, although the listing has just said so.
#
# Versions: duckdb 1.5.5 with duckdb_extension_azure and _httpfs 1.5.5, azurite 3.35.0, azure-storage-blob 12.31.1, pyarrow 26.0.1
# Guess: a listing tells sizes and dates of all files (the extension keeps both: "it avoids to invoke to the storage to get
#   them"), so reading a small file takes one request for its footer and one for its data, and asking again takes none.
#   Without union_by_name a file is opened once in place of twice, and a list of names spares the listing.
# Seen: five requests for each file with union_by_name, three of which are HEAD, and these again when asked again. With
#   validate_external_file_cache = 'NO_VALIDATION' they are four, and none when asked again: the listing alone. Four they
#   stay without union_by_name. A list of names spares the listing, and makes them five. The same files by http:// take
#   three, one of which is HEAD; with force_download one, as the footer and the rows come out of what was downloaded; and
#   without validation, too, none when asked again.
# For the archive: a table never becomes something else under its name (shared/archive/tables.py), so that
#   docs/recipes.md may switch the validation off, and the tables of a month that goes on are joined to fewer files. A recipe
#   takes whole tables by https with both settings. None leaves union_by_name out for speed, nor is there a manifest of tables.
#
# Needs Node 20 or newer with npm.
set -euo pipefail
folder=$(mktemp -d)
azurite=
trap 'if [ -n "$azurite" ]; then kill "$azurite" 2>/dev/null || true; wait "$azurite" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check azure-storage-blob==12.31.1 duckdb==1.5.5 \
    duckdb_extension_azure==1.5.5 duckdb_extension_httpfs==1.5.5 pyarrow==26.0.1
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . azurite@3.35.0 >/dev/null

node node_modules/azurite/dist/src/blob/main.js --blobPort 0 --inMemoryPersistence --skipApiVersionCheck \
    --disableTelemetry >log 2>&1 &
azurite=$!
for _ in $(seq 150); do
    grep -q 'successfully listens on' log && break
    sleep 0.2
done
address=$(sed -n 's/.*successfully listens on \(http[^ ]*\).*/\1/p' log)

cat >probe.py <<'END'
import io
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet
from azure.storage.blob import BlobServiceClient

FILES = 10
# The account and the key that every Azurite has, as its documentation prints them.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
address = sys.argv[1].rstrip("/") + "/devstoreaccount1"
container = BlobServiceClient(address, credential=KEY).create_container("lake", public_access="blob")
for number in range(FILES):
    file = io.BytesIO()
    rows = list(range(number * 10_000, (number + 1) * 10_000))
    parquet.write_table(pa.table({"a": rows, "b": rows}), file)  # larger than the 16 KB that are read for the footer
    container.upload_blob(f"{number}.parquet", file.getvalue())


def asked(database, files="'az://lake/*.parquet', union_by_name = true"):
    before = Path("log").read_text().count("HTTP/1.1")
    query = f"SELECT count(*), sum(a) FROM read_parquet({files})"
    assert database.execute(query).fetchall() == [(FILES * 10_000, sum(range(FILES * 10_000)))]
    time.sleep(1)  # until the log is written
    lines = [line for line in Path("log").read_text().splitlines() if "HTTP/1.1" in line][before:]
    kinds = Counter("list" if "comp=list" in line else "HEAD" if '"HEAD' in line else "GET" for line in lines)
    return dict(sorted(kinds.items()))


def opened(*settings):
    database = duckdb.connect()
    for name in ("azure", "httpfs"):
        (extension,) = Path(find_spec(f"duckdb_extension_{name}").origin).parent.glob(f"extensions/*/{name}.duckdb_extension")
        database.load_extension(str(extension))
    parts = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint={address}"
    database.execute(f"CREATE SECRET (TYPE azure, CONNECTION_STRING '{parts}')")
    for setting in settings:
        database.execute(f"SET {setting}")
    return database


print(f"{FILES} files, as DuckDB {duckdb.__version__} is:", first := asked(database := opened()))
print("HEAD, asked again:", again := asked(database)["HEAD"])
UNVALIDATED = "validate_external_file_cache = 'NO_VALIDATION'"
database = opened(UNVALIDATED)
print("without validation:", without := asked(database))
print("asked again:", without_again := asked(database))
print("without union_by_name:", by_position := asked(opened(UNVALIDATED), "'az://lake/*.parquet'"))
names = [f"az://lake/{number}.parquet" for number in range(FILES)]
print("by a list of names:", listed := asked(opened(UNVALIDATED), names))
by_http = [f"{address}/lake/{number}.parquet" for number in range(FILES)]
whole = "force_download = true"
databases = [opened(), opened(whole), opened(whole, UNVALIDATED)]
print("by http, with force_download, and with both:", http := [asked(each, by_http) for each in databases])
print("with both, asked again:", http_again := asked(databases[-1], by_http))
expected_by_http = [{"GET": 20, "HEAD": 10}, {"GET": 10}, {"GET": 10}]
four = {"GET": 20, "HEAD": 20, "list": 1}
expected = [{"GET": 20, "HEAD": 30, "list": 1}, 30, four, {"list": 1}, four, {"GET": 20, "HEAD": 30}]
seen = [first, again, without, without_again, by_position, listed]
if seen != expected or http != expected_by_http or http_again:
    sys.exit("This has changed.")
END
venv/bin/python probe.py "$address"
