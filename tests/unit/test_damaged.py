"""Blobs whose bytes are not those that were written: nobody gets them, kept or sent, and every answer says so."""

import gzip
import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from local.in_memory import InMemoryBlobStore
from shared.app import App
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.domain.call import Call
from shared.report.compression import compress
from shared.settings import read
from shared.web.http import Request, Response, handle

REPORT = "getOffice365ServicesUserCounts"
CALL = f"v1.0/reports/{REPORT}(period='D7')"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = date(2026, 11, 26)
HEADER = "\ufeffReport Refresh Date,Exchange Active,Exchange Inactive,Report Period\r\n"
BODY = f"{HEADER}{DAY},5,2,7\r\n".encode()
OTHER = f"{HEADER}{DAY},99,1,7\r\n".encode()
FORMS = {
    "csv": (CALL, {}, {}),
    "gzip": (CALL, {}, {"accept-encoding": "gzip"}),
    "a part": (CALL, {}, {"range": "bytes=0-9"}),
    "json": (CALL, {"format": "json"}, {}),
    "excel": (CALL, {"format": "excel"}, {}),
    "an exact revision": (CALL, {"refreshDate": f"{DAY}", "revision": "1"}, {}),
    "series": (f"{CALL}/series", {}, {}),
}


def flipped(stored: bytes) -> bytes:
    return stored[:20] + bytes([stored[20] ^ 1]) + stored[21:]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "of another day": lambda stored: compress(OTHER),
    "one bit flipped": flipped,
    "cut": lambda stored: stored[:-10],
    "a second member": lambda stored: stored + gzip.compress(b"2026-11-26,1,1,7\r\n"),
    "empty": lambda stored: b"",
}


class Served:
    """An app over storage in memory with one snapshot."""

    def __init__(self, *, knows_gzip: bool = True) -> None:
        self._store = InMemoryBlobStore()
        self._app = App(read({"ARCHIVE_URL": "https://nowhere.invalid"}), lambda: NOW, store=self._store)
        stored = compress(BODY)
        metadata = SnapshotMetadata(
            sha256=hashlib.sha256(BODY).hexdigest(),
            size=len(BODY),
            rows=1,
            pulled_at=NOW,
            etag="",
            request_id="",
            gzip_sha256=hashlib.sha256(stored).hexdigest() if knows_gzip else "",
            gzip_size=len(stored) if knows_gzip else 0,
        )
        self._snapshot = Snapshot(Call(REPORT, period="D7"), DAY, 1, metadata)
        self.put(stored)

    def put(self, stored: bytes) -> None:
        """Write the bytes under the name and metadata of the snapshot."""
        self._store.put("usage", self._snapshot.blob, stored, self._snapshot.metadata.to_metadata())

    def damage(self, how: str) -> None:
        self.put(DAMAGES[how](compress(BODY)))

    def get(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Response:
        request = Request("GET", path, query, headers)
        return handle(request, lambda request: self._app.api.reports(request, personal=False))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_bytes_are_answered_with_502_in_every_form(
    how: str, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    served = Served()
    served.damage(how)
    response = served.get(*FORMS[form])
    assert (response.status, response.headers["Cache-Control"]) == (502, "no-store")
    assert b'"code": "damaged"' in response.body
    assert 'request.failed {"code": "damaged"' in caplog.text


@pytest.mark.parametrize("how", DAMAGES)
def test_the_same_holds_where_only_the_hash_of_the_plain_bytes_is_known(how: str) -> None:
    served = Served(knows_gzip=False)
    served.damage(how)
    assert served.get(*FORMS["gzip"]).status == 502


def test_what_is_known_to_be_damaged_is_not_confirmed_with_304() -> None:
    served = Served()
    tag = served.get(CALL, {}, {}).headers["ETag"]
    served.damage("cut")
    assert served.get(*FORMS["gzip"]).status == 502
    assert served.get(CALL, {}, {"if-none-match": tag}).status == 502


def test_what_was_repaired_is_served_again() -> None:
    served = Served()
    served.damage("of another day")
    assert served.get(*FORMS["csv"]).status == 502
    served.put(compress(BODY))
    response = served.get(*FORMS["csv"])
    assert (response.status, response.body) == (200, BODY)
    assert served.get(CALL, {}, {"if-none-match": response.headers["ETag"]}).status == 304
