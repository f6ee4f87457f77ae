#!/usr/bin/env bash
# azure-core: each retry keeps a whole copy of a body that is given as io.BytesIO, until the request is over.
#
# Versions: azure-core 1.41.0 under azure-storage-blob 12.31.1
# Guess: a body that can be sought is sought back and sent again, so retries need no memory; bytes and BytesIO are alike.
# Seen: azure-core notes each attempt in a history, and deep-copies the request for it, with the body. A BytesIO can be
#   copied, so three retries of 16 MiB hold 48 MiB more; bytes are shared, and a file cannot be copied, which is forgiven.
#   A SpooledTemporaryFile is half copied: Python then reports an ignored AttributeError for each retry.
# For the archive: in an instance of 512 MB a busy storage must not multiply a large body. shared/archive/upload.py holds
#   1 MiB in memory and the rest in a plain temporary file, not a spooled one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check azure-storage-blob==12.31.1 azure-core==1.41.0 requests==2.34.2

cat >probe.py <<'END'
import io
import sys
import tempfile
import threading
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from azure.storage.blob import BlobClient, LinearRetry

SIZE, RETRIES = 16 << 20, 3
tries = 0


class Busy(BaseHTTPRequestHandler):
    """Busy as often as there are retries, then well."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        global tries
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 16)))
        tries += 1
        self.send_response(201 if tries > RETRIES else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def filled(file):
    file.write(body)
    file.seek(0)
    return file


server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
threading.Thread(target=server.serve_forever, daemon=True).start()
ignored = []
sys.unraisablehook = lambda problem: ignored.append(problem.exc_type.__name__)
body = bytes(SIZE)
forms = {
    "bytes": body,
    "BytesIO": io.BytesIO(body),
    "TemporaryFile": filled(tempfile.TemporaryFile()),
    "SpooledTemporaryFile": filled(tempfile.SpooledTemporaryFile(max_size=1)),
}
retry = LinearRetry(backoff=0.1, random_jitter_range=0, retry_total=RETRIES)
blob = BlobClient(f"http://127.0.0.1:{server.server_port}/account", "usage", "day", retry_policy=retry)
for name, form in forms.items():
    tries = 0
    ignored.clear()
    tracemalloc.start()
    blob.stage_block("YQ==", form, length=SIZE)
    copies = round(tracemalloc.get_traced_memory()[1] / SIZE)
    tracemalloc.stop()
    print(f"{name}: {tries} tries, {copies} copies held, ignored errors: {ignored}")
END

cat >expected <<'END'
bytes: 4 tries, 0 copies held, ignored errors: []
BytesIO: 4 tries, 3 copies held, ignored errors: []
TemporaryFile: 4 tries, 0 copies held, ignored errors: []
SpooledTemporaryFile: 4 tries, 0 copies held, ignored errors: ['AttributeError', 'AttributeError', 'AttributeError']
END
venv/bin/python probe.py | tee seen
diff expected seen
echo 'As it was written down.'
