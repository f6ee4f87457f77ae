#!/usr/bin/env bash
# httpx: of an answer whose Content-Encoding: gzip has two members, everything after the first is dropped without an error.
#
# Versions: httpx 0.28.1 (what Microsoft's SDKs for Python, made by Kiota, talk through); requests 2.34.2 with
#   urllib3 2.8.0, aiohttp 3.14.5 beside it
# Guess: Content-Encoding gzip is the format of RFC 1952, members and all, and each client unpacks it with Python's zlib:
#   all three give the same text.
# Seen: requests and aiohttp give both days. httpx gives the first day and status 200, with `Content-Length` kept and the
#   whole body received. Asked in pieces (`iter_lines`), it does the same.
# For the archive: gzip is passed on from the blob as it lies there, so a blob of two members would lose rows in the SDK
#   for Graph alone. shared/report/compression.py writes one member; a table must not be appended to as another.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check httpx==0.28.1 requests==2.34.2 urllib3==2.8.0 aiohttp==3.14.5

cat >probe.py <<'END'
import asyncio
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import httpx
import requests

BODY = gzip.compress(b"Report Date,Exchange\r\n2026-11-17,310\r\n") + gzip.compress(b"2026-11-18,322\r\n")


class Series(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/csv; charset=utf-8")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


server = ThreadingHTTPServer(("127.0.0.1", 0), Series)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/series"
print("requests:", requests.get(url).text.splitlines())
print("aiohttp:", asyncio.run(with_aiohttp(url)).splitlines())
whole = httpx.get(url)
print("httpx:", whole.text.splitlines(), "with all bytes received:", whole.num_bytes_downloaded == len(BODY))
with httpx.stream("GET", url) as answer:
    print("httpx in pieces:", list(answer.iter_lines()))
END

cat >expected <<'END'
requests: ['Report Date,Exchange', '2026-11-17,310', '2026-11-18,322']
aiohttp: ['Report Date,Exchange', '2026-11-17,310', '2026-11-18,322']
httpx: ['Report Date,Exchange', '2026-11-17,310'] with all bytes received: True
httpx in pieces: ['Report Date,Exchange', '2026-11-17,310']
END
venv/bin/python probe.py | tee seen
diff expected seen
echo 'As it was written down.'
