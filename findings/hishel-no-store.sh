#!/usr/bin/env bash
# hishel: the same lines that kept to HTTP's caching rules in 1.4 keep every 200 in 2.0, no-store and no-cache too.
#
# Versions: hishel 1.4.0 and 2.0.0, with httpx 0.28.1
# Guess: hishel is the cache for httpx that follows RFC 9111, so an answer with no-store is not kept, and one with
#   no-cache is asked for again before it is used; a newer release does it no worse.
# Seen: in 2.0.0 the rules are a mode to be switched on, `CacheClient(rfc=True)`. Without it, of three requests one goes
#   out, and the two others get the first answer, which lies in an SQLite file below the working folder.
# For the archive: its personal reports say no-store and its newest ones no-cache. A script that reads through hishel
#   needs `rfc=True`, or it shows the day of its first run for ever and keeps personal rows on the reader's disk.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >probe.py <<'END'
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import hishel.httpx

came = []


class Report(BaseHTTPRequestHandler):
    """Each answer is another; the path says what the cache may do."""

    def do_GET(self):
        came.append(self.path)
        body = f"answer {len(came)}".encode()
        self.send_response(200)
        self.send_header("Cache-Control", {"/personal": "no-store", "/newest": "private, no-cache"}[self.path])
        self.send_header("ETag", f'"{len(came)}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Report)
threading.Thread(target=server.serve_forever, daemon=True).start()
Client = getattr(hishel.httpx, "SyncCacheClient", None) or hishel.httpx.CacheClient
options = {"rfc": True} if "rfc" in sys.argv else {}
for path in ("/personal", "/newest"):
    came.clear()
    with Client(**options) as client:
        texts = [client.get(f"http://127.0.0.1:{server.server_port}{path}").text for _ in range(3)]
    print(f"hishel {version('hishel')} {options or ''} {path}: {texts[0]} ... {texts[2]}, {len(came)} requests")
END

cat >expected <<'END'
hishel 1.4.0  /personal: answer 1 ... answer 3, 3 requests
hishel 1.4.0  /newest: answer 1 ... answer 3, 3 requests
hishel 2.0.0  /personal: answer 1 ... answer 1, 1 requests
hishel 2.0.0  /newest: answer 1 ... answer 1, 1 requests
hishel 2.0.0 {'rfc': True} /personal: answer 1 ... answer 3, 3 requests
hishel 2.0.0 {'rfc': True} /newest: answer 1 ... answer 3, 3 requests
END
: >seen
for release in 1.4.0 2.0.0; do
    python3 -m venv "venv-$release"
    "venv-$release/bin/pip" install --quiet --disable-pip-version-check "hishel[httpx]==$release" httpx==0.28.1
done
for run in "1.4.0" "2.0.0" "2.0.0 rfc"; do
    read -r release mode <<<"$run"
    mkdir "run-$release-$mode"
    (cd "run-$release-$mode" && "../venv-$release/bin/python" ../probe.py $mode) | tee -a seen
done
diff expected seen
echo 'As it was written down.'
