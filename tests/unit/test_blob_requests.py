"""What a blob service may answer that Azurite never does, asked over a line of this machine."""

import gzip
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from local.certificate import certificate
from local.obstore_blob_store import ObstoreBlobStore
from shared.archive.azure_blob_store import AzureBlobStore
from shared.archive.blob_requests import StorageTimeouts
from shared.archive.blob_store import BlobStore, StoredBlob
from shared.domain.errors import AccessRefused, ArchiveUnavailable
from simulator.protocol.listeners import Listener
from simulator.protocol.messages import Answer, Request

NO_BLOBS = "<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>"
FAR_AWAY = 4102444800
"""When the tokens expire, in seconds since 1970."""
Reply = Callable[[Request], Answer]


class Credential:
    """Gives a token that says for which tenant it is."""

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(options.get("tenant_id", "home"), FAR_AWAY)


class Service:
    """Answers as it is told to; `asked` is what came."""

    def __init__(self, ca_file: Path, listener: Listener) -> None:
        self.asked: list[Request] = []
        self.reply: Reply = lambda request: Answer(200, body=NO_BLOBS.encode())
        listener.start(self._answer, methods=("GET", "PUT"))
        at_once = StorageTimeouts(backoff=0)
        self.store: BlobStore = AzureBlobStore(listener.origin, Credential(), str(ca_file), at_once)
        self.by_obstore: BlobStore = ObstoreBlobStore(listener.origin, Credential(), str(ca_file), at_once)

    def _answer(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.reply(request)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    ca_file, key_file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file, key_file)
    listener = Listener("127.0.0.1", 0, context)
    yield Service(ca_file, listener)
    listener.stop()


def page(blobs: str, marker: str = "") -> bytes:
    return f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>".encode()


def test_a_listing_goes_on_to_its_last_page(service: Service) -> None:
    pages = {"": page("<Blob><Name>a</Name></Blob>", "2!b c"), "2!b c": page("<Blob><Name>b</Name></Blob>")}
    service.reply = lambda request: Answer(200, body=pages[request.query.get("marker", "")])
    assert [blob.name for blob in service.store.list("usage")] == ["a", "b"]


@pytest.mark.parametrize("content", [b"", b"0123"], ids=["empty", "no longer than that"])
def test_where_a_range_begins_at_the_end_of_a_blob_or_behind_it_there_are_no_bytes(
    service: Service, content: bytes
) -> None:
    service.reply = lambda request: Answer(416) if "range" in request.headers else Answer(200, body=content)
    stored = service.store.get("usage", "x", len(content), 5)
    assert stored
    assert stored.content == b""


def test_a_name_that_xml_cannot_hold_is_that_of_the_blob(service: Service) -> None:
    service.reply = lambda request: Answer(200, body=page('<Blob><Name Encoded="true">a%EF%BF%BF%2Fb</Name></Blob>'))
    assert [blob.name for blob in service.store.list("usage")] == ["a\uffff/b"]


@pytest.mark.parametrize("body", [b"<EnumerationResults><Blobs>", b"", b"\xff", b"<html/>"])
def test_a_listing_that_is_none_is_not_taken_for_an_empty_one(service: Service, body: bytes) -> None:
    service.reply = lambda request: Answer(200, body=body)
    with pytest.raises(ArchiveUnavailable):
        list(service.store.list("usage"))


def test_a_token_of_the_tenant_that_storage_wants_is_sent_where_that_is_another(service: Service) -> None:
    challenge = (("WWW-Authenticate", "Bearer authorization_uri=https://login.microsoftonline.com/theirs/oauth2"),)

    def reply(request: Request) -> Answer:
        is_theirs = request.headers.get("authorization") == "Bearer theirs"
        return Answer(200, body=b"abc") if is_theirs else Answer(401, challenge)

    service.reply = reply
    for _ in range(2):
        stored = service.store.get("usage", "a")
        assert stored is not None
        assert stored.content == b"abc"
    assert len(service.asked) == 3


def test_a_token_that_storage_never_takes_ends_in_an_error(service: Service) -> None:
    challenge = (("WWW-Authenticate", "Bearer authorization_uri=https://login.microsoftonline.com/theirs/oauth2"),)
    service.reply = lambda request: Answer(401, (*challenge, ("x-ms-error-code", "InvalidAuthenticationInfo")))
    with pytest.raises(ArchiveUnavailable, match="InvalidAuthenticationInfo"):
        service.store.get("usage", "a")
    assert len(service.asked) == 2


@pytest.mark.parametrize(("status", "attempts"), [(503, 3), (500, 3), (408, 3), (501, 1), (409, 1), (302, 1)])
def test_what_may_pass_is_asked_again(service: Service, status: int, attempts: int) -> None:
    service.reply = lambda request: Answer(status, (("Location", "https://elsewhere.invalid/"),))
    with pytest.raises(ArchiveUnavailable, match=f"status {status}"):
        service.store.get("usage", "a")
    assert len(service.asked) == attempts


@pytest.mark.parametrize(("status", "attempts"), [(503, 3), (500, 3), (408, 3), (501, 1), (403, 1), (302, 1)])
def test_what_may_pass_is_written_again(service: Service, status: int, attempts: int) -> None:
    service.reply = lambda request: Answer(status, (("Location", "https://elsewhere.invalid/"),))
    with pytest.raises(ArchiveUnavailable, match=f"status {status}"):
        service.store.create("usage", "a", b"abc", {"rows": "1"})
    assert [request.body for request in service.asked] == [b"abc"] * attempts


def test_a_blob_is_written_by_one_request_under_its_condition(service: Service) -> None:
    service.reply = lambda request: Answer(201)
    assert service.store.create("usage", "a b", b"abc", {"rows": "1"})
    assert service.store.replace_if("usage", "a b", b"", {}, '"1"')
    created, replaced = service.asked
    assert [(each.method, each.target) for each in service.asked] == [("PUT", "/usage/a%20b")] * 2
    assert [created.headers[name] for name in ("if-none-match", "x-ms-blob-type", "x-ms-meta-rows")] == [
        *("*", "BlockBlob", "1")
    ]
    assert (replaced.headers["if-match"], replaced.body) == ('"1"', b"")


def test_who_may_not_read_is_told_so(service: Service) -> None:
    service.reply = lambda request: Answer(403, (("x-ms-error-code", "AuthorizationPermissionMismatch"),))
    with pytest.raises(AccessRefused, match="AuthorizationPermissionMismatch"):
        service.store.get("usage", "a")


# -- reading by obstore ------------------------------------------------------------------------------------------------

SAID = (("ETag", '"0x1"'), ("Last-Modified", "Sun, 29 Nov 2026 00:00:00 GMT"))


def by_whom(service: Service) -> list[str]:
    """Who asked, in the order of the requests: `object_store` is obstore."""
    return [request.headers["user-agent"].partition("/")[0] for request in service.asked]


@pytest.mark.parametrize("content", [b"", gzip.compress(b"abc")], ids=["empty", "gzip"])
def test_obstore_reads_a_blob_as_the_app_does(service: Service, content: bytes) -> None:
    headers = (*SAID, ("x-ms-meta-columns", "Date,%C3%9C"), ("x-ms-meta-none", ""), ("Cache-Control", "no-store"))
    service.reply = lambda request: Answer(200, (*headers, ("Content-Encoding", "gzip")), content)
    expected = StoredBlob(content, {"columns": "Date,%C3%9C", "none": ""}, '"0x1"')
    assert service.store.get("usage", "a b/ü=1,2%20") == service.by_obstore.get("usage", "a b/ü=1,2%20") == expected
    assert by_whom(service) == ["usage-archive", "object_store"]
    (ours, theirs) = service.asked
    assert ours.path.replace("%3D", "=").replace("%2C", ",") == theirs.path
    assert theirs.headers["authorization"] == "Bearer home"


def test_obstore_too_sends_a_token_of_the_tenant_that_storage_wants(service: Service) -> None:
    challenge = (("WWW-Authenticate", "Bearer authorization_uri=https://login.microsoftonline.com/theirs/oauth2"),)

    def reply(request: Request) -> Answer:
        is_theirs = request.headers.get("authorization") == "Bearer theirs"
        return Answer(200, SAID, b"abc") if is_theirs else Answer(401, challenge)

    service.reply = reply
    stored = [service.by_obstore.get("usage", "a") for _ in range(3)]
    assert [each and each.content for each in stored] == [b"abc"] * 3
    assert by_whom(service) == ["object_store", "usage-archive", "usage-archive", "object_store", "object_store"]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(403, "AuthorizationPermissionMismatch", AccessRefused), (503, "ServerBusy", ArchiveUnavailable)],
)
def test_what_obstore_is_refused_is_told_as_by_the_app(
    service: Service, status: int, code: str, error: type[ArchiveUnavailable]
) -> None:
    service.reply = lambda request: Answer(status, (("x-ms-error-code", code),), b"private")
    told = []
    for store in (service.store, service.by_obstore):
        with pytest.raises(error, match=code) as caught:
            store.get("usage", "a")
        told.append((type(caught.value), str(caught.value), caught.value.__cause__))
    assert told[0] == told[1]


def test_obstore_is_left_when_it_fails_where_the_app_does_not(service: Service) -> None:
    service.reply = lambda request: Answer(500 if by_whom(service)[-1] == "object_store" else 200, SAID, b"abc")
    assert all(service.by_obstore.get("usage", "a") for _ in range(5))
    assert by_whom(service) == [*["object_store", "usage-archive"] * 3, *["usage-archive"] * 2]


def test_where_obstore_would_read_another_blob_the_app_reads(service: Service) -> None:
    service.reply = lambda request: Answer(200, SAID, request.target.encode())
    stored = service.by_obstore.get("usage", "/a")
    assert stored
    assert stored.content == b"/usage//a"


def test_the_environment_has_no_say_in_what_obstore_asks(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORAGE_USE_EMULATOR", "SKIP_SIGNATURE"):
        monkeypatch.setenv(f"AZURE_{name}", "true")
    monkeypatch.setenv("AZURE_CREDENTIAL_TYPE", "azure_cli")
    service.reply = lambda request: Answer(200, SAID, b"abc")
    assert service.by_obstore.get("usage", "a")
    assert by_whom(service) == ["object_store"]
