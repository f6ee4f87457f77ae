#!/usr/bin/env bash
# azure-storage-blob: a 503 with Retry-After is tried again when the library likes, sooner or later than the service asked.
#
# Versions: azure-storage-blob 12.31.1, azure-core 1.41.0
# Guess: Retry-After goes before the library's own delays, as in azure-core, on which this library stands, and in each
#   other client for Azure that keeps azure-core's policy.
# Seen: storage has a retry policy of its own, which never looks at the header. Asked for 4 seconds, azure-core waits 4;
#   storage, told to begin with 1 second, waits 1. Asked for 0 seconds and told to begin with 3, it waits 3.
# For the archive: how long a read or write of a blob may take is settled by the app's own retry settings alone; "the
#   storage said when" helps neither readers nor runs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check azure-storage-blob==12.31.1 azure-core==1.41.0 requests==2.34.2

cat >probe.py <<'END'
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from azure.core import PipelineClient
from azure.core.configuration import Configuration
from azure.core.pipeline.policies import RetryPolicy
from azure.core.rest import HttpRequest
from azure.storage.blob import BlobClient, LinearRetry

came = []


class Busy(BaseHTTPRequestHandler):
    """Busy the first time, with a Retry-After of the path's last number; well the second time."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        came.append(time.monotonic())
        self.send_response(503 if len(came) == 1 else 201)
        if len(came) == 1:
            self.send_header("Retry-After", self.path.partition("?")[0].rpartition("/")[2])
            self.send_header("x-ms-error-code", "ServerBusy")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"


def core(asked, first):
    configuration = Configuration()
    configuration.retry_policy = RetryPolicy(retry_backoff_factor=first)
    PipelineClient(address, config=configuration).send_request(HttpRequest("PUT", f"{address}/usage/{asked}", content=b"day"))


def storage(asked, first):
    own = LinearRetry(backoff=first, random_jitter_range=0, retry_total=1)
    BlobClient(address + "/account", "usage", str(asked), retry_policy=own).stage_block("YQ==", b"day")


for name, put in (("azure-core", core), ("azure-storage-blob", storage)):
    for asked, first in ((4, 1), (0, 3)):
        came.clear()
        put(asked, first)
        print(f"{name}, asked for {asked} s, own delay {first} s: {round(came[1] - came[0])} s")
END

cat >expected <<'END'
azure-core, asked for 4 s, own delay 1 s: 4 s
azure-core, asked for 0 s, own delay 3 s: 0 s
azure-storage-blob, asked for 4 s, own delay 1 s: 1 s
azure-storage-blob, asked for 0 s, own delay 3 s: 3 s
END
venv/bin/python probe.py | tee seen
diff expected seen
echo 'As it was written down.'
