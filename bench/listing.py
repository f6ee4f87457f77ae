"""`python -m bench.listing DAYS...`: a blob service to read from, with an archive for each of these ages.

Each call has as many refresh dates as the archive has days, so that Azurite would take hours to be filled; it also goes
through all there is for each listing. The archives lie in accounts that are called as they have days.
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
from local.certificate import certificate
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import COVERAGE, DERIVED, REPORTS, RUNS, USAGE, Partition
from shared.archive.run_record import PullResult, RunRecord, states_after
from shared.domain.call import calls_in
from shared.domain.catalogue import catalogue
from shared.domain.date_ranges import DateRanges
from shared.domain.outcome import Outcome
from simulator.protocol.listeners import Listener
from simulator.protocol.messages import Answer, Request

NEWEST = TODAY.date() - timedelta(days=1)
CALLS = [*calls_in(catalogue(), NEWEST)]


def main() -> None:
    """Prints its address as one JSON line; ends with standard input."""
    archives = {days: _derived(int(days)) for days in sys.argv[1:]}

    @cache
    def listed(days: str, container: str, prefix: str) -> bytes:
        dates = [f"{prefix}{NEWEST - timedelta(days=back)}/" for back in reversed(range(int(days)))]
        folders = dates if prefix.endswith("/refresh_date=") else []
        if prefix == REPORTS and container == USAGE:
            folders = [f"{REPORTS}{name}/" for name in catalogue().reports]
        found = "".join(f"<BlobPrefix><Name>{name}</Name></BlobPrefix>" for name in folders)
        blobs = [name for name in archives[days] if container == DERIVED and prefix and name.startswith(prefix)]
        properties = "<Properties><Etag>1</Etag><BlobType>BlockBlob</BlobType></Properties>"
        found += "".join(f"<Blob><Name>{name}</Name>{properties}</Blob>" for name in blobs)
        blobs_and_end = f"<Blobs>{found}</Blobs><NextMarker/>"
        return f'<?xml version="1.0"?><EnumerationResults>{blobs_and_end}</EnumerationResults>'.encode()

    def answer(request: Request) -> Answer:
        _, days, container, *name = request.path.split("/", 3)
        if name:
            content = archives[days].get("/".join(name))
            if content is None:
                return Answer(404, (("x-ms-error-code", "BlobNotFound"),))
            size = f"bytes 0-{len(content) - 1}/{len(content)}"
            headers = (("Content-Range", size), ("ETag", '"1"'), ("x-ms-blob-type", "BlockBlob"))
            return Answer(206, headers, content)
        content = listed(days, container, request.query.get("prefix", ""))
        return Answer(200, (("Content-Type", "application/xml"),), content)

    with tempfile.TemporaryDirectory(prefix="usage-archive-") as folder:
        ca_file, key_file = certificate(Path(folder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ca_file, key_file)
        listener = Listener("127.0.0.1", 0, context)
        listener.start(answer)
        print(json.dumps({"url": listener.origin, "ca_file": str(ca_file)}), flush=True)
        sys.stdin.read()


def _derived(days: int) -> dict[str, bytes]:
    """The record of the newest run and the coverage index of an archive that old, by name."""
    pulls = [
        PullResult(call, Outcome.PUBLISHED, TODAY, refresh_date=NEWEST, revision=1, rows=1, read=True, names="none")
        for call in CALLS
    ]
    id_ = f"{TODAY:%Y-%m-%dT%H%M%SZ}-0a1b2c"
    record = RunRecord(id_, TODAY, TODAY, pulls, 0, states=states_after({}, pulls, TODAY), pulled_at=TODAY)
    dates = DateRanges(((NEWEST - timedelta(days=days - 1), NEWEST),))
    index = CoverageIndex(dates=dict.fromkeys(map(Partition.of, CALLS), dates)).kept_by(id_)
    assert str(record.name).startswith(RUNS)
    return {str(record.name): record.to_bytes(), COVERAGE: index.to_bytes()}


if __name__ == "__main__":
    main()
