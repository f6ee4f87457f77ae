"""`python -m bench.listing DAYS`: a blob service in which each call has as many refresh dates, and which can only list.

Azurite takes hours to be filled with five years of 300 calls, and goes through all of it for each listing.
"""

from __future__ import annotations

import json
import ssl
import sys
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path

from bench.parts import TODAY
from local.storage import certificate
from shared.domain.catalogue import catalogue
from simulator.protocol.listeners import Listener
from simulator.protocol.messages import Answer, Request


def main() -> None:
    """Prints its address as one JSON line; ends with standard input."""
    days = int(sys.argv[1])
    dates = [(TODAY.date() - timedelta(days=back)).isoformat() for back in range(days, 0, -1)]

    @cache
    def listed(container: str, prefix: str) -> bytes:
        names: list[str] = []
        if prefix == "report=":
            names = [f"report={name}/" for name in catalogue().reports if container == "usage"]
        elif prefix.endswith("/refresh_date="):
            names = [f"{prefix}{day}/" for day in dates]
        found = "".join(f"<BlobPrefix><Name>{name}</Name></BlobPrefix>" for name in names)
        blobs = f"<Blobs>{found}</Blobs><NextMarker/>"
        return f'<?xml version="1.0"?><EnumerationResults>{blobs}</EnumerationResults>'.encode()

    def answer(request: Request) -> Answer:
        container = request.path.rpartition("/")[2]
        return Answer(200, (("Content-Type", "application/xml"),), listed(container, request.query.get("prefix", "")))

    with tempfile.TemporaryDirectory(prefix="usage-archive-") as folder:
        ca_file, key_file = certificate(Path(folder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ca_file, key_file)
        listener = Listener("127.0.0.1", 0, context)
        listener.start(answer)
        print(json.dumps({"url": f"{listener.origin}/account", "ca_file": str(ca_file)}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
