#!/usr/bin/env bash
# DuckDB reads each file by http over a connection of its own, although it keeps connections alive, until another setting is on.
#
# Versions: duckdb 1.5.5 with duckdb_extension_httpfs 1.5.5, pyarrow 26.0.1
# Guess: http_keep_alive is on, so that one query over 24 files of one host takes about as many connections as there are
#   threads; httpfs_connection_caching keeps them from one query to the next, and changes nothing within the first.
# Seen: the first query takes 24 connections for 24 files with four threads, be it for the two requests that a file needs or for
#   the one that takes it whole (force_download). With http_keep_alive off they are 48: that setting is about one file. With
#   httpfs_connection_caching, which is off unless it is set, they are a handful, also within the first query.
# For the archive: each connection begins with an exchange of TLS. Two years of tables took 103 ms without the setting, and 67 on
#   the same machine with it and with four threads; docs/recipes.md sets both, and bench/lake.py.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check duckdb==1.5.5 duckdb_extension_httpfs==1.5.5 pyarrow==26.0.1

cat >probe.py <<'END_OF_PROBE'
import io
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet

FILES, THREADS = 24, 4
file = io.BytesIO()
parquet.write_table(pa.table({"a": list(range(10_000))}), file)
content = file.getvalue()


class Files(BaseHTTPRequestHandler):
    """Any name is the same file; a connection stays open as long as the client likes."""

    protocol_version = "HTTP/1.1"
    connections = requests = 0

    def setup(self):
        super().setup()
        Files.connections += 1

    def answer(self):
        Files.requests += 1
        asked = self.headers.get("Range")
        part = content
        if asked:
            start, stop = asked.removeprefix("bytes=").split("-")
            part = content[int(start) : int(stop) + 1 if stop else None]
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{int(start) + len(part) - 1}/{len(content)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(part)

    do_GET = do_HEAD = answer

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
server.daemon_threads = True
Thread(target=server.serve_forever, daemon=True).start()
names = [f"http://127.0.0.1:{server.server_port}/{number}.parquet" for number in range(FILES)]
package = Path(find_spec("duckdb_extension_httpfs").origin).parent
(httpfs,) = package.glob("extensions/*/httpfs.duckdb_extension")


def asked(*settings):
    """The connections and the requests of the first query."""
    with duckdb.connect() as database:
        database.load_extension(str(httpfs))
        for setting in (f"threads = {THREADS}", *settings):
            database.execute(f"SET {setting}")
        Files.connections = Files.requests = 0
        found = database.execute("SELECT count(*) FROM read_parquet(?, union_by_name = true)", [names]).fetchall()
        assert found == [(FILES * 10_000,)]
        return Files.connections, Files.requests


WHOLE, CACHING, NO_KEEP_ALIVE = "force_download = true", "httpfs_connection_caching = true", "http_keep_alive = false"
print(f"connections and requests for {FILES} files, {THREADS} threads, DuckDB {duckdb.__version__}")
print("as it is:", plain := asked())
print("whole:", whole := asked(WHOLE))
print("with caching:", caching := asked(CACHING))
print("whole, with caching:", both := asked(WHOLE, CACHING))
print("without keep-alive:", closing := asked(NO_KEEP_ALIVE))
with duckdb.connect() as database:
    database.load_extension(str(httpfs))
    kept = "SELECT name, value FROM duckdb_settings() WHERE name IN ('http_keep_alive', 'httpfs_connection_caching')"
    print(defaults := dict(database.execute(kept).fetchall()))
seen = [plain, whole, closing], defaults
expected = [(FILES, 2 * FILES), (FILES, FILES), (2 * FILES, 2 * FILES)]
few = max(caching[0], both[0]) <= THREADS + 1 and (caching[1], both[1]) == (2 * FILES, FILES)
if seen != (expected, {"http_keep_alive": "true", "httpfs_connection_caching": "false"}) or not few:
    sys.exit("This has changed.")
END_OF_PROBE
venv/bin/python probe.py
