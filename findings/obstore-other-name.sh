#!/usr/bin/env bash
# obstore: a blob whose name begins or ends with a slash is asked for under another name, and the other blob is returned.
#
# Versions: obstore 0.12.1 (object_store of Apache Arrow)
# Guess: names are opaque to blob storage, where "a", "/a" and "a/" are three blobs, so that a client asks for the one
#   that was named, or refuses the name.
# Seen: "/a" and "a/" are both asked for as "a", without an error; only "a//b" is refused. What was read is told: the
#   `path` of the answer is "a".
# For the archive: `verify` reads with obstore, and a blob that somebody else put there may have any name. What is told as
#   another path is read as the app itself reads it (local/obstore_blob_store.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check obstore==0.12.1

cat >probe.py <<'END'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from obstore.store import AzureStore


class Service(BaseHTTPRequestHandler):
    """Answers with the path that was asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.path.encode()
        self.send_response(200)
        for name, value in (("ETag", '"1"'), ("Last-Modified", "Sun, 29 Nov 2026 00:00:00 GMT")):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told):
        """Log nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
store = AzureStore(
    "box",
    account_name="any",
    endpoint=f"http://127.0.0.1:{server.server_port}",
    skip_signature=True,
    client_options={"allow_http": True},
)
for name in ("a", "/a", "a/", "a//b"):
    try:
        got = store.get(name)
        print(f"{name}: asked for {bytes(got.bytes()).decode()}, told as {got.meta['path']}")
    except ValueError:
        print(f"{name}: refused")
server.shutdown()
END

cat >expected <<'END'
a: asked for /box/a, told as a
/a: asked for /box/a, told as a
a/: asked for /box/a, told as a
a//b: refused
END
venv/bin/python probe.py | tee seen
diff expected seen
echo 'As it was written down.'
